"""Lines of the CSV files that people download. Pure."""

import csv
from collections.abc import Sequence
from io import StringIO


def csv_line(cells: Sequence[object]) -> str:
    """One line, its end included."""
    out = StringIO()
    csv.writer(out).writerow([_harmless(str(cell)) for cell in cells])
    return out.getvalue()


def _harmless(cell: str) -> str:
    """A client must not be able to write a formula into the firm's spreadsheet."""
    return f"'{cell}" if cell[:1] in {"=", "+", "@", "\t", "\r"} or (cell[:1] == "-" and not _number(cell)) else cell


def _number(cell: str) -> bool:
    return cell[1:].replace(".", "", 1).isdigit()
