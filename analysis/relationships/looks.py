"""What many looks at one growing history share: worked out once for the whole of it, each look takes its first part."""

from bisect import bisect_right
from datetime import datetime

from analysis.relationships.evidence import Evidence
from analysis.relationships.rhythm import Pace, Rhythm, pace, rhythm_at, visits
from analysis.relationships.satisfaction import Filter
from analysis.relationships.scores import Rated, rated_responses
from analysis.relationships.usual import FirmUsual


class Looks:
    """One client's history, to be looked at from its beginning to its end."""

    def __init__(self, evidence: Evidence, firm: FirmUsual) -> None:
        self._ratings = rated_responses(evidence, firm)
        self._rated_at = [rated.response.at for rated in self._ratings]
        self._visits = visits(evidence)
        self._paces: dict[int, Pace | None] = {}
        self.filter = Filter(firm)

    def ratings(self, now: datetime) -> list[Rated]:
        """As `scores.rated_responses` of what was known at `now`."""
        return self._ratings[: bisect_right(self._rated_at, now)]

    def rhythm(self, now: datetime) -> Rhythm | None:
        """As `rhythm.rhythm` of what was known at `now`."""
        count = bisect_right(self._visits, now)
        if count not in self._paces:
            self._paces[count] = pace(self._visits[:count])
        own = self._paces[count]
        return rhythm_at(own, self._visits[count - 1], now) if own is not None else None
