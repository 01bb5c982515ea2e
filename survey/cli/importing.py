"""How a file gets in: in batches, each a transaction; bad rows to stderr and to a file of their own."""

import csv
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import click
from sqlalchemy.orm import Session

from survey.db import transaction
from survey.imports import CellError, Row, Table
from survey.progress import progress_bar

T = TypeVar("T")
BATCH = 500
SHOWN_ERRORS = 100  # on stderr; the rejects file has all


@dataclass(frozen=True)
class Stored:
    """What became of one good row: `new`, `updated` or `unchanged`; or refused, with the column and the reason."""

    outcome: str
    column: str = ""
    reason: str = ""


Store = Callable[[Session, Sequence[T], datetime], list[Stored]]


@dataclass
class Report:
    """What an import did, as `--json` prints it."""

    file: str
    dry_run: bool
    rows: int = 0
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    ignored_columns: tuple[str, ...] = ()
    rejects_file: str | None = None
    seconds: float = 0.0
    errors: list[CellError] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        errors = [{"line": error.line, "column": error.column, "error": error.message} for error in self.errors]
        return {**vars(self), "ignored_columns": list(self.ignored_columns), "errors": errors}


def import_file(path: str, table: Table[T], store: Store[T], now: datetime, *, dry_run: bool) -> Report:
    """Store a parsed file batch by batch; `dry_run` rolls every batch back and writes no file."""
    started = time.monotonic()
    report = Report(path, dry_run, rows=table.row_count, ignored_columns=table.ignored)
    rejects: list[Row[T]] = []
    with progress_bar("Importing", table.row_count) as advance:
        for batch in _batches(table.rows):
            for row, errors in _store_batch(batch, store, now, report, dry_run=dry_run):
                rejects.append(row)
                report.errors.extend(errors)
            advance(len(batch))
    report.rejected = len(rejects)
    if not dry_run and path != "-":
        report.rejects_file = _write_rejects(Path(f"{path}.rejects.csv"), table.header, rejects, report.errors)
    report.seconds = round(time.monotonic() - started, 2)
    return report


def _batches(rows: Iterator[Row[T]]) -> Iterator[list[Row[T]]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _store_batch(
    batch: Sequence[Row[T]], store: Store[T], now: datetime, report: Report, *, dry_run: bool
) -> list[tuple[Row[T], tuple[CellError, ...]]]:
    good = [(row, row.record) for row in batch if row.record is not None]
    bad = {row.line: row.errors for row in batch if row.record is None}
    with transaction() as session:
        results = store(session, [record for _row, record in good], now) if good else []
        if dry_run:
            session.rollback()
    for (row, _record), result in zip(good, results, strict=True):
        if result.reason:
            bad[row.line] = (CellError(row.line, result.column, result.reason),)
        else:
            setattr(report, result.outcome, getattr(report, result.outcome) + 1)
    return [(row, bad[row.line]) for row in batch if row.line in bad]


def _write_rejects(
    path: Path, header: Sequence[str], rejects: Sequence[Row[T]], errors: Sequence[CellError]
) -> str | None:
    """One line for each bad row, with its own cells at the end: put right, the file can be imported as it is."""
    try:
        if not rejects:
            path.unlink(missing_ok=True)  # of an earlier try, before the file was put right
            return None
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["line", "column", "error", *header])
            for row in rejects:
                own = [error for error in errors if error.line == row.line]
                columns, messages = "; ".join(e.column for e in own), "; ".join(e.message for e in own)
                writer.writerow([row.line, columns, messages, *row.cells])
    except OSError as error:
        click.echo(f"Cannot write {path}: {error.strerror}. The bad rows are listed above only.", err=True)
        return None
    return str(path)


def finish(report: Report, noun: str, *, as_json: bool) -> None:
    """Say what happened: errors on stderr, the result on stdout. Exits with 1 if a row was rejected."""
    for error in report.errors[:SHOWN_ERRORS]:
        click.echo(str(error), err=True)
    if len(report.errors) > SHOWN_ERRORS:
        click.echo(f"… and {len(report.errors) - SHOWN_ERRORS:,} more errors.", err=True)
    if report.ignored_columns:
        click.echo(f"Ignored columns: {', '.join(report.ignored_columns)}.", err=True)
    if as_json:
        click.echo(json.dumps(report.as_dict(), ensure_ascii=False, indent=2))
    else:
        click.echo(_sentence(report, noun))
    if report.rejected:
        sys.exit(1)


def _sentence(report: Report, noun: str) -> str:
    counts = f"{report.new:,} new, {report.updated:,} updated, {report.unchanged:,} unchanged"
    text = f"{report.rows:,} {noun} read in {report.seconds:.1f} s: {counts}, {report.rejected:,} rejected."
    if report.rejects_file:
        text += f" The rejected rows are in {report.rejects_file}."
    return text + (" Nothing was written: this was a dry run." if report.dry_run else "")
