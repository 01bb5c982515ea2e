"""What changed about a flag: compared with how it stood before, by what it rests on. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

NOTICEABLE = 0.05  # of the chance of loss: less is the weather of every morning
FRIDAY = 4
_RANK = {"severe": 0, "high": 1, "moderate": 2}


class ChangeKind(StrEnum):
    """What happened, the most telling first."""

    NEW = "new"
    WORSE = "worse"
    EVIDENCE = "evidence"  # as urgent as before, and something more to read
    BETTER = "better"
    CLEARED = "cleared"  # by itself
    RESOLVED = "resolved"  # by a person


@dataclass(frozen=True)
class Stood:
    """How a flag stood: its severity, the chance of loss, and what it rested on (`keys`)."""

    severity: str
    risk: float
    evidence: frozenset[str]


@dataclass(frozen=True)
class Change:
    """What is different now. `news`: the new evidence's words or facts, the strongest reason's first."""

    kind: ChangeKind
    before: Stood | None = None
    news: tuple[str, ...] = ()


def keys(reasons: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the reasons rest on, named without a word of it: `leaving|answer/12`."""
    return sorted(
        {f"{reason['signal']}|{item.get('source', '')}" for reason in reasons for item in reason["evidence"]}
        | {f"{reason['signal']}|" for reason in reasons if not reason["evidence"]}
    )


def stood(severity: str, risk: float, reasons: Sequence[Mapping[str, Any]]) -> Stood:
    return Stood(severity, risk, frozenset(keys(reasons)))


def differs(before: Stood, after: Stood) -> bool:
    """Whether a day's row is worth keeping."""
    return (
        before.severity != after.severity
        or before.evidence != after.evidence
        or abs(after.risk - before.risk) >= NOTICEABLE
    )


def compare(before: Stood, severity: str, risk: float, reasons: Sequence[Mapping[str, Any]]) -> Change | None:
    """What is different about a flag that stood already; None when nothing worth a line is.

    Evidence is new when its source was not there before, whatever it was a sign of: an old answer that now counts as a
    lasting level is no news.
    """
    known = {key.partition("|")[2] for key in before.evidence}
    signals = {key.partition("|")[0] for key in before.evidence}
    news = []
    for reason in reasons:
        fresh = [str(item["text"]) for item in reason["evidence"] if item.get("source", "") not in known]
        if not reason["evidence"] and reason["signal"] not in signals:
            fresh = [str(reason["text"])]
        news += [text for text in fresh if text not in news]
    worse = _RANK[before.severity] - _RANK[severity]
    if worse > 0 or (worse == 0 and risk - before.risk >= NOTICEABLE):
        kind = ChangeKind.WORSE
    elif worse < 0 or before.risk - risk >= NOTICEABLE:
        kind = ChangeKind.BETTER
    elif news:
        kind = ChangeKind.EVIDENCE
    else:
        return None
    return Change(kind, before, tuple(news))


def local_day(zone: str, now: datetime) -> date:
    """The day of the firm's calendar."""
    return now.astimezone(ZoneInfo(zone)).date()


def last_working_day(today: date) -> date:
    """Yesterday; on Mondays and at weekends the Friday before, when somebody last looked."""
    day = today - timedelta(days=1)
    return day - timedelta(days=max(0, day.weekday() - FRIDAY))


def day_start(zone: str, day: date) -> datetime:
    """00:00 of that day in the firm's time zone."""
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone))
