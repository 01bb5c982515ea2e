"""How many relationships a person sustains, measured by what they kept and by what their clients say. Pure.

The rule is ours. No published number of clients for each account manager fits a firm that we do not know; so nobody is
compared with a number, nor with a colleague, but with what they have carried well before. A period of 30 days was
carried well when at least three follow-ups were due in it and four of five were on time, and those clients who rated
in it (three ratings or more) gave 4 of 5 or better on average. The most relationships at the end of such a period is
what the person sustains, as far as it has been seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

from analysis.relationships.intervals import Z95, wilson

PERIOD_DAYS = 30
RECENT_PERIODS = 3
ON_TIME = 0.8
GOOD_MEAN = 4.0
LEAST_DUE, LEAST_RATINGS = 3, 3  # in a period that is to count as carried well
LEAST_TO_JUDGE_DUE, LEAST_TO_JUDGE_RATINGS = 5, 8  # in the recent periods together
BEYOND = 1.1  # so much more than ever carried well is new ground
LATE_NOW = 3
CSAT_SPREAD = 0.5  # of a rating, at least: a handful of equal ratings is no certainty


class Load(StrEnum):
    """How it looks for one person."""

    UNKNOWN = "unknown"
    STEADY = "steady"
    WATCH = "watch"  # the warning, before it breaks
    BROKEN = "broken"  # follow-ups or scores surely suffer


@dataclass(frozen=True, kw_only=True)
class Period:
    """Thirty days of one person: relationships at the end, follow-ups due and on time, ratings and their sum."""

    relationships: int = 0
    due: int = 0
    on_time: int = 0
    ratings: int = 0
    rating_sum: float = 0.0
    rating_squares: float = 0.0

    @property
    def mean(self) -> float | None:
        return self.rating_sum / self.ratings if self.ratings else None

    @property
    def carried_well(self) -> bool:
        happy = self.ratings < LEAST_RATINGS or self.rating_sum / self.ratings >= GOOD_MEAN
        return self.due >= LEAST_DUE and self.on_time >= ON_TIME * self.due and happy


@dataclass(frozen=True)
class Capacity:
    """What was measured over the recent periods, and what it means. Intervals are 95%; None where nothing is known."""

    load: Load
    relationships: int
    sustains: int | None  # at least so many: the most that was carried well
    recent: Period  # the recent periods together
    on_time: tuple[float, float] | None
    mean: tuple[float, float] | None
    why: tuple[str, ...]


def capacity(periods: Sequence[Period], late_now: int) -> Capacity:
    """`periods`: oldest first, the present one last; `late_now`: follow-ups that are overdue at this moment."""
    recent = _together(periods[-RECENT_PERIODS:])
    now = periods[-1].relationships if periods else 0
    sustains = max((period.relationships for period in periods if period.carried_well), default=None)
    on_time, mean = wilson(recent.on_time, recent.due), mean_interval(recent)
    broken = _broken(recent, on_time, mean)
    surely_late = on_time is not None and recent.due >= LEAST_TO_JUDGE_DUE and on_time[1] < ON_TIME
    watch = _watch(periods, Period() if surely_late else recent, now, sustains, late_now)
    enough = recent.due >= LEAST_TO_JUDGE_DUE or recent.ratings >= LEAST_TO_JUDGE_RATINGS
    if broken:
        load, why = Load.BROKEN, [*broken, *watch]
    elif watch:
        load, why = Load.WATCH, watch
    elif enough:
        load, why = Load.STEADY, []
    else:
        load, why = Load.UNKNOWN, []
    return Capacity(load, now, sustains, recent, on_time, mean, tuple(why))


def mean_interval(period: Period) -> tuple[float, float] | None:
    """The mean rating ± 1.96 standard errors, inside 1…5; None below three ratings.

    The standard deviation is the sample's, but never less than half a point.
    """
    n = period.ratings
    if n < LEAST_RATINGS:
        return None
    mean = period.rating_sum / n
    spread = sqrt(max(0.0, (period.rating_squares - n * mean * mean) / (n - 1)))
    half = Z95 * max(CSAT_SPREAD, spread) / sqrt(n)
    return max(1.0, mean - half), min(5.0, mean + half)


def _together(periods: Sequence[Period]) -> Period:
    return Period(
        relationships=periods[-1].relationships if periods else 0,
        due=sum(period.due for period in periods),
        on_time=sum(period.on_time for period in periods),
        ratings=sum(period.ratings for period in periods),
        rating_sum=sum(period.rating_sum for period in periods),
        rating_squares=sum(period.rating_squares for period in periods),
    )


def _broken(recent: Period, on_time: tuple[float, float] | None, mean: tuple[float, float] | None) -> list[str]:
    """What is surely worse than it should be: the whole interval lies below the line."""
    why = []
    if on_time and recent.due >= LEAST_TO_JUDGE_DUE and on_time[1] < ON_TIME:
        why.append(f"Only {recent.on_time} of {recent.due} follow-ups were on time.")
    if mean and recent.ratings >= LEAST_TO_JUDGE_RATINGS and mean[1] < GOOD_MEAN:
        why.append(f"Their clients rate {recent.rating_sum / recent.ratings:.1f} of 5 on average.")
    return why


def _watch(
    periods: Sequence[Period], recent: Period, relationships: int, sustains: int | None, late_now: int
) -> list[str]:
    """What tends to come before it breaks."""
    why = []
    if sustains is not None and relationships > BEYOND * sustains:
        why.append(f"{relationships} relationships; the most ever carried well is {sustains}.")
    if recent.due >= LEAST_TO_JUDGE_DUE and recent.on_time < ON_TIME * recent.due:
        why.append(f"{recent.on_time} of {recent.due} follow-ups on time: below four of five.")
    last, before = (periods[-1], _together(periods[-RECENT_PERIODS:-1])) if periods else (Period(), Period())
    slipping = last.due >= LEAST_DUE and last.on_time < ON_TIME * last.due and before.due >= LEAST_DUE
    if slipping and before.on_time >= ON_TIME * before.due:
        why.append(f"{last.on_time} of {last.due} on time in the last {PERIOD_DAYS} days; it was better before.")
    if late_now >= LATE_NOW:
        why.append(f"{late_now} follow-ups are overdue today.")
    return why
