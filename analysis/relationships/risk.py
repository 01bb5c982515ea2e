"""From signs to a flag: when raised, how severe, when cleared. Two doors lead to it: the alarm of what was said and
done, and the chance of loss (`analysis.relationships.loss`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, inf, log, log2

from analysis.relationships.evidence import HALF_LIFE, Signal, listed, short_day
from analysis.relationships.signals import DEFAULT_WEIGHTS, Weights

BASE_POINTS = -3.0  # no sign at all: about 1 client in 20 is in trouble that nobody sees
MODEL = "relationship-2"


@dataclass(frozen=True)
class Thresholds:
    """Where flags begin and end. Clearing lies below raising, so that a flag does not flicker."""

    raise_at: float = 0.5
    clear_below: float = 0.32
    high_at: float = 0.72
    severe_at: float = 0.92
    downgrade_margin: float = 0.05  # a live flag's severity falls only when the alarm is this far below the step
    loss_raise_at: float = 0.2  # the second door: the chance that the client is lost
    loss_clear_below: float = 0.13
    loss_high_at: float = 0.4


DEFAULT_THRESHOLDS = Thresholds()


@dataclass(frozen=True)
class Judgement:
    """What the risk means: `severity` is None when no flag stands."""

    flagged: bool
    severity: str | None


def model_name(weights: Weights) -> str:
    """The version that judged: the rules', and the weights' when they are not the defaults."""
    return f"{MODEL}+{weights.version}" if weights.version else MODEL


def total_points(signals: Sequence[Signal]) -> float:
    """The sum of the signals' points."""
    return sum(signal.points for signal in signals)


def probability(points: float, weights: Weights = DEFAULT_WEIGHTS) -> float:
    """The alarm, 0…1: points by the logistic function, 1 ÷ (1 + e^−(base + intercept + points))."""
    return 1.0 / (1.0 + exp(-(BASE_POINTS + weights.intercept + points)))


def judge(
    alarm: float,
    signals: Sequence[Signal],
    *,
    live_severity: str | None = None,
    large: bool = False,
    loss: float = 0.0,
    thresholds: Thresholds = DEFAULT_THRESHOLDS,
) -> Judgement:
    """Whether a flag stands and how severe it is.

    Two doors lead to a flag: `alarm`, what was said and done and calls for an answer whatever comes of it; and `loss`,
    the chance that the client is lost.

    `live_severity` is that of the flag already standing: it is kept down to `clear_below`, and falls to a lower step
    only with a margin. A large client's flag in the upper half of a step moves up one; an intent to leave is at least
    high, and so is a safety or legal matter in words that are relied on. Severe is earned: a clear intent to leave, or
    strong signs of several kinds.
    """
    standing = live_severity is not None
    likely = loss >= (thresholds.loss_clear_below if standing else thresholds.loss_raise_at)
    if alarm < (thresholds.clear_below if standing else thresholds.raise_at) and not likely:
        return Judgement(False, None)
    severity = _severity(alarm, signals, large, thresholds)
    if severity == "moderate" and loss >= thresholds.loss_high_at:
        severity = "high"
    if live_severity is not None and _RANK[severity] > _RANK[live_severity]:
        kept = _severity(alarm + thresholds.downgrade_margin, signals, large, thresholds, strong=KEEPS_STRONG)
        severity = live_severity if _RANK[kept] <= _RANK[live_severity] else severity
    return Judgement(True, severity)


_RANK = {"severe": 0, "high": 1, "moderate": 2}
LEAVING_POINTS_HIGH = 2.0  # an intent to leave that is still this strong keeps a flag at least high
LEAVING_POINTS_SEVERE = 4.4  # said clearly, and lately


STRONG, VERY_STRONG = 1.0, 3.0  # points; one fresh 2 of 5 is very strong
KEEPS_STRONG = 0.75  # a sign counts as strong for a flag that is severe already
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
    "silence": "absence",
    "overdue": "absence",
    "lost_contact": "absence",
}


def _severity(
    risk: float, signals: Sequence[Signal], large: bool, thresholds: Thresholds, strong: float = STRONG
) -> str:
    relied_on = [signal for signal in signals if not signal.doubtful]
    leaving = max((signal.points for signal in relied_on if signal.name == "leaving"), default=0.0)
    if leaving >= LEAVING_POINTS_SEVERE:
        return "severe"
    step_up = large and risk >= (thresholds.severe_at + thresholds.high_at) / 2
    if (risk >= thresholds.severe_at or step_up) and _several_strong(signals, large, strong):
        return "severe"
    unsafe = any(signal.name == "safety_legal" for signal in relied_on)
    if risk >= thresholds.high_at or leaving >= LEAVING_POINTS_HIGH or unsafe:
        return "high"
    if large and risk >= (thresholds.high_at + thresholds.raise_at) / 2:
        return "high"
    return "moderate"


def _several_strong(signals: Sequence[Signal], large: bool, strong: float) -> bool:
    """Strong signs of three kinds; two are enough from a large client, or when one of them is very strong."""
    kinds = {_KINDS.get(signal.name, signal.name) for signal in signals if signal.points >= strong}
    strongest = max((signal.points for signal in signals), default=0.0)
    return len(kinds) >= (2 if large or strongest >= VERY_STRONG * strong else 3)


WORTH_WAITING = timedelta(days=120)  # nobody plans further ahead than that on a sign fading by itself
_REMEDIES = {
    "leaving": "they say that they stay, or their next answer is good",
    "low_scores": "their next answers are back at their usual level",
    "low_level": "their average comes up to your other clients'",
    "negative_words": "their next comments are friendlier",
    "complaint": "a contact about the complaint is logged",
    "wants_contact": "the contact they asked for is logged",
    "review_threat": "a contact about the review they threaten is logged",
    "safety_legal": "the safety or legal matter is settled and you close the flag",
    "missed_steps": "their next answers say the steps happened",
    "late_jobs": "the next jobs are done by the promised date",
    "reopened_jobs": "no job is opened again for a while",
    "broken_call": "the promised call is made and logged",
    "silence": "they answer a survey again",
    "overdue": "they bring a new job",
    "lost_contact": "you add a contact there who can be reached",
}


def clears_if(
    signals: Sequence[Signal],
    now: datetime,
    weights: Weights = DEFAULT_WEIGHTS,
    thresholds: Thresholds = DEFAULT_THRESHOLDS,
    *,
    loss: float = 0.0,
) -> str:
    """In plain words what would clear the flag: the strongest signs that must go, and when it fades by itself.

    Both doors must be shut: the alarm of what was said and done, and the chance of `loss`.
    """
    left, allowed = total_points(signals), _clearing_points(weights, thresholds)
    odds, likely = (_odds(loss) if loss > 0 else -inf), _odds(thresholds.loss_clear_below)
    remedies: list[str] = []
    for signal in signals:
        if (left < allowed and odds < likely) or len(remedies) == 3:
            break
        left, odds = left - signal.points, odds - signal.loss
        remedies.append(_REMEDIES.get(signal.name, "nothing new happens"))
    text = "Clears if " + listed(remedies) if remedies else "Clears if nothing new happens"
    faded = fades_on(signals, now, weights, thresholds) if loss < thresholds.loss_clear_below else None
    if faded is None or faded - now > WORTH_WAITING:
        return text + "."
    return f"{text}; or by itself about {short_day(faded)} if nothing new happens."


def fades_on(
    signals: Sequence[Signal],
    now: datetime,
    weights: Weights = DEFAULT_WEIGHTS,
    thresholds: Thresholds = DEFAULT_THRESHOLDS,
) -> datetime | None:
    """When ageing alone brings the risk below the clearing threshold; `None` if what lasts keeps it above."""
    lasting = sum(signal.points for signal in signals if not signal.fades)
    fading = sum(signal.points for signal in signals if signal.fades)
    room = _clearing_points(weights, thresholds) - lasting
    if room <= 0 or fading <= 0:
        return None
    halvings = max(0.0, log2(fading / room))
    return now + timedelta(seconds=HALF_LIFE.total_seconds() * halvings) + timedelta(days=1)


def _clearing_points(weights: Weights, thresholds: Thresholds) -> float:
    """The points below which a flag clears: the logistic function turned round."""
    return _odds(thresholds.clear_below) - BASE_POINTS - weights.intercept


def _odds(chance: float) -> float:
    return log(chance / (1 - chance))
