"""A jobs file on its way in: what is in it before anything is written, then its rows a few hundred at a time."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import islice

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from survey.imports import CellError, Row, read_jobs
from survey.jobs import JobRecord, record_jobs
from survey.models import Job

STEP_ROWS = 500
KEYS_AT_ONCE = 400  # two parameters a key; SQLite's oldest limit is 999
SHOWN_PROBLEMS = 100
SAMPLE_ROWS = 5


@dataclass(frozen=True)
class Preview:
    """What a file would do: its rows, the good ones, those of them already known, and what is wrong with the rest."""

    row_count: int
    good: int
    known: int
    ignored: tuple[str, ...]  # columns that are not understood
    problems: Sequence[CellError]  # the first SHOWN_PROBLEMS
    rejected: int
    sample: Sequence[JobRecord]

    @property
    def new(self) -> int:
        return self.good - self.known


@dataclass(frozen=True)
class Progress:
    """How far an import is: rows read of all rows, and what became of them."""

    row_count: int
    done: int = 0
    created: int = 0
    changed: int = 0
    rejected: int = 0

    @property
    def finished(self) -> bool:
        return self.done >= self.row_count

    @property
    def unchanged(self) -> int:
        return self.done - self.created - self.changed - self.rejected


def preview(session: Session, data: bytes, zone: tzinfo) -> Preview:
    """Read the whole file and write nothing.

    Raises:
        InvalidInputError: it is no CSV file with the required columns.
    """
    table = read_jobs(data, zone)
    records: list[JobRecord] = []
    problems: list[CellError] = []
    rejected = 0
    for row in table.rows:
        if row.record is not None:
            records.append(row.record)
            continue
        rejected += 1
        problems += row.errors[: max(0, SHOWN_PROBLEMS - len(problems))]
    keys = list({(record.source, record.external_id) for record in records})
    known = _known(session, keys)
    good = len(records)
    repeated = good - len(keys)
    return Preview(table.row_count, good, known + repeated, table.ignored, problems, rejected, records[:SAMPLE_ROWS])


def _known(session: Session, keys: Sequence[tuple[str, str]]) -> int:
    found = 0
    for start in range(0, len(keys), KEYS_AT_ONCE):
        part = keys[start : start + KEYS_AT_ONCE]
        found += len(session.scalars(select(Job.id).where(tuple_(Job.source, Job.external_id).in_(part))).all())
    return found


def import_step(session: Session, data: bytes, zone: tzinfo, so_far: Progress, now: datetime) -> Progress:
    """Record the next STEP_ROWS rows; bad rows are left out and counted."""
    table = read_jobs(data, zone)
    rows = list(islice(table.rows, so_far.done, so_far.done + STEP_ROWS))
    recorded = record_jobs(session, [row.record for row in rows if row.record is not None], now)
    return Progress(
        row_count=table.row_count,
        done=so_far.done + len(rows),
        created=so_far.created + sum(1 for one in recorded if one.created),
        changed=so_far.changed + sum(1 for one in recorded if one.changed and not one.created),
        rejected=so_far.rejected + len(rows) - len(recorded),
    )


def rejects(data: bytes, zone: tzinfo) -> Iterator[str]:
    """The bad rows as CSV, as they were, with a last column that says what is wrong; for mending and bringing again."""
    table = read_jobs(data, zone)
    yield _csv_line([*table.header, "problem"])
    for row in table.rows:
        if row.record is None:
            yield _csv_line([*row.cells, _problem(row)])


def _problem(row: Row[JobRecord]) -> str:
    return "; ".join(f"{error.column}: {error.message}" for error in row.errors)


def _csv_line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
