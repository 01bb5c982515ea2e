"""What the signs of a client can come to at most, so that no sign needs to be asked for where nothing can have been
flagged: for replaying a history quickly. Pure.

What is said fades by half in HALF_LIFE, and weighs less once somebody has dealt with it. So each answer is asked once
what it can add when fresh, and what all of them can add at a moment is one number that fades. It is never less than
what the signs say (`tests/analysis/test_replays.py`); where it is too much to be sure, they are asked.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from operator import itemgetter
from typing import NamedTuple

from analysis.relationships import alive, expectation, loss, people, promises, rhythm, risk, scores, silence, words
from analysis.relationships.evidence import HALF_LIFE, Evidence, Response
from analysis.relationships.loss import LossWeights
from analysis.relationships.rhythm import Rhythm, visits
from analysis.relationships.risk import DEFAULT_THRESHOLDS
from analysis.relationships.satisfaction import Filter
from analysis.relationships.scores import Rated
from analysis.relationships.signals import Weights
from analysis.relationships.usual import FirmUsual

ROUNDING = 1e-6
_NEW = timedelta(days=people.NEW_DECIDER_DAYS)


class Most(NamedTuple):
    """The most that signs can come to: their points, and what the judged ones add to the log-odds of loss."""

    points: float = 0.0
    odds: float = 0.0


class Fading:
    """Dated weights that fade by half in HALF_LIFE: how much is left of them all at any moment is one look-up."""

    def __init__(self, weights: Iterable[tuple[datetime, float]]) -> None:
        dated = sorted(weights, key=itemgetter(0))
        self._at = [at for at, _ in dated]
        grown = [weight * float(2.0 ** ((at - self._at[0]) / HALF_LIFE)) for at, weight in dated]
        self._sums = list(accumulate(grown, initial=0.0))

    def left(self, now: datetime, window: timedelta | None = None) -> float:
        """What is left at `now` of those until then; with `window` of those no older."""
        count = bisect_right(self._at, now)
        before = bisect_left(self._at, now - window) if window is not None else 0
        if count <= before:
            return 0.0
        left = float(0.5 ** ((now - self._at[0]) / HALF_LIFE))
        return left * (self._sums[count] - self._sums[before])


class Calm:
    """What one client's answers and reopened jobs can say at most, at any moment of their history."""

    def __init__(
        self,
        evidence: Evidence,
        firm: FirmUsual,
        ratings: Sequence[Rated],
        satisfied: Filter,
        weights: Weights,
        by: LossWeights,
    ) -> None:
        self._firm, self._weights, self._by = firm, weights, by
        factors = (*weights.multipliers.values(), *by.judged.values(), *by.fitted.values())
        self._bounded = all(factor >= 0 for factor in factors)
        self._satisfied, self._visits = satisfied, visits(evidence)
        self._new_deciders = _new_deciders(evidence)
        self._alone = self._most({"only_contact": people.ONLY_ONE_POINTS})
        self._unmet = self._most({"new_decider": people.NEW_DECIDER_POINTS})
        low = {rated.response.id: rated.points for rated in ratings}
        said = [(r.at, self._most(_said(r, evidence, low.get(r.id, 0.0)))) for r in evidence.responses]
        again = self._most({"reopened_jobs": promises.REOPENED_POINTS})
        said += [(job.reopened_at, again) for job in evidence.jobs if job.reopened_at is not None]
        said = [(at, most) for at, most in said if most.points > 0]
        self._points = Fading([(at, most.points) for at, most in said])
        self._odds = Fading([(at, most.odds) for at, most in said])
        self._excess = Fading(promises.lateness(evidence, firm))

    def holds(
        self, known: Evidence, ratings: Sequence[Rated], own: Rhythm | None, now: datetime, *, live: bool
    ) -> bool:
        """Whether it is sure that neither door to a flag is open by what was `known` at `now`; `live`: a flag stood.

        Calls promised, answers given and contacts lost are not reckoned with: then nothing is sure.
        """
        if not self._bounded or known.promises or known.told:
            return False
        if any(person.left_at is not None or person.mail_block is not None for person in known.people):
            return False
        most, least = self._until(known, now), DEFAULT_THRESHOLDS
        silent = self._weights.of("silence") * silence.MOST_SILENCE_POINTS
        late = self._weights.of("late_jobs") * self._late(known, now)
        points = most.points + late + self._weights.of("overdue") * rhythm.overdue_points(own) + ROUNDING
        lasting = self._weights.of("low_level")
        alarm = least.clear_below if live else least.raise_at
        if risk.probability(points + silent + lasting * scores.MOST_LOW_LEVEL_POINTS, self._weights) >= alarm:
            silent = self._weights.of("silence") * silence.silence_points(known, self._firm, now)
            lasting *= scores.low_level_points(known, ratings, self._firm, now)
            if risk.probability(points + silent + lasting, self._weights) >= alarm:
                return False
        likely = self._loss(known, silent, late, most.odds, now) + ROUNDING
        return likely < (least.loss_clear_below if live else least.loss_raise_at)

    def _late(self, known: Evidence, now: datetime) -> float:
        if known.settlements:
            return promises.late_points(known, self._firm, now)
        return promises.points_of(self._excess.left(now, promises.LATE_WINDOW) + ROUNDING)

    def _loss(self, known: Evidence, silent: float, late: float, judged: float, now: datetime) -> float:
        """The most that the chance of loss can be. Dealing with what was said only makes it smaller."""
        habit = alive.habit(known, now, self._visits)
        if habit is None:
            return 0.0
        level, variance = self._satisfied.level(known, now)
        return loss.at_most((loss.unsure(variance) - level, silent, late), judged, habit, self._by)

    def _until(self, known: Evidence, now: datetime) -> Most:
        """The most that all that was said until `now`, and who is there, can come to."""
        points, odds = self._points.left(now), self._odds.left(now)
        if len(known.people) == 1:
            points, odds = points + self._alone.points, odds + self._alone.odds
        if any(timedelta() <= now - since <= _NEW for since in self._new_deciders):
            points, odds = points + self._unmet.points, odds + self._unmet.odds
        return Most(points, odds)

    def _most(self, fresh: Mapping[str, float]) -> Most:
        points = {name: self._weights.of(name) * value for name, value in fresh.items() if value}
        judged = self._by.judged
        return Most(sum(points.values()), sum([judged.get(name, 0.0) * value for name, value in points.items()]))


def _said(response: Response, evidence: Evidence, low: float) -> dict[str, float]:
    """The points that one answer can give each sign when it is fresh."""
    return {
        **words.fresh_points(response),
        "low_scores": low,
        "missed_steps": promises.STEP_POINTS * sum(value < 0 for value in response.steps.values()),
        "expectation_gap": expectation.GAP_POINTS * len(expectation.broken(evidence, response)),
    }


def _new_deciders(evidence: Evidence) -> list[datetime]:
    """Since when somebody decides whom the firm did not know from the beginning."""
    if not evidence.jobs:
        return []
    known_from = evidence.jobs[0].completed_at + people.KNOWN_BEFORE
    deciders = [person.decides_since or person.since for person in evidence.people if person.decides]
    return [since for since in deciders if since is not None and since >= known_from]
