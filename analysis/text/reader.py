"""Reads comments with the fast tier, the accurate tier, or both in a cascade."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from analysis.text import decode, fast
from analysis.text.accurate import AccurateModel
from analysis.text.analyser import (
    INTENTS,
    AspectMention,
    Comment,
    Reading,
    SentenceReading,
    Span,
    TextAnalyser,
)
from analysis.text.decode import Decoded
from analysis.text.fast import Array
from analysis.text.language import LANGUAGES, detect
from analysis.text.occlusion import Case, explain
from analysis.text.passages import clauses, sentences

MODES = ("cascade", "fast", "accurate")
VERDICTS = ("negative", "neutral", "positive")
LONGEST = 10_000  # characters that are read
SURE = 0.9  # the fast tier's verdict stands, unless something in it calls for a second opinion
LOOK_AGAIN = {"leaving": 0.15, "review_threat": 0.3, "safety_legal": 0.3, "callback": 0.3}  # these change flags
MIXED_FROM, MIXED_EACH = 0.5, 0.12
MENTIONED = 0.5
UNSURE = 0.45  # no verdict has more than this
_MOST_MENTIONS = 12


class ForeignModel(Protocol):
    """What reads other languages: (texts, 3) probabilities."""

    def read(self, texts: Sequence[str]) -> Array: ...


@dataclass(frozen=True)
class Judgement:
    """The sentiment alone of one comment, as TextBlob or VADER would say it."""

    sentiment: str
    score: float
    probabilities: dict[str, float]


def make_analyser(mode: str = "cascade") -> TextAnalyser:
    """An analyser of one of MODES, its weights loaded: a second or so, so the worker makes one and keeps it."""
    if mode not in MODES:
        raise ValueError(f"{mode!r} is none of {', '.join(MODES)}")
    return Reader(mode)


class Reader:
    """A TextAnalyser. Threads may share it. `mode`: one of MODES; `languages`: those the firm's clients write."""

    def __init__(self, mode: str = "cascade", languages: Sequence[str] = LANGUAGES) -> None:
        self._mode, self._languages = mode, tuple(languages)
        self._fast = fast.FastModel()
        self._accurate = AccurateModel() if mode != "fast" else None
        self._foreign: ForeignModel | None = None

    @property
    def model(self) -> str:
        version = self._fast.facts["version"]
        return f"{self._mode}-{version}"

    def judge(self, comments: Sequence[Comment]) -> list[Judgement]:
        """The sentiment alone of each comment: several times faster than `analyse`, with the same verdicts."""
        texts = [comment.text[:LONGEST] for comment in comments]
        readable = [at for at, text in enumerate(texts) if _has_words(text)]
        said, _ = self._read([texts[at] for at in readable], [comments[at] for at in readable])
        found = [Judgement("neutral", 0.0, dict(zip(VERDICTS, (0.05, 0.9, 0.05), strict=True)))] * len(texts)
        for row, at in enumerate(readable):
            named = _named(said.sentiment[row])
            found[at] = Judgement(_verdict(said, row), _score(named), named)
        return found

    def analyse(self, comments: Sequence[Comment]) -> list[Reading]:
        """One reading for each comment, in order. Never raises, whatever the text; linear in its length."""
        texts = [comment.text[:LONGEST] for comment in comments]
        languages = [detect(text, self._languages) if _has_words(text) else "unknown" for text in texts]
        english = [at for at, code in enumerate(languages) if code in ("en", "unknown") and _has_words(texts[at])]
        found: list[Reading | None] = [None] * len(texts)
        for at, reading in zip(
            english, self._read_english([(comments[at], texts[at], languages[at]) for at in english]), strict=True
        ):
            found[at] = reading
        foreign = [at for at, code in enumerate(languages) if code not in ("en", "unknown")]
        for at, reading in zip(
            foreign, self._read_foreign([(comments[at], texts[at], languages[at]) for at in foreign]), strict=True
        ):
            found[at] = reading
        return [reading or self._nothing(comment) for reading, comment in zip(found, comments, strict=True)]

    def _read(self, texts: Sequence[str], comments: Sequence[Comment]) -> tuple[Decoded, NDArray[np.bool_]]:
        """What the mode's tiers say of whole texts, and which texts the accurate tier read."""
        words = [fast.words(text) for text in texts]
        known = [fast.context(comment.question, comment.rating) for comment in comments]
        quick = decode.decode(self._fast.read(words, known), self._fast.facts)
        if self._accurate is None:
            return quick, np.zeros(len(texts), bool)
        again = np.ones(len(texts), bool) if self._mode == "accurate" else _look_again(quick)
        at = np.flatnonzero(again)
        if not len(at):
            return quick, again
        asked = [(comments[number].question, comments[number].rating) for number in at.tolist()]
        logits = self._accurate.read([texts[number] for number in at.tolist()], asked)
        slow = decode.mean(decode.decode(logits, self._accurate.facts), quick[at])
        return quick.replaced(at, slow), again

    def _read_english(self, given: Sequence[tuple[Comment, str, str]]) -> list[Reading]:
        comments, texts = [comment for comment, _, _ in given], [text for _, text, _ in given]
        said, slowly = self._read(texts, comments)
        parts = _Parts(texts)
        alone = self._of_parts(parts, comments)
        verdicts = [_verdict(said, row) for row in range(len(texts))]
        spans = self._evidence(comments, texts, verdicts, parts, alone, slowly)
        return [
            Reading(
                text=comment.text,
                language="en" if language == "unknown" and _has_letters(text) else language,
                sentiment=verdicts[row],
                score=_score(named := _named(said.sentiment[row])),
                probabilities=named,
                aspects=_mentions(said, row, parts, alone, self._fast.facts["aspects"]),
                intents={name: round(float(said.intents[row, at]), 3) for at, name in enumerate(INTENTS)},
                evidence=spans[row],
                model=self.model,
                sentences=parts.sentences_of(row, alone),
                severity=round(float(said.severity[row]), 3),
                abstained="unsure" if max(named.values()) < UNSURE and verdicts[row] != "mixed" else "",
            )
            for row, (comment, text, language) in enumerate(given)
        ]

    def _read_foreign(self, given: Sequence[tuple[Comment, str, str]]) -> list[Reading]:
        """Sentiment only, in beta quality."""
        if not given:
            return []
        if self._foreign is None:
            from analysis.text.multilingual import MultilingualModel  # 32 MB that most firms never need

            self._foreign = MultilingualModel()
        chances = self._foreign.read([text for _, text, _ in given])
        found = []
        for (comment, text, language), chance in zip(given, chances, strict=True):
            named = _named(chance)
            found.append(
                Reading(
                    text=comment.text,
                    language=language,
                    sentiment=max(named, key=named.__getitem__),
                    score=_score(named),
                    probabilities=named,
                    aspects=(),
                    intents=dict.fromkeys(INTENTS, 0.01),
                    evidence=(),
                    model=self.model,
                    sentences=(SentenceReading(0, len(text), max(named, key=named.__getitem__), _score(named)),),
                    severity=round(0.5 * named["negative"], 3),
                    abstained="language",
                )
            )
        return found

    def _nothing(self, comment: Comment) -> Reading:
        """Nothing was said: neutral, and said to be no verdict."""
        return Reading(
            text=comment.text,
            language="unknown",
            sentiment="neutral",
            score=0.0,
            probabilities=dict(zip(VERDICTS, (0.05, 0.9, 0.05), strict=True)),
            aspects=(),
            intents=dict.fromkeys(INTENTS, 0.01),
            evidence=(),
            model=self.model,
            abstained="no language" if comment.text.strip() else "empty",
        )

    def _of_parts(self, parts: "_Parts", comments: Sequence[Comment]) -> Decoded:
        """What the fast tier says of each sentence and clause alone; one that is the whole text keeps its context."""
        known = [
            fast.context(comments[row].question, comments[row].rating if whole else None)
            for row, whole in zip(parts.owners, parts.whole, strict=True)
        ]
        return decode.decode(self._fast.read([fast.words(text) for text in parts.texts], known), self._fast.facts)

    def _evidence(
        self,
        comments: Sequence[Comment],
        texts: Sequence[str],
        verdicts: Sequence[str],
        parts: "_Parts",
        alone: Decoded,
        slowly: NDArray[np.bool_],
    ) -> list[tuple[Span, ...]]:
        """Spans for every text with a direction; what the accurate tier decided, it explains too."""
        found: list[tuple[Span, ...]] = [()] * len(texts)
        contexts = [fast.context(comment.question, comment.rating) for comment in comments]

        def quick(said: Sequence[str], owners: Sequence[int]) -> Array:
            words = [fast.words(text) for text in said]
            logits = self._fast.read(words, [contexts[owner] for owner in owners])
            return _emptied(words, decode.decode(logits, self._fast.facts).sentiment)

        def slow(said: Sequence[str], owners: Sequence[int]) -> Array:
            assert self._accurate is not None
            asked = [(comments[owner].question, comments[owner].rating) for owner in owners]
            logits = self._accurate.read(said, asked)
            words = [fast.words(text) for text in said]
            return _emptied(words, decode.decode(logits, self._accurate.facts).sentiment)

        for judge, by_accurate in ((None, False), (slow, True)):
            cases = [
                Case(row, texts[row], 2 if verdicts[row] == "positive" else 0, *parts.clauses_of(row, alone))
                for row in range(len(texts))
                if verdicts[row] != "neutral" and bool(slowly[row]) is by_accurate
            ]
            for case, spans in zip(cases, explain(cases, quick, judge), strict=True):
                found[case.owner] = spans
        return found


class _Parts:
    """The sentences and clauses of some texts in one list, so that all are read at once."""

    def __init__(self, texts: Sequence[str]) -> None:
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
            named = _named(alone.sentiment[at])
            found.append(SentenceReading(start, end, max(named, key=named.__getitem__), _score(named)))
        return tuple(found)

    def clauses_of(self, row: int, alone: Decoded) -> tuple[list[tuple[int, int]], Array]:
        found = self._clauses[row]
        return [span for span, _ in found], alone.sentiment[[at for _, at in found]]

    def places(self, row: int) -> list[tuple[tuple[int, int], int]]:
        """((start, end), place in what was read alone) of each clause."""
        return self._clauses[row]


def _look_again(quick: Decoded) -> NDArray[np.bool_]:
    """Which texts the accurate tier reads too: unsure ones, and those whose intents would change a flag."""
    again = quick.sentiment.max(axis=1) < SURE
    for name, least in LOOK_AGAIN.items():
        again |= quick.intents[:, INTENTS.index(name)] >= least
    found: NDArray[np.bool_] = again
    return found


def _verdict(said: Decoded, row: int) -> str:
    negative, _, positive = said.sentiment[row]
    if said.mixed[row] >= MIXED_FROM and min(negative, positive) >= MIXED_EACH:
        return "mixed"
    return VERDICTS[int(np.argmax(said.sentiment[row]))]


def _mentions(
    said: Decoded, row: int, parts: _Parts, alone: Decoded, names: Sequence[str]
) -> tuple[AspectMention, ...]:
    """Each aspect that the text mentions, in the clause that mentions it most, and how it is spoken of there."""
    places = parts.places(row)
    if not places:
        return ()
    found: list[AspectMention] = []
    inside = [at for _, at in places]
    for aspect in np.flatnonzero(said.aspects[row] >= MENTIONED)[:_MOST_MENTIONS]:
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


def _how(said: Decoded, row: int, alone: Decoded, at: int, aspect: int, count: int) -> Array:
    """How an aspect is spoken of: what the whole text says of it and what its clause says."""
    around = said.sentiment[row] if count == 1 else alone.sentiment[at]
    how: Array = said.polarity[row, aspect] + around
    return how


def _emptied(words: Sequence[Sequence[str]], chances: Array) -> Array:
    """A text of which nothing is left says nothing."""
    for row, found in enumerate(words):
        if not any(word[0].isalnum() for word in found):
            chances[row] = (0.05, 0.9, 0.05)
    return chances


def _named(chances: Array) -> dict[str, float]:
    """Four decimals that sum to 1: the largest takes the rest."""
    rounded = [round(float(chance), 4) for chance in chances]
    largest = int(np.argmax(chances))
    rounded[largest] = round(rounded[largest] + 1 - sum(rounded), 4)
    return dict(zip(VERDICTS, rounded, strict=True))


def _score(named: dict[str, float]) -> float:
    return round(named["positive"] - named["negative"], 4)


def _has_letters(text: str) -> bool:
    return any(letter.isalpha() for letter in text)


def _has_words(text: str) -> bool:
    """Whether there is anything to read: a letter, a digit or a face."""
    return any(letter.isalnum() or ord(letter) >= 0x2600 for letter in text) or any(
        face in text for face in (":)", ":(", ":D", ";)", ":/", "<3")
    )
