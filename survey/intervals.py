"""How far a share that was counted may lie from the true one. Pure."""

from math import sqrt
from statistics import NormalDist


def adjusted_wald(successes: int, n: int, level: float = 0.95) -> tuple[float, float] | None:
    """The interval of a share of `successes` in `n`: Wald's, after adding z²/2 successes and z²/2 failures.

    (low, high), each 0…1; None where nothing was counted. It covers what it says from the smallest numbers on, where
    Wald's own does not. Source: Agresti and Coull (1998), Approximate is better than "exact" for interval estimation
    of binomial proportions, The American Statistician 52(2):119–126.

    Raises:
        ValueError: fewer than 0 or more than `n` successes, or a level outside 0…1.
    """
    if not 0 <= successes <= n or not 0 < level < 1:
        raise ValueError(f"{successes} of {n} at {level} is no share")
    if n == 0:
        return None
    z = NormalDist().inv_cdf((1 + level) / 2)
    trials = n + z * z
    centre = (successes + z * z / 2) / trials
    half = z * sqrt(centre * (1 - centre) / trials)
    return max(0.0, centre - half), min(1.0, centre + half)
