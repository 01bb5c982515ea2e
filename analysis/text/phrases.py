"""Words and phrases that name an aspect of the service, and where they stand: a hint beside what the models say."""

from collections.abc import Sequence
from functools import cache, lru_cache

from analysis.text.fast import bounds, words
from analysis.text.wordlists import pairs

_Entry = tuple[tuple[str, ...], str]


def mentioned(text: str) -> list[tuple[str, int, int]]:
    """(aspect, start, end) of every phrase of the table, the longest that begins at a word; linear in the text."""
    said, places = words(text), bounds(text)
    found: list[tuple[str, int, int]] = []
    at = 0
    while at < len(said):
        aspects, length = _longest(said, at)
        found += [(aspect, places[at][0], places[at + length - 1][1]) for aspect in aspects]
        at += max(1, length)
    return found


def _longest(said: Sequence[str], at: int) -> tuple[tuple[str, ...], int]:
    """The aspects of the longest phrase that begins at word `at`, and how many words it has; ((), 0) if none does."""
    aspects: tuple[str, ...] = ()
    longest = 0
    for rest, aspect in _beginning_with(said[at]):
        length = len(rest) + 1
        follows = said[at + 1 : at + length]
        if length < longest or len(follows) < len(rest):
            continue
        if all(_same(want, word) for want, word in zip(rest, follows, strict=True)):
            aspects = (aspect,) if length > longest else (*aspects, aspect)
            longest = length
    return tuple(dict.fromkeys(aspects)), longest


def _same(want: str, word: str) -> bool:
    return word.startswith(want[:-1]) if want.endswith("*") else word == want


@lru_cache(maxsize=20_000)
def _beginning_with(word: str) -> tuple[_Entry, ...]:
    exact, stems = _table()
    found = exact.get(word, ())
    for length in range(3, min(len(word), 14) + 1):
        found += stems.get(word[:length], ())
    return found


@cache
def _table() -> tuple[dict[str, tuple[_Entry, ...]], dict[str, tuple[_Entry, ...]]]:
    """First word, or first stem → (the words that follow, aspect)."""
    exact: dict[str, tuple[_Entry, ...]] = {}
    stems: dict[str, tuple[_Entry, ...]] = {}
    for aspect, listed in pairs("aspects"):
        for phrase in listed.split(","):
            first, *rest = phrase.replace("-", " - ").split()
            table, key = (stems, first[:-1]) if first.endswith("*") else (exact, first)
            table[key] = (*table.get(key, ()), (tuple(rest), aspect))
    return exact, stems
