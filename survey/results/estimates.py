"""Figures from counted answers, each with the interval in which the true one lies with 95 %. Pure.

Counts are number → how many answered it. Nothing here depends on the order of answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import pi, sqrt, tan
from statistics import NormalDist

from survey.intervals import adjusted_wald

LEVEL = 0.95
PROMOTERS, DETRACTORS = 9, 6  # from 9 up, down from 6 (Reichheld 2003)
ADDED = 3.0  # answers that Rocks adds: a quarter promoters, a half passives, a quarter detractors

Counts = Mapping[int, int]


@dataclass(frozen=True)
class Estimate:
    """A figure, and between what it lies: low ≤ value ≤ high."""

    value: float
    low: float
    high: float


def total(counts: Counts) -> int:
    """How many answered."""
    return sum(counts.values())


def share(successes: int, n: int) -> Estimate | None:
    """A share, 0…1, with the adjusted Wald interval (Agresti, Coull 1998); None where nothing was counted."""
    between = adjusted_wald(successes, n, LEVEL)
    return Estimate(successes / n, *between) if between else None


def share_of(counts: Counts, lowest: int) -> Estimate | None:
    """The share of answers of `lowest` and above."""
    return share(sum(n for number, n in counts.items() if number >= lowest), total(counts))


def nps(counts: Counts) -> Estimate | None:
    """The Net Promoter Score of answers 0…10, −1…1: the share of 9 and 10 less that of 0 to 6; None without answers.

    The interval is Wald's after adding three answers: ¾ promoters, 1½ passives, ¾ detractors. Source: Rocks (2016),
    Interval estimation for the "Net Promoter Score", The American Statistician 70(4):365–372, the (3, T)-adjusted Wald
    interval. From one or two answers alone it might miss the score itself; it is then stretched to it.
    """
    n = total(counts)
    if n == 0:
        return None
    promoters, detractors = _camps(counts)
    centre, variance = _adjusted(promoters, detractors, n)
    return _around((promoters - detractors) / n, centre, variance, _z(), 1.0)


def mean(counts: Counts, scale: tuple[int, int]) -> Estimate | None:
    """The mean of answers on a scale, with Student's t interval, cut at the scale's ends; None without answers.

    The variance is that of the answers and of one more, spread evenly over the scale: without it five equal answers
    would have an interval of no width. From some twenty answers on it makes no difference that could be seen.
    """
    n = total(counts)
    if n == 0:
        return None
    value, variance = _moments(counts, scale)
    half = student_t(n - 1) * sqrt(variance / n) if n > 1 else float(scale[1] - scale[0])
    return Estimate(value, max(float(scale[0]), value - half), min(float(scale[1]), value + half))


def share_change(now: tuple[int, int], before: tuple[int, int]) -> Estimate | None:
    """How much a share grew, each given as (successes, n): Wald's interval after adding one success and one failure to
    each. Source: Agresti, Caffo (2000), Simple and effective confidence intervals for proportions and differences of
    proportions, The American Statistician 54(4):280–288.
    """
    if not now[1] or not before[1]:
        return None
    (centre, variance), (centre_before, variance_before) = _caffo(*now), _caffo(*before)
    value = now[0] / now[1] - before[0] / before[1]
    return _around(value, centre - centre_before, variance + variance_before, _z(), 1.0)


def nps_change(now: Counts, before: Counts) -> Estimate | None:
    """How much the Net Promoter Score grew, −2…2: each side adjusted as in `nps`."""
    n, n_before = total(now), total(before)
    if not n or not n_before:
        return None
    (up, down), (up_before, down_before) = _camps(now), _camps(before)
    centre, variance = _adjusted(up, down, n)
    centre_before, variance_before = _adjusted(up_before, down_before, n_before)
    value = (up - down) / n - (up_before - down_before) / n_before
    return _around(value, centre - centre_before, variance + variance_before, _z(), 2.0)


def mean_change(now: Counts, before: Counts, scale: tuple[int, int]) -> Estimate | None:
    """How much a mean grew, by Welch's t interval (1947), each variance as in `mean`; None under two answers a side."""
    n, n_before = total(now), total(before)
    if n < 2 or n_before < 2:
        return None
    (value, variance), (value_before, variance_before) = _moments(now, scale), _moments(before, scale)
    a, b = variance / n, variance_before / n_before
    freedom = (a + b) ** 2 / (a * a / (n - 1) + b * b / (n_before - 1))
    change = value - value_before
    return _around(change, change, a + b, student_t(freedom), float(scale[1] - scale[0]))


def student_t(freedom: float, level: float = LEVEL) -> float:
    """The quantile of Student's t that holds `level` between −t and t, for `freedom` ≥ 1 degrees of freedom.

    Exact for one and two, and never too small between; from three on the expansion by the normal quantile, there within
    0.3 % and from four on within 0.03 %.
    Source: Abramowitz, Stegun (1964), Handbook of Mathematical Functions, 26.7.5.
    """
    if freedom < 2:
        return tan(pi * level / 2)
    if freedom < 3:
        return level * sqrt(2 / (1 - level * level))
    z = _z(level)
    squared = z * z
    terms = (
        (squared + 1) / 4,
        ((5 * squared + 16) * squared + 3) / 96,
        (((3 * squared + 19) * squared + 17) * squared - 15) / 384,
        ((((79 * squared + 776) * squared + 1482) * squared - 1920) * squared - 945) / 92_160,
    )
    return z * (1 + sum(term / freedom**power for power, term in enumerate(terms, start=1)))


def _z(level: float = LEVEL) -> float:
    return NormalDist().inv_cdf((1 + level) / 2)


def _camps(counts: Counts) -> tuple[int, int]:
    """Promoters and detractors."""
    promoters = sum(n for number, n in counts.items() if number >= PROMOTERS)
    return promoters, sum(n for number, n in counts.items() if number <= DETRACTORS)


def _adjusted(promoters: int, detractors: int, n: int) -> tuple[float, float]:
    up, down = (promoters + ADDED / 4) / (n + ADDED), (detractors + ADDED / 4) / (n + ADDED)
    return up - down, (up + down - (up - down) ** 2) / (n + ADDED)


def _caffo(successes: int, n: int) -> tuple[float, float]:
    p = (successes + 1) / (n + 2)
    return p, p * (1 - p) / (n + 2)


def _moments(counts: Counts, scale: tuple[int, int]) -> tuple[float, float]:
    """Mean, and variance with one answer more."""
    n = total(counts)
    value = sum(number * count for number, count in counts.items()) / n
    points = range(scale[0], scale[1] + 1)
    extra = sum((point - value) ** 2 for point in points) / len(points)
    squares = sum(count * (number - value) ** 2 for number, count in sorted(counts.items())) + extra
    return value, squares / max(n - 1, 1)


def _around(value: float, centre: float, variance: float, quantile: float, furthest: float) -> Estimate:
    half = quantile * sqrt(variance)
    low, high = max(-furthest, centre - half), min(furthest, centre + half)
    return Estimate(value, min(low, value), max(high, value))
