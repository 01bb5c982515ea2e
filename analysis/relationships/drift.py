"""Whether what the risk is made of, or its agreement with what happens, has drifted away. Pure."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt

LARGE_SHIFT = 0.25  # of the index: "a major change" (Siddiqi 2006)
LEAST_CLIENTS = 50  # in each window
TENTHS = 10
SURE = 3.0902323061678132  # standard normal, 99.9%: looked at every day, so a false alarm must be rare
MOST_OFF = 3.0  # standard deviations between expected and observed losses
LEAST_LOSSES = 5  # expected or observed, whichever is more


@dataclass(frozen=True)
class Shift:
    """How far one input has moved. `index` is the population stability index, `limit` what it must pass to be told."""

    index: float
    limit: float
    before: float  # the means
    now: float

    @property
    def crossed(self) -> bool:
        return self.index > self.limit


def shift(reference: Sequence[float], recent: Sequence[float]) -> Shift | None:
    """How far `recent` lies from `reference`, one value for each client; None with fewer than LEAST_CLIENTS in either.

    The population stability index over the reference's tenths, Σ (q − p) · ln(q ÷ p) (Siddiqi 2006, Credit Risk
    Scorecards, ch. 9), half a client added to every bin. Where nothing has moved it is distributed as χ² with bins − 1
    degrees of freedom times 1/n + 1/m (Yurdakul & Naranjo 2020, Journal of Risk Model Validation 14:89–100), so the
    limit for few clients is that distribution's 99.9%; for many it is LARGE_SHIFT.
    """
    if min(len(reference), len(recent)) < LEAST_CLIENTS:
        return None
    ordered = sorted(reference)
    edges = sorted({ordered[len(ordered) * tenth // TENTHS] for tenth in range(1, TENTHS)})
    before, now = _shares(ordered, edges), _shares(recent, edges)
    index = sum((q - p) * log(q / p) for p, q in zip(before, now, strict=True))
    by_chance = _chi_squared(len(edges)) * (1 / len(reference) + 1 / len(recent))
    return Shift(index, max(LARGE_SHIFT, by_chance), sum(reference) / len(reference), sum(recent) / len(recent))


def _shares(values: Sequence[float], edges: Sequence[float]) -> list[float]:
    counts = [0.5] * (len(edges) + 1)
    for value in values:
        counts[bisect_left(edges, value)] += 1
    whole = sum(counts)
    return [count / whole for count in counts]


def _chi_squared(freedom: int) -> float:
    """The 99.9% point of χ² (Wilson & Hilferty 1931, PNAS 17:684–688)."""
    part = 2 / (9 * freedom)
    return float(freedom * (1 - part + SURE * sqrt(part)) ** 3)


@dataclass(frozen=True)
class Agreement:
    """Losses expected and observed among the same readings; `off` is their difference in standard deviations."""

    count: int
    expected: float
    lost: int
    off: float

    @property
    def crossed(self) -> bool:
        return abs(self.off) > MOST_OFF


def agreement(count: int, expected: float, variance: float, lost: int) -> Agreement | None:
    """Whether as many were lost as was said; None where too few were expected and lost to tell.

    (O − E) ÷ √Σ p(1 − p): calibration in the large (Cox 1958, Biometrika 45:562–565), standardised by the variance of
    independent trials of unequal chances. The readings must not hold one loss twice (`foretold.apart`).
    """
    if max(expected, lost) < LEAST_LOSSES or variance <= 0:
        return None
    return Agreement(count, expected, lost, (lost - expected) / sqrt(variance))
