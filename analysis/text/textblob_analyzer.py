"""The readers as TextBlob sentiment analyzers: `TextBlob("…", analyzer=ServiceFeedbackAnalyzer()).sentiment`."""

from typing import NamedTuple

from textblob.base import CONTINUOUS, BaseSentimentAnalyzer
from typing_extensions import override

from analysis.text.analyser import Comment
from analysis.text.reader import Reader


class Sentiment(NamedTuple):
    """What TextBlob's `sentiment` gives: polarity −1…1, subjectivity 0…1, and here the probabilities behind them."""

    polarity: float
    subjectivity: float
    p_negative: float
    p_neutral: float
    p_positive: float


class ServiceFeedbackAnalyzer(BaseSentimentAnalyzer):  # type: ignore[misc]  # TextBlob has no types
    """Reads like Clientele does. `mode`: "cascade", "fast" or "accurate".

    Importing this module imports TextBlob and with it NLTK, about two seconds; nothing of the product needs it.
    """

    kind = CONTINUOUS

    def __init__(self, mode: str = "cascade") -> None:
        super().__init__()
        self._reader = Reader(mode)

    @override
    def analyze(self, text: str) -> Sentiment:
        """Polarity is P(positive) − P(negative), subjectivity the probability that it is not neutral."""
        said = self._reader.judge([Comment(str(text))])[0]
        negative, neutral, positive = (said.probabilities[name] for name in ("negative", "neutral", "positive"))
        return Sentiment(said.score, round(1 - neutral, 4), negative, neutral, positive)
