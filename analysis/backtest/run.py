"""The backtest as a service: three files in, a report and the weekly flags out. Tells how far it is; writes nothing."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Protocol, TypeVar

from analysis.backtest import history, replay
from analysis.backtest.history import History
from analysis.backtest.replay import Snapshot
from analysis.backtest.report import report
from analysis.relationships.loss import LossWeights
from analysis.text.analyser import TextAnalyser
from survey import imports
from survey.errors import InvalidInputError
from survey.history import ImportedResponse
from survey.imports import CellError, Table
from survey.jobs import JobRecord

T = TypeVar("T")
READING, REPLAYING, MEASURING = "read comments", "replay weeks", "draw samples"


class Progress(Protocol):
    """Told at each step which stage it is in, how much is done of it, and how much there is."""

    def __call__(self, stage: str, done: int, total: int) -> None: ...


@dataclass(frozen=True)
class Files:
    """The parsed files, and what was wrong with rows of them: (file, error)."""

    jobs: Sequence[JobRecord]
    responses: Sequence[ImportedResponse]
    lost: dict[str, datetime]
    errors: tuple[tuple[str, CellError], ...]


@dataclass(frozen=True)
class Backtest:
    """What came of a run: the document to print, and every snapshot."""

    document: dict[str, Any]
    snapshots: Sequence[Snapshot]
    history: History


def parse(jobs: bytes, responses: bytes, lost: bytes, zone: tzinfo) -> Files:
    """The three files; good rows are kept, bad ones named.

    Raises:
        InvalidInputError: a file cannot be read at all, or no job was finished.
    """
    errors: list[tuple[str, CellError]] = []
    job_rows = _good("jobs", imports.read_jobs(jobs, zone), errors)
    response_rows = _good("responses", imports.read_responses(responses, zone), errors)
    lost_rows = _good("lost", imports.read_lost(lost, zone), errors)
    if not any(job.completed_at for job in job_rows):
        raise InvalidInputError("No job in the jobs file has been completed; there is nothing to replay.")
    return Files(job_rows, response_rows, {row.client_ref: row.last_job_at for row in lost_rows}, tuple(errors))


def run(
    files: Files,
    analyser: TextAnalyser,
    progress: Progress = lambda _stage, _done, _total: None,
    weights: LossWeights | None = None,
) -> Backtest:
    """Read the comments, replay the past week by week, and measure. `files.lost` is looked at only for measuring."""
    reading = _Counter(progress, READING, history.comment_count(files.responses))
    past = history.gather(files.jobs, files.responses, analyser, reading)
    weeks = _Counter(progress, REPLAYING, replay.week_count(past))
    snapshots = list(replay.replay(past, weights, weeks))
    from analysis.backtest.metrics import DRAWS

    drawing = _Counter(progress, MEASURING, 2 * DRAWS)
    document = report(snapshots, files.lost, past.last, advance=drawing)
    document["responses_without_job"] = past.unmatched
    document["rows_in_error"] = [{"file": name, "error": str(error)} for name, error in files.errors]
    return Backtest(document, snapshots, past)


def flags_csv(snapshots: Iterable[Snapshot]) -> str:
    """The contract's `flags-out`: week (its Monday), client_ref, risk, flagged (1 or 0)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["week", "client_ref", "risk", "flagged"])
    for snapshot in snapshots:
        writer.writerow([snapshot.week.date().isoformat(), snapshot.ref, f"{snapshot.risk:.6f}", int(snapshot.flagged)])
    return out.getvalue()


class _Counter:
    """Counts one stage's steps for `progress`."""

    def __init__(self, progress: Callable[[str, int, int], None], stage: str, total: int) -> None:
        self._progress, self._stage, self._total, self._done = progress, stage, total, 0

    def __call__(self, done: int) -> None:
        self._done += done
        self._progress(self._stage, self._done, self._total)


def _good(name: str, table: Table[T], errors: list[tuple[str, CellError]]) -> list[T]:
    kept: list[T] = []
    for row in table.rows:
        errors.extend((name, error) for error in row.errors)
        if row.record is not None:
            kept.append(row.record)
    return kept
