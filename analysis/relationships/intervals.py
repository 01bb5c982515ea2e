"""How sure a share is."""

from math import sqrt

Z95 = 1.959963984540054


def wilson(count: float, total: float) -> tuple[float, float] | None:
    """The 95% score interval of a share (Wilson 1927, JASA 22:209–212); `None` when there is nothing to count."""
    if total <= 0:
        return None
    share, z2 = count / total, Z95 * Z95
    centre = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = Z95 * sqrt(share * (1 - share) / total + z2 / (4 * total * total)) / (1 + z2 / total)
    return max(0.0, centre - half), min(1.0, centre + half)
