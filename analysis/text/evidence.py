"""The spans of comments that made their verdicts, as the tier that decided sees them."""

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

from analysis.text import decode, fast, softeners
from analysis.text.analyser import Span
from analysis.text.decode import Decoded
from analysis.text.met_words import Array
from analysis.text.occlusion import Bounds, Case, explain
from analysis.text.parts import Parts
from analysis.text.tiers import Heard, Tiers

NOTHING = (0.05, 0.9, 0.05)  # what a text says that says nothing
BY_RULE = 0.8  # the weight of an answer that a rule read: all of it is the reason


def evidence(
    tiers: Tiers, heard: Heard, verdicts: Sequence[str], parts: Parts, alone: Decoded
) -> list[tuple[Span, ...]]:
    """Spans for every text with a direction; what the accurate tier decided, it explains too."""
    found: list[tuple[Span, ...]] = [()] * len(verdicts)
    without = Without(tiers, heard)
    cases: dict[bool, list[Case]] = {False: [], True: []}
    for row, verdict in enumerate(verdicts):
        text = heard.texts[row]
        if verdict == "neutral":
            continue
        if row in heard.ruled:
            found[row] = (Span(0, len(text), BY_RULE if verdict == "positive" else -BY_RULE),)
        else:
            direction = 2 if verdict == "positive" else 0
            whole = heard.quick.sentiment[row], heard.said.sentiment[row]
            cases[bool(heard.slowly[row])].append(Case(row, text, direction, *parts.clauses_of(row, alone), *whole))
    for slowly, judge in ((False, None), (True, without.slow)):
        for case, spans in zip(cases[slowly], explain(cases[slowly], without.quick, judge), strict=True):
            found[case.owner] = spans
    return found


class Without:
    """What each tier says of the texts that were heard when a span is covered: negative, neutral, positive."""

    def __init__(self, tiers: Tiers, heard: Heard) -> None:
        self._tiers, self._heard = tiers, heard
        self._places: dict[int, tuple[list[int], list[int]] | None] = {}

    def quick(self, owners: Sequence[int], spans: Sequence[Bounds]) -> Array:
        """The fast tier: words are left out of what it has read, unless they cannot be told apart there."""
        chances = np.tile(np.asarray(NOTHING, np.float32), (len(owners), 1))
        covered: list[tuple[int, int, int]] = []
        inside: list[int] = []
        anew: list[int] = []
        for number, (owner, (start, end)) in enumerate(zip(owners, spans, strict=True)):
            places = self._places_of(owner)
            if places is None:
                anew.append(number)
                continue
            begins, spoken = places
            first, last = bisect_left(begins, start), bisect_left(begins, end)
            if spoken[-1] - spoken[last] + spoken[first] > 0:
                covered.append((owner, first, last))
                inside.append(number)
        tiers, heard = self._tiers, self._heard
        if inside:
            logits = tiers.fast.without(heard.words, covered, [heard.contexts[owner] for owner, _, _ in covered])
            chances[inside] = decode.sentiment(logits, tiers.fast.facts)
        if anew:
            words, _ = tiers.words([self._left(owners[at], spans[at]) for at in anew])
            logits = tiers.fast.read(words, [heard.contexts[owners[at]] for at in anew])
            chances[anew] = decode.sentiment(logits, tiers.fast.facts)
            chances[[at for at, found in zip(anew, words, strict=True) if not _speaks(found)]] = NOTHING
        return chances

    def slow(self, owners: Sequence[int], spans: Sequence[Bounds]) -> Array:
        """The accurate tier, which reads what is left from the beginning."""
        assert self._tiers.accurate is not None
        chances = np.tile(np.asarray(NOTHING, np.float32), (len(owners), 1))
        left = [self._tiers.bare(self._left(owner, span)) for owner, span in zip(owners, spans, strict=True)]
        inside = [at for at, text in enumerate(left) if _speaks(fast.words(text))]
        if inside:
            comments = [self._heard.comments[owners[at]] for at in inside]
            asked = [(comment.question, comment.rating) for comment in comments]
            logits = self._tiers.accurate.read([left[at] for at in inside], asked)
            chances[inside] = decode.sentiment(logits, self._tiers.accurate.facts)
        return chances

    def _left(self, owner: int, span: Bounds) -> str:
        text = self._heard.texts[owner]
        return f"{text[: span[0]]} {text[span[1] :]}"

    def _places_of(self, owner: int) -> tuple[list[int], list[int]] | None:
        """Where each word read begins in the text, and how many words with letters or digits there are before each and
        in all. None if the words read, and those that soften, are not one by one those of the text: a full name is read
        as one."""
        if owner not in self._places:
            words = self._heard.words[owner]
            where = [start for start, _ in fast.bounds(self._heard.texts[owner])]
            begins = softeners.left(where, self._heard.softened[owner].places)
            spoken = np.cumsum([0, *(word[0].isalnum() for word in words)]).tolist()
            self._places[owner] = (begins, spoken) if len(begins) == len(words) else None
        return self._places[owner]


def _speaks(words: Sequence[str]) -> bool:
    """A text of which nothing is left says nothing."""
    return any(word[0].isalnum() for word in words)
