"""How far a run is, in a person's words: which stage, how much of it, how long it may still take. Pure."""

from dataclasses import dataclass
from datetime import datetime

from analysis.backtest.stages import STAGES
from analysis.models.backtests import Backtest, BacktestState
from analysis.relationships.wording import plural
from survey.heartbeat import STALE_SECONDS

STAGE_WORDS = {
    "read comments": "Reading the comments",
    "replay weeks": "Going through the weeks, one by one",
    "draw samples": "Drawing samples, for the intervals",
    "explain flags": "Writing down the reasons",
}
STAGE_UNITS = {"read comments": "comment", "replay weeks": "week", "draw samples": "sample", "explain flags": "week"}


@dataclass(frozen=True)
class Progress:
    """`place` counts the stages from 1; 0 before the first. `left` is what remains of this stage, "" if unknown."""

    place: int
    stages: int
    label: str
    counted: str
    done: int
    total: int
    left: str
    waiting: bool
    worker_is_away: bool


def progress_of(run: Backtest, now: datetime, beat: datetime | None) -> Progress:
    """`beat`: when the worker was last known to be alive."""
    place = STAGES.index(run.stage) + 1 if run.stage in STAGES else 0
    away = beat is None or (now - beat).total_seconds() > STALE_SECONDS
    return Progress(
        place=place,
        stages=len(STAGES),
        label=STAGE_WORDS.get(run.stage, "Getting ready"),
        counted=f"{run.done:,} of {run.total:,} {STAGE_UNITS.get(run.stage, 'step')}s" if run.total else "",
        done=run.done,
        total=run.total,
        left=_left(run, now),
        waiting=run.state is BacktestState.WAITING,
        worker_is_away=away and run.state not in (BacktestState.DONE, BacktestState.CANCELLED, BacktestState.FAILED),
    )


def _left(run: Backtest, now: datetime) -> str:
    if not run.done or run.stage_began_at is None or run.done >= run.total:
        return ""
    passed = (now - run.stage_began_at).total_seconds()
    seconds = passed * (run.total - run.done) / run.done
    if passed < 1:
        return ""
    if seconds < 60:
        return f"about {plural(max(5, 5 * round(seconds / 5)), 'second')} left in this step"
    return f"about {plural(round(seconds / 60), 'minute')} left in this step"
