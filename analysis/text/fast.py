"""The fast tier: a small convolutional network over words, in NumPy alone.

A text is its words; a word is a row of an int8 table, and an unknown word the mean of its character-gram rows
(Bojanowski et al. 2017). Two convolutions of width 3, pooled by maximum and mean (Kim 2014), feed a hidden layer and
the heads. It was distilled from the accurate tier (`bench/train/`).
"""

import json
import re
import zlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.text.questions import asked_for

Array = NDArray[np.floating[Any]]

WEIGHTS = Path(__file__).parent / "models" / "fast.npz"
LONGEST = 2000  # words of a text that are read; 10,000 characters hold about 1,800
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+|[:;=]-?[()DP/|](?!\w)|<3|[^\w\s]")
_STRETCHED = re.compile(r"(.)\1{2,}", re.DOTALL)
_KINDS = ("", "worse", "better", "why")
CONTEXT = len(_KINDS) + 6  # one-hot kind of question, one-hot rating (none, 1…5)


def words(text: str) -> list[str]:
    """The words and marks of `text` in small letters, numbers by their length: "2 of 5!" gives "0", "of", "0", "!"."""
    return [_plain(match) for match in _WORD.findall(text)[:LONGEST]]


def bounds(text: str) -> list[tuple[int, int]]:
    """(start, end) in `text` of each of `words(text)`."""
    return [match.span() for match, _ in zip(_WORD.finditer(text), range(LONGEST), strict=False)]


@lru_cache(maxsize=50_000)
def _plain(word: str) -> str:
    if word[0].isdecimal():
        return word if len(word) < 3 else "0" * min(len(word), 5)
    word = word.lower().replace("’", "'")
    return _STRETCHED.sub(r"\1\1", word) if len(word) > 3 else word


def grams(word: str, buckets: int) -> list[int]:
    """The buckets of the word's character 3-, 4- and 5-grams, its ends marked."""
    marked = f"<{word[:40]}>"
    return [
        zlib.crc32(marked[at : at + width].encode("utf-8", "replace")) % buckets
        for width in (3, 4, 5)
        for at in range(max(1, len(marked) - width + 1))
    ]


def context(question: str, rating: float | None) -> list[float]:
    """The kind of question and the rating (rounded, 1…5) as CONTEXT numbers."""
    found = [0.0] * CONTEXT
    found[_KINDS.index(asked_for(question))] = 1.0
    known = rating is not None and 1 <= rating <= 5
    found[len(_KINDS) + (round(rating) if known and rating is not None else 0)] = 1.0
    return found


class FastModel:
    """The network with its weights. Reading changes nothing in it but a cache, so threads may share it."""

    def __init__(self, path: Path = WEIGHTS) -> None:
        with np.load(path) as stored:
            self.facts: dict[str, Any] = json.loads(str(stored["facts"]))
            self._rows = {word: at for at, word in enumerate(str(stored["vocabulary"]).split("\n"), start=1)}
            self._table = stored["table"]  # int8 (1 + words + buckets, width); row 0 is nothing
            self._scale = stored["scale"].astype(np.float32)  # (1 + words + buckets, 1)
            self._weights = {
                name: stored[name].astype(np.float32)
                for name in stored.files
                if name not in {"facts", "vocabulary", "table", "scale"}
            }
        self._heads: dict[str, int] = self.facts["heads"]
        self._buckets: int = self.facts["buckets"]
        self._unknown: dict[str, Array] = {}

    def knows(self, word: str) -> bool:
        """Whether `word`, in small letters, is in the vocabulary."""
        return word in self._rows

    def read(self, texts: Sequence[Sequence[str]], contexts: Sequence[Sequence[float]]) -> dict[str, Array]:
        """Logits of each head, each (texts, numbers of the head). `texts`: `words` of each, `contexts`: `context`."""
        if not texts:
            return {head: np.zeros((0, size), np.float32) for head, size in self._heads.items()}
        seen = [self.seen(texts[at : at + 512], contexts[at : at + 512]) for at in range(0, len(texts), 512)]
        edges = np.cumsum([0, *self._heads.values()])
        logits = np.concatenate(seen) @ self._weights["heads.weight"] + self._weights["heads.bias"]
        return {head: logits[:, a:b] for head, (a, b) in zip(self._heads, pairwise(edges), strict=True)}

    def seen(self, texts: Sequence[Sequence[str]], contexts: Sequence[Sequence[float]]) -> Array:
        """What the heads see of each text: (texts, inputs of the heads)."""
        vectors, starts, lengths = self._flat(texts)
        first = self._convolve(vectors, "conv1")
        spoken = np.ones((len(vectors), 1), np.float32)
        spoken[starts - 1] = 0.0  # texts lie in one row, a gap of one between them: nothing crosses it
        spoken[-1] = 0.0
        first *= spoken
        second = self._convolve(first, "conv2")
        second += first
        second *= spoken
        most = np.maximum.reduceat(second, starts - 1)  # what is pooled is ≥ 0, so the gaps add nothing
        mean = np.add.reduceat(second, starts - 1) / np.maximum(lengths, 1).astype(np.float32)[:, None]
        weights = self._weights
        pooled = np.concatenate([most, mean, np.asarray(contexts, np.float32)], axis=1)
        hidden = np.maximum(pooled @ weights["hidden.weight"] + weights["hidden.bias"], 0)
        return np.concatenate([hidden, pooled], axis=1)

    def _flat(self, texts: Sequence[Sequence[str]]) -> tuple[Array, NDArray[np.intp], NDArray[np.intp]]:
        """(vectors of all texts in one row, a gap before each and one at the end; where each begins; its length)."""
        rows: list[int] = []
        unknown: list[tuple[int, str]] = []
        starts = np.empty(len(texts), np.intp)
        get = self._rows.get
        for number, text in enumerate(texts):
            rows.append(0)
            starts[number] = len(rows)
            found = [get(word, -1) for word in text] or [0]
            if -1 in found:
                for at, row in enumerate(found):
                    if row < 0:
                        unknown.append((len(rows) + at, text[at]))
                        found[at] = 0
            rows += found
        rows.append(0)
        picked = np.asarray(rows)
        vectors: Array = self._table[picked] * self._scale[picked]
        for at, word in unknown:
            vectors[at] = self._of_unknown(word)
        return vectors, starts, np.diff(np.append(starts, len(rows))) - 1

    def _of_unknown(self, word: str) -> Array:
        known = self._unknown.get(word)
        if known is None:
            picked = np.asarray(grams(word, self._buckets)) + 1 + len(self._rows)
            rows: Array = self._table[picked] * self._scale[picked]
            known = np.asarray(rows.mean(axis=0))
            if len(self._unknown) < 20_000:
                self._unknown[word] = known
        return known

    def _convolve(self, vectors: Array, name: str) -> Array:
        before, here, after = self._weights[f"{name}.weight"]
        made: Array = vectors @ here
        made[1:] += vectors[:-1] @ before
        made[:-1] += vectors[1:] @ after
        made += self._weights[f"{name}.bias"]
        np.maximum(made, 0, out=made)
        return made
