"""A small past for tests of the backtest's desk: worked out once, and kept as a run that is done."""

from datetime import UTC, datetime
from functools import cache

from sqlalchemy.orm import Session

from analysis.backtest import desk_run
from analysis.backtest import runs as backtests
from analysis.backtest.desk_run import DeskRun
from analysis.backtest.files import NAMES, parse
from analysis.backtest.runs import Upload
from analysis.models.backtests import Backtest
from survey.db import row_by_id
from tests.analysis.test_backtest import Flat, files


def uploads(bad: bytes = b"") -> dict[str, Upload]:
    """The three files; `bad` is added to the list of the lost."""
    data = dict(zip(NAMES, files(), strict=True))
    data["lost"] += bad
    return {name: Upload(f"{name}.csv", data[name]) for name in NAMES}


@cache
def told() -> DeskRun:
    """What a worker would make of `uploads`."""
    return desk_run.of_files(parse(*files(), UTC), Flat())


def make_done(session: Session, now: datetime, *, waiting: bool = False) -> Backtest:
    """A run of these files that is done; with `waiting`, the one that waits."""
    if not waiting:
        backtests.ask_with_files(session, uploads(), UTC, None, now)
    claimed = backtests.claim(session, now)
    assert claimed is not None
    found = told()
    weeks = [(week.at, backtests.packed({"all": week.everybody, "list": week.shown})) for week in found.weeks]
    assert backtests.finish(session, claimed, found.report, found.clients, found.stories, weeks, now)
    return row_by_id(session, Backtest, claimed.backtest_id, backtests.MISSING)
