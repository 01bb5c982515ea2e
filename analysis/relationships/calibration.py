"""What outcomes say about the weights: a cautious refit. Pure.

NumPy and SciPy are imported where they are used: pages only ask what is missing, and the web process does without.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log1p

from analysis.relationships.risk import BASE_POINTS
from analysis.relationships.signals import DEFAULT_WEIGHTS, Weights

LEAST_OUTCOMES = 20
LEAST_OF_EACH = 3
PENALTY = 4.0  # as if four outcomes said that the multiplier is 1
MOST_MULTIPLIER = 3.0


@dataclass(frozen=True)
class Labelled:
    """One judged flag: the points each signal gave (unweighted) and whether the danger was real."""

    points: Mapping[str, float]
    real: bool


@dataclass(frozen=True)
class Refit:
    """The proposed weights, and the mean log loss of the flags before and after (lower is better)."""

    weights: Weights
    loss_before: float
    loss_after: float
    outcomes: int


def missing(labelled: Sequence[Labelled]) -> str:
    """What is missing before a refit is worth proposing, as a sentence; empty when nothing is."""
    if len(labelled) < LEAST_OUTCOMES:
        lacking = LEAST_OUTCOMES - len(labelled)
        return f"{lacking} more outcome{'s are' if lacking > 1 else ' is'} needed before new weights can be proposed."
    real = sum(item.real for item in labelled)
    if real < LEAST_OF_EACH:
        return f"At least {LEAST_OF_EACH} flags whose danger was real are needed; there are {real} so far."
    if len(labelled) - real < LEAST_OF_EACH:
        return (
            f"At least {LEAST_OF_EACH} false alarms are needed to learn from; there are {len(labelled) - real} so far."
        )
    return ""


def refit(labelled: Sequence[Labelled], before: Weights = DEFAULT_WEIGHTS) -> Refit:
    """Multipliers on the signals' points that fit the outcomes better.

    Logistic regression of "the danger was real" on the signals' points with an L2 penalty that pulls each multiplier
    to 1 and the intercept to 0 (ridge: le Cessie & van Houwelingen 1992), multipliers held in 0…3, solved with
    L-BFGS-B (Byrd et al. 1995). Signals that no judged flag had keep their multiplier.
    """
    import numpy as np
    from numpy.typing import NDArray
    from scipy.optimize import minimize
    from scipy.special import expit

    names = sorted({name for item in labelled for name in item.points})
    design = np.array([[item.points.get(name, 0.0) for name in names] for item in labelled], dtype=np.float64)
    real = np.array([item.real for item in labelled], dtype=np.float64)

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        shift, multipliers = parameters[0], parameters[1:]
        margin = BASE_POINTS + shift + design @ multipliers
        value = float(np.sum(np.logaddexp(0.0, margin) - real * margin))
        value += PENALTY / 2 * float(shift**2 + np.sum((multipliers - 1.0) ** 2))
        residual = expit(margin) - real
        slope = np.concatenate(
            [[residual.sum() + PENALTY * shift], design.T @ residual + PENALTY * (multipliers - 1.0)]
        )
        return value, slope

    start = np.concatenate([[0.0], np.ones(len(names))])
    bounds = [(-2.0, 2.0), *[(0.0, MOST_MULTIPLIER)] * len(names)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    multipliers = {**before.multipliers, **{n: round(float(m), 3) for n, m in zip(names, found.x[1:], strict=True)}}
    weights = Weights(multipliers, round(float(found.x[0]), 3))
    return Refit(weights, mean_log_loss(labelled, before), mean_log_loss(labelled, weights), len(labelled))


def mean_log_loss(labelled: Sequence[Labelled], weights: Weights) -> float:
    """The mean negative log-likelihood of the outcomes under `weights`."""
    losses = []
    for item in labelled:
        margin = (
            BASE_POINTS + weights.intercept + sum(weights.of(name) * points for name, points in item.points.items())
        )
        losses.append(max(margin, 0.0) + log1p(exp(-abs(margin))) - item.real * margin)
    return sum(losses) / len(losses)
