"""Whether something is said more lately than before. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

LEVEL = 0.05  # of those called new, at most so many are by chance
FEWEST = 3  # comments lately


@dataclass(frozen=True)
class Said:
    """How many comments said something: lately and before, of so many comments in all."""

    lately: int
    before: int


def new_ones(themes: Sequence[Said], comments: Said, level: float = LEVEL) -> list[bool]:
    """Which themes are said lately at a higher rate than before: not before at all, or significantly less.

    One-sided Fisher exact test (Fisher 1922, J. R. Stat. Soc. 85:87–94) of the comments lately and before; over all
    themes, at most `level` of those called new are so by chance (Benjamini & Hochberg 1995, J. R. Stat. Soc. B
    57:289–300). At least three comments lately are needed.
    """
    chances = [_by_chance(theme, comments) for theme in themes]
    ranked = sorted(range(len(themes)), key=lambda at: chances[at])
    last = max((rank for rank, at in enumerate(ranked, 1) if chances[at] <= level * rank / len(themes)), default=0)
    significant = set(ranked[:last])
    return [at in significant and theme.lately >= FEWEST for at, theme in enumerate(themes)]


def _by_chance(theme: Said, comments: Said) -> float:
    """The chance of so many comments lately, or more, were the rate the same: the hypergeometric tail."""
    whole, lately = comments.lately + comments.before, comments.lately
    mentions = min(theme.lately + theme.before, whole)
    most = min(mentions, lately)
    ways = _log_choose(whole, mentions)
    tail = sum(
        math.exp(_log_choose(lately, k) + _log_choose(whole - lately, mentions - k) - ways)
        for k in range(max(theme.lately, mentions - (whole - lately)), most + 1)
    )
    return min(1.0, tail)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
