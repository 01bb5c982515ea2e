"""How urgent a flag is: risk × value × how hard it is to turn. Pure; the rule is ours.

Each is a factor of odds, so that they multiply and each can be read by itself:

- *Risk*: the odds of the door that stands wider open, where 1 just opens it: the alarm of what was said and done, or
  the chance that the client is lost.
- *Value*: 1 up to half of what makes a client one of the firm's largest, 2 at that, never more than 2.5. A client
  without known value has 1: nobody is urgent, and nobody forgotten, for the price list.
- *Hard to turn*: 1 for what the firm can put right itself (one late job), up to 3 for who said that they go. The
  hardest sign counts, more the stronger it is; milder ones beside it take nothing away.

Whoever says clearly that they leave is severe, and a safety or legal matter is at least high, whatever the product is.
Otherwise severe is earned: by strong signs of several kinds and a chance of loss that would raise a flag by itself. One
who has been away for so long that it is no news any more is no call for this week: moderate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from analysis.relationships.evidence import Signal

HIGH_ODDS, SEVERE_ODDS = 2.57, 11.5  # an alarm of 0.72 and 0.92 of a small client whose trouble can be mended
KEEP = 1.4  # a live flag's severity falls only when the product is this much below the step
MOST_VALUE = 2.5
FULLY_AT = 2.0  # points from which a sign is as hard to turn as its kind can be
HARD_TO_TURN = {
    "leaving": 3.0,
    "safety_legal": 2.0,
    "lost_contact": 1.5,
    "champion_left": 1.5,
    "review_threat": 1.5,
    "silence": 1.25,
    "overdue": 1.25,
    "broken_call": 1.25,
    "broken_word": 1.5,
    "not_fixed": 1.5,
}
_WHY_HARD = {
    "leaving": "they have spoken of leaving, which is hard to turn",
    "safety_legal": "danger or the law is in it, which cannot be undone",
    "lost_contact": "whom you knew there is gone",
    "champion_left": "the person who spoke for you has left",
    "review_threat": "what is public is hard to take back",
    "silence": "they no longer answer, so that they are hard to reach",
    "overdue": "they may be gone already",
    "broken_call": "a promise to them was broken",
    "broken_word": "what they were told did not happen",
    "not_fixed": "it was tried once already",
}
LEAVING_POINTS_HIGH = 2.0  # an intent to leave that is still this strong keeps a flag at least high
LEAVING_POINTS_SEVERE = 4.4  # said clearly, and lately
STRONG, VERY_STRONG = 1.0, 3.0  # points; one fresh 2 of 5 is very strong
KEEPS_STRONG = 0.75  # a sign counts as strong for a flag that is severe already
WORTH_SAYING = 1.15
_RANK = {"severe": 0, "high": 1, "moderate": 2}
# Signs of one kind tell the same story twice: five lukewarm ratings are one sign, not five.
_KINDS = {
    "leaving": "leaving",
    "low_scores": "ratings",
    "low_level": "ratings",
    "negative_words": "words",
    "complaint": "words",
    "wants_contact": "words",
    "review_threat": "reputation",
    "safety_legal": "safety",
    "missed_steps": "promises",
    "late_jobs": "promises",
    "reopened_jobs": "promises",
    "broken_call": "promises",
    "broken_word": "promises",
    "not_fixed": "repair",
    "silence": "absence",
    "overdue": "absence",
    "lost_contact": "absence",
    "champion_left": "people",
    "new_decider": "people",
    "only_contact": "people",
    "expectation_gap": "words",
}


class Likely(NamedTuple):
    """What the chance of loss says: that it would raise a flag, that it would keep one, and that an end, if it was one,
    is no news any more."""

    raises: bool = False
    keeps: bool = False
    old: bool = False


LIKELY = Likely(raises=True, keeps=True)


@dataclass(frozen=True)
class Urgency:
    """The three factors. `hardest` names the sign that is hardest to turn, or ""; `worth` is the client's yearly value
    ÷ that from which a client is among the firm's largest."""

    risk: float
    worth: float
    hard: float
    hardest: str
    signals: tuple[Signal, ...]
    likely: Likely

    @property
    def value(self) -> float:
        return min(MOST_VALUE, max(1.0, 2.0 * self.worth))

    @property
    def product(self) -> float:
        return self.risk * self.value * self.hard


def urgency(risk: float, worth: float, signals: Sequence[Signal], likely: Likely = LIKELY) -> Urgency:
    """The factors; `risk`: the odds in which 1 just opens a door. Words not relied on make nothing harder to turn."""
    factors = {
        signal.name: 1.0 + (HARD_TO_TURN[signal.name] - 1.0) * min(1.0, max(0.0, signal.points) / FULLY_AT)
        for signal in signals
        if signal.name in HARD_TO_TURN and not signal.doubtful
    }
    hardest = max(factors, key=lambda name: (factors[name], name), default="")
    return Urgency(risk, worth, factors.get(hardest, 1.0), hardest, tuple(signals), likely)


def severity(found: Urgency, live: str | None = None) -> str:
    """severe, high or moderate. `live` is the severity of the flag already standing: it rises at once, and falls only
    with a margin, by one step at a time where a step away would already do."""
    fresh = _step(found, 1.0, STRONG, likely=found.likely.raises)
    if live is None or _RANK[fresh] <= _RANK[live]:
        return fresh
    if _is_old(found):
        return fresh
    kept = _step(found, KEEP, KEEPS_STRONG if live == "severe" else STRONG, likely=found.likely.keeps)
    return live if _RANK[kept] <= _RANK[live] else kept


def why(found: Urgency, step: str) -> str:
    """The severity in a sentence: what makes the flag as urgent as it is."""
    leaving = _leaving(found.signals)
    if leaving >= LEAVING_POINTS_HIGH:
        parts = ["they say that they may leave" if leaving < LEAVING_POINTS_SEVERE else "they say that they leave"]
    elif step != "moderate" and _unsafe(found.signals):
        parts = ["danger or the law is in it"]
    else:
        parts = [_strength(found.risk)]
        if found.hard >= WORTH_SAYING:
            parts.append(_WHY_HARD[found.hardest])
    if found.value >= WORTH_SAYING:
        parts.append("they are among your largest clients" if found.worth >= 1 else "they bring more than most clients")
    if _is_old(found):
        parts.append("they have been away for so long that it may be too late: call once, or close it as lost")
    elif step != "severe" and found.product >= SEVERE_ODDS and not _unsafe(found.signals):
        few = not _several_strong(found, STRONG)
        parts.append(f"not severe, for {'the signs are of few kinds' if few else 'they are not likely to leave soon'}")
    return f"{step.capitalize()}: {'; '.join(parts)}."


def _strength(odds: float) -> str:
    if odds >= SEVERE_ODDS:
        return "the signs are very strong"
    return "the signs are strong" if odds >= HIGH_ODDS else "the signs are clear"


def _is_old(found: Urgency) -> bool:
    """Whether all there is to say is that they have been away for long; what they say of leaving or danger is more."""
    away = any(signal.name == "overdue" for signal in found.signals)
    return found.likely.old and away and not _leaving(found.signals) and not _unsafe(found.signals)


def _step(found: Urgency, margin: float, strong: float, *, likely: bool) -> str:
    leaving = _leaving(found.signals)
    said = HIGH_ODDS * (SEVERE_ODDS / HIGH_ODDS) ** (
        (leaving - LEAVING_POINTS_HIGH) / (LEAVING_POINTS_SEVERE - LEAVING_POINTS_HIGH)
    )
    if leaving and said * margin >= SEVERE_ODDS:
        return "severe"
    if _is_old(found):
        return "moderate"
    if likely and found.product * margin >= SEVERE_ODDS and _several_strong(found, strong):
        return "severe"
    high = found.product * margin >= HIGH_ODDS or (leaving and said * margin >= HIGH_ODDS) or _unsafe(found.signals)
    return "high" if high else "moderate"


def _leaving(signals: Sequence[Signal]) -> float:
    return max((signal.points for signal in signals if signal.name == "leaving" and not signal.doubtful), default=0.0)


def _unsafe(signals: Sequence[Signal]) -> bool:
    return any(signal.name == "safety_legal" and not signal.doubtful for signal in signals)


def _several_strong(found: Urgency, strong: float) -> bool:
    """Strong signs of three kinds; two are enough from a large client, or when one of them is very strong."""
    certain = [signal for signal in found.signals if not signal.doubtful]
    kinds = {_KINDS.get(signal.name, signal.name) for signal in certain if signal.points >= strong}
    strongest = max((signal.points for signal in certain), default=0.0)
    return len(kinds) >= (2 if found.worth >= 1 or strongest >= VERY_STRONG * strong else 3)
