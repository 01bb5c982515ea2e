"""Asking for a refit of the loss weights on the desk, and how far the worker is with it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from analysis.learning.loss_learning import LEAST_LOSSES, missing
from analysis.models import RefitRun
from analysis.scoring.lost import losses
from survey.errors import ConflictError, InvalidInputError

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
    return Readiness(lost, LEAST_LOSSES, missing(lost), _latest(session))


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
    run = RefitRun(asked_at=now, asked_by_id=user_id)
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
        run.started_at, run.beat_at, run.stage, run.done, run.total = now, now, "", 0, 0
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


def _latest(session: Session) -> RefitRun | None:
    return session.scalar(select(RefitRun).order_by(RefitRun.id.desc()).limit(1))
