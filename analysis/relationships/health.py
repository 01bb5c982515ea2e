"""Health: one number from 0 to 100 for people, made of contributions that add up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analysis.relationships.depth import health_of, strengths
from analysis.relationships.evidence import Evidence, Signal, days_between, freshness
from analysis.relationships.rhythm import Rhythm
from analysis.relationships.scores import Rated, said
from analysis.relationships.signals import LABELS
from analysis.relationships.wording import plural
from survey.speech import listed

START = 65.0  # a client of whom nothing is known
POINT_COST = 9.0  # health lost for each point of a signal
MOST_COST_EACH = 32.0
GOOD_SCORES, ANSWERS, REGULAR, RECOMMENDS = 15.0, 6.0, 8.0, 6.0
LAPSED_COST = 25.0


@dataclass(frozen=True)
class Contribution:
    """What one thing adds to (or takes from) health."""

    name: str
    label: str
    amount: float
    text: str

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "label": self.label, "amount": round(self.amount, 1), "text": self.text}


@dataclass(frozen=True)
class Health:
    """`value` in 0…100 is START plus the contributions, held inside the scale."""

    value: float
    contributions: tuple[Contribution, ...]


def health(
    evidence: Evidence,
    ratings: Sequence[Rated],
    signals: Sequence[Signal],
    rhythm: Rhythm | None,
    lapsed: bool,
    now: datetime,
) -> Health:
    """How well the relationship is: what speaks for it, less what the signals take away. `ratings`: what
    `scores.rated_responses` says of this evidence."""
    found = [
        *_for_it(evidence, ratings, rhythm, lapsed, now),
        *(
            Contribution(s.name, LABELS.get(s.name, s.name), -min(MOST_COST_EACH, POINT_COST * s.points), s.text)
            for s in signals
        ),
    ]
    if lapsed:
        found.append(Contribution("lapsed", "Lapsed", -LAPSED_COST, "No job for a long time."))
    value = START + sum(contribution.amount for contribution in found)
    contributions = tuple(sorted(found, key=lambda contribution: -abs(contribution.amount)))
    return Health(round(min(100.0, max(0.0, value)), 1), contributions)


def _for_it(
    evidence: Evidence, ratings: Sequence[Rated], rhythm: Rhythm | None, lapsed: bool, now: datetime
) -> list[Contribution]:
    found: list[Contribution] = []
    rated = ratings[-8:]
    weights = [freshness(item.response.at, now) for item in rated]
    level = sum(w * item.standing for w, item in zip(weights, rated, strict=True)) / (sum(weights) + 1.0)
    if level > 0.05:
        text = f"Rates you at or above the firm's usual, the latest {said(rated[-1].response)}."
        found.append(Contribution("good_scores", "Good ratings", min(GOOD_SCORES, GOOD_SCORES * level / 0.6), text))
    year = [response for response in evidence.responses if days_between(response.at, now) <= 365]
    if year:
        text = f"{plural(len(year), 'answer')} in the last 12 months."
        found.append(Contribution("answers", "Answers", min(ANSWERS, 2.0 * len(year)), text))
    if rhythm is not None and not lapsed and rhythm.chance > 0.2:
        text = f"Comes every {max(1.0, rhythm.usual_gap):.0f} days, and is in time."
        found.append(Contribution("regular", "Regular work", REGULAR, text))
    ties = strengths(evidence, now)
    if health_of(ties) > 0 and not lapsed:
        named = listed([tie.label.lower() for tie in ties])
        found.append(Contribution("depth", "Deep relationship", health_of(ties), f"{named.capitalize()}."))
    recommends = [r.numbers["nps"] for r in evidence.responses if "nps" in r.numbers]
    if recommends and recommends[-1] >= 9:
        text = f"Would recommend you ({recommends[-1]} of 10)."
        found.append(Contribution("recommends", "Recommends", RECOMMENDS, text))
    return found
