"""Asking about some of the jobs only: each closing draws a number, the same whenever it is looked at. Pure."""

import hashlib
from fractions import Fraction

ALL = 100  # per cent
EVERY_OTHER_KIND = ""
TENTHS = 10
_THIRDS = (33, 67)


def draw(source: str, external_id: str, sequence: int) -> int:
    """The number, 0 … 99, of one closing of a job. It is asked about if its kind's share, in per cent, is higher.

    Made from what names the closing everywhere, so that a restored or re-imported job draws the same.
    """
    name = f"draw:{source}\n{external_id}\n{sequence}"
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:8]) % ALL


def share_in_words(share: int) -> str:
    """`1 in 4`, `2 in 3`; what is no simple fraction stays `37 in 100`. `share` is per cent, 1 … 99."""
    exact = Fraction(share, ALL)
    near = exact.limit_denominator(3) if share in _THIRDS else exact
    is_simple = near.denominator <= TENTHS or near.numerator == 1
    return f"{near.numerator} in {near.denominator}" if is_simple else f"{share} in {ALL}"
