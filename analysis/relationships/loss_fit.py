"""Fits the loss model's weights to a history of weeks. Loads NumPy and SciPy: not for web pages."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from analysis.relationships.loss import FITTED, LossWeights

LOSS_PENALTY = 5.0  # of a weight's distance from what it was, per standard deviation of its signal


@dataclass(frozen=True)
class LossRow:
    """One week of one client: the features of the loss model, its offset, and whether they were lost within 90 days."""

    features: tuple[float, ...]
    offset: float
    lost: bool
    client: str


def fit_loss(rows: Sequence[LossRow], prior: LossWeights, held: Sequence[str] = ()) -> LossWeights:
    """The loss model's weights that fit a history: logistic regression with every weight ≥ 0, so that no signal can
    ever speak for a client by being worse, and an L2 penalty that pulls each to `prior` as LOSS_PENALTY weeks would.

    Solved with L-BFGS-B (Byrd et al. 1995). The covariance is the sandwich by client (Liang & Zeger 1986), since the
    weeks of one client are no independent witnesses. Weights named in `held` are 0.
    """
    names = [name for name in FITTED if name not in held]
    at = [FITTED.index(name) for name in names]
    design = np.array([row.features for row in rows], dtype=np.float64)[:, at]
    offset = np.array([row.offset for row in rows], dtype=np.float64)
    lost = np.array([row.lost for row in rows], dtype=np.float64)
    centre = np.array([prior.fitted[name] for name in names])
    scale = np.maximum(design.std(axis=0), 1e-3)

    def objective(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = offset + parameters[0] + design @ parameters[1:]
        away = (parameters[1:] - centre) * scale
        value = float(np.sum(np.logaddexp(0.0, margin) - lost * margin)) + LOSS_PENALTY / 2 * float(away @ away)
        residual = expit(margin) - lost
        return value, np.concatenate([[residual.sum()], design.T @ residual + LOSS_PENALTY * away * scale])

    bounds = [(-20.0, 5.0), *[(0.0, None)] * len(names)]
    found = minimize(objective, np.concatenate([[prior.intercept], centre]), jac=True, method="L-BFGS-B", bounds=bounds)
    full = np.concatenate([np.ones((len(rows), 1)), design], axis=1)
    chance = expit(offset + full @ found.x)
    curve = (full * (chance * (1 - chance))[:, None]).T @ full
    curve[1:, 1:] += LOSS_PENALTY * np.diag(scale**2)
    clients = {client: number for number, client in enumerate(dict.fromkeys(row.client for row in rows))}
    scores = np.zeros((len(clients), full.shape[1]))
    np.add.at(scores, [clients[row.client] for row in rows], full * (lost - chance)[:, None])
    bread = np.linalg.inv(curve)
    own = bread @ (scores.T @ scores) @ bread
    covariance = np.zeros((len(FITTED) + 1, len(FITTED) + 1))
    places = np.array([0, *(1 + place for place in at)])
    covariance[np.ix_(places, places)] = own
    fitted = dict.fromkeys(FITTED, 0.0) | {
        name: round(float(value), 4) for name, value in zip(names, found.x[1:], strict=True)
    }
    rounded = tuple(tuple(round(float(value), 6) for value in row) for row in covariance)
    return replace(prior, intercept=round(float(found.x[0]), 4), fitted=fitted, covariance=rounded, version="")
