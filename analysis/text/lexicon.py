"""lexicon-1: TextBlob's lexicon with negation, contrast, idioms and the words of service work, and its reasons shown.

What it promises is tested in `tests/analysis/text/`. What it cannot do, by design of a lexicon:

- irony without a bad event in words ("I love how they always ignore my emails");
- wishes that praise ("I wish every firm was like this"), questions that blame ("Why would anyone do that?");
- events that are bad only to who knows the trade ("The disk was wiped", "It rained in afterwards");
- who is meant: "the firm before you was awful" reads as awful;
- comparisons that need both sides ("faster than a snail"), numbers and dates ("took 40 minutes": long or short?);
- languages other than English: they are named, and read as neutral with little confidence.
"""

from collections.abc import Sequence
from typing import NamedTuple

from analysis.text.analyser import Comment, Reading
from analysis.text.aspects import mentions
from analysis.text.explain import evidence
from analysis.text.features import CLASSES, Weighed, asked_for, features, probabilities, weigh_all
from analysis.text.intents import intents, says_leaving
from analysis.text.language import detect
from analysis.text.preprocess import clauses, fold
from analysis.text.short_answers import meaning
from analysis.text.valence import cues
from analysis.text.wordlists import model, weights

_SURE = 0.5  # Below this, "negative" and "positive" are not said
_FOREIGN = (0.15, 0.6, 0.22, 0.03)


class Sentiment(NamedTuple):
    """What TextBlob's `sentiment` gives."""

    polarity: float
    subjectivity: float


class LexiconAnalyser:
    """A TextAnalyser; also a TextBlob sentiment analyzer: `TextBlob(text, analyzer=LexiconAnalyser()).sentiment`.

    Making one imports TextBlob (and with it NLTK: about two seconds, 60 MB), so a web process makes none. It holds no
    state and may be shared by threads.
    """

    kind = "co"  # TextBlob's word for an analyzer that answers with numbers

    def __init__(self) -> None:
        from textblob.base import BaseSentimentAnalyzer

        BaseSentimentAnalyzer.register(type(self))  # Being its subclass would import NLTK into every web process

    @property
    def model(self) -> str:
        return "lexicon-1"

    def analyse(self, comments: Sequence[Comment]) -> list[Reading]:
        """One reading for each comment, in order. Never raises, whatever the text; linear in its length."""
        return [self._read(comment) for comment in comments]

    def analyze(self, text: str) -> Sentiment:
        """TextBlob's interface: the reading's score, and the probability that it is not neutral."""
        reading = self._read(Comment(str(text)))
        return Sentiment(reading.score, round(1 - reading.probabilities["neutral"], 4))

    def train(self) -> None:
        """TextBlob's interface; there is nothing left to train."""

    def _read(self, comment: Comment) -> Reading:
        folded = fold(comment.text)
        parts = clauses(comment.text)
        language = detect(comment.text)
        weighed = weigh_all(parts, cues(parts, folded), weights("weights"))
        short = meaning(folded, comment.question)
        readable = short is None and language in ("en", "unknown")
        if short is not None:
            language = "en" if language == "unknown" and any(letter.isalpha() for letter in folded) else language
            chances = list(short)
        elif readable:
            numbers = features(weighed, folded, comment.question)
            chances = _with_context(probabilities(numbers, model()["coefficients"]), weighed, folded, comment)
        else:
            chances = _with_rating(list(_FOREIGN), comment.rating)
        named = dict(zip(CLASSES, _rounded(chances), strict=True))
        score = round(named["positive"] - named["negative"], 4)
        return Reading(
            text=comment.text,
            language=language,
            sentiment=_verdict(named, weighed),
            score=score,
            probabilities=named,
            aspects=mentions(weighed, score) if readable else (),
            intents=intents(folded, named, max(weighed.contributions, default=0.0))
            if readable
            else dict.fromkeys(("leaving", "complaint", "callback", "praise"), 0.01),
            evidence=evidence(weighed) if readable else (),
            model=self.model,
        )


def _with_context(chances: list[float], weighed: Weighed, folded: str, comment: Comment) -> list[float]:
    """The probabilities moved by what the words' weights do not hold: silence, an intent to leave, the rating."""
    if all(abs(value) < 0.4 for value in weighed.contributions):
        favour = 1.2 if asked_for(comment.question) else 1.8
        chances = _normal([chances[0], favour * chances[1], chances[2], chances[3]])
    leaving = says_leaving(folded)
    if leaving >= 0.5:
        push = 1 + 6 * leaving
        chances = _normal([push * chances[0], chances[1], chances[2] / push, chances[3]])
    return _with_rating(chances, comment.rating)


def _with_rating(chances: list[float], rating: float | None) -> list[float]:
    """A rating of 1…5 moves an open verdict, and hardly a clear one: the words are what was said."""
    if rating is None or not 1 <= rating <= 5:
        return chances
    lean = (rating - 3) / 2
    openness = max(0.1, 1 - abs(chances[2] - chances[0]))
    push = 5.0 ** (lean * openness)
    return _normal([chances[0] / push, chances[1], chances[2] * push, chances[3]])


def _verdict(named: dict[str, float], weighed: Weighed) -> str:
    """The most probable sentiment, with a bar for the two that a manager acts on."""
    best = max(named, key=named.__getitem__)
    kindest, harshest = max(weighed.clause_sums, default=0.0), min(weighed.clause_sums, default=0.0)
    if best != "mixed" and kindest >= 0.9 and harshest <= -0.7 and named["mixed"] >= 0.2 and named[best] < 0.6:
        return "mixed"
    if best in ("negative", "positive") and named[best] < _SURE:
        if named[best] + named["mixed"] < 0.7:
            return "neutral"
        return "mixed" if kindest >= 0.5 and harshest <= -0.5 else best
    return best


def _normal(chances: list[float]) -> list[float]:
    whole = sum(chances)
    return [chance / whole for chance in chances]


def _rounded(chances: Sequence[float]) -> list[float]:
    """Four decimals that still sum to 1: the largest takes the rest."""
    rounded = [round(chance, 4) for chance in chances]
    largest = max(range(len(rounded)), key=rounded.__getitem__)
    rounded[largest] = round(rounded[largest] + 1 - sum(rounded), 4)
    return rounded
