"""Words as the first convolution takes them, remembered from text to text: most words of a comment were met before."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

GAP = 0  # the place of what stands between texts: zeros
_AT_FIRST, _MOST = 1024, 12_000  # words; the most take 18 MB


class MetWords:
    """Word → three rows of numbers, computed once. Threads may share it.

    Args:
        of: gives the (3, words, width) numbers of words that were not met yet.
    """

    def __init__(self, of: Callable[[Sequence[str]], Array], width: int) -> None:
        self._of, self._width = of, width
        self._lock = threading.Lock()
        self._met = _Met(width)

    def rows(self, words: Sequence[str | None]) -> Array:
        """(3, words, width): the rows of each word, zeros for None."""
        met = self._met
        try:
            places = list(map(met.places.__getitem__, words))
        except KeyError:
            with self._lock:
                met = self._learnt(words)
            places = list(map(met.places.__getitem__, words))
        rows: Array = met.rows.take(places, axis=0).transpose(1, 0, 2)
        return rows

    def _learnt(self, words: Sequence[str | None]) -> "_Met":
        """What is remembered, with these words; when it is full it is begun anew."""
        if len(self._met.places) > _MOST:
            self._met = _Met(self._width)
        met = self._met
        fresh = [word for word in dict.fromkeys(words) if word is not None and word not in met.places]
        used = len(met.places)
        if used + len(fresh) > len(met.rows):
            grown = np.zeros((2 * (used + len(fresh)), 3, self._width), np.float32)
            grown[:used] = met.rows[:used]
            met.rows = grown
        if fresh:
            met.rows[used : used + len(fresh)] = self._of(fresh).transpose(1, 0, 2)
        met.places.update(zip(fresh, range(used, used + len(fresh)), strict=True))  # last: who finds a word finds a row
        return met


class _Met:
    def __init__(self, width: int) -> None:
        self.places: dict[str | None, int] = {None: GAP}
        self.rows: Array = np.zeros((_AT_FIRST, 3, width), np.float32)
