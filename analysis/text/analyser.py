"""What every analyser of clients' words takes and gives. The rest of the product knows only these names."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

SENTIMENTS = ("negative", "neutral", "positive", "mixed")
INTENTS = ("leaving", "complaint", "callback", "praise", "review_threat", "safety_legal")
ABSTENTIONS = ("", "empty", "no language", "unsure", "language")


@dataclass(frozen=True)
class Comment:
    """What a client wrote, with what is known around it.

    `rating` is on 1…5 (a CSAT); it is weak evidence, used where the words leave it open.
    """

    text: str
    question: str = ""
    rating: float | None = None


@dataclass(frozen=True)
class Span:
    """A stretch of the original text that spoke for the verdict: `weight` in −1…1, its sign is the direction."""

    start: int
    end: int
    weight: float

    def as_dict(self) -> dict[str, Any]:
        return {"start": self.start, "end": self.end, "weight": self.weight}


@dataclass(frozen=True)
class AspectMention:
    """One aspect of the service, where it is mentioned and how: `sentiment` is negative, neutral or positive."""

    aspect: str
    sentiment: str
    start: int
    end: int

    def as_dict(self) -> dict[str, Any]:
        return {"aspect": self.aspect, "sentiment": self.sentiment, "start": self.start, "end": self.end}


@dataclass(frozen=True)
class SentenceReading:
    """How one sentence was read by itself: `sentiment` is negative, neutral or positive, `score` lies in −1…1."""

    start: int
    end: int
    sentiment: str
    score: float

    def as_dict(self) -> dict[str, Any]:
        return {"start": self.start, "end": self.end, "sentiment": self.sentiment, "score": self.score}


@dataclass(frozen=True)
class Reading:
    """How one comment was read. Every offset counts characters of `text`, which is the original.

    `sentiment` is one of SENTIMENTS, `score` lies in −1…1, `probabilities` sum to 1 over negative, neutral and
    positive, `intents` hold a probability for each of INTENTS, `language` is "en", "es", "fr", "de", "pt", "nl" or
    "unknown", `model` names the version that read. `severity` in 0…1 is how grave what went wrong is, whatever the
    tone: 0.2 "a bit slow", 1 "you lost our data". `abstained` is one of ABSTENTIONS: why the verdict is not to be
    relied on ("language": read in beta quality; raises no flag by itself), or "".
    """

    text: str
    language: str
    sentiment: str
    score: float
    probabilities: dict[str, float]
    aspects: tuple[AspectMention, ...]
    intents: dict[str, float]
    evidence: tuple[Span, ...]
    model: str
    sentences: tuple[SentenceReading, ...] = ()
    severity: float = 0.0
    abstained: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The contract's JSON object (`flask text analyse`)."""
        return {
            "text": self.text,
            "language": self.language,
            "sentiment": self.sentiment,
            "score": self.score,
            "probabilities": self.probabilities,
            "aspects": [mention.as_dict() for mention in self.aspects],
            "intents": self.intents,
            "evidence": [span.as_dict() for span in self.evidence],
            "model": self.model,
            "sentences": [sentence.as_dict() for sentence in self.sentences],
            "severity": self.severity,
            "abstained": self.abstained,
        }


class TextAnalyser(Protocol):
    """Reads comments. `model` names the version and is stored with every reading."""

    @property
    def model(self) -> str: ...

    def analyse(self, comments: Sequence[Comment]) -> list[Reading]:
        """One reading for each comment, in order. Never raises, whatever the text."""
        ...
