"""Sentiment's probabilities fitted to one firm: a temperature and a bias for each verdict. Pure.

NumPy is imported where it is used: the web process shows calibrations and does without.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.text.evaluation import calibration_error

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Chances = NDArray[np.floating[Any]]

VERDICTS = ("negative", "neutral", "positive")
LEAST_CHECKED = 40
LEAST_OF_EACH = 5  # labelled negative, and labelled positive
FLOOR = 5e-5  # stored probabilities have four decimals
BIAS_SPREAD = 0.5  # a firm is expected to differ by so much from what is shipped, in log-odds
SHARPNESS_SPREAD = 0.35  # and so much in 1 ∕ temperature
MOST_TEMPERATURE = 4.0
STEPS = 50
BINS = 5  # of the calibration error: few answers fill no more
FOLDS, ROUNDS = 10, 5
_NUMBER = re.compile(r"\+cal(\d+)")


@dataclass(frozen=True)
class Recalibration:
    """softmax(log p ∕ temperature + biases), for what the version `base` reads; `number` names it."""

    number: int
    base: str
    temperature: float
    biases: tuple[float, float, float]  # negative, neutral, positive; they sum to 0

    @property
    def suffix(self) -> str:
        """What a version's name ends in when it is calibrated so."""
        return f"+cal{self.number}"

    def applied(self, chances: "Chances") -> "Chances":
        """Probabilities (texts, 3) as this calibration has them."""
        return _moved(chances, self.temperature, self.biases)

    def undone(self, chances: "Chances") -> "Chances":
        """The probabilities (texts, 3) that were shipped, from those that `applied` made of them."""
        temperature, biases = self.temperature, self.biases
        return _moved(chances, 1 / temperature, [-temperature * bias for bias in biases])


def base_of(model: str) -> str:
    """A version's name without the firm's own subjects and calibration."""
    return model.partition("+")[0]


def number_of(model: str) -> int | None:
    """Which calibration a version's name says that it reads with."""
    found = _NUMBER.search(model)
    return int(found[1]) if found else None


def _moved(chances: "Chances", temperature: float, biases: Sequence[float]) -> "Chances":
    import numpy as np

    return _softmax(np.log(np.maximum(np.asarray(chances, np.float64), FLOOR)) / temperature + np.asarray(biases))


def _softmax(logits: "Chances") -> "Chances":
    import numpy as np

    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    moved: Chances = raised / raised.sum(axis=1, keepdims=True)
    return moved


@dataclass(frozen=True)
class Checked:
    """A comment that a person labelled: what was shipped said of it, and how many comments it stands for."""

    chances: tuple[float, ...]  # negative, neutral, positive
    label: str  # negative, neutral, positive, or mixed: half negative, half positive
    weight: float = 1.0


@dataclass(frozen=True)
class Fit:
    """What was fitted, and how well: on answers that the fit had not seen.

    Losses are weighted means of the log loss; `gain` ± `doubt` is what it fell by, with one standard error. Errors are
    expected calibration errors. `before` is the calibration in force.
    """

    temperature: float
    biases: tuple[float, float, float]
    rows: int
    worth: float  # as many answers of equal weight would say as much (Kish 1965)
    loss_before: float
    loss_after: float
    doubt: float
    error_before: float
    error_after: float

    @property
    def gain(self) -> float:
        return self.loss_before - self.loss_after

    @property
    def better(self) -> bool:
        """Whether it reads better by more than one standard error: less is chance as likely as not."""
        return self.gain > self.doubt


def missing(labels: Sequence[str]) -> str:
    """What is missing before a fit is worth trying, as a sentence; empty when nothing is."""
    if len(labels) < LEAST_CHECKED:
        return f"At least {LEAST_CHECKED} checked comments are needed; there are {len(labels)} so far."
    counts = Counter(labels)
    for name in ("negative", "positive"):
        if counts[name] < LEAST_OF_EACH:
            return (
                f"At least {LEAST_OF_EACH} comments that you call {name} are needed; there are {counts[name]} so far."
            )
    return ""


def fit(checked: Sequence[Checked], before: Recalibration | None = None) -> Fit:
    """Temperature and biases that fit the labels better (Guo et al. 2017, "On Calibration of Modern Neural Networks").

    Weighted multinomial log loss with a normal prior around what is shipped (temperature 1, no bias), so that few
    answers move little; weights count as many answers as they are worth (Kish 1965, (Σw)² ∕ Σw²). The losses and errors
    are cross-validated: ten folds, stratified by label, five times over.

    `checked` must be a random sample, or weighted to be one: fitted to comments that were corrected because they looked
    wrong, the probabilities would follow the errors.
    """
    import numpy as np

    chances = np.array([row.chances for row in checked], np.float64)
    truth = np.array([_target(row.label) for row in checked], np.float64)
    weight = np.array([row.weight for row in checked], np.float64)
    worth = float(weight.sum() ** 2 / (weight**2).sum())
    share = weight / weight.sum()

    known = before.applied(chances) if before else chances
    losses = [_losses(truth, known), np.zeros(len(truth))]
    held_out = np.zeros_like(truth)
    for train, test in _folds([row.label for row in checked]):
        found = _moved(chances[test], *_fitted(chances[train], truth[train], weight[train]))
        held_out[test] += found / ROUNDS
        losses[1][test] += _losses(truth[test], found) / ROUNDS
    fell = losses[0] - losses[1]
    spread = float((share * (fell - (share * fell).sum()) ** 2).sum())
    temperature, biases = _fitted(chances, truth, weight)
    return Fit(
        temperature=temperature,
        biases=biases,
        rows=len(checked),
        worth=worth,
        loss_before=float((share * losses[0]).sum()),
        loss_after=float((share * losses[1]).sum()),
        doubt=(spread / worth) ** 0.5,
        error_before=_error(checked, known),
        error_after=_error(checked, held_out),
    )


def _losses(truth: "Chances", found: "Chances") -> "NDArray[np.float64]":
    import numpy as np

    losses: NDArray[np.float64] = -(truth * np.log(np.maximum(found, FLOOR))).sum(axis=1)
    return losses


def _target(label: str) -> tuple[float, ...]:
    return (0.5, 0.0, 0.5) if label == "mixed" else tuple(float(name == label) for name in VERDICTS)


def _folds(labels: Sequence[str]) -> "Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]":
    """(train, test) places: each label is dealt out evenly, in another order each round, always the same ones."""
    import numpy as np

    random = np.random.default_rng(0)
    for _ in range(ROUNDS):
        order = sorted(random.permutation(len(labels)).tolist(), key=lambda at: labels[at])
        dealt = np.empty(len(labels), np.intp)
        dealt[order] = np.arange(len(labels)) % FOLDS
        for number in range(FOLDS):
            yield np.flatnonzero(dealt != number), np.flatnonzero(dealt == number)


def _fitted(
    chances: "Chances", truth: "Chances", weight: "NDArray[np.float64]"
) -> tuple[float, tuple[float, float, float]]:
    """The temperature and the biases, by Newton's method: the loss is convex in 1 ∕ temperature and the biases."""
    import numpy as np

    slopes = np.zeros((len(chances), 3, 4))  # of each logit by 1 ∕ temperature and by each bias
    slopes[:, :, 0] = np.log(np.maximum(chances, FLOOR))
    slopes[:, :, 1:] = np.eye(3)
    worth = weight * weight.sum() / (weight**2).sum()
    shipped = np.array([1.0, 0.0, 0.0, 0.0])
    prior = np.array([SHARPNESS_SPREAD, BIAS_SPREAD, BIAS_SPREAD, BIAS_SPREAD]) ** -2.0
    found = shipped
    for _ in range(STEPS):
        said = _softmax(slopes @ found)
        slope = np.einsum("n,nk,nkp->p", worth, said - truth, slopes) + prior * (found - shipped)
        apart = slopes - np.einsum("nk,nkp->np", said, slopes)[:, None]
        bend = np.einsum("n,nk,nkp,nkq->pq", worth, said, apart, apart) + np.diag(prior)
        step = np.linalg.solve(bend, slope)
        found = found - step / max(1.0, float(np.abs(step).max()))
        found[0] = min(max(found[0], 1 / MOST_TEMPERATURE), MOST_TEMPERATURE)
        if np.abs(step).max() < 1e-6:
            break
    biases = found[1:] - found[1:].mean()  # a shift of all three changes nothing
    return round(1 / float(found[0]), 4), (
        round(float(biases[0]), 4),
        round(float(biases[1]), 4),
        round(float(biases[2]), 4),
    )


def _error(checked: Sequence[Checked], chances: "Chances") -> float:
    """The calibration error of the likeliest verdict; mixed comments are left out, for no probability claims them."""
    plain = [at for at, row in enumerate(checked) if row.label != "mixed"]
    likeliest = [int(chances[at].argmax()) for at in plain]
    return calibration_error(
        [VERDICTS[best] == checked[at].label for best, at in zip(likeliest, plain, strict=True)],
        [float(chances[at].max()) for at in plain],
        BINS,
        [checked[at].weight for at in plain],
    )
