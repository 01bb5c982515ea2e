"""Whom the desk would have shown in a month or a week of a replayed past, and what became of each since. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from analysis.desk.reasons import Reason, reasons_of
from analysis.relationships.intervals import wilson
from analysis.relationships.wording import plural, short_day

HORIZON = timedelta(days=90)
SEVERITIES = ("severe", "high", "moderate")
LOST, LATER, STAYED, GONE, UNKNOWN = "lost", "later", "stayed", "gone", "unknown"


@dataclass(frozen=True)
class Fate:
    """What became of a client after a week: `kind`: lost within 90 days, later, stayed, gone already, unknown."""

    kind: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One client of the list, as they stood in the first of the `weeks` in which they would have been shown."""

    ref: str
    name: str
    first: datetime
    weeks: int
    severity: str | None
    flagged: bool
    ten: bool
    risk: float
    low: float
    high: float
    reasons: list[Reason]
    fate: Fate

    @property
    def quotes(self) -> list[str]:
        """Their own words among the reasons, each once."""
        return list(dict.fromkeys(reason.quote for reason in self.reasons if reason.quote))[:2]


@dataclass(frozen=True)
class Sums:
    """Of those flagged whose end is known: how many were lost within 90 days, with the interval of the share; and how
    many had gone already."""

    flagged: int
    lost: int
    known: int
    gone: int
    interval: tuple[float, float] | None


def months_of(weeks: Sequence[datetime]) -> list[date]:
    """The first days of the months in which these Mondays lie, the latest first."""
    return sorted({week.date().replace(day=1) for week in weeks}, reverse=True)


def usual_month(weeks: Sequence[datetime], end: datetime) -> date:
    """The latest month of which is known what became of it: it ended 90 days before the end of the data."""
    known = [month for month in months_of(weeks) if _at(_next(month)) + HORIZON <= end]
    return known[0] if known else months_of(weeks)[-1]


def span(month: date) -> tuple[datetime, datetime]:
    """The first and the last moment of a month, in UTC."""
    return _at(month), _at(_next(month)) - timedelta(seconds=1)


def _next(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _at(day: date) -> datetime:
    return datetime.fromisoformat(f"{day.isoformat()}T00:00:00+00:00")


def shown_in(
    lists: Sequence[tuple[datetime, Sequence[Mapping[str, Any]]]], clients: Sequence[Sequence[Any]], end: datetime
) -> list[Shown]:
    """Each client shown in any of these weeks, the most urgent first. `clients`: as `Backtest.clients`."""
    rows: dict[int, list[tuple[datetime, Mapping[str, Any]]]] = {}
    for week, shown in lists:
        for row in shown:
            rows.setdefault(int(row["client"]), []).append((week, row))
    found = [_shown(clients[client], stood, end) for client, stood in rows.items()]
    return sorted(found, key=_urgency)


def _shown(client: Sequence[Any], stood: Sequence[tuple[datetime, Mapping[str, Any]]], end: datetime) -> Shown:
    flagged = [(week, row) for week, row in stood if row["flagged"]]
    first, row = (flagged or list(stood))[0]
    grave = [name for name in SEVERITIES if any(row["severity"] == name for _, row in flagged)]
    return Shown(
        ref=str(client[0]),
        name=str(client[1]),
        first=first,
        weeks=len(flagged or stood),
        severity=grave[0] if grave else None,
        flagged=bool(flagged),
        ten=any(row["ten"] for _, row in stood),
        risk=float(row["risk"]),
        low=float(row["low"]),
        high=float(row["high"]),
        reasons=reasons_of(row["reasons"]),
        fate=fate(client, first, end),
    )


def _urgency(row: Shown) -> tuple[Any, ...]:
    place = SEVERITIES.index(row.severity) if row.severity else len(SEVERITIES)
    return not row.flagged, place, -row.risk, row.name


def fate(client: Sequence[Any], week: datetime, end: datetime) -> Fate:
    """What became of a client after `week`, as far as data up to `end` tell."""
    last = datetime.fromisoformat(client[3])
    lost = datetime.fromisoformat(client[5]) if client[5] else None
    if lost is not None and lost < week:
        return Fate(GONE, f"Had gone already: last job {short_day(lost)}.")
    if lost is not None:
        days = (lost - week).days
        near = lost - week <= HORIZON
        return Fate(LOST if near else LATER, f"Last job {short_day(lost)}, {plural(days, 'day')} later; then lost.")
    if week + HORIZON > end:
        return Fate(UNKNOWN, f"Too early to say: the data end {plural((end - week).days, 'day')} later.")
    if last > week:
        return Fate(STAYED, f"Still a client: last job so far {short_day(last)}.")
    return Fate(STAYED, f"No job since {short_day(last)}, but not in the list of the lost.")


def sums(rows: Sequence[Shown]) -> Sums:
    """How right the flags were, as far as that is known."""
    flagged = [row for row in rows if row.flagged]
    known = [row for row in flagged if row.fate.kind in (LOST, LATER, STAYED)]
    lost = sum(row.fate.kind == LOST for row in known)
    gone = sum(row.fate.kind == GONE for row in flagged)
    return Sums(len(flagged), lost, len(known), gone, wilson(lost, len(known)))
