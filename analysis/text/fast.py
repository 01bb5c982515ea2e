"""The fast tier: a small convolutional network over words, in NumPy alone.

A text is its words; a word is a row of an int8 table, and an unknown word the mean of its character-gram rows
(Bojanowski et al. 2017). Two convolutions of width 3, pooled by maximum and mean (Kim 2014), feed a hidden layer and
the heads. It was distilled from the accurate tier (`bench/train/`).
"""

import json
import re
import zlib
from collections.abc import Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.text.laid import Laid, together
from analysis.text.met_words import Array, MetWords
from analysis.text.questions import asked_for

WEIGHTS = Path(__file__).parent / "models" / "fast.npz"
LONGEST = 2000  # words of a text that are read; 10,000 characters hold about 1,800
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+|[:;=]-?[()DP/|](?!\w)|<3|[^\w\s]")
_STRETCHED = re.compile(r"(.)\1{2,}", re.DOTALL)
_REMEMBERED = 50_000  # words
AT_ONCE = 400  # words that are convolved together: what they become stays near the processor
_KINDS = ("", "worse", "better", "why")
VERDICT_HEADS = ("sentiment", "mixed")
CONTEXT = len(_KINDS) + 6  # one-hot kind of question, one-hot rating (none, 1…5)


def words(text: str) -> list[str]:
    """The words and marks of `text` in small letters, numbers by their length: "2 of 5!" gives "0", "of", "0", "!"."""
    if len(_plain) > _REMEMBERED:
        _plain.clear()
    return [_plain[match] for match in _WORD.findall(text)[:LONGEST]]


def bounds(text: str) -> list[tuple[int, int]]:
    """(start, end) in `text` of each of `words(text)`."""
    return [match.span() for match, _ in zip(_WORD.finditer(text), range(LONGEST), strict=False)]


class _Plain(dict[str, str]):
    """Word as written → as it is read; filled as words are met."""

    def __missing__(self, word: str) -> str:
        self[word] = found = _made_plain(word)
        return found


_plain = _Plain()


def _made_plain(word: str) -> str:
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
    """The network with its weights. Reading changes nothing in it but a memory of words, so threads may share it."""

    def __init__(self, path: Path = WEIGHTS) -> None:
        with np.load(path) as stored:
            self.facts: dict[str, Any] = json.loads(str(stored["facts"]))
            self._rows = {word: at for at, word in enumerate(str(stored["vocabulary"]).split("\n"), start=1)}
            self._table = stored["table"]  # int8 (1 + words + buckets, width); row 0 is nothing
            self._scale = stored["scale"].astype(np.float32)  # (1 + words + buckets, 1)
            weights = {
                name: stored[name].astype(np.float32)
                for name in stored.files
                if name not in {"facts", "vocabulary", "table", "scale"}
            }
        self._first, self._second = weights["conv1.weight"], weights["conv2.weight"]  # (3, in, out)
        self._biases = weights["conv1.bias"], weights["conv2.bias"]
        self._in_turn = self._second.reshape(-1, self._second.shape[2])  # (3 × in, out)
        self._hidden, self._into = weights["hidden.weight"], weights["hidden.bias"]
        self._said, self._before = weights["heads.weight"], weights["heads.bias"]
        heads: dict[str, int] = self.facts["heads"]
        edges = accumulate(heads.values(), initial=0)
        self._places = {head: slice(a, b) for head, (a, b) in zip(heads, pairwise(edges), strict=True)}
        self._few = {head: self._places[head] for head in VERDICT_HEADS}  # these come first
        last = max(places.stop for places in self._few.values())
        self._said_few, self._before_few = np.ascontiguousarray(self._said[:, :last]), self._before[:last]
        self._buckets: int = self.facts["buckets"]
        self._met = MetWords(self._spread, self._first.shape[2])

    def knows(self, word: str) -> bool:
        """Whether `word`, in small letters, is in the vocabulary."""
        return word in self._rows

    def read(self, texts: Sequence[Sequence[str]], contexts: Sequence[Sequence[float]]) -> dict[str, Array]:
        """Logits of each head, each (texts, numbers of the head). `texts`: `words` of each, `contexts`: `context`."""
        return self._by_head(self.seen(texts, contexts))

    def verdicts(self, texts: Sequence[Sequence[str]], contexts: Sequence[Sequence[float]]) -> dict[str, Array]:
        """As `read`, of the heads VERDICT_HEADS alone."""
        logits = self.seen(texts, contexts) @ self._said_few + self._before_few
        return {head: logits[:, places] for head, places in self._few.items()}

    def seen(self, texts: Sequence[Sequence[str]], contexts: Sequence[Sequence[float]]) -> Array:
        """What the heads see of each text: (texts, inputs of the heads)."""
        if len(texts) == 1:
            return self._deeper(self._alone(texts[0]), contexts)
        pooled = np.zeros((len(texts), 2 * self._width), np.float32)
        for places in together([len(text) for text in texts], AT_ONCE):
            laid = self._laid([texts[at] for at in places])
            for first, last in laid.runs:
                begin, size, into = laid.starts[first], laid.lengths[first], places[first:last]
                spoken = laid.second[begin : begin + (size + 1) * len(into)].reshape(len(into), size + 1, -1)
                pooled[into, : self._width] = spoken.max(axis=1)  # what is pooled is ≥ 0, so the gaps add nothing
                pooled[into, self._width :] = spoken.sum(axis=1) / np.float32(size)
        return self._deeper(pooled, contexts)

    def without(
        self,
        texts: Sequence[Sequence[str]],
        covered: Sequence[tuple[int, int, int]],
        contexts: Sequence[Sequence[float]],
    ) -> dict[str, Array]:
        """As `read`, of texts with some words left out; what is far from these is read only once.

        `covered`: (text, first word, the word after the last) of each; some word must be left. `contexts`: of each.
        """
        pooled = np.zeros((len(covered), 2 * self._width), np.float32)
        by_text: dict[int, list[int]] = {}
        for number, (text, _, _) in enumerate(covered):
            by_text.setdefault(text, []).append(number)
        asked = list(by_text)
        for places in together([len(texts[text]) for text in asked], AT_ONCE // 2):
            laid = self._laid([texts[asked[at]] for at in places])
            into = [number for at in places for number in by_text[asked[at]]]
            owners = [row for row, at in enumerate(places) for _ in by_text[asked[at]]]
            for part in range(0, len(into), AT_ONCE):
                some = slice(part, part + AT_ONCE)
                spans = np.array([covered[number][1:] for number in into[some]], np.intp)
                pooled[into[some]] = self._cut(laid, np.array(owners[some], np.intp), spans)
        return self._by_head(self._deeper(pooled, contexts))

    @property
    def _width(self) -> int:
        return len(self._biases[1])

    def _by_head(self, seen: Array) -> dict[str, Array]:
        logits = seen @ self._said + self._before
        return {head: logits[:, places] for head, places in self._places.items()}

    def _deeper(self, pooled: Array, contexts: Sequence[Sequence[float]]) -> Array:
        seen = np.empty((len(pooled), len(self._said)), np.float32)
        channels, known = len(self._into), len(self._into) + pooled.shape[1]
        seen[:, channels:known] = pooled
        seen[:, known:] = np.asarray(contexts, np.float32).reshape(-1, CONTEXT)
        hidden = seen[:, channels:] @ self._hidden
        hidden += self._into
        np.maximum(hidden, 0, out=seen[:, :channels])
        return seen

    def _alone(self, text: Sequence[str]) -> Array:
        """What is pooled of one text: (1, 2 × channels). As `seen` does it for many, without laying them in a row."""
        spread = self._met.rows([None, *(text or [""]), None])
        first = spread[0, :-2] + spread[1, 1:-1]
        first += spread[2, 2:]
        second = self._convolved(np.maximum(first, 0, out=first))
        pooled = np.empty((1, 2 * self._width), np.float32)
        np.maximum.reduce(second, axis=0, out=pooled[0, : self._width])
        np.add.reduce(second, axis=0, out=pooled[0, self._width :])
        pooled[0, self._width :] /= len(second)
        return pooled

    def _laid(self, texts: Sequence[Sequence[str]]) -> Laid:
        """Texts in one row, a gap of one before each and one at the end, and what the convolutions make of them."""
        row: list[str | None] = [None]
        starts = []
        for text in texts:
            starts.append(len(row))
            row += text or [""]
            row.append(None)
        lengths = [max(1, len(text)) for text in texts]
        gaps = [0, *(start + length for start, length in zip(starts, lengths, strict=True))]
        words = self._met.rows(row)
        first = _shifted(words)
        first[gaps] = 0.0  # nothing crosses a gap
        second = self._convolved(first)
        second[gaps] = 0.0
        return Laid(starts, lengths, words, first, second)

    def _convolved(self, first: Array) -> Array:
        """The second convolution of (places, channels), with what went in added to what comes out."""
        places, channels = first.shape
        three = np.empty((places, 3, channels), np.float32)  # each place between its neighbours
        three[1:, 0], three[:, 1], three[:-1, 2] = first[:-1], first, first[1:]
        three[0, 0] = three[-1, 2] = 0.0
        made: Array = three.reshape(places, -1) @ self._in_turn
        made += self._biases[1]
        np.maximum(made, 0, out=made)
        made += first
        return made

    def _cut(self, laid: Laid, owners: NDArray[np.intp], spans: NDArray[np.intp]) -> Array:
        """What is pooled of the texts `owners` without their words `spans` (first, after the last)."""
        before, after = laid.before, laid.after
        begin = np.asarray(laid.starts, np.intp)[owners]
        lengths = np.asarray(laid.lengths, np.intp)[owners]
        left, right, edge = begin + spans[:, 0], begin + spans[:, 1], begin + lengths
        l1, l2, l3 = (np.maximum(left - step, begin - 1) for step in (1, 2, 3))  # a gap where there is no word
        r1, r2, r3 = (np.minimum(right + step, edge) for step in (0, 1, 2))
        words, spread = laid.words, laid.first @ self._second
        near = np.stack(
            [words[0][l2] + words[1][l1] + words[2][r1], words[0][l1] + words[1][r1] + words[2][r2]],
        )
        near = np.maximum(near, 0) * np.stack([l1 >= begin, r1 < edge])[:, :, None]
        anew_left, anew_right = np.matmul(near[:, None], self._second)
        joint = np.stack(
            [
                spread[0][l3] + spread[1][l2] + anew_left[2],
                spread[0][l2] + anew_left[1] + anew_right[2],
                anew_left[0] + anew_right[1] + spread[2][r2],
                anew_right[0] + spread[1][r2] + spread[2][r3],
            ]
        )
        joint = np.maximum(joint + self._biases[1], 0) + np.stack([laid.first[l2], *near, laid.first[r2]])
        joint *= np.stack([l2 >= begin, l1 >= begin, r1 < edge, r2 < edge])[:, :, None]
        most = np.maximum(np.maximum(before[0][l3], after[0][r3]), joint.max(axis=0))
        total = before[1][l3] + after[1][r3] + joint.sum(axis=0)
        left_over = np.maximum(lengths - (spans[:, 1] - spans[:, 0]), 1).astype(np.float32)
        return np.concatenate([most, total / left_over[:, None]], axis=1)

    def _spread(self, words: Sequence[str]) -> Array:
        """(3, words, channels): what each word says in the first convolution, the bias with what it says to itself."""
        made: Array = self._vectors(words) @ self._first
        made[1] += self._biases[0]
        return made

    def _vectors(self, words: Sequence[str]) -> Array:
        """(words, width): the word's row, or the mean of the rows of its grams."""
        rows = [self._rows.get(word, -1) if word else 0 for word in words]
        picked = np.maximum(np.asarray(rows), 0)
        vectors: Array = self._table[picked] * self._scale[picked]
        for at, row in enumerate(rows):
            if row < 0:
                parts = np.asarray(grams(words[at], self._buckets)) + 1 + len(self._rows)
                vectors[at] = (self._table[parts] * self._scale[parts]).mean(axis=0)
        return vectors


def _shifted(spread: Array) -> Array:
    """A convolution of width 3, from what each place says to the next place, to its own and to the one before."""
    made: Array = spread[1].copy()
    made[1:] += spread[0, :-1]
    made[:-1] += spread[2, 1:]
    np.maximum(made, 0, out=made)
    return made
