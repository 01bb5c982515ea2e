"""Naming groups of sentences by their own words: class-based TF-IDF over phrases of one to four words. Pure."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from analysis.text.wordlists import pairs

LONGEST = 4  # words of a name
WORDS = 5  # how many single words describe a group
_LENGTH_BONUS = {1: 1.0, 2: 2.0, 3: 2.6, 4: 2.9}  # a phrase says more than its words, and is rarer than they are
_COMMON = 0.2  # the least share of a group's sentences that say its name
_AROUND = 0.5  # the least share of those that say a word and say more words around it
_LEADING = frozenset(
    ("always", "as", "in", "never", "no", "not", "off", "on", "out", "too", "without")
)  # they may begin it
_WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
_BREAK = re.compile(r"[^\w\s'’\-]|\w*[\d_]\w*|\s[-–—]\s")  # marks; numbers and codes

Phrase = tuple[str, ...]


@dataclass(frozen=True)
class Name:
    """What a group is called. `key` is equal for names that say the same: singular or plural, "good" or "very good"."""

    text: str
    key: frozenset[str]
    words: tuple[str, ...]


@cache
def _listed(kind: str) -> frozenset[str]:
    """The words of all languages of one kind: see the list."""
    return frozenset(
        word
        for key, words in pairs("theme-words")
        if key.split()[1] == kind
        for word in words.replace("’", "'").split()
    )


def name_groups(sentences: Sequence[str], groups: Sequence[Sequence[int]], people: Iterable[str]) -> list[Name | None]:
    """A name for each group (of places in `sentences`), from phrases that occur in it; None where they say nothing.

    The weight of a phrase is that of class-based TF-IDF (Grootendorst 2022, "BERTopic", arXiv:2203.05794, 3.3):
    tf(phrase, group) · log(1 + A / f(phrase)), where f counts it in all sentences and A is the mean number of words
    of a group; here tf is the share of the group's sentences that say it. `people` are names, which no theme carries
    where they are written as names.
    """
    said = [_phrases(sentence, frozenset(name.casefold() for name in people)) for sentence in sentences]
    everywhere = Counter(phrase for phrases in said for phrase in phrases)
    size = sum(len(_WORD.findall(sentences[at])) for group in groups for at in group) / max(1, len(groups))
    return [_name(sentences, [(at, said[at]) for at in group], everywhere, size) for group in groups]


def _name(
    sentences: Sequence[str], group: Sequence[tuple[int, frozenset[Phrase]]], everywhere: Counter[Phrase], size: float
) -> Name | None:
    found = Counter(phrase for _, phrases in group for phrase in phrases)
    least = max(2, math.ceil(_COMMON * len(group)))
    weight = {
        phrase: count / len(group) * math.log1p(size / everywhere[phrase]) * _LENGTH_BONUS[len(phrase)]
        for phrase, count in found.items()
        if count >= least and _tells(phrase)
    }
    best = sorted(weight, key=lambda phrase: (-weight[phrase], phrase))
    if not best:
        return None
    chosen = best[0] if len(best[0]) > 1 else _longer(best[0], found)
    single = [phrase[0] for phrase in best if len(phrase) == 1 and phrase[0] not in chosen]
    return Name(_written(chosen, [sentences[at] for at, _ in group]), _key(best[0]), tuple(single[:WORDS]))


def _longer(word: Phrase, found: Counter[Phrase]) -> Phrase:
    """A single word with what is mostly said around it: "as usual" for "usual", "always ask" for "ask"."""
    stop = _listed("stop")
    around = [
        phrase
        for phrase, count in found.items()
        if word[0] in phrase and 1 < len(phrase) < LONGEST and count >= max(2, _AROUND * found[word])
        if phrase[-1] not in stop and len(set(phrase)) == len(phrase)
        if phrase[0] not in stop or phrase[0] in _LEADING
    ]
    return max(around, key=lambda phrase: (found[phrase] * _LENGTH_BONUS[len(phrase)], phrase), default=word)


def _tells(phrase: Phrase) -> bool:
    """Whether a phrase says what something is about: a word that means something, and no loose end."""
    stop = _listed("stop")
    if phrase[0] in stop or phrase[-1] in stop or len(set(phrase)) < len(phrase):
        return False
    if len(phrase) > 2 and not stop.isdisjoint(set(phrase[1:-1]) - _listed("joint")):
        return False
    empty = stop | _listed("good") | _listed("bad") | _listed("vague")
    meant = [len(word) > 1 and word not in empty for word in phrase]
    if len(phrase) == 3 and phrase[1] in _listed("and"):
        return meant[0] and meant[2]
    return sum(meant) > 1 if len(phrase) == LONGEST else any(meant)


def _phrases(sentence: str, people: frozenset[str]) -> frozenset[Phrase]:
    """Every run of up to four words between marks, numbers and names."""
    found: set[Phrase] = set()
    for words in _runs(sentence, people):
        for length in range(1, LONGEST + 1):
            found.update(tuple(words[at : at + length]) for at in range(len(words) - length + 1))
    return frozenset(found)


def _runs(sentence: str, people: frozenset[str]) -> Iterator[list[str]]:
    for part in _BREAK.split(sentence):
        run: list[str] = []
        for word in _WORD.findall(part):
            small = _small(word)
            if word[0].isupper() and small in people:
                yield run
                run = []
            else:
                run.append(small)
        yield run


def _small(word: str) -> str:
    return word.casefold().replace("’", "'").removesuffix("'s")


def _key(phrase: Phrase) -> frozenset[str]:
    """Two names with one key say the same: praise is left out, whatever is bad counts as one word."""
    left_out = _listed("stop") | _listed("good") | _listed("vague")
    bad = _listed("bad")
    return frozenset("bad" if word in bad else _stem(word) for word in phrase if word not in left_out or word in bad)


def _stem(word: str) -> str:
    """The word without a plural's or a form's end: enough to see that two names are one."""
    for end in ("ings", "ing", "ies", "es", "s", "ed", "y", "e"):
        if word.endswith(end) and len(word) - len(end) >= 3:
            return word[: -len(end)]
    return word


def _written(phrase: Phrase, sentences: Sequence[str]) -> str:
    """The phrase as clients mostly write it, beginning with a capital."""
    pattern = re.compile(
        r"(?<!\w)" + r"(?:['’]s)?\s+".join(re.escape(word) for word in phrase) + r"(?!\w)", re.IGNORECASE
    )
    ways = Counter(
        match.group()
        for sentence in sentences
        for match in pattern.finditer(sentence)
        if match.start() > 0 and not match.group().isupper()
    )
    text = " ".join(max(sorted(ways), key=lambda way: ways[way]).split()) if ways else " ".join(phrase)
    return text[:1].upper() + text[1:]
