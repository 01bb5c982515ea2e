"""QR codes as the outline of one SVG path: no picture file, no script, sharp on paper."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import qrcode
from qrcode.constants import ERROR_CORRECT_M

QUIET = 4  # modules of white around it (ISO/IEC 18004)


@dataclass(frozen=True)
class QRCode:
    """`path` in a square of `size` × `size` modules, the white edge included."""

    path: str
    size: int


def qr_code(text: str) -> QRCode:
    """The QR code of `text`, level M: it can be read with 15 % of it dirty."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=QUIET)
    code.add_data(text)
    code.make(fit=True)
    rows = code.get_matrix()
    bars = (f"M{x} {y}h{length}v1h-{length}z" for y, row in enumerate(rows) for x, length in _bars(row))
    return QRCode("".join(bars), len(rows))


def _bars(row: Sequence[bool | None]) -> Iterator[tuple[int, int]]:
    """Where dark modules side by side begin, and how many they are: one shape, so no hairline shows between them."""
    x = 0
    for is_dark, modules in groupby(row):
        length = len(list(modules))
        if is_dark:
            yield x, length
        x += length
