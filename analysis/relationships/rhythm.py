"""Signs in what does not happen: no jobs from one who used to order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from math import log
from statistics import fmean, median

from analysis.relationships.evidence import Evidence, JobDone, Quote, Signal, days_between
from analysis.relationships.wording import plural, short_day

LEAST_JOBS = 4
SAME_VISIT = timedelta(days=1)  # jobs closed within a day of each other are one visit
RECENT_GAPS = 12
SHAPE_PRIOR_GAPS = 6.0  # the gaps' shape is shrunk towards 1 (exponential) as if by this many gaps
LEAST_SHAPE, MOST_SHAPE = 0.6, 6.0
OVERDUE_FROM = 0.12  # chance of a gap this long below which it is worth mentioning
OVERDUE_POINTS, MOST_OVERDUE_POINTS = 0.6, 2.5
LONG_OVERDUE_POINTS = 3.1  # enough for a flag by itself: most of those who stay away so long do not come back


@dataclass(frozen=True)
class Rhythm:
    """How often a client orders: median and mean gap in days, the gaps' shape, days since the last visit."""

    visits: int
    usual_gap: float
    mean: float
    shape: float
    waiting: float

    @cached_property
    def chance(self) -> float:
        """That a gap lasts this long."""
        from scipy.special import gammaincc  # half a second of loading that web pages need not pay

        chance = float(gammaincc(self.shape, self.shape * self.waiting / self.mean))
        return min(1.0, max(0.0, chance))


@dataclass(frozen=True)
class LongOverdue:
    """A silence that no holiday explains: all three must hold."""

    chance: float = 0.003  # a gap so long has at most this chance by their own rhythm
    gaps: float = 2.5  # at least so many of their usual gaps
    days: int = 75

    def holds(self, found: Rhythm) -> bool:
        return found.waiting >= max(float(self.days), self.gaps * found.usual_gap) and found.chance <= self.chance


LONG_OVERDUE = LongOverdue()


def visits(evidence: Evidence) -> list[datetime]:
    """The moments of the client's visits: jobs closed within a day of each other count once."""
    return visits_of(evidence.jobs)


def visits_of(jobs: Sequence[JobDone]) -> list[datetime]:
    """The moments of the visits that these jobs were, in time order."""
    moments: list[datetime] = []
    for job in jobs:
        if not moments or job.completed_at - moments[-1] > SAME_VISIT:
            moments.append(job.completed_at)
    return moments


@dataclass(frozen=True)
class Pace:
    """The gaps between visits: how many visits, the gaps' median and mean in days, and the shape of their Gamma."""

    visits: int
    middle: float
    mean: float
    shape: float


def rhythm(evidence: Evidence, now: datetime) -> Rhythm | None:
    """The client's own rhythm, or `None` with fewer than LEAST_JOBS visits.

    Gaps between visits are taken as Gamma distributed: the mean is theirs (the longest gap trimmed to three medians,
    so that one holiday does not hide the next), the shape comes from the moments, mean² ÷ variance, shrunk towards 1.
    `chance` is the survival function at the present gap, the regularised upper incomplete gamma function Q(k, t/θ)
    (Abramowitz & Stegun 1964, 6.5.3).
    """
    moments = visits(evidence)
    own = pace(moments)
    return rhythm_at(own, moments[-1], now) if own is not None else None


def pace(moments: Sequence[datetime]) -> Pace | None:
    """What the gaps between these visits are like; see `rhythm`."""
    return pace_of([days_between(a, b) for a, b in pairwise(moments[-RECENT_GAPS - 1 :])], len(moments))


def pace_of(gaps: Sequence[float], count: int) -> Pace | None:
    """The pace of `count` visits, the last gaps between which are `gaps`, in days."""
    if count < LEAST_JOBS:
        return None
    middle = median(gaps)
    longest = max(3.0 * middle, middle + 14.0)
    trimmed = [min(gap, longest) for gap in gaps]
    mean = (sum(trimmed) + middle) / (len(trimmed) + 1)
    spread = fmean([(gap - mean) ** 2 for gap in trimmed])
    own_shape = min(MOST_SHAPE, mean * mean / spread) if spread > 0 else MOST_SHAPE
    shape = (len(gaps) * own_shape + SHAPE_PRIOR_GAPS) / (len(gaps) + SHAPE_PRIOR_GAPS)
    shape = min(MOST_SHAPE, max(LEAST_SHAPE, shape))
    return Pace(count, middle, mean, shape)


def rhythm_at(own: Pace, last: datetime, now: datetime) -> Rhythm:
    """Where a client of this pace stands at `now`, who came `last`."""
    return Rhythm(own.visits, own.middle, own.mean, own.shape, max(0.0, days_between(last, now)))


def overdue(evidence: Evidence, found: Rhythm | None, lapsed: bool) -> Signal | None:
    """The next job is overdue by the client's own rhythm. Not said of one who has lapsed: the ladder says that."""
    points = 0.0 if lapsed else overdue_points(found)
    if found is None or points <= 0:
        return None
    last = evidence.jobs[-1]
    text = f"No job for {plural(round(found.waiting), 'day')}; usually every {max(1, round(found.usual_gap))}."
    quote = Quote(
        f"Last job {last.name or ''}, {short_day(last.completed_at)}".replace(" ,", ","),
        last.completed_at,
        f"job/{last.id}",
    )
    return Signal("overdue", points, text, (quote,), fades=False)


def overdue_points(found: Rhythm | None) -> float:
    """The points of `overdue` for one who has not lapsed, without its words."""
    if found is None or found.waiting <= found.mean or found.chance >= OVERDUE_FROM:  # up to the mean a third lasts
        return 0.0
    if LONG_OVERDUE.holds(found):
        return LONG_OVERDUE_POINTS
    surprise = log(OVERDUE_FROM) - log(max(found.chance, 1e-12))
    return min(MOST_OVERDUE_POINTS, 0.4 + OVERDUE_POINTS * surprise)
