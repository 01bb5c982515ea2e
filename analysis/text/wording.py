"""What words and pairs of words alone say of intents and aspects: a linear model beside the two tiers.

Counts of words and pairs, hashed into buckets and weighed by how rare they are (Salton & Buckley 1988), times int8
weights. It errs otherwise than networks do, so the mean of both logits errs less than either. NumPy alone.
"""

import json
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from math import log
from pathlib import Path
from typing import Any

import numpy as np

from analysis.text.met_words import Array

WEIGHTS = Path(__file__).parent / "models" / "wording.npz"
SHARES = {"intents": 0.4, "aspects": 0.25}  # of this model in the logits of the heads that are named so
LONGEST = 2000  # words that are counted
_REMEMBERED = 100_000  # pairs


class Wording:
    """The weights. Reading changes nothing in it but a memory of pairs, so threads may share it."""

    def __init__(self, path: Path = WEIGHTS) -> None:
        with np.load(path) as stored:
            self.facts: dict[str, Any] = json.loads(str(stored["facts"]))
            self._weights = stored["weights"]  # int8 (buckets, numbers of all heads)
            self._scale, self._bias = stored["scale"], stored["bias"]  # (numbers of all heads,)
            self._rarity = stored["rarity"].astype(np.float32)  # (buckets,)
        self._met = _Buckets(len(self._rarity))
        heads: dict[str, int] = self.facts["heads"]
        edges = accumulate(heads.values(), initial=0)
        self._places = {head: slice(a, b) for head, (a, b) in zip(heads, pairwise(edges), strict=True)}

    def read(self, texts: Sequence[Sequence[str]]) -> dict[str, Array]:
        """Logits of each head, each (texts, numbers of the head). `texts`: `fast.words` of each."""
        said: Array = np.empty((len(texts), len(self._bias)), np.float32)
        for row, text in enumerate(texts):
            places, worth = self.weighed(text)
            said[row] = worth @ self._weights[places]
        said *= self._scale
        said += self._bias
        return {head: said[:, places] for head, places in self._places.items()}

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


def beside(logits: Mapping[str, Array], worded: Mapping[str, Array]) -> dict[str, Array]:
    """A tier's logits, those of the heads that words alone know mixed with what these say."""
    mixed = {}
    for head, alone in worded.items():
        share = SHARES[head.partition(":")[0]]
        mixed[head] = (1 - share) * logits[head] + share * alone
    return {**logits, **mixed}
