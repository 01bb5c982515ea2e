"""The word lists beside this package (`data/`), read once when first needed.

Every list has a header comment that says where it comes from. Lines are `key<TAB>value`; `#` starts a comment.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"


def pairs(name: str) -> list[tuple[str, str]]:
    """The (key, value) lines of `data/<name>.txt`, in order; the value is empty on a line without a tab."""
    found = []
    for line in (DATA / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            key, _, value = line.partition("\t")
            found.append((key.strip(), value.strip()))
    return found


@cache
def typos() -> dict[str, str]:
    """Frequent misspelling → the word meant."""
    return dict(pairs("typos"))


@cache
def contrast_words() -> dict[str, str]:
    """Contrast word → "turn" (what follows counts more) or "concede" (what follows counts less)."""
    return dict(pairs("contrast"))


@cache
def names() -> dict[str, str]:
    """Names that are also words with a feeling ("Joy", "Best") → "first" or "family"."""
    return dict(pairs("names"))


@cache
def roles() -> dict[str, frozenset[str]]:
    """What a word does to its neighbours ("negator", "weakens", …) → the words that do it."""
    return {role: frozenset(words.split()) for role, words in pairs("roles")}


@cache
def weights(name: str) -> dict[str, float]:
    """Word or phrase → weight, on the scale of log-odds of "positive"."""
    return {key: float(value) for key, value in pairs(name)}


@cache
def feeling_words() -> frozenset[str]:
    """The words (not idioms) with a direction in our own lists."""
    return frozenset(weights("domain"))


@cache
def phrases() -> dict[str, tuple[tuple[tuple[str, ...], float], ...]]:
    """First word → its idioms as (words, weight), longest first."""
    table: dict[str, list[tuple[tuple[str, ...], float]]] = {}
    for key, weight in weights("phrases").items():
        words = tuple(key.split())
        table.setdefault(words[0], []).append((words, weight))
    return {first: tuple(sorted(found, key=lambda entry: -len(entry[0]))) for first, found in table.items()}


@cache
def model() -> dict[str, Any]:
    """The coefficients that `bench/train/fit_lexicon.py` fitted."""
    found = json.loads((DATA / "lexicon-1.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


@cache
def textblob_weights() -> dict[str, float]:
    """Word → TextBlob's polarity × 1.5, without its near-zero entries.

    TextBlob is imported here and nowhere above, because it brings NLTK: two seconds and 60 MB that a web process
    does not need.
    """
    from textblob.en import sentiment

    sentiment("good")  # TextBlob reads its lexicon at first use
    return {
        word: 1.5 * senses[None][0]
        for word, senses in dict.items(sentiment)
        if abs(senses[None][0]) >= 0.25 and "_" not in word
    }
