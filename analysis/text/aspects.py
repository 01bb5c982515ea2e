"""Which aspects of the service a comment mentions, where, and whether it speaks for or against them there."""

from collections.abc import Sequence
from functools import cache, lru_cache

from analysis.text.analyser import AspectMention
from analysis.text.features import Weighed
from analysis.text.preprocess import Token
from analysis.text.wordlists import pairs

_SPOKEN = 0.35  # A sum of contributions this large has a direction
_NEAR = 25.0  # Characters over which a word's say on an aspect falls to half
_MOST = 12  # Mentions kept for one comment


def mentions(weighed: Weighed, overall: float) -> tuple[AspectMention, ...]:
    """The first mention of each aspect and direction, in the order of the text.

    `overall` is the comment's score: it decides where clause and sentence say nothing and it is clear.
    """
    found: dict[tuple[str, str], AspectMention] = {}
    for number, clause in enumerate(weighed.clauses):
        at = 0
        while at < len(clause.tokens) and len(found) < _MOST:
            match = _match(clause.tokens, at)
            if match is None:
                at += 1
                continue
            aspects, length = match
            start, end = clause.tokens[at].start, clause.tokens[at + length - 1].end
            direction = _direction(weighed, number, start, end, overall)
            for aspect in aspects:
                found.setdefault((aspect, direction), AspectMention(aspect, direction, start, end))
            at += length
    spoken = {aspect for aspect, direction in found if direction != "neutral"}
    return tuple(
        mention for (aspect, direction), mention in found.items() if direction != "neutral" or aspect not in spoken
    )


def _direction(weighed: Weighed, number: int, start: int, end: int, overall: float) -> str:
    near = sum(
        contribution * _NEAR / (_NEAR + max(0, cue.start - end, start - cue.end))
        for cue, contribution in weighed.by_clause[number]
    )
    around = weighed.sentence_sums[weighed.clauses[number].sentence]
    for value, least in ((near, _SPOKEN), (around, 2 * _SPOKEN), (overall, 0.6)):
        if abs(value) >= least:
            return "positive" if value > 0 else "negative"
    return "neutral"


def _match(tokens: Sequence[Token], at: int) -> tuple[tuple[str, ...], int] | None:
    """The aspects of the longest phrase that begins at token `at`, and how many tokens it takes."""
    word = tokens[at].word
    candidates = _beginning_with(word)
    if not candidates:
        return None
    best: tuple[tuple[str, ...], int] | None = None
    for rest, aspect in candidates:
        length = len(rest) + 1
        follows = tokens[at + 1 : at + length]
        if len(follows) == len(rest) and all(
            _same(want, token.word) for want, token in zip(rest, follows, strict=True)
        ):
            if best is None or length > best[1]:
                best = ((aspect,), length)
            elif length == best[1] and aspect not in best[0]:
                best = ((*best[0], aspect), length)
    return best


def _same(want: str, word: str) -> bool:
    return word.startswith(want[:-1]) if want.endswith("*") else word == want


_Entries = dict[str, tuple[tuple[tuple[str, ...], str], ...]]


@lru_cache(maxsize=20_000)
def _beginning_with(word: str) -> tuple[tuple[tuple[str, ...], str], ...]:
    exact, stems = _table()
    candidates = exact.get(word, ())
    for length in range(3, min(len(word), 14) + 1):
        candidates += stems.get(word[:length], ())
    return candidates


@cache
def _table() -> tuple[_Entries, _Entries]:
    """First word (or first stem) → (the words that follow, aspect)."""
    exact: _Entries = {}
    stems: _Entries = {}
    for aspect, listed in pairs("aspects"):
        for phrase in listed.split(","):
            first, *rest = phrase.replace("-", " - ").split()
            table, key = (stems, first[:-1]) if first.endswith("*") else (exact, first)
            table[key] = (*table.get(key, ()), (tuple(rest), aspect))
    return exact, stems
