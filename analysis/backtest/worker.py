"""The worker's side of a backtest: the arithmetic in a thread, so that emails and answers need not wait for it."""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from analysis.backtest import runs as backtests
from analysis.backtest.files import Files
from analysis.backtest.own_past import Material, own_material
from analysis.backtest.runs import Claim, Step
from analysis.text.analyser import TextAnalyser
from survey import clock
from survey.asking.schedule import zone_for
from survey.db import begin_reading, db, transaction
from survey.errors import InvalidInputError
from survey.firms import get_firm

LOOK_SECONDS = 0.5  # how long one call of the task lets the thread work before the other tasks have their turn
BROKE = "Something broke while working. It is written in the log; the figures of the desk are not touched."

if TYPE_CHECKING:
    from analysis.backtest.desk_run import DeskRun

log = structlog.get_logger()


class StoppedError(Exception):
    """Nobody wants the result any more."""


class Work:
    """One run in a daemon thread. It touches no database: a killed worker leaves nothing but its lease."""

    def __init__(self, claim: Claim, given: Files | Material, analyser: Callable[[], TextAnalyser]) -> None:
        self.claim = claim
        self.step = Step()
        self.done = threading.Event()
        self.found: DeskRun | None = None
        self.weeks: list[tuple[datetime, bytes]] = []
        self.error: Exception | None = None
        self._stop = threading.Event()
        self._given, self._analyser = given, analyser
        threading.Thread(target=self._run, name=f"backtest-{claim.backtest_id}", daemon=True).start()

    def stop(self) -> None:
        """End at the next step."""
        self._stop.set()

    def _run(self) -> None:
        try:
            from analysis.backtest import desk_run  # NumPy, which web pages must not wait for

            given = self._given
            if isinstance(given, Material):
                found = desk_run.of_past(given.history, given.lost, self._progress)
            else:
                found = desk_run.of_files(given, self._analyser(), self._progress)
            self.weeks = [
                (week.at, backtests.packed({"all": week.everybody, "list": week.shown})) for week in found.weeks
            ]
            self.found = found
        except (StoppedError, InvalidInputError) as error:
            self.error = error
        except Exception as error:
            log.exception("backtest failed", backtest=self.claim.backtest_id)
            self.error = error
        finally:
            self.done.set()

    def _progress(self, stage: str, done: int, total: int) -> None:
        if self._stop.is_set():
            raise StoppedError
        self.step = Step(stage, done, total)


class BacktestTask:
    """Call it again and again: it takes a run, lets it work, says how far it is, and keeps what came of it."""

    def __init__(self, analyser: Callable[[], TextAnalyser]) -> None:
        self._analyser = analyser
        self._work: Work | None = None

    def __call__(self, _now: datetime) -> int:
        """1 while there is something to do, 0 when nobody has asked for a run."""
        if self._work is None:
            with transaction() as session:
                claim = backtests.claim(session, clock.now())
            if claim is None:
                return 0
            self._begin(claim)
            return 1
        work = self._work
        work.done.wait(LOOK_SECONDS)
        if work.done.is_set():
            self._work = None
            self._end(work)
        else:
            with transaction() as session:
                wanted = backtests.renew(session, work.claim, work.step, clock.now())
            if not wanted:
                work.stop()
                self._work = None
        return 1

    def _begin(self, claim: Claim) -> None:
        begin_reading(db.session)
        try:
            given = self._given(claim)
        except InvalidInputError as error:
            self._fail(claim, str(error))
        else:
            self._work = Work(claim, given, self._analyser)
        finally:
            db.session.rollback()

    def _given(self, claim: Claim) -> Files | Material:
        if claim.own_history:
            return own_material(db.session, clock.now())
        return backtests.files_of(db.session, claim, zone_for(get_firm(db.session).timezone))

    def _end(self, work: Work) -> None:
        if isinstance(work.error, StoppedError):
            return
        if work.error is not None:
            self._fail(work.claim, str(work.error) if isinstance(work.error, InvalidInputError) else BROKE)
            return
        found = work.found
        assert found is not None  # done, and without an error
        with transaction() as session:
            backtests.finish(session, work.claim, found.report, found.clients, found.stories, work.weeks, clock.now())

    def _fail(self, claim: Claim, why: str) -> None:
        with transaction() as session:
            backtests.fail(session, claim, why, clock.now())
