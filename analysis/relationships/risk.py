"""From signs to a flag: when raised, how severe, when cleared. Two doors lead to it: the alarm of what was said and
done, and the chance of loss (`analysis.relationships.loss`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, inf, log, log2

from analysis.relationships.evidence import HALF_LIFE, Signal
from analysis.relationships.severity import Likely, severity, urgency, why
from analysis.relationships.signals import DEFAULT_WEIGHTS, Weights
from analysis.relationships.wording import short_day
from survey.speech import listed

BASE_POINTS = -3.0  # no sign at all: about 1 client in 20 is in trouble that nobody sees
CERTAIN = 1 - 1e-9
MODEL = "relationship-2"


@dataclass(frozen=True)
class Thresholds:
    """Where flags begin and end. Clearing lies below raising, so that a flag does not flicker."""

    raise_at: float = 0.5
    clear_below: float = 0.32
    loss_raise_at: float = 0.2  # the second door: the chance that the client is lost
    loss_clear_below: float = 0.13


DEFAULT_THRESHOLDS = Thresholds()


@dataclass(frozen=True)
class Judgement:
    """What the risk means: `severity` is None when no flag stands; `why` says in a sentence why it is as severe."""

    flagged: bool
    severity: str | None
    why: str = ""


def model_name(weights: Weights, loss_version: str) -> str:
    """The version that judged: the rules', the weights' of the points where they are the firm's own (c<id>), and those
    of the chance of loss, as shipped (loss-<n>) or the firm's own (l<id>)."""
    return "+".join(part for part in (MODEL, weights.version, loss_version) if part)


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
    worth: float = 0.0,
    loss: float = 0.0,
    old: bool = False,
    thresholds: Thresholds = DEFAULT_THRESHOLDS,
) -> Judgement:
    """Whether a flag stands and how severe it is.

    Two doors lead to a flag: `alarm`, what was said and done and calls for an answer whatever comes of it; and `loss`,
    the chance that the client is lost.

    `live_severity` is that of the flag already standing: it is kept down to `clear_below`. `worth` is the client's
    yearly value ÷ that of the firm's largest; `old`: that they stay away is no news any more. How severe it
    is, `analysis.relationships.severity` says.
    """
    standing = live_severity is not None
    likely = loss >= (thresholds.loss_clear_below if standing else thresholds.loss_raise_at)
    if alarm < (thresholds.clear_below if standing else thresholds.raise_at) and not likely:
        return Judgement(False, None)
    chances = Likely(loss >= thresholds.loss_raise_at, loss >= thresholds.loss_clear_below, old)
    found = urgency(opened(alarm, loss, thresholds), worth, signals, chances)
    step = severity(found, live_severity)
    return Judgement(True, step, why(found, step))


def opened(alarm: float, loss: float, thresholds: Thresholds = DEFAULT_THRESHOLDS) -> float:
    """How wide the wider door stands open, in odds: 1 just raises a flag."""
    doors = ((alarm, thresholds.raise_at), (loss, thresholds.loss_raise_at))
    return max(exp(_odds(min(chance, CERTAIN)) - _odds(least)) for chance, least in doors if chance > 0)


WORTH_WAITING = timedelta(days=120)  # nobody plans further ahead than that on a sign fading by itself
_REMEDIES = {
    "leaving": "they say that they stay",
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
    "broken_word": "they are told that it is done, or by when it will be",
    "not_fixed": "they say that it is fixed now",
    "silence": "they answer a survey again",
    "overdue": "they bring a new job",
    "lost_contact": "you add a contact there who can be reached",
    "champion_left": "their successor rates you well",
    "new_decider": "you have met the new decision-maker and logged it",
    "only_contact": "you know a second contact there",
    "expectation_gap": "their next comments are friendlier about it",
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
