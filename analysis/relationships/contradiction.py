"""Words and score that say different things: 5 of 5 with an angry comment, 2 of 5 with a warm one."""

from datetime import datetime

from analysis.relationships.evidence import Evidence, Response, Signal, days_between
from analysis.relationships.words import quoted

TOLERATED = 2.0  # spreads between rating and words that answers of one mind have too
UNSURE_PER_SPREAD = 0.5
COLD = {5: -0.35, 4: -0.6}  # a small complaint beside a 4 is none
WARM = 0.35
CONTRADICTION_DAYS = 180.0


def disagreement(rating: float, words: float) -> float:
    """How far the rating and the words of one answer (both in spreads) lie apart beyond what is TOLERATED; ≥ 0."""
    return max(0.0, abs(rating - words) - TOLERATED)


def added_variance(gain: float, rating_share: float, words_share: float, apart: float) -> float:
    """What the disagreement of one answer adds to the variance of the level, given the answer's Kalman `gain`.

    Measurements that disagree beyond their errors make their mean less sure than the errors say (Birge 1932, Physical
    Review 40:207–227, who scales the error of a mean by how far they scatter). Added to the interval only, not to the
    level: a warmer comment must never be worse news.
    """
    return gain * UNSURE_PER_SPREAD * min(rating_share, words_share) * apart


def contradictions(evidence: Evidence, now: datetime) -> tuple[Signal, ...]:
    """What a manager should know of contradicting answers, latest first: no points, since nobody knows which is true.

    Words that the analyser does not stand by contradict nothing.
    """
    return tuple(
        Signal("contradiction", 0.0, text, quoted(response))
        for response in reversed(evidence.responses)
        if days_between(response.at, now) <= CONTRADICTION_DAYS and (text := _said(response))
    )


def _said(response: Response) -> str:
    csat, reading = response.numbers.get("csat"), response.reading
    if csat is None or reading is None or reading.abstained:
        return ""
    if reading.score <= COLD.get(csat, -2.0):
        return f"Rated {csat} of 5, but the words are unhappy: the number may be politeness."
    if csat <= 2 and reading.score >= WARM:
        return f"Rated {csat} of 5 with friendly words: ask which is meant; perhaps the scale was misread."
    return ""
