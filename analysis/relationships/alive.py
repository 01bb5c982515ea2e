"""Whether a client who has been away is still one, and how many jobs they will bring if so."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import erfc, exp, pi, sqrt

from analysis.relationships.evidence import Evidence, JobDone, days_between
from analysis.relationships.rhythm import visits_of

HORIZON_DAYS = 90.0
WINDOW_DAYS = 540.0  # habits of before that no longer count
PRIOR_JOBS, PRIOR_DAYS = 0.5, 20.0  # a Gamma prior of the rate of jobs
PRIOR_GAPS, PRIOR_GAP_DAYS = 2.0, 30.0
SHAPE = 1.5  # of the gaps: a little steadier than chance alone would make them
PAUSE_SHARE, PAUSE_DAYS = 0.1, 120.0  # a holiday, a budget freeze: gaps that mean nothing
LEAST_VISITS = 3  # one who came twice has no habit to break
NEWS_DAYS, OLD_NEWS_DAYS = 60.0, 120.0  # an end is news until so many days after the last job, then less and less


@dataclass(frozen=True)
class Habit:
    """How often a client orders and how long they have been away. `staying` is the chance that a gap of a client who
    will come back lasts as long as the present one."""

    visits: int
    waiting: float
    usual_gap: float
    expected_jobs: float  # in the next HORIZON_DAYS, if they are still a client
    staying: float
    news: float  # 1: were they gone, nobody could have known for long; 0: it is known


def habit(evidence: Evidence, now: datetime, visits: Sequence[datetime] = ()) -> Habit | None:
    """The client's habit at `now`; `None` before the first job. `visits`: those of a history of which this evidence is
    the first part, where they are known.

    Jobs come at a rate of their own with a Gamma prior; gaps are Gamma distributed with SHAPE around their own mean
    gap, shrunk to PRIOR_GAP_DAYS, and one in ten is a pause. Where the wait is read as a sign that they are gone
    (`gone`), it is not read as rarer jobs too: the rate is that up to the last job and one gap. So waiting never makes
    the risk smaller while it is news.
    """
    recent = evidence.jobs_since(now - timedelta(days=WINDOW_DAYS))
    if not recent:
        return None if not evidence.jobs else Habit(1, WINDOW_DAYS, PRIOR_GAP_DAYS, 0.3, 1.0, 0.0)
    count = _count(recent, visits)
    known = days_between(recent[0].completed_at, now)
    waiting = max(0.0, days_between(recent[-1].completed_at, now))
    gap = (known - waiting + PRIOR_GAPS * PRIOR_GAP_DAYS) / (count - 1 + PRIOR_GAPS)
    ordering = known - waiting + gap if count >= LEAST_VISITS else known
    rate = (len(recent) + PRIOR_JOBS) / (ordering + PRIOR_DAYS)
    staying = (1.0 - PAUSE_SHARE) * _survival(waiting / gap) + PAUSE_SHARE * exp(-waiting / PAUSE_DAYS)
    news = min(1.0, max(0.0, (OLD_NEWS_DAYS - waiting) / (OLD_NEWS_DAYS - NEWS_DAYS)))
    return Habit(count, waiting, gap, max(0.3, rate * HORIZON_DAYS), staying, news)


def _count(jobs: Sequence[JobDone], visits: Sequence[datetime]) -> int:
    """How many visits these jobs were. From the first job of a visit on, they are told apart as in the whole."""
    start = bisect_left(visits, jobs[0].completed_at)
    if start < len(visits) and visits[start] == jobs[0].completed_at:
        return bisect_right(visits, jobs[-1].completed_at) - start
    return len(visits_of(jobs))


def is_old_news(evidence: Evidence, now: datetime) -> bool:
    """Whether an end, if the last job was one, is known for so long that it is no news any more."""
    return bool(evidence.jobs) and days_between(evidence.jobs[-1].completed_at, now) >= OLD_NEWS_DAYS


def gone(found: Habit, ending: float) -> float:
    """The chance that the last job was the last of all, when the chance of an end within the horizon is `ending`.

    After each job the client ends with the same chance p (BG/NBD: Fader, Hardie & Lee 2005, Marketing Science
    24:275–284), here p = 1 − (1 − ending)^(1/expected jobs), so that one who is dissatisfied is sooner believed gone.
    Bayes: p ÷ (p + (1 − p)·S), S the chance that a gap lasts so long. 0 with fewer than LEAST_VISITS.
    """
    if found.visits < LEAST_VISITS:
        return 0.0
    each = 1.0 - float((1.0 - ending) ** (1.0 / max(1.0, found.expected_jobs)))
    return each / (each + (1.0 - each) * found.staying)


def _survival(gaps: float) -> float:
    """The chance that a Gamma gap of SHAPE 3/2 and mean 1 lasts longer than `gaps`: Q(3/2, x) = erfc √x + 2√(x/π)·e⁻ˣ
    (Abramowitz & Stegun 1964, 6.5.17 and 6.5.22)."""
    x = SHAPE * gaps
    return erfc(sqrt(x)) + 2.0 * sqrt(x / pi) * exp(-x)
