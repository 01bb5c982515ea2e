"""Reads comments with the fast tier, the accurate tier, or both in a cascade."""

import re
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

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
from analysis.text.intents import patterns_say
from analysis.text.language import LANGUAGES, detect
from analysis.text.neutral import neutral
from analysis.text.occlusion import Case, explain
from analysis.text.parts import VERDICTS, Parts, by_name, mentions, score_of
from analysis.text.short_answers import meaning

if TYPE_CHECKING:
    from analysis.text.multilingual import MultilingualModel
    from analysis.text.own_aspects import OwnAspects
    from analysis.text.recalibration import Recalibration

MODES = ("cascade", "fast", "accurate")
LONGEST = 10_000  # characters that are read
SURE = 0.7  # the fast tier's verdict stands, unless something in it calls for a second opinion
LOOK_AGAIN = {"leaving": 0.15, "review_threat": 0.3, "safety_legal": 0.3, "callback": 0.3}  # these change flags
MIXED_FROM, MIXED_EACH = 0.6, 0.12
NOTHING = (0.05, 0.9, 0.05)  # what a text says that says nothing
UNSURE = 0.45  # no verdict has more than this
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")


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
        self._foreign: MultilingualModel | None = None
        self._own: OwnAspects | None = None
        self._calibration: Recalibration | None = None

    @property
    def model(self) -> str:
        own = f"+{self._own.version}" if self._own else ""
        calibrated = self._calibration.suffix if self._calibration else ""
        return f"{self._mode}-{self._fast.facts['version']}{own}{calibrated}"

    def embed(self, texts: Sequence[str]) -> Array:
        """What each text means: unit vectors (texts, 384). Raises ValueError in the mode "fast"."""
        if self._accurate is None:
            raise ValueError("the fast tier alone does not embed")
        return self._accurate.embed(texts)

    def with_own(self, own: "OwnAspects") -> "Reader":
        """The same reader, its models shared, that also finds a firm's own aspects."""
        made = copy(self)
        made._own = own
        return made

    def with_calibration(self, calibration: "Recalibration") -> "Reader":
        """The same reader, its models shared, whose probabilities of whole English comments are a firm's own."""
        made = copy(self)
        made._calibration = calibration
        return made

    def judge(self, comments: Sequence[Comment]) -> list[Judgement]:
        """The sentiment alone of each comment: several times faster than `analyse`, with the same verdicts."""
        texts = [comment.text[:LONGEST] for comment in comments]
        readable = [at for at, text in enumerate(texts) if self._says_something(text)]
        said, _ = self._read([texts[at] for at in readable], [comments[at] for at in readable])
        said, verdicts = self._decided(said)
        found = [Judgement("neutral", 0.0, dict(zip(VERDICTS, NOTHING, strict=True)))] * len(texts)
        for row, at in enumerate(readable):
            named = by_name(said.sentiment[row])
            found[at] = Judgement(verdicts[row], score_of(named), named)
        return found

    def analyse(self, comments: Sequence[Comment]) -> list[Reading]:
        """One reading for each comment, in order. Never raises, whatever the text; linear in its length."""
        texts = [comment.text[:LONGEST] for comment in comments]
        languages = [detect(text, self._languages) for text in texts]
        english = [
            at
            for at, code in enumerate(languages)
            if code in ("en", "unknown") and self._says_something(texts[at]) and not _other_script(texts[at])
        ]
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
        ruled = {row: chances for row in range(len(texts)) if (chances := meaning(texts[row], comments[row].question))}
        given = [self._neutral(text) for text in texts]
        known = [fast.context(comment.question, comment.rating) for comment in comments]
        quick = decode.decode(self._fast.read([fast.words(text) for text in given], known), self._fast.facts)
        for row, chances in ruled.items():
            quick.sentiment[row], quick.mixed[row] = chances, 0.0
        if self._accurate is None:
            return quick, np.zeros(len(texts), bool)
        again = np.ones(len(texts), bool) if self._mode == "accurate" else _look_again(quick)
        again[list(ruled)] = False
        at = np.flatnonzero(again)
        if not len(at):
            return quick, again
        asked = [(comments[number].question, comments[number].rating) for number in at.tolist()]
        logits = self._accurate.read([given[number] for number in at.tolist()], asked)
        slow = decode.mean(decode.decode(logits, self._accurate.facts), quick[at])
        return quick.replaced(at, slow), again

    def _decided(self, said: Decoded) -> tuple[Decoded, list[str]]:
        """The verdicts, and what they follow from: calibrated, except that both sides being said is left alone."""
        verdicts = [_verdict(said, row) for row in range(len(said.sentiment))]
        if self._calibration is None or not verdicts:
            return said, verdicts
        said = replace(said, sentiment=self._calibration.applied(said.sentiment).astype(np.float32))
        return said, [old if old == "mixed" else _verdict_of(said, row) for row, old in enumerate(verdicts)]

    def _read_english(self, given: Sequence[tuple[Comment, str, str]]) -> list[Reading]:
        comments, texts = [comment for comment, _, _ in given], [text for _, text, _ in given]
        said, slowly = self._read(texts, comments)
        said, verdicts = self._decided(said)
        parts = Parts(texts)
        alone = self._of_parts(parts, comments)
        spans = self._evidence(comments, texts, verdicts, parts, alone, slowly)
        own = self._own_mentions(parts, alone, len(texts))
        return [
            Reading(
                text=comment.text,
                language="en" if language == "unknown" and meaning(text, comment.question) else language,
                sentiment=verdicts[row],
                score=score_of(named := by_name(said.sentiment[row])),
                probabilities=named,
                aspects=(*mentions(said, row, parts, alone, self._fast.facts["aspects"]), *own[row]),
                intents=_intents(said, row, text),
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
        chances = self._foreign.read([text for _, text, _ in given], [language for _, _, language in given])
        found = []
        for (comment, text, language), chance in zip(given, chances, strict=True):
            named = by_name(chance)
            found.append(
                Reading(
                    text=comment.text,
                    language=language,
                    sentiment=max(named, key=named.__getitem__),
                    score=score_of(named),
                    probabilities=named,
                    aspects=(),
                    intents=dict.fromkeys(INTENTS, 0.01),
                    evidence=(),
                    model=self.model,
                    sentences=(SentenceReading(0, len(text), max(named, key=named.__getitem__), score_of(named)),),
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
            probabilities=dict(zip(VERDICTS, NOTHING, strict=True)),
            aspects=(),
            intents=dict.fromkeys(INTENTS, 0.01),
            evidence=(),
            model=self.model,
            abstained=_why_nothing(comment.text),
        )

    def _neutral(self, text: str) -> str:
        return neutral(text, self._fast.knows)

    def _says_something(self, text: str) -> bool:
        """Whether there is anything to read: a letter, a digit, a face or a mark of stars."""
        return any(map(str.isalnum, text)) or any(map(str.isalnum, self._neutral(text))) or bool(meaning(text, ""))

    def _own_mentions(self, parts: Parts, alone: Decoded, count: int) -> list[list[AspectMention]]:
        """The firm's own aspects in each text, clause by clause."""
        found: list[list[AspectMention]] = [[] for _ in range(count)]
        if self._own is None:
            return found
        places = [(row, span, at) for row in range(count) for span, at in parts.places(row)]
        by_clause = self._own.mentions([parts.texts[at] for _, _, at in places])
        for (row, (start, end), at), heard in zip(places, by_clause, strict=True):
            for key, _ in heard:
                sentiment = VERDICTS[int(np.argmax(alone.sentiment[at]))]
                found[row].append(AspectMention(key, sentiment, start, end))
        return found

    def _of_parts(self, parts: Parts, comments: Sequence[Comment]) -> Decoded:
        """What the fast tier says of each sentence and clause alone; one that is the whole text keeps its context."""
        known = [
            fast.context(comments[row].question, comments[row].rating if whole else None)
            for row, whole in zip(parts.owners, parts.whole, strict=True)
        ]
        return decode.decode(
            self._fast.read([fast.words(self._neutral(text)) for text in parts.texts], known), self._fast.facts
        )

    def _evidence(
        self,
        comments: Sequence[Comment],
        texts: Sequence[str],
        verdicts: Sequence[str],
        parts: Parts,
        alone: Decoded,
        slowly: NDArray[np.bool_],
    ) -> list[tuple[Span, ...]]:
        """Spans for every text with a direction; what the accurate tier decided, it explains too."""
        found: list[tuple[Span, ...]] = [()] * len(texts)
        contexts = [fast.context(comment.question, comment.rating) for comment in comments]

        def quick(said: Sequence[str], owners: Sequence[int]) -> Array:
            words = [fast.words(self._neutral(text)) for text in said]
            logits = self._fast.read(words, [contexts[owner] for owner in owners])
            return _emptied(words, decode.decode(logits, self._fast.facts).sentiment)

        def slow(said: Sequence[str], owners: Sequence[int]) -> Array:
            assert self._accurate is not None
            asked = [(comments[owner].question, comments[owner].rating) for owner in owners]
            given = [self._neutral(text) for text in said]
            logits = self._accurate.read(given, asked)
            words = [fast.words(text) for text in given]
            return _emptied(words, decode.decode(logits, self._accurate.facts).sentiment)

        ruled = [meaning(text, comment.question) is not None for text, comment in zip(texts, comments, strict=True)]
        for row in np.flatnonzero(ruled).tolist():
            if verdicts[row] != "neutral":
                found[row] = (Span(0, len(texts[row]), 0.8 if verdicts[row] == "positive" else -0.8),)
        for judge, by_accurate in ((None, False), (slow, True)):
            cases = [
                Case(row, texts[row], 2 if verdicts[row] == "positive" else 0, *parts.clauses_of(row, alone))
                for row in range(len(texts))
                if verdicts[row] != "neutral" and bool(slowly[row]) is by_accurate and not ruled[row]
            ]
            for case, spans in zip(cases, explain(cases, quick, judge), strict=True):
                found[case.owner] = spans
        return found


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
    return _verdict_of(said, row)


def _verdict_of(said: Decoded, row: int) -> str:
    return VERDICTS[int(np.argmax(said.sentiment[row]))]


def _intents(said: Decoded, row: int, text: str) -> dict[str, float]:
    """What the models hear and plain words say, as two independent witnesses; words that take it back weigh most."""
    plain = patterns_say(text)
    found = {}
    for at, name in enumerate(INTENTS):
        heard = float(said.intents[row, at])
        both = 0.3 * heard if plain.get(name) == 0.0 else 1 - (1 - heard) * (1 - plain.get(name, 0.0))
        found[name] = round(both, 3)
    return found


def _why_nothing(text: str) -> str:
    if not text.strip():
        return "empty"
    return "language" if any(map(str.isalpha, text)) else "no language"


def _other_script(text: str) -> bool:
    """Whether it is written in letters that are not Latin."""
    return any(map(str.isalpha, text)) and not _LATIN.search(text)


def _emptied(words: Sequence[Sequence[str]], chances: Array) -> Array:
    """A text of which nothing is left says nothing."""
    for row, found in enumerate(words):
        if not any(word[0].isalnum() for word in found):
            chances[row] = NOTHING
    return chances
