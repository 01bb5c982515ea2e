"""What the words of a comment in five other languages say, by small hand-written lists (`data/feelings.txt`).

A lexicon in the manner of VADER (Hutto & Gilbert 2014), but only counts come out: what they are worth is learned
(`bench/train/multilingual.py`).
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.text.wordlists import pairs

WIDTH = 16
_TOKEN = re.compile(r"[^\W_]+|[.!?;,:…()]")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_REACH = 4  # words that a "not" turns
_LONGEST = 1000  # words that are read
_PHRASE = 4  # words of the longest phrase
_FEELINGS = ("great", "good", "poor", "awful")
_OTHER_SIDE = {"great": "poor", "good": "poor", "poor": "good", "awful": "good"}
_HAPPY = re.compile("[\U0001f600-\U0001f60a\U0001f60d\U0001f618\U0001f642\U0001f44d\U0001f44f❤♥]|:-?[)D]|<3")
_UNHAPPY = re.compile("[\U0001f61e-\U0001f62d\U0001f620\U0001f621\U0001f641\U0001f44e\U0001f92c]|:-?[(]|:-?/(?!/)")


class _Lists(NamedTuple):
    phrases: dict[tuple[str, ...], str]
    words: dict[str, str]
    beginnings: dict[str, str]


def counts(text: str, language: str) -> NDArray[np.float64]:
    """WIDTH numbers: how much of each feeling, before and after "but", what is turned, and the shape of the text.

    `language`: "es", "fr", "de", "pt" or "nl"; for any other only the shape is told.
    """
    words = _TOKEN.findall(_folded(text))[:_LONGEST]
    found = _meanings(words, _lists(language)) if language in _known() else [""] * len(words)
    said = dict.fromkeys((*_FEELINGS, "even", "not", "but", "turned"), 0.0)
    late = {"good": 0.0, "bad": 0.0}
    turns = 0
    for word, kind in zip(words, found, strict=True):
        if not word[0].isalnum():
            turns = 0
        elif kind in ("not", "without"):
            turns = _REACH + 1
            said["not"] += kind == "not"
        elif kind == "but":
            turns, said["but"] = 0, 1.0
            late = {"good": 0.0, "bad": 0.0}
        elif kind in _OTHER_SIDE:
            said["turned"] += turns > 0
            feeling = _OTHER_SIDE[kind] if turns > 0 else kind
            said[feeling] += 1
            late["good" if feeling in ("great", "good") else "bad"] += 1
        elif kind:
            said[kind] += 1
        turns -= 1
    good, bad = 2 * said["great"] + said["good"], 2 * said["awful"] + said["poor"]
    length = sum(word[0].isalnum() for word in words)
    numbers = [said[name] / (1 + said[name]) for name in (*_FEELINGS, "even", "not", "turned")]
    numbers += [said["but"], (good - bad) / (1 + good + bad), float(good + bad == 0)]
    numbers += [said["but"] * (late["good"] - late["bad"]) / (1 + late["good"] + late["bad"])]
    numbers += [float(length <= 3 and said["even"] > 0), float(np.log1p(length)) / 4, float("?" in text)]
    return np.array([*numbers, float(bool(_HAPPY.search(text))), float(bool(_UNHAPPY.search(text)))])


def _folded(text: str) -> str:
    """Small letters without accents; the umlauts in two letters, since "schon" is not "schön"."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFC", text.lower()).translate(_UMLAUTS))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def _meanings(words: Sequence[str], lists: _Lists) -> list[str]:
    """What each word is ("great", "not", …) or ""; a phrase's meaning stands at its last word."""
    found = [""] * len(words)
    at = 0
    while at < len(words):
        for width in range(min(_PHRASE, len(words) - at), 1, -1):
            kind = lists.phrases.get(tuple(words[at : at + width]))
            if kind:
                at += width - 1
                found[at] = kind
                break
        else:
            found[at] = lists.words.get(words[at]) or _by_beginning(words[at][:30], lists.beginnings)
        at += 1
    return found


def _by_beginning(word: str, beginnings: dict[str, str]) -> str:
    for end in range(len(word), 1, -1):
        kind = beginnings.get(word[:end])
        if kind:
            return kind
    return ""


@cache
def _known() -> frozenset[str]:
    return frozenset(key.split()[0] for key, _ in pairs("feelings"))


@cache
def _lists(language: str) -> _Lists:
    lists = _Lists({}, {}, {})
    for key, entries in pairs("feelings"):
        if key.split()[0] == language:
            kind = key.split()[1]
            for entry in entries.split():
                parts = tuple(_TOKEN.findall(_folded(entry.rstrip("*").replace("_", " "))))
                if len(parts) > 1:
                    lists.phrases[parts] = kind
                else:
                    (lists.beginnings if entry.endswith("*") else lists.words)[parts[0]] = kind
    return lists
