"""What is fitted after training, on rows that nothing was learnt from: a temperature."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

Array = NDArray[np.float32]


def temperature(logits: Array, labels: Sequence[int]) -> float:
    """What logits (rows, 3) are divided by so that the labels surprise least (Guo et al. 2017, "On Calibration of
    Modern Neural Networks").

    `labels` are 0, negative, or 2, positive: rows that nobody may call neutral tell how far apart the two are to stand,
    and nothing of biases, which differ from one kind of text to the next and stay 0.
    """
    given = np.asarray(labels)
    if not np.isin(given, (0, 2)).all():
        raise ValueError("only negative and positive rows can tell the temperature")
    apart = (logits[:, 2] - logits[:, 0]).astype(float) * (given - 1)  # how far to the right side

    def surprise(power: float) -> float:
        return float(np.logaddexp(0, -apart / np.exp(power)).mean())

    return float(np.exp(minimize_scalar(surprise, bounds=(-1.5, 2.0), method="bounded").x))
