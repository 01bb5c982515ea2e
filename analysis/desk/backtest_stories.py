"""The cases of a backtest as a page tells them: in a sentence each, quiet weeks put together. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analysis.backtest.stories import CAUGHT, FALSE_ALARM, MISSED, RULES
from analysis.desk.backtest_charts import StoryChart, story_chart
from analysis.desk.reasons import Reason, reasons_of
from analysis.relationships.wording import plural, short_day

KIND_WORDS = {CAUGHT: "Caught", MISSED: "Missed", FALSE_ALARM: "False alarm"}
KIND_TONES = {CAUGHT: "good", MISSED: "danger", FALSE_ALARM: "warning"}
REASONS_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class ToldWeek:
    """One week in which something happened, or (`quiet` > 0) how many in a row in which nothing did."""

    quiet: int = 0
    week: datetime | None = None
    risk: float = 0.0
    low: float = 0.0
    high: float = 0.0
    ten: bool = False
    flagged: bool = False
    news: str = ""  # what changed in where they stand
    events: tuple[Mapping[str, Any], ...] = ()
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Story:
    """One case, ready for the page."""

    kind: str
    label: str
    tone: str
    rule: str
    ref: str
    name: str
    summary: str
    ending: str
    weeks: tuple[ToldWeek, ...]
    chart: StoryChart


def stories_page(stored: Sequence[Mapping[str, Any]]) -> list[Story]:
    """Each stored story for the page."""
    return [
        Story(
            kind=story["kind"],
            label=KIND_WORDS[story["kind"]],
            tone=KIND_TONES[story["kind"]],
            rule=RULES[story["kind"]],
            ref=story["ref"],
            name=story["name"],
            summary=_summary(story),
            ending=_ending(story),
            weeks=_told(story),
            chart=story_chart(story),
        )
        for story in stored
    ]


def _summary(story: Mapping[str, Any]) -> str:
    listed, flagged, lost = (_day(story[name]) for name in ("first_listed", "first_flagged", "lost_at"))
    flag = f"a flag stood first on {short_day(flagged)}" if flagged else "no flag stood"
    if story["kind"] == FALSE_ALARM and listed:
        return (
            f"On the weekly list of ten for {plural(story['weeks_listed'], 'week')}, first on {short_day(listed)}; "
            f"{flag}. They stayed."
        )
    if listed and lost:
        days = (lost - listed).days
        return (
            f"First on the weekly list of ten on {short_day(listed)}, {plural(days, 'day')} before their last job; "
            f"{flag}."
        )
    highest = max((week["risk"] for week in story["weeks"]), default=0.0)
    return f"Never on the weekly list of ten in time: the chance said was at most {highest:.0%}; {flag}."


def _ending(story: Mapping[str, Any]) -> str:
    lost, last = _day(story["lost_at"]), datetime.fromisoformat(story["last_job_at"])
    if lost:
        return f"Their last job was done on {short_day(lost)}. They had {plural(story['jobs'], 'job')} with you in all."
    if story["jobs_after"]:
        return f"{plural(story['jobs_after'], 'more job')} since then, so far the last on {short_day(last)}."
    return f"They are not in the list of the lost; their last job so far was on {short_day(last)}."


def _day(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _told(story: Mapping[str, Any]) -> tuple[ToldWeek, ...]:
    told: list[ToldWeek] = []
    opening = story["weeks"][0]["week"] if story["weeks"] else ""
    before = tuple(bool(story[name] and story[name] < opening) for name in ("first_listed", "first_flagged"))
    quiet = 0
    for week in story["weeks"]:
        if not week["told"]:
            quiet += 1
            continue
        if quiet:
            told.append(ToldWeek(quiet=quiet))
            quiet = 0
        stood = (bool(week["ten"]), bool(week["flagged"]))
        told.append(
            ToldWeek(
                week=datetime.fromisoformat(week["week"]),
                risk=week["risk"],
                low=week["low"],
                high=week["high"],
                ten=stood[0],
                flagged=stood[1],
                news=_news(before, stood),
                events=tuple({**event, "at": datetime.fromisoformat(event["at"])} for event in week["events"]),
                reasons=tuple(reasons_of(week["reasons"])[:REASONS_SHOWN]),
            )
        )
        before = stood
    return (*told, ToldWeek(quiet=quiet)) if quiet else tuple(told)


def _news(before: Sequence[bool], now: Sequence[bool]) -> str:
    words = (("Comes onto the list of ten", "Leaves the list of ten"), ("A flag is raised", "The flag clears"))
    said = [
        came if stands else left
        for (came, left), stood, stands in zip(words, before, now, strict=True)
        if stood != stands
    ]
    return ". ".join(said)
