"""What is fitted after training, on rows that no tier was trained on: temperature and class biases, and thresholds."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Array = NDArray[np.float32]


def calibrate(logits: Array, labels: Sequence[int], weights: Sequence[float]) -> tuple[float, list[float]]:
    """(temperature, three biases) that minimise the weighted log loss of softmax(logits ∕ temperature + bias).

    Guo et al. 2017, "On Calibration of Modern Neural Networks", with a bias per class. `logits` (rows, 3), `labels`
    0…2. The biases sum to 0 and are held small, so that the shares of one set of texts are not carried to others.
    """
    at, share = np.asarray(labels), np.asarray(weights) / np.sum(weights)

    def loss(numbers: NDArray[np.float64]) -> float:
        scaled = logits / np.exp(numbers[0]) + np.append(numbers[1:], -numbers[1:].sum())
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        log_chance = scaled[np.arange(len(at)), at] - np.log(np.exp(scaled).sum(axis=1))
        return float(-(share * log_chance).sum() + 0.02 * (numbers[1:] ** 2).sum())

    best = minimize(loss, np.zeros(3), method="Nelder-Mead", options={"maxiter": 2000}).x
    biases = [float(best[1]), float(best[2]), float(-best[1] - best[2])]
    return float(np.exp(best[0])), [round(bias, 4) for bias in biases]
