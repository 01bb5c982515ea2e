"""Words that soften ("a bit", "slightly"): the models read a text without them, and the verdict is softened after.

Who writes "a bit slow" mostly complains, so a network takes "a bit" itself for a complaint, and "slow" for less. Read
alone and softened afterwards, what is said a bit is never worse than what is said outright, whatever the models are.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple, TypeVar

import numpy as np

from analysis.text.fast import bounds, words
from analysis.text.met_words import Array
from analysis.text.wordlists import pairs

_DENIED = 3  # words before, in which a denial turns it round: "not a bit sorry"
_DENIES = frozenset(("not", "no", "never", "nothing", "nobody", "none", "without", "hardly", "neither", "nor"))
_GOES_ON = frozenset(("than", "of", "to", "that", "not", "the", "as", "so", "if", "and", "or", "but", "this"))
_GOES_ON |= {"i", "you", "he", "she", "it", "we", "they"}
_ENDS = frozenset(".!?")
_MOST = -0.5

Each = TypeVar("Each")


class Softened(NamedTuple):
    """The places of the words of a text that soften it, and what they add to the odds of its verdict (0 or less)."""

    places: tuple[int, ...]
    by: float


NOTHING = Softened((), 0.0)


def softened(said: Sequence[str]) -> Softened:
    """What softens a text of the words `said` (`fast.words`): the mean over its sentences."""
    if _firsts().isdisjoint(said):
        return NOTHING
    places: list[int] = []
    total = 0.0
    at = 0
    while at < len(said):
        length, by = next(
            ((len(rest) + 1, by) for rest, by in _table().get(said[at], ()) if _fits(said, at, rest)), (1, 0.0)
        )
        if by:
            places += range(at, at + length)
            total += by
        at += length
    sentences = 1 + sum(word in _ENDS for word in said[:-1])
    return Softened(tuple(places), max(_MOST, total / sentences))


def left(said: list[Each], places: Sequence[int]) -> list[Each]:
    """`said` without what is at `places`."""
    if not places:
        return said
    gone = frozenset(places)
    return [word for at, word in enumerate(said) if at not in gone]


def bare(text: str) -> str:
    """`text` without the words that soften it."""
    places = softened(words(text)).places
    if places:
        where = bounds(text)
        for at in reversed(places):
            start, end = where[at]
            text = text[:start] + text[end:]
    return text


def softer(chances: Sequence[float], by: float) -> list[float]:
    """Chances of negative, neutral and positive: the odds of the likelier side are 1 + `by` times as high."""
    moved = list(chances)
    moved[0 if chances[0] > chances[2] else 2] *= 1 + by
    total = sum(moved)
    return [chance / total for chance in moved]


def all_softer(sentiment: Array, by: Array) -> Array:
    """As `softer`, of many texts: (texts, 3)."""
    moved = sentiment.copy()
    moved[np.arange(len(moved)), np.where(moved[:, 0] > moved[:, 2], 0, 2)] *= 1 + by
    moved /= moved.sum(axis=1, keepdims=True)
    return moved


def milder(severity: Array, by: Array) -> Array:
    """Severities (texts,) of what is softened: it goes further there, the verdict stays one."""
    odds = (1 + by) ** 2
    made: Array = severity * odds / (1 - severity + severity * odds)
    return made


def _fits(said: Sequence[str], at: int, rest: tuple[str, ...]) -> bool:
    """Whether a phrase stands at `at` and softens what follows; "rather than" and "a bit of" do not."""
    after = at + 1 + len(rest)
    if after >= len(said) or tuple(said[at + 1 : after]) != rest:
        return False
    if not said[after][0].isalpha() or said[after] in _GOES_ON:
        return False
    return not any(word in _DENIES or word.endswith("n't") for word in said[max(0, at - _DENIED) : at])


@cache
def _firsts() -> frozenset[str]:
    """The first words of all phrases; "a" alone says nothing, so there it is the second."""
    firsts = {rest[0] if first == "a" else first for first, entries in _table().items() for rest, _ in entries}
    return frozenset(firsts)


@cache
def _table() -> dict[str, tuple[tuple[tuple[str, ...], float], ...]]:
    """First word → (the words that follow, what it adds), the longest first."""
    found: dict[str, list[tuple[tuple[str, ...], float]]] = {}
    for by, listed in pairs("softeners"):
        for phrase in listed.split(","):
            first, *rest = phrase.split()
            found.setdefault(first, []).append((tuple(rest), float(by)))
    return {first: tuple(sorted(entries, key=lambda entry: -len(entry[0]))) for first, entries in found.items()}
