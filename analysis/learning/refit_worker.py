"""The worker's part of a refit: no transaction is open while it fits, and it says how far it is."""

from datetime import datetime, timedelta

from analysis.backtest.stages import Progress
from analysis.learning import outcomes, refits
from analysis.reading import recalibration
from survey import clock
from survey.db import begin_reading, db, transaction

BEAT_EVERY = timedelta(seconds=2)


def refit_weights(_now: datetime) -> int:
    """Work off one refit that was asked for; returns how many were done."""
    with transaction() as session:
        run = refits.claim(session, clock.now())
        claimed = (run.id, run.stage) if run else None
    if claimed is None:
        return 0
    run_id, stage = claimed
    try:
        _WORK.get(stage, _refit_loss)(run_id)
    except Exception:
        db.session.rollback()
        with transaction() as session:
            refits.finish(session, run_id, None, "It failed. The worker’s log says why.", clock.now())
        raise
    return 1


def _refit_points(run_id: int) -> None:
    begin_reading(db.session)
    fitted, why = outcomes.fitted(db.session), outcomes.scoreboard(db.session).missing
    db.session.rollback()
    with transaction() as session:
        row = outcomes.points.propose(session, fitted, clock.now()) if fitted is not None else None
        refits.finish(session, run_id, row.id if row else None, why, clock.now())


def _calibrate_readings(run_id: int) -> None:
    begin_reading(db.session)
    found = recalibration.tried(db.session)
    db.session.rollback()
    with transaction() as session:
        if found.proposal is not None:
            recalibration.calibrations.propose(session, found.proposal, clock.now())
        refits.finish(session, run_id, None, found.why, clock.now())


def _refit_loss(run_id: int) -> None:
    from analysis.learning import loss_refit  # NumPy, which the web process must not load

    begin_reading(db.session)
    material = loss_refit.gather(db.session, clock.now(), lambda _stage, _done, _total: None)
    db.session.rollback()
    found = loss_refit.fit(material, _beats(run_id))
    with transaction() as session:
        row = loss_refit.keep(session, found, clock.now())
        refits.finish(session, run_id, row.id if row else None, found.why, clock.now())


_WORK = {refits.OF_POINTS: _refit_points, refits.OF_READINGS: _calibrate_readings}


def _beats(run_id: int) -> Progress:
    """Writes how far it is, every now and then."""
    last: list[datetime] = []

    def tell(stage: str, done: int, total: int) -> None:
        now = clock.now()
        if last and now - last[0] < BEAT_EVERY and done < total:
            return
        last[:] = [now]
        with transaction() as session:
            refits.beat(session, run_id, stage, done, total, now)

    return tell
