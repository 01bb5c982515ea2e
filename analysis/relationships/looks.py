"""What many looks at one growing history share: worked out once for the whole of it, each look takes its first part."""

from bisect import bisect_right
from datetime import datetime
from itertools import pairwise

from analysis.relationships.calm import Calm
from analysis.relationships.evidence import Evidence, days_between
from analysis.relationships.loss import LossWeights, shipped
from analysis.relationships.rhythm import RECENT_GAPS, Pace, Rhythm, pace_of, rhythm_at, visits
from analysis.relationships.satisfaction import Filter
from analysis.relationships.scores import Rated, rated_responses
from analysis.relationships.signals import DEFAULT_WEIGHTS, Weights
from analysis.relationships.usual import FirmUsual


class Looks:
    """One client's history, to be looked at from its beginning to its end."""

    def __init__(
        self,
        evidence: Evidence,
        firm: FirmUsual,
        weights: Weights = DEFAULT_WEIGHTS,
        loss_weights: LossWeights | None = None,
    ) -> None:
        self._ratings = rated_responses(evidence, firm)
        self._rated_at = [rated.response.at for rated in self._ratings]
        self._visits = visits(evidence)
        self._gaps = [days_between(a, b) for a, b in pairwise(self._visits)]
        self._paces: dict[int, Pace | None] = {}
        self.filter = Filter(firm, evidence)
        self._calm = Calm(evidence, firm, self._ratings, self.filter, weights, loss_weights or shipped())

    def ratings(self, now: datetime) -> list[Rated]:
        """As `scores.rated_responses` of what was known at `now`."""
        return self._ratings[: bisect_right(self._rated_at, now)]

    def rhythm(self, now: datetime) -> Rhythm | None:
        """As `rhythm.rhythm` of what was known at `now`."""
        count = bisect_right(self._visits, now)
        if count not in self._paces:
            self._paces[count] = pace_of(self._gaps[max(0, count - 1 - RECENT_GAPS) : max(0, count - 1)], count)
        own = self._paces[count]
        return rhythm_at(own, self._visits[count - 1], now) if own is not None else None

    def are_calm(self, known: Evidence, own: Rhythm | None, live: bool, now: datetime) -> bool:
        """Whether it is sure without asking any sign that no flag stands by what was `known` at `now`; `live`: one
        stood until then."""
        return self._calm.holds(known, self.ratings(now), own, now, live=live)
