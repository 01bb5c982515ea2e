"""Asking on the desk for what the worker fits, and how far it is: the weights of the loss or of the points, or the
readings' probabilities."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from analysis.learning.loss_learning import LEAST_LOSSES, missing
from analysis.learning.outcomes import scoreboard
from analysis.models import RefitRun
from analysis.reading import recalibration
from analysis.scoring.lost import losses
from survey.errors import ConflictError, InvalidInputError

# The one stage of such a run, and what tells it from those for the loss.
OF_POINTS, OF_READINGS = "fitting to outcomes", "fitting to checked comments"
_ONE_STAGE = (OF_POINTS, OF_READINGS)
STALE = timedelta(minutes=10)  # a worker that was not heard of for so long has died, and another takes over


@dataclass(frozen=True)
class Readiness:
    """How many clients the firm has lost, of how many that are needed; and the run that is on its way or came last."""

    lost: int
    needed: int
    missing: str
    run: RefitRun | None

    @property
    def running(self) -> bool:
        return self.run is not None and self.run.finished_at is None


def readiness(session: Session) -> Readiness:
    """Whether a refit can be asked for."""
    lost = len(losses(session))
    return Readiness(lost, LEAST_LOSSES, missing(lost), _latest(session, RefitRun.stage.not_in(_ONE_STAGE)))


def points_run(session: Session) -> RefitRun | None:
    """The latest refit of the points that was asked for."""
    return _latest(session, RefitRun.stage == OF_POINTS)


def readings_run(session: Session) -> RefitRun | None:
    """The latest calibration of the readings that was asked for."""
    return _latest(session, RefitRun.stage == OF_READINGS)


def ask_for_readings(session: Session, user_id: int | None, now: datetime) -> RefitRun:
    """Ask the worker to fit the readings' probabilities to the checked comments.

    Raises:
        ConflictError: it is at it. InvalidInputError: too few comments are checked.
    """
    running = readings_run(session)
    if running is not None and running.finished_at is None:
        raise ConflictError("A proposal is being worked out already.")
    if lacking := recalibration.lacking(session):
        raise InvalidInputError(lacking)
    return _asked(session, user_id, now, OF_READINGS)


def ask_for_points(session: Session, user_id: int | None, now: datetime) -> RefitRun:
    """Ask the worker to fit the points to the flags' outcomes.

    Raises:
        ConflictError: it is at it. InvalidInputError: too few outcomes to learn from.
    """
    running = points_run(session)
    if running is not None and running.finished_at is None:
        raise ConflictError("A proposal is being worked out already.")
    if lacking := scoreboard(session).missing:
        raise InvalidInputError(lacking)
    return _asked(session, user_id, now, OF_POINTS)


def ask(session: Session, user_id: int | None, now: datetime) -> RefitRun:
    """Ask the worker for a refit.

    Raises:
        ConflictError: one is on its way. InvalidInputError: too few clients were lost to learn from.
    """
    ready = readiness(session)
    if ready.running:
        raise ConflictError("A refit is on its way already.")
    if ready.missing:
        raise InvalidInputError(ready.missing)
    return _asked(session, user_id, now, "")


def _asked(session: Session, user_id: int | None, now: datetime, stage: str) -> RefitRun:
    run = RefitRun(asked_at=now, asked_by_id=user_id, stage=stage)
    session.add(run)
    session.flush()
    return run


def claim(session: Session, now: datetime) -> RefitRun | None:
    """The run to work on, taken for this worker; None when none waits."""
    run = session.scalar(
        select(RefitRun)
        .where(RefitRun.finished_at.is_(None), or_(RefitRun.beat_at.is_(None), RefitRun.beat_at < now - STALE))
        .order_by(RefitRun.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if run is not None:
        run.started_at, run.beat_at, run.done, run.total = now, now, 0, 0
        run.stage = run.stage if run.stage in _ONE_STAGE else ""
        session.flush()
    return run


def beat(session: Session, run_id: int, stage: str, done: int, total: int, now: datetime) -> None:
    """Say how far the run is."""
    run = session.get_one(RefitRun, run_id)
    run.beat_at, run.stage, run.done, run.total = now, stage, done, total
    session.flush()


def finish(session: Session, run_id: int, calibration_id: int | None, why: str, now: datetime) -> None:
    """Say what came of the run: a proposal, or why there is none."""
    run = session.get_one(RefitRun, run_id)
    run.finished_at, run.calibration_id, run.why = now, calibration_id, why[:400]
    session.flush()


def _latest(session: Session, among: ColumnElement[bool]) -> RefitRun | None:
    return session.scalar(select(RefitRun).where(among).order_by(RefitRun.id.desc()).limit(1))
