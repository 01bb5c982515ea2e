"""The backtest as a service: three files in, a report and the weekly flags out. Tells how far it is; writes nothing."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analysis.backtest import history, replay
from analysis.backtest.files import Files, parse
from analysis.backtest.history import History
from analysis.backtest.replay import Snapshot
from analysis.backtest.report import report
from analysis.backtest.stages import MEASURING, READING, REPLAYING, Progress
from analysis.relationships.loss import LossWeights
from analysis.text.analyser import TextAnalyser

__all__ = ["Backtest", "Files", "Progress", "flags_csv", "parse", "replayed", "run"]


@dataclass(frozen=True)
class Backtest:
    """What came of a run: the document to print, and every snapshot."""

    document: dict[str, Any]
    snapshots: Sequence[Snapshot]
    history: History


def run(
    files: Files,
    analyser: TextAnalyser,
    progress: Progress = lambda _stage, _done, _total: None,
    weights: LossWeights | None = None,
) -> Backtest:
    """Read the comments, replay the past week by week, and measure. `files.lost` is looked at only for measuring."""
    reading = _Counter(progress, READING, history.comment_count(files.responses))
    past = history.gather(files.jobs, files.responses, analyser, reading)
    found = replayed(past, files.lost, progress, weights)
    found.document["responses_without_job"] = past.unmatched
    found.document["rows_in_error"] = [{"file": name, "error": str(error)} for name, error in files.errors]
    return found


def replayed(
    past: History,
    lost: dict[str, datetime],
    progress: Progress = lambda _stage, _done, _total: None,
    weights: LossWeights | None = None,
) -> Backtest:
    """Replay a past whose comments are read, and measure. `lost` is looked at only for measuring."""
    weeks = _Counter(progress, REPLAYING, replay.week_count(past))
    snapshots = list(replay.replay(past, weights, weeks))
    from analysis.backtest.metrics import DRAWS

    drawing = _Counter(progress, MEASURING, 2 * DRAWS)
    document = report(snapshots, lost, past.last, advance=drawing)
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
