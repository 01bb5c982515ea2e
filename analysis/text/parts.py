"""Sentences and clauses of some comments, read alone, and the aspects that are found in them."""

from collections.abc import Sequence

import numpy as np

from analysis.text.analyser import AspectMention, SentenceReading
from analysis.text.decode import Decoded
from analysis.text.met_words import Array
from analysis.text.passages import clauses, sentences
from analysis.text.phrases import mentioned

VERDICTS = ("negative", "neutral", "positive")
MENTIONED = 0.45
HINTED = 0.3  # an aspect that a phrase names is mentioned from here on …
SCARCE = {"expertise": 0.1, "quality_of_work": 0.15}  # … and one that few rows taught from here on (training rows)
BY_PHRASE = ("reception",)  # a dozen labelled rows taught the models nothing: the phrase decides
_MOST_MENTIONS = 12
_PARTS = 10_000  # chances are told to four decimals


class Parts:
    """The sentences and clauses of some texts in one list, so that all are read at once."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._given = texts
        self.texts: list[str] = []
        self.owners: list[int] = []
        self.whole: list[bool] = []
        self._sentences: list[list[tuple[tuple[int, int], int]]] = []
        self._clauses: list[list[tuple[tuple[int, int], int]]] = []
        for row, text in enumerate(texts):
            bounds = sentences(text)
            seen: dict[tuple[int, int], int] = {}
            for kind, found in ((self._sentences, bounds), (self._clauses, clauses(text, bounds))):
                kind.append([(span, self._added(row, text, span, seen, len(found) == 1)) for span in found])

    def _added(
        self, row: int, text: str, span: tuple[int, int], seen: dict[tuple[int, int], int], is_whole: bool
    ) -> int:
        if span not in seen:
            seen[span] = len(self.texts)
            self.texts.append(text[span[0] : span[1]])
            self.owners.append(row)
            self.whole.append(is_whole)
        return seen[span]

    def sentences_of(self, row: int, alone: Decoded) -> tuple[SentenceReading, ...]:
        found = []
        for (start, end), at in self._sentences[row]:
            named = by_name(alone.sentiment[at].tolist())
            found.append(SentenceReading(start, end, max(named, key=named.__getitem__), score_of(named)))
        return tuple(found)

    def clauses_of(self, row: int, alone: Decoded) -> tuple[list[tuple[int, int]], Array]:
        found = self._clauses[row]
        return [span for span, _ in found], alone.sentiment[[at for _, at in found]]

    def places(self, row: int) -> list[tuple[tuple[int, int], int]]:
        """((start, end), place in what was read alone) of each clause."""
        return self._clauses[row]

    def phrases(self, row: int) -> list[tuple[str, int, int]]:
        """(aspect, start, end) of the phrases of a text that name an aspect."""
        return mentioned(self._given[row])


def mentions(said: Decoded, row: int, parts: Parts, alone: Decoded, names: Sequence[str]) -> tuple[AspectMention, ...]:
    """Each aspect that the text mentions, in the clause that mentions it most, and how it is spoken of there."""
    places = parts.places(row)
    if not places:
        return ()
    found: list[AspectMention] = []
    inside = [at for _, at in places]
    phrases: dict[str, tuple[int, int]] = {}
    for name, start, end in parts.phrases(row):
        phrases.setdefault(name, (start, end))
    least = [_least(name, name in phrases) for name in names]
    for aspect in np.flatnonzero(said.aspects[row] >= least)[:_MOST_MENTIONS]:
        by_clause = alone.aspects[inside, aspect]
        best = int(np.argmax(by_clause))
        kinds: dict[str, tuple[bool, int, int]] = {}
        for number, ((start, end), at) in enumerate(places):
            if number != best and by_clause[number] < 0.7:
                continue
            how = alone.sentiment[at] if number != best else _how(said, row, alone, at, int(aspect), len(places))
            kinds.setdefault(VERDICTS[int(np.argmax(how))], (number != best, start, end))
        if len(kinds) > 1:
            kinds.pop("neutral", None)
        for sentiment, (_, start, end) in sorted(kinds.items(), key=lambda kind: kind[1])[:2]:
            found.append(AspectMention(names[aspect], sentiment, start, end))
    return tuple(sorted(found, key=lambda mention: (mention.start, mention.aspect)))


def _least(name: str, is_named: bool) -> float:
    """The probability from which an aspect counts as mentioned."""
    if not is_named:
        return MENTIONED
    return 0.0 if name in BY_PHRASE else SCARCE.get(name, HINTED)


def _how(said: Decoded, row: int, alone: Decoded, at: int, aspect: int, count: int) -> Array:
    """How an aspect is spoken of: what the whole text says of it and what its clause says."""
    around = said.sentiment[row] if count == 1 else alone.sentiment[at]
    how: Array = said.polarity[row, aspect] + around
    return how


def by_name(chances: Sequence[float]) -> dict[str, float]:
    """Four decimals that sum to 1: the largest takes the rest."""
    negative, neutral, positive = (int(_PARTS * chance + 0.5) for chance in chances)
    rest = _PARTS - negative - neutral - positive
    if negative >= neutral and negative >= positive:
        negative += rest
    elif neutral >= positive:
        neutral += rest
    else:
        positive += rest
    return {"negative": negative / _PARTS, "neutral": neutral / _PARTS, "positive": positive / _PARTS}


def score_of(named: dict[str, float]) -> float:
    return round(named["positive"] - named["negative"], 4)
