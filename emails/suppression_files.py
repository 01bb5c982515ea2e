"""The list of addresses left alone, as a CSV file: brought in from another tool or SendGrid, and taken along."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from emails.models import Suppression, SuppressionReason, SuppressionScope
from emails.suppressions import LONGEST_SOURCE, mark_contacts
from survey import cells
from survey.db import insert_or_ignore
from survey.imports import Column, Table, read_table

COLUMNS = ("email", "scope", "reason", "source", "since", "lifted_at", "lifted_why")
_CHUNK = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class StopRecord:
    """One row of the file. Only the address is required; without a reason somebody stopped it by hand."""

    email: str
    scope: SuppressionScope
    reason: SuppressionReason
    source: str


@dataclass(frozen=True)
class Imported:
    """How many stops were new, how many held already."""

    new: int
    known: int


def read(data: bytes) -> Table[StopRecord]:
    """The rows of a file of suppressions. SendGrid's own exports (a column `email`) are read as well.

    Raises:
        InvalidInputError: not UTF-8 text, no header, or no column `email`.
    """
    columns = (
        Column("email", cells.read_address, required=True),
        Column("scope", cells.read_choice(SuppressionScope), empty=SuppressionScope.ALL),
        Column("reason", cells.read_choice(SuppressionReason), empty=SuppressionReason.MANUAL),
        Column("source", cells.text_up_to(LONGEST_SOURCE)),
    )
    return read_table(data, columns, _record)


def _record(values: dict[str, Any]) -> StopRecord:
    return StopRecord(
        email=values["email"],
        scope=values.get("scope", SuppressionScope.ALL),
        reason=values.get("reason", SuppressionReason.MANUAL),
        source=values.get("source", ""),
    )


def store(session: Session, records: Sequence[StopRecord], who: str, now: datetime) -> Imported:
    """Let these stops hold from now on; who brought the file is kept where the row does not say who asked."""
    new = 0
    for start in range(0, len(records), _CHUNK):
        chunk = records[start : start + _CHUNK]
        rows = [
            {
                "email": record.email,
                "scope": record.scope,
                "reason": record.reason,
                "source": (record.source or f"a file brought by {who}")[:LONGEST_SOURCE],
                "evidence": {"imported_by": who},
                "created_at": now,
                "lifted_why": "",
            }
            for record in chunk
        ]
        new += insert_or_ignore(session, Suppression, rows)
        mark_contacts(session, sorted({record.email for record in chunk}), now)
    return Imported(new, len(records) - new)


def lines(session: Session, *, history: bool = False) -> Iterator[str]:
    """The list as CSV, line by line, the oldest first; with `history` also what was lifted."""
    query = select(Suppression).order_by(Suppression.created_at, Suppression.id)
    if not history:
        query = query.where(Suppression.lifted_at.is_(None))
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for row in session.scalars(query.execution_options(yield_per=_CHUNK)):
        since, lifted = row.created_at.isoformat(), row.lifted_at.isoformat() if row.lifted_at else ""
        texts = (_plain(row.source), since, lifted, _plain(row.lifted_why))
        writer.writerow([row.email, row.scope.value, row.reason.value, *texts])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _plain(text: str) -> str:
    """A spreadsheet takes a cell that begins so for a formula; an apostrophe before it makes it text."""
    return f"'{text}" if text.startswith(_FORMULA) else text
