"""Reads comments with the fast tier, the accurate tier, or both in a cascade."""

import re
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from analysis.text.analyser import (
    INTENTS,
    AspectMention,
    Comment,
    Reading,
    SentenceReading,
    TextAnalyser,
)
from analysis.text.decode import Decoded, Verdict
from analysis.text.evidence import NOTHING, evidence
from analysis.text.language import LANGUAGES, detect, plain_letters
from analysis.text.met_words import Array
from analysis.text.parts import VERDICTS, Parts, by_name, mentions, score_of
from analysis.text.short_answers import meaning
from analysis.text.tiers import Heard, Tiers

if TYPE_CHECKING:
    from analysis.text.multilingual import MultilingualModel
    from analysis.text.own_aspects import OwnAspects
    from analysis.text.recalibration import Recalibration

MODES = ("cascade", "fast", "accurate")
LONGEST = 10_000  # characters that are read
MIXED_FROM, MIXED_EACH = 0.6, 0.12
UNSURE = 0.45  # no verdict has more than this
HOSTILE = ("leaving", "review_threat", "safety_legal")  # nobody says these in praise
FOR = np.array([-1.0, 0.0, 1.0])  # what chances say for the firm
PLEASED, PLAINEST = 4, 0.9  # of 5; the chance that the most certain patterns have
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
        self._tiers = Tiers(mode)
        self._foreign: MultilingualModel | None = None
        self._own: OwnAspects | None = None
        self._calibration: Recalibration | None = None
        self._quiet = Judgement("neutral", 0.0, dict(zip(VERDICTS, NOTHING, strict=True)))

    @property
    def model(self) -> str:
        own = f"+{self._own.version}" if self._own else ""
        calibrated = self._calibration.suffix if self._calibration else ""
        return f"{self._mode}-{self._tiers.fast.facts['version']}{own}{calibrated}"

    @property
    def space(self) -> str:
        """Names where `embed` puts texts; "" in the mode "fast", which does not embed."""
        if self._tiers.accurate is None:
            return ""
        facts = self._tiers.accurate.facts
        return f"accurate-{facts.get('encoder', facts['version'])}"

    def embed(self, texts: Sequence[str]) -> Array:
        """What each text means: unit vectors (texts, 384). Raises ValueError in the mode "fast"."""
        if self._tiers.accurate is None:
            raise ValueError("the fast tier alone does not embed")
        return self._tiers.accurate.embed(texts)

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
        texts = [plain_letters(comment.text[:LONGEST]) for comment in comments]
        readable = [at for at, text in enumerate(texts) if self._says_something(text)]
        found = [self._quiet] * len(texts)
        said = self._tiers.verdicts([comments[at] for at in readable], [texts[at] for at in readable])
        for at, (sentiment, chances) in zip(readable, self._settled(said), strict=True):
            named = by_name(chances)
            found[at] = Judgement(sentiment, score_of(named), named)
        return found

    def analyse(self, comments: Sequence[Comment]) -> list[Reading]:
        """One reading for each comment, in order. Never raises, whatever the text; linear in its length."""
        texts = [plain_letters(comment.text[:LONGEST]) for comment in comments]
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

    def _settled(self, said: Sequence[Verdict]) -> list[tuple[str, list[float]]]:
        """Each text's verdict and its chances: calibrated, except that both sides being said is left alone."""
        verdicts = [
            "mixed" if mixed >= MIXED_FROM and min(chances[0], chances[2]) >= MIXED_EACH else _strongest(chances)
            for chances, mixed in said
        ]
        chances = [chances for chances, _ in said]
        if self._calibration is not None and said:
            chances = self._calibration.applied(np.array(chances)).tolist()
            verdicts = [old if old == "mixed" else _strongest(new) for old, new in zip(verdicts, chances, strict=True)]
        return list(zip(verdicts, chances, strict=True))

    def _read_english(self, given: Sequence[tuple[Comment, str, str]]) -> list[Reading]:
        comments, texts = [comment for comment, _, _ in given], [text for _, text, _ in given]
        heard = self._tiers.read(comments, texts)
        settled = self._settled(list(zip(heard.said.sentiment.tolist(), heard.said.mixed.tolist(), strict=True)))
        verdicts = [verdict for verdict, _ in settled]
        said = replace(heard.said, sentiment=np.array([chances for _, chances in settled], np.float32).reshape(-1, 3))
        parts = Parts(texts)
        alone = self._tiers.parts(parts, heard)
        spans = evidence(self._tiers, heard, verdicts, parts, alone)
        own = self._own_mentions(parts, alone, len(texts))
        return [
            Reading(
                text=comment.text,
                language="en" if language == "unknown" and row in heard.ruled else language,
                sentiment=verdicts[row],
                score=score_of(named := by_name(settled[row][1])),
                probabilities=named,
                aspects=(*mentions(said, row, parts, alone, self._tiers.fast.facts["aspects"]), *own[row]),
                intents=_intents(said, row, heard.plain[row], _takes_back(heard, row), parts.clauses_of(row, alone)[1]),
                evidence=spans[row],
                model=self.model,
                sentences=parts.sentences_of(row, alone),
                severity=round(float(said.severity[row]), 3),
                abstained="unsure" if max(named.values()) < UNSURE and verdicts[row] != "mixed" else "",
            )
            for row, (comment, _, language) in enumerate(given)
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
            named = by_name(chance.tolist())
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

    def _says_something(self, text: str) -> bool:
        """Whether there is anything to read: a letter, a digit, a face or a mark of stars."""
        return (
            any(map(str.isalnum, text)) or any(map(str.isalnum, self._tiers.neutral(text))) or bool(meaning(text, ""))
        )

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


def _strongest(chances: list[float]) -> str:
    return VERDICTS[chances.index(max(chances))]


def _takes_back(heard: Heard, row: int) -> float:
    """From which chance on plain words count in spite of the comment's praise; 0 without praise.

    "Easy to switch suppliers, great" has the words of one who leaves, and means no harm. Beside a good rating no words
    outweigh praise; without one, the plainest do.
    """
    if not heard.praise[row]:
        return 0.0
    rating = heard.comments[row].rating
    return inf if rating is not None and rating >= PLEASED else PLAINEST


def _intents(said: Decoded, row: int, plain: Mapping[str, float], outweighs: float, clauses: Array) -> dict[str, float]:
    """What the models hear and plain words say, as two independent witnesses; words that take it back weigh most, and
    praise takes back what nobody says in praise, unless plain words outweigh it. Nobody is praised where the whole and
    every clause (`clauses`: their chances) sooner speak against than for: a name in a complaint is no praise."""
    is_kind = bool((np.vstack((said.sentiment[row], clauses)) @ FOR > 0).any())
    found = {}
    for at, name in enumerate(INTENTS):
        heard = float(said.intents[row, at])
        both = 0.3 * heard if plain.get(name) == 0.0 else 1 - (1 - heard) * (1 - plain.get(name, 0.0))
        hostile = name in HOSTILE and plain.get(name, 0.0) < outweighs
        unkind = name == "praise" and name not in plain and not is_kind
        found[name] = round(0.3 * both if hostile or unkind else both, 3)
    return found


def _why_nothing(text: str) -> str:
    if not text.strip():
        return "empty"
    return "language" if any(map(str.isalpha, text)) else "no language"


def _other_script(text: str) -> bool:
    """Whether it is written in letters that are not Latin."""
    return any(map(str.isalpha, text)) and not _LATIN.search(text)
