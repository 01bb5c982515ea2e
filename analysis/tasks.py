"""The background tasks of reading, scoring, flagging and telling."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from analysis import alerts
from analysis.analysers import analyser
from analysis.assessments import lock_due_clients, score_clients
from analysis.readings import confirm_known, store, tell_clients, waiting
from survey import clock
from survey.config import ReadingMode, Settings
from survey.db import begin_reading, db, transaction
from survey.worker import Task

READ_AT_ONCE = 200


def tasks(settings: Settings) -> tuple[Task, ...]:
    """In story order: read what was said, score whom it concerns, tell who must know."""

    def alert(session: Session, now: datetime) -> int:
        return alerts.alert_batch(session, settings, now)

    def digest(session: Session, now: datetime) -> int:
        return alerts.digest_batch(session, settings, now)

    return (
        Task("read answers", lambda _now: _read_answers(settings.text_analyser)),
        Task("score relationships", _score),
        Task("alert about flags", _in_transaction(alert)),
        Task("send the morning digest", _in_transaction(digest)),
    )


def _read_answers(mode: ReadingMode) -> int:
    """Read all that waits, a batch at a time: nobody is judged on half of what they said.

    Models read while no transaction is open, so that a slow one keeps nobody from writing.
    """
    done = 0
    while True:
        begin_reading(db.session)
        words = waiting(db.session, READ_AT_ONCE)
        db.session.rollback()
        if not words:
            return done
        with transaction() as session:
            known = confirm_known(session, words, clock.now())
        fresh = [item for item in words if item.answer_id not in known]
        found = analyser(mode).analyse([item.comment for item in fresh])
        with transaction() as session:
            touched = store(session, analyser(mode).model, list(zip(fresh, found, strict=True)), clock.now())
            tell_clients(session, touched)
        done += len(words)
        if len(words) < READ_AT_ONCE:
            return done


def _score(_now: datetime) -> int:
    with transaction() as session:
        clients = lock_due_clients(session, clock.now())
        return score_clients(session, clients, clock.now())


def _in_transaction(work: Callable[[Session, datetime], int]) -> Callable[[datetime], int]:
    def run(now: datetime) -> int:
        with transaction() as session:
            return work(session, now)

    return run
