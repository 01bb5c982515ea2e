"""QR codes as the outline of one SVG path: no picture file, no script, sharp on paper."""

from dataclasses import dataclass

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
    dark = (f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, module in enumerate(row) if module)
    return QRCode("".join(dark), len(rows))
