"""A backtest with all that the desk shows of it: the report, the curves, each week's list, the stories. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analysis.backtest import run, stories, ten, weekly
from analysis.backtest.curves import curves
from analysis.backtest.files import Files
from analysis.backtest.history import History
from analysis.backtest.replay import labels
from analysis.backtest.stages import EXPLAINING
from analysis.backtest.weekly import Week
from analysis.relationships.loss import LossWeights
from analysis.text.analyser import TextAnalyser


@dataclass(frozen=True)
class DeskRun:
    """`report`: as `flask backtest --json`, with `curves`. `clients`: [ref, name, first job, last job, jobs, lost at]
    by their place in the weeks."""

    report: dict[str, Any]
    clients: list[list[Any]]
    weeks: list[Week]
    stories: list[dict[str, Any]]


def of_files(
    files: Files,
    analyser: TextAnalyser,
    progress: run.Progress = lambda _stage, _done, _total: None,
    weights: LossWeights | None = None,
) -> DeskRun:
    """Run the backtest of these files, then tell what it would have shown."""
    return _told(run.run(files, analyser, progress, weights), files.lost, progress, weights)


def of_past(
    past: History,
    lost: dict[str, datetime],
    progress: run.Progress = lambda _stage, _done, _total: None,
    weights: LossWeights | None = None,
) -> DeskRun:
    """The same of a past whose comments have been read."""
    return _told(run.replayed(past, lost, progress, weights), lost, progress, weights)


def _told(
    found: run.Backtest, all_lost: dict[str, datetime], progress: run.Progress, weights: LossWeights | None
) -> DeskRun:
    past, lost = found.history, _known(all_lost, found.history)
    said = labels(found.snapshots, lost, past.last)
    listed = ten.weekly_ten(found.snapshots, said, ten.OURS)
    counter = _counter(progress, len({s.week for s in found.snapshots}))
    weeks = weekly.weeks(past, found.snapshots, listed, weights, counter)
    among = ten.findable(found.snapshots, said, lost)
    cases = stories.chosen(past, lost, ten.found_by(listed, lost, among), listed)
    report = found.document | {
        "first_job_at": past.first.isoformat(),
        "last_job_at": past.last.isoformat(),
        "curves": curves(found.snapshots, said, lost, listed),
    }
    return DeskRun(report, _clients(past, lost), weeks, stories.told(cases, past, found.snapshots, lost, weeks))


def _known(lost: dict[str, datetime], past: History) -> dict[str, datetime]:
    refs = {client.ref for client in past.clients}
    return {ref: at for ref, at in lost.items() if ref in refs}


def _clients(past: History, lost: dict[str, datetime]) -> list[list[Any]]:
    return [
        [
            client.ref,
            client.name,
            client.jobs[0].completed_at.isoformat(),
            client.jobs[-1].completed_at.isoformat(),
            len(client.jobs),
            lost[client.ref].isoformat() if client.ref in lost else None,
        ]
        for client in past.clients
    ]


def _counter(progress: run.Progress, total: int) -> Callable[[int], None]:
    done = 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        progress(EXPLAINING, done, total)

    return count
