"""The three files of a backtest, read: good rows kept, bad ones named. Needs no NumPy, so the desk may look at them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TypeVar

from survey import imports
from survey.errors import InvalidInputError
from survey.history import ImportedResponse
from survey.imports import CellError, Table
from survey.jobs import JobRecord

T = TypeVar("T")
NAMES = ("jobs", "responses", "lost")


@dataclass(frozen=True)
class Files:
    """The parsed files, and what was wrong with rows of them: (file, error)."""

    jobs: Sequence[JobRecord]
    responses: Sequence[ImportedResponse]
    lost: dict[str, datetime]
    errors: tuple[tuple[str, CellError], ...]


def parse(jobs: bytes, responses: bytes, lost: bytes, zone: tzinfo) -> Files:
    """The three files; good rows are kept, bad ones named.

    Raises:
        InvalidInputError: a file (`field`) cannot be read at all, or no job was finished.
    """
    errors: list[tuple[str, CellError]] = []
    job_rows = _good("jobs", lambda: imports.read_jobs(jobs, zone), errors)
    response_rows = _good("responses", lambda: imports.read_responses(responses, zone), errors)
    lost_rows = _good("lost", lambda: imports.read_lost(lost, zone), errors)
    if not any(job.completed_at for job in job_rows):
        raise InvalidInputError("No job in the jobs file has been completed; there is nothing to replay.", "jobs")
    return Files(job_rows, response_rows, {row.client_ref: row.last_job_at for row in lost_rows}, tuple(errors))


def _good(name: str, read: Callable[[], Table[T]], errors: list[tuple[str, CellError]]) -> list[T]:
    kept: list[T] = []
    try:
        for row in read().rows:
            errors.extend((name, error) for error in row.errors)
            if row.record is not None:
                kept.append(row.record)
    except InvalidInputError as error:
        raise InvalidInputError(str(error), name) from None
    return kept
