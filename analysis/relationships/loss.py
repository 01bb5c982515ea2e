"""The chance that a client is lost: additive contributions in log-odds, with an interval, or too little is known."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from math import exp, log, sqrt
from pathlib import Path
from typing import Any

from analysis.relationships import alive, unnamed, words
from analysis.relationships.alive import Habit
from analysis.relationships.evidence import AFTER_CONTACT, Evidence, Signal
from analysis.relationships.satisfaction import PRIOR_VARIANCE, Satisfaction, satisfaction
from analysis.relationships.usual import FirmUsual
from analysis.relationships.wording import plural

FITTED = ("satisfaction", "silence", "late_jobs")
RATING_SIGNALS, WORD_SIGNALS = ("low_scores", "low_level"), ("negative_words",)
UNSURE_ODDS = 1.3  # per unit of variance, per weight of satisfaction: E[e^−βx] = e^(−βμ + β²σ²/2)
MENTIONED_FROM = 0.1
SHIPPED = Path(__file__).with_name("loss_weights.json")
Z80 = 1.2815515655446004
LEAST_JOBS = 3


@dataclass(frozen=True)
class LossWeights:
    """The weights of the log-odds. `fitted` multiplies what FITTED name; `judged` the points of the other signals.

    `covariance` is that of the intercept and the FITTED weights, in that order; it may be empty.
    """

    intercept: float
    fitted: Mapping[str, float]
    judged: Mapping[str, float] = field(default_factory=dict)
    covariance: tuple[tuple[float, ...], ...] = ()
    version: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "intercept": self.intercept,
            "fitted": dict(self.fitted),
            "judged": dict(self.judged),
            "covariance": [list(row) for row in self.covariance],
        }


def weights_from(document: Mapping[str, Any]) -> LossWeights:
    """The weights kept in a JSON document such as `loss_weights.json`."""
    return LossWeights(
        intercept=float(document["intercept"]),
        fitted={name: float(value) for name, value in document["fitted"].items()},
        judged={name: float(value) for name, value in document["judged"].items()},
        covariance=tuple(tuple(float(value) for value in row) for row in document.get("covariance", ())),
        version=str(document.get("version", "")),
    )


@cache
def shipped() -> LossWeights:
    """The weights that come with the project; the file says from what."""
    return weights_from(json.loads(SHIPPED.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Inputs:
    """What the log-odds are made of, as numbers: `features` in the order of FITTED, each larger when it is worse.

    With the signals' points they are all that `concluded` needs, so that they are what is kept (`record`).
    """

    features: tuple[float, ...]
    offset: float  # the logarithm of the expected jobs, each of which may be the last; and the judged signals
    down: tuple[float, float]  # (ratings, words): how far unhappy answers pull satisfaction down, in spreads
    variance: float  # of satisfaction, with what contradicting answers add
    answers: int  # that satisfaction rests on
    habit: Habit | None


@dataclass(frozen=True)
class Loss:
    """`risk` is the chance that the client's last job lies within 90 days, ahead or, where nobody could know yet,
    behind. `low` and `high` hold it with 80%. `baseline` + the signals' `loss` are its log-odds. `too_little` says why
    the risk is no more than what is usual for such a client, or ""."""

    risk: float
    low: float
    high: float
    baseline: float
    signals: tuple[Signal, ...]
    too_little: str
    inputs: Inputs

    @property
    def warns(self) -> float:
        """The risk that a flag may rest on: none where too little is known."""
        return 0.0 if self.too_little else self.risk


def inputs(
    evidence: Evidence, state: Satisfaction, found: Sequence[Signal], now: datetime, weights: LossWeights
) -> Inputs:
    """What is known at `now`, as numbers. `found` are the signals with the points of the rules."""
    habit = alive.habit(evidence, now)
    points = {signal.name: signal.points for signal in found}
    down = _negative(evidence, state)
    return Inputs(
        features=(
            sum(down) + _positive(state) + unsure(state.variance),
            points.get("silence", 0.0),
            points.get("late_jobs", 0.0),
        ),
        offset=offset(habit, found, weights),
        down=down,
        variance=state.variance + state.mixed,
        answers=len(state.shares),
        habit=habit,
    )


def unsure(variance: float) -> float:
    """What not being sure of the level adds to the first feature."""
    return UNSURE_ODDS * (variance - PRIOR_VARIANCE)


def offset(habit: Habit | None, found: Sequence[Signal], weights: LossWeights) -> float:
    """What is added to the log-odds without being fitted: expected jobs, and the signals weighted by judgement."""
    judged = sum(weights.judged.get(signal.name, 0.0) * signal.points for signal in found)
    return judged + (log(habit.expected_jobs) if habit else 0.0)


def at_most(features: Sequence[float], judged: float, habit: Habit, weights: LossWeights) -> float:
    """No less than `chance` of what has these features and this sum of judged signals, or smaller ones."""
    own = sum([weights.fitted[name] * value for name, value in zip(FITTED, features, strict=True)])
    ending = _probability(weights.intercept + judged + log(habit.expected_jobs) + own)
    if habit.news < ending:  # what is old news weighs against the end, less where it is less likely
        return ending
    gone = alive.gone(habit, ending)
    return ending * (1.0 - gone) + gone * habit.news


def log_odds(known: Inputs, weights: LossWeights) -> float:
    """The log-odds of an end within the horizon, for one who is still a client."""
    own = sum(weights.fitted[name] * value for name, value in zip(FITTED, known.features, strict=True))
    return weights.intercept + known.offset + own


def chance(known: Inputs, weights: LossWeights) -> float:
    """The chance of loss: of an end within the horizon, or that they are gone already and nobody could know."""
    ending = _probability(log_odds(known, weights))
    if known.habit is None:
        return min(1 - 1e-6, max(1e-6, ending))
    gone = alive.gone(known.habit, ending)
    return min(1 - 1e-6, max(1e-6, ending * (1.0 - gone) + gone * known.habit.news))


def assess_loss(
    evidence: Evidence,
    firm: FirmUsual,
    found: Sequence[Signal],
    now: datetime,
    weights: LossWeights | None = None,
    satisfied: Satisfaction | None = None,
) -> Loss:
    """How likely the client is lost, and what each signal adds to it. `satisfied`: what `satisfaction` says.

    Log-odds = intercept + log(expected jobs) + weights × features. Each job may be the last (BG/NBD), so the odds grow
    with the jobs expected; satisfaction, silence and lateness shift the chance at each. That they may have ended
    already without a word is Bayes' rule (`alive.gone`), added as the signal "overdue".
    """
    weights = weights or shipped()
    state = satisfied or satisfaction(evidence, firm, now)
    known = inputs(evidence, state, found, now, weights)
    otherwise = {
        "ratings": lambda: unnamed.lasting(evidence, firm, state),
        "words": lambda: words.cool_words(evidence),
        "overdue": lambda: unnamed.away(evidence, known.habit),
    }
    return concluded(known, found, weights, otherwise)


def warned(
    evidence: Evidence, state: Satisfaction, found: Sequence[Signal], now: datetime, weights: LossWeights | None = None
) -> float:
    """`Loss.warns` of `assess_loss` alone, without its interval and reasons: for replaying a history quickly."""
    weights = weights or shipped()
    known = inputs(evidence, state, found, now, weights)
    return 0.0 if _too_little(known) else chance(known, weights)


def concluded(
    known: Inputs, found: Sequence[Signal], weights: LossWeights, otherwise: Mapping[str, Callable[[], Signal | None]]
) -> Loss:
    """What follows from the numbers alone. `otherwise` gives the signals "ratings", "words" and "overdue" their words
    where the rules found none of that kind and the model hears one all the same."""
    before, risk = log_odds(known, weights), chance(known, weights)
    spread = _spread(known, weights)
    signals = _explained(found, known, weights, _logit(risk) - before, otherwise)
    odds = _logit(risk)
    return Loss(
        risk=risk,
        low=_probability(odds - Z80 * spread),
        high=_probability(odds + Z80 * spread),
        baseline=odds - sum(signal.loss for signal in signals),
        signals=signals,
        too_little=_too_little(known),
        inputs=known,
    )


def _too_little(known: Inputs) -> str:
    if known.habit is None:
        return "No job finished yet."
    if known.habit.visits < LEAST_JOBS and not known.answers:
        return f"Too little known to say: {plural(known.habit.visits, 'job')} so far, no answer."
    return ""


def _weighed(evidence: Evidence, at: datetime) -> float:
    """What an unhappy answer still counts: nothing once settled, less once somebody has spoken to them."""
    if not evidence.unsettled(at):
        return 0.0
    return AFTER_CONTACT if evidence.contacted_since(at) else 1.0


def _negative(evidence: Evidence, state: Satisfaction) -> tuple[float, float]:
    """(ratings, words): how far unhappy answers pull the level down, in spreads, ≥ 0."""
    ratings = words_ = 0.0
    for share in state.shares:
        if share.ratings < 0.0 or share.words < 0.0:
            weighed = _weighed(evidence, share.response.at)
            ratings += max(0.0, -share.ratings) * weighed
            words_ += max(0.0, -share.words) * weighed
    return ratings, words_


def _positive(state: Satisfaction) -> float:
    """How far happy answers hold the level up, ≤ 0."""
    return sum(min(0.0, -share.ratings) + min(0.0, -share.words) for share in state.shares)


def _explained(
    found: Sequence[Signal],
    known: Inputs,
    weights: LossWeights,
    overdue: float,
    otherwise: Mapping[str, Callable[[], Signal | None]],
) -> tuple[Signal, ...]:
    """The signals with what each adds to the log-odds; one that the rules did not name is named when it adds much."""
    ratings, said = (weights.fitted["satisfaction"] * part for part in known.down)
    signals = [
        *_shared(found, RATING_SIGNALS, ratings, otherwise["ratings"]),
        *_shared(found, WORD_SIGNALS, said, otherwise["words"]),
        *_shared(found, ("overdue",), max(0.0, overdue), otherwise["overdue"]),
    ]
    named = {*RATING_SIGNALS, *WORD_SIGNALS, "overdue"}
    for signal in found:
        if signal.name not in named:
            weight = weights.fitted.get(signal.name, weights.judged.get(signal.name, 0.0))
            signals.append(replace(signal, loss=weight * signal.points))
    return tuple(sorted(signals, key=lambda signal: (-signal.loss - signal.points, signal.name)))


def _shared(
    found: Sequence[Signal], names: Sequence[str], odds: float, otherwise: Callable[[], Signal | None]
) -> list[Signal]:
    """`odds` on the signals of these names by their points; on the one that `otherwise` gives when there are none."""
    mine = [signal for signal in found if signal.name in names]
    whole = sum(signal.points for signal in mine)
    if mine:
        return [replace(signal, loss=odds * signal.points / whole if whole > 0 else 0.0) for signal in mine]
    other = otherwise() if odds >= MENTIONED_FROM else None
    return [replace(other, loss=odds)] if other is not None else []


def _spread(known: Inputs, weights: LossWeights) -> float:
    """The standard deviation of the log-odds: the weights' (delta method) and the satisfaction's own."""
    row = (1.0, *known.features)
    of_weights = sum(
        a * b * weights.covariance[i][j] for i, a in enumerate(row) for j, b in enumerate(row) if weights.covariance
    )
    return sqrt(max(0.0, of_weights) + weights.fitted["satisfaction"] ** 2 * known.variance)


def _probability(odds: float) -> float:
    return 1.0 / (1.0 + exp(-max(-30.0, min(30.0, odds))))


def _logit(chance: float) -> float:
    return log(chance / (1.0 - chance))
