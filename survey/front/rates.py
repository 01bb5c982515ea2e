"""How often a caller and a link have knocked at this process. Who does it too often meets the limits behind.

Not the `limits` library's storage in memory: it goes through all that it knows up to a hundred times a second, in a
thread that it starts anew each time, and holds up the pages meanwhile.
"""

import time
from collections import Counter
from collections.abc import Iterable

from limits import parse_many

from survey.limits import Rate


class _Window:
    """Counts knocks for some seconds, then anew."""

    def __init__(self, most: int, seconds: int) -> None:
        self._most = most
        self._seconds = seconds
        self._ends = 0.0
        self._knocks: Counter[str] = Counter()

    def takes(self, who: str) -> bool:
        now = time.monotonic()
        if now >= self._ends:
            self._ends, self._knocks = now + self._seconds, Counter()
        self._knocks[who] += 1  # two threads at the same moment may count once
        return self._knocks[who] <= self._most


class Rates:
    """Rates for one kind of page."""

    def __init__(self, rates: Iterable[Rate]) -> None:
        self._windows = [
            (rate.by_path, _Window(item.amount, item.get_expiry())) for rate in rates for item in parse_many(rate.times)
        ]

    def take(self, caller: str, link: str) -> bool:
        """Whether one more knock is within all rates."""
        return all(window.takes(link if by_link else caller) for by_link, window in self._windows)
