"""Texts laid in one row, so that one product convolves them all."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from analysis.text.met_words import Array


@dataclass(frozen=True)
class Laid:
    """Texts in one row of words and gaps, shortest first. Every array has a line for each place in the row.

    `words` (3, places, channels) is what each says to the next place, to its own and to the one before in the first
    convolution; `first` and `second` (places, channels) is what the convolutions make of it.
    """

    starts: list[int]
    lengths: list[int]
    words: Array
    first: Array
    second: Array

    @cached_property
    def runs(self) -> list[tuple[int, int]]:
        """(first, after the last) of the texts of each length."""
        edges = [at for at, (a, b) in enumerate(pairwise(self.lengths), start=1) if a != b]
        return list(pairwise([0, *edges, len(self.lengths)]))

    @cached_property
    def before(self) -> tuple[Array, Array]:
        """Maximum and sum of `second` over a text's places up to each."""
        return self._accumulated(-1, slice(None))

    @cached_property
    def after(self) -> tuple[Array, Array]:
        """Maximum and sum of `second` over a text's places from each on."""
        return self._accumulated(0, slice(None, None, -1))

    def _accumulated(self, shift: int, way: slice) -> tuple[Array, Array]:
        most, total = np.zeros_like(self.second), np.zeros_like(self.second)
        for first, last in self.runs:
            size = self.lengths[first] + 1
            here = slice(self.starts[first] + shift, self.starts[first] + shift + size * (last - first))
            shape = (last - first, size, self.second.shape[1])
            given = self.second[here].reshape(shape)[:, way]
            np.maximum.accumulate(given, axis=1, out=most[here].reshape(shape)[:, way])
            np.add.accumulate(given, axis=1, out=total[here].reshape(shape)[:, way])
        return most, total


def together(lengths: Sequence[int], most: int) -> list[list[int]]:
    """The places of texts of these lengths, shortest first, cut so that no part holds more than `most` words and gaps
    (or one text)."""
    if len(lengths) == 1:
        return [[0]]
    made: list[list[int]] = []
    room = 0
    for at in sorted(range(len(lengths)), key=lengths.__getitem__):
        room -= max(1, lengths[at]) + 1
        if room < 0 or not made:
            made.append([])
            room = most - max(1, lengths[at]) - 1
        made[-1].append(at)
    return made
