"""Reads `jobs.csv`, `responses.csv` and `lost.csv`: a bad cell is named by line and column, good rows kept. Pure."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Generic, TypeVar

from survey import cells
from survey.cells import BadCellError
from survey.errors import InvalidInputError
from survey.history import ImportedResponse
from survey.jobs import JobRecord
from survey.models import Exclusion

T = TypeVar("T")
DELIMITERS = ",;\t"
CELL_LIMIT = 1_000_000  # characters; the csv module's own limit is 131,072, and a comment may quote a long thread


@dataclass(frozen=True)
class CellError:
    """What is wrong with one cell: its line in the file, its column, and what was expected instead."""

    line: int
    column: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.column}: {self.message}"


@dataclass(frozen=True)
class Row(Generic[T]):
    """One row: its first line in the file, the record (None when a cell is bad), what is wrong, and the cells."""

    line: int
    record: T | None
    errors: tuple[CellError, ...]
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """One column of the contract: how its cell is read, and whether it may be empty."""

    name: str
    read: Callable[[str], Any]
    required: bool = False
    empty: Any = ""


@dataclass(frozen=True)
class Table(Generic[T]):
    """A parsed file: the header as written, the columns that were not understood, and the rows, read on demand."""

    header: tuple[str, ...]
    ignored: tuple[str, ...]
    row_count: int
    rows: Iterator[Row[T]]


def read_jobs(data: bytes, zone: tzinfo) -> Table[JobRecord]:
    """The rows of a `jobs.csv`. Moments without an offset are taken as local times in `zone`.

    Raises:
        InvalidInputError: not UTF-8 text, no header, or a required column is missing.
    """
    moment = Column("", lambda text: cells.read_moment(text, zone), empty=None).read
    columns = (
        Column("source", cells.text_up_to(60), required=True),
        Column("external_id", cells.text_up_to(120), required=True),
        Column("client", cells.text_up_to(200), required=True),
        Column("client_ref", cells.text_up_to(120)),
        Column("contact_name", cells.text_up_to(200)),
        Column("contact_email", cells.read_address, required=True),
        Column("contact_role", cells.text_up_to(60)),
        Column("contact_language", cells.read_language),
        Column("contact_timezone", cells.read_timezone),
        Column("kind", cells.text_up_to(80)),
        Column("summary", cells.text_up_to(500)),
        Column("staff", cells.read_staff, empty=()),
        Column("opened_at", moment, empty=None),
        Column("promised_at", moment, empty=None),
        Column("completed_at", moment, required=True, empty=None),
        Column("value", cells.read_money, empty=None),
        Column("currency", cells.read_currency),
        Column("exclude", cells.read_choice(Exclusion), empty=None),
    )
    return read_table(data, columns, _job)


def read_responses(data: bytes, zone: tzinfo) -> Table[ImportedResponse]:
    """The rows of a `responses.csv`. Moments without an offset are taken as local times in `zone`.

    Raises:
        InvalidInputError: not UTF-8 text, no header, or a required column is missing.
    """
    columns = (
        Column("source", cells.text_up_to(60), required=True),
        Column("external_id", cells.text_up_to(120), required=True),
        Column("contact_email", cells.read_address, required=True),
        Column("submitted_at", lambda text: cells.read_moment(text, zone), required=True),
        Column("csat", cells.whole_number(1, 5), empty=None),
        Column("nps", cells.whole_number(0, 10), empty=None),
        Column("ces", cells.whole_number(1, 7), empty=None),
        Column("comment", cells.text_up_to(20_000)),
        Column("language", cells.read_language),
    )
    return read_table(data, columns, _response)


@dataclass(frozen=True)
class LostRecord:
    """One row of a `lost.csv`: a client who was lost, and when their last job was done."""

    client_ref: str
    last_job_at: datetime


def read_lost(data: bytes, zone: tzinfo) -> Table[LostRecord]:
    """The rows of a `lost.csv`, which a backtest measures by. Moments without an offset are local times in `zone`.

    Raises:
        InvalidInputError: not UTF-8 text, no header, or a required column is missing.
    """
    columns = (
        Column("client_ref", cells.text_up_to(200), required=True),
        Column("last_job_at", lambda text: cells.read_moment(text, zone), required=True),
    )
    return read_table(data, columns, lambda values: LostRecord(**values))


def _job(values: dict[str, Any]) -> JobRecord:
    return JobRecord(exclusion=values.pop("exclude", None), **values)


def _response(values: dict[str, Any]) -> ImportedResponse:
    if all(values.get(key) in (None, "") for key in ("csat", "nps", "ces", "comment")):
        raise BadCellError("there is no answer in this row; expected at least one of csat, nps, ces, comment", "csat")
    return ImportedResponse(**values)


def read_table(data: bytes, columns: Sequence[Column], build: Callable[[dict[str, Any]], T]) -> Table[T]:
    """The rows of a CSV file with these columns; `build` makes a record of a row's values by column name.

    Raises:
        InvalidInputError: not UTF-8 text, no header, or a required column is missing.
    """
    text = _decoded(data)
    delimiter = _delimiter(text, {column.name for column in columns})
    csv.field_size_limit(CELL_LIMIT)
    header = _header(next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), []), columns)
    lines = _records(text, delimiter)
    known = {column.name: column for column in columns}
    places = [known.get(name.strip().lower()) for name in header]
    ignored = tuple(name for name, column in zip(header, places, strict=True) if column is None)
    rows = list(lines)
    return Table(header, ignored, len(rows), (_row(line, cells, places, build) for line, cells in rows))


def _decoded(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InvalidInputError(f"This is not UTF-8 text (line {line}). Save the file as “CSV UTF-8”.") from None
    if not text.strip():
        raise InvalidInputError("The file is empty; the first line must name the columns.")
    return text


def _delimiter(text: str, names: set[str]) -> str:
    """The delimiter that makes the most of the header's names known."""
    first = text.lstrip().splitlines()[0]

    def understood(delimiter: str) -> int:
        return sum(1 for name in first.split(delimiter) if name.strip().strip('"').lower() in names)

    return max(DELIMITERS, key=understood)


def _header(names: Sequence[str], columns: Sequence[Column]) -> tuple[str, ...]:
    found = [name.strip().lower() for name in names]
    if missing := [column.name for column in columns if column.required and column.name not in found]:
        wanted = ", ".join(column.name for column in columns if column.required)
        noun = "column is" if len(missing) == 1 else "columns are"
        raise InvalidInputError(f"The required {noun} missing: {', '.join(missing)}. Required are: {wanted}.")
    known = {column.name for column in columns}
    if twice := sorted({name for name in found if found.count(name) > 1 and name in known}):
        raise InvalidInputError(f"The header names a column twice: {', '.join(twice)}.")
    return tuple(names)


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(first line, cells) of every row after the header that is not blank; a quoted cell may span lines."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        next(reader)
        start = reader.line_num + 1
        for cells_read in reader:
            if any(cell.strip() for cell in cells_read):
                yield start, cells_read
            start = reader.line_num + 1
    except csv.Error as error:
        raise InvalidInputError(f"Line {reader.line_num} cannot be read as CSV: {error}.") from None


def _row(line: int, row: list[str], places: Sequence[Column | None], build: Callable[[dict[str, Any]], T]) -> Row[T]:
    cells_read, errors = tuple(row), []
    values: dict[str, Any] = {}
    if len(row) != len(places):
        message = f"this row has {len(row)} cells, the header has {len(places)}; is a quote or a delimiter missing?"
        return Row(line, None, (CellError(line, "(row)", message),), cells_read)
    for column, cell in zip(places, row, strict=True):
        if column is None:
            continue
        try:
            values[column.name] = _value(column, cell.strip())
        except BadCellError as error:
            errors.append(CellError(line, column.name, str(error)))
    record: T | None = None
    if not errors:
        try:
            record = build(values)
        except BadCellError as error:
            errors.append(CellError(line, error.column, str(error)))
    return Row(line, record, tuple(errors), cells_read)


def _value(column: Column, cell: str) -> Any:
    if cell:
        return column.read(cell)
    if column.required and column.empty is not None:
        raise BadCellError("is empty; a value is required")
    return column.empty
