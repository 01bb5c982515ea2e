"""All signs of one relationship, strongest first, with the weights in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from analysis.relationships import doubt, expectation, people, promises, rhythm, scores, silence, words
from analysis.relationships.evidence import Evidence, Signal
from analysis.relationships.rhythm import Rhythm
from analysis.relationships.scores import Rated
from analysis.relationships.usual import FirmUsual

LABELS = {
    "leaving": "Intent to leave",
    "low_scores": "Ratings below their usual",
    "low_level": "Lasting low level",
    "negative_words": "Negative words",
    "complaint": "Unresolved complaint",
    "review_threat": "Threat of a bad review",
    "safety_legal": "Safety or legal matter",
    "wants_contact": "Asked to be contacted",
    "missed_steps": "Promised steps missed",
    "late_jobs": "Promised dates missed",
    "reopened_jobs": "Jobs opened again",
    "broken_call": "Promised call not made",
    "broken_word": "Told them, not done",
    "not_fixed": "Not fixed, they say",
    "silence": "Stopped answering",
    "overdue": "Overdue by their own rhythm",
    "lost_contact": "Main contact lost",
    "champion_left": "A champion left",
    "new_decider": "New decision-maker",
    "only_contact": "Hangs on one contact",
    "expectation_gap": "Unhappy about a promise",
    "contradiction": "Words and score disagree",
}
LEAST_POINTS = 0.05
QUIET_DAYS_AFTER_SETTLEMENT = 30  # what only time shows (silence, an overdue job) rests after a person closed a flag
_SHOWN_BY_TIME = ("silence", "overdue")
_WORDS = (
    words.leaving,
    words.safety_legal,
    words.negative_words,
    words.complaints,
    words.review_threat,
    words.wants_contact,
    expectation.expectation_gap,
)


@dataclass(frozen=True)
class Weights:
    """Multipliers on the signals' points, and a shift of the whole. The defaults are 1 and 0.

    `version` is empty for the defaults; kept with every flag, so that its points can be traced to the weights.
    """

    multipliers: Mapping[str, float]
    intercept: float = 0.0
    version: str = ""

    def of(self, name: str) -> float:
        return self.multipliers.get(name, 1.0)


DEFAULT_WEIGHTS = Weights({})


def find(
    evidence: Evidence,
    firm: FirmUsual,
    own: Rhythm | None,
    now: datetime,
    *,
    lapsed: bool = False,
    weights: Weights = DEFAULT_WEIGHTS,
    ratings: Sequence[Rated] | None = None,
) -> tuple[Signal, ...]:
    """Every signal that speaks at `now`, weighted, strongest first. `lapsed`: the client is gone by the ladder;
    `ratings`: what `scores.rated_responses` says of this evidence, where that is known."""
    ratings = scores.rated_responses(evidence, firm) if ratings is None else ratings
    found = [
        *doubt.supported(_WORDS, evidence, now, weights.of, weights.intercept),
        scores.low_scores(evidence, ratings, firm, now),
        scores.low_level(evidence, ratings, firm, now),
        promises.missed_steps(evidence, now),
        promises.late_jobs(evidence, firm, now),
        promises.reopened_jobs(evidence, now),
        promises.broken_calls(evidence, now),
        promises.broken_word(evidence, now),
        promises.not_fixed(evidence, now),
        promises.lost_contact(evidence, now),
        people.champion_left(evidence, now),
        people.new_decider(evidence, now),
        people.only_contact(evidence, firm, now),
        silence.silence(evidence, firm, now),
        rhythm.overdue(evidence, own, lapsed),
    ]
    last = evidence.last_settlement()
    resting = last is not None and (now - last.at).days < QUIET_DAYS_AFTER_SETTLEMENT
    weighted = [
        _weighted(signal, weights.of(signal.name))
        for signal in found
        if signal is not None and not (resting and signal.name in _SHOWN_BY_TIME)
    ]
    return tuple(sorted((s for s in weighted if s.points >= LEAST_POINTS), key=lambda s: (-s.points, s.name)))


def _weighted(signal: Signal, multiplier: float) -> Signal:
    return signal if multiplier == 1.0 else replace(signal, points=signal.points * multiplier)
