"""One cell of an imported file: from text to a value, or a sentence that says what was expected. Pure."""

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeVar

from survey.asking.schedule import find_zone

E = TypeVar("E", bound=StrEnum)

YEARS = range(1970, 2200)
MONEY_LIMIT = Decimal(10) ** 10
SHOWN = 60  # characters of a bad value that an error repeats
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,6})?")


class BadCellError(ValueError):
    """A cell does not hold what its column needs. The message says what it holds and what was expected."""

    def __init__(self, message: str, column: str = "") -> None:
        super().__init__(message)
        self.column = column


def shown(value: str) -> str:
    """A bad value as an error quotes it."""
    return f"“{value if len(value) <= SHOWN else value[:SHOWN] + '…'}”"


def text_up_to(limit: int) -> Callable[[str], str]:
    """A reader of text of at most `limit` characters."""

    def read(cell: str) -> str:
        if "\0" in cell:
            raise BadCellError("contains a NUL character, which is no text")
        if len(cell) > limit:
            raise BadCellError(f"is {len(cell)} characters long; at most {limit} are kept")
        return cell

    return read


def read_address(cell: str) -> str:
    """An address, in lower case. Only what cannot be one at all is refused: the survey rules judge the rest."""
    address = text_up_to(254)(cell).lower()
    if not _ADDRESS.fullmatch(address):
        raise BadCellError(f"{shown(cell)} is not an email address; expected something like ana@firm.example")
    return address


def read_moment(cell: str, zone: tzinfo) -> datetime:
    """An ISO 8601 moment in UTC; without an offset it is a local time in `zone`, without a time it is midnight."""
    try:
        moment = datetime.fromisoformat(cell)
        if moment.year not in YEARS:
            raise BadCellError(f"{shown(cell)} lies outside the years {YEARS.start} to {YEARS.stop - 1}")
    except BadCellError:
        raise
    except ValueError:
        raise BadCellError(
            f"{shown(cell)} is not a date; expected ISO 8601, such as 2026-03-10T14:30:00+01:00 or 2026-03-10"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def read_money(cell: str) -> Decimal:
    """An amount with a decimal point, to the cent."""
    try:
        amount = Decimal(cell)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not re.fullmatch(r"[+-]?[0-9]*\.?[0-9]*", cell) or not amount.is_finite():
        raise BadCellError(f"{shown(cell)} is not an amount; expected a number with a decimal point, such as 1234.50")
    if abs(amount) >= MONEY_LIMIT:
        raise BadCellError(f"{shown(cell)} is too large; expected less than {MONEY_LIMIT:,}")
    return amount.quantize(Decimal("0.01"))


def read_currency(cell: str) -> str:
    """A currency's three letters, in upper case."""
    if not re.fullmatch(r"[A-Za-z]{3}", cell):
        raise BadCellError(f"{shown(cell)} is not a currency; expected three letters, such as EUR")
    return cell.upper()


def read_language(cell: str) -> str:
    """A language tag such as `en` or `pt-BR`."""
    if not _LANGUAGE.fullmatch(cell):
        raise BadCellError(f"{shown(cell)} is not a language; expected a code such as en, de or pt-BR")
    return cell.replace("_", "-")


def read_timezone(cell: str) -> str:
    """An IANA zone's name."""
    if len(cell) > 64 or find_zone(cell) is None:
        raise BadCellError(f"{shown(cell)} is not a time zone; expected an IANA name, such as Europe/Berlin")
    return cell


def read_staff(cell: str) -> tuple[tuple[str, float], ...]:
    """Names and shares, `Ana Xu:0.7;Ben Ode:0.3`. A name without a share counts 1; what counts is the proportion."""
    staff = [_share(part.strip()) for part in cell.split(";") if part.strip()]
    return tuple(staff)


def _share(part: str) -> tuple[str, float]:
    name, colon, share = part.rpartition(":")
    name, number = (name.strip(), share.strip()) if colon else (part, "1")
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not name or len(name) > 120 or not 0 < value < 1e6:
        raise BadCellError(f"{shown(part)} is not a name and a share; expected name:share;name:share, such as Ana Xu:1")
    return name, value


def whole_number(lowest: int, highest: int) -> Callable[[str], int]:
    """A reader of whole numbers on a scale, both ends included; `4.0`, as spreadsheets write it, is 4."""

    def read(cell: str) -> int:
        if re.fullmatch(r"[0-9]{1,3}(\.0+)?", cell) and lowest <= int(float(cell)) <= highest:
            return int(float(cell))
        raise BadCellError(f"{shown(cell)} is not on the scale; expected a whole number from {lowest} to {highest}")

    return read


def read_choice(choices: type[E]) -> Callable[[str], E]:
    """A reader of one of some words, in any case."""

    def read(cell: str) -> E:
        try:
            return choices(cell.strip().lower().replace("-", "_").replace(" ", "_"))
        except ValueError:
            names = ", ".join(choice.value for choice in choices)
            raise BadCellError(f"{shown(cell)} is not one of: {names}") from None

    return read
