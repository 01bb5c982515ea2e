"""What words and pairs of words alone say of intents: a linear model beside the two tiers.

Counts of words and pairs, hashed into buckets and weighed by how rare they are (Salton & Buckley 1988), times int8
weights. It errs otherwise than networks do, so the mean of both logits errs less than either. NumPy alone.
"""

import json
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import log
from pathlib import Path
from typing import Any

import numpy as np

from analysis.text.met_words import Array

WEIGHTS = Path(__file__).parent / "models" / "wording.npz"
SHARE = 0.4  # of this model in the logits of intents
LONGEST = 2000  # words that are counted
_REMEMBERED = 100_000  # pairs


class Wording:
    """The weights. Reading changes nothing in it but a memory of pairs, so threads may share it."""

    def __init__(self, path: Path = WEIGHTS) -> None:
        with np.load(path) as stored:
            self.facts: dict[str, Any] = json.loads(str(stored["facts"]))
            self._weights = stored["weights"]  # int8 (buckets, intents)
            self._scale, self._bias = stored["scale"], stored["bias"]  # (intents,)
            self._rarity = stored["rarity"].astype(np.float32)  # (buckets,)
        self._met = _Buckets(len(self._rarity))

    def read(self, texts: Sequence[Sequence[str]]) -> Array:
        """Logits (texts, INTENTS). `texts`: `fast.words` of each."""
        said: Array = np.empty((len(texts), len(self._bias)), np.float32)
        for row, text in enumerate(texts):
            places, worth = self.weighed(text)
            said[row] = worth @ self._weights[places]
        said *= self._scale
        said += self._bias
        return said

    def weighed(self, text: Sequence[str]) -> tuple[list[int], Array]:
        """The buckets of what stands in a text, and what each is worth: together, a vector of length 1."""
        places, worth = counted(text, self._met)
        worth *= self._rarity[places]
        worth /= max(1e-9, float(np.sqrt(worth @ worth)))
        return places, worth


class _Buckets(dict[tuple[str, str], int]):
    """Two words → their bucket; the second is empty for a word alone."""

    def __init__(self, buckets: int) -> None:
        super().__init__()
        self._buckets = buckets

    def __missing__(self, pair: tuple[str, str]) -> int:
        if len(self) > _REMEMBERED:
            self.clear()
        self[pair] = found = bucket(*pair, self._buckets)
        return found


def bucket(first: str, second: str, buckets: int) -> int:
    """Where a pair of words is counted, or a word alone."""
    return zlib.crc32(f"{first} {second}".encode("utf-8", "replace")) % buckets


def counted(text: Sequence[str], places: Mapping[tuple[str, str], int]) -> tuple[list[int], Array]:
    """The buckets of a text's words and pairs, each once, and 1 + log of how often; its ends are marked."""
    words = ["<", *text[:LONGEST], ">"]
    counts = Counter([places[word, ""] for word in words[1:-1]] + [places[pair] for pair in pairwise(words)])
    return list(counts), np.array([1 + log(count) for count in counts.values()], np.float32)


def beside(logits: Mapping[str, Array], worded: Array) -> dict[str, Array]:
    """A tier's logits, those of the intents mixed with what words alone say."""
    return {**logits, "intents": (1 - SHARE) * logits["intents"] + SHARE * worded}
