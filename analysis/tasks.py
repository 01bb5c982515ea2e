"""The background tasks of reading, scoring, flagging and telling."""

from collections.abc import Callable
from datetime import datetime
from functools import cache

from sqlalchemy.orm import Session

from analysis import alerts
from analysis.assessments import analyse_batch, lock_due_clients, score_clients
from analysis.text.analyser import TextAnalyser
from analysis.text.lexicon import LexiconAnalyser
from survey import clock
from survey.config import Settings
from survey.db import transaction
from survey.worker import Task

READ_AT_ONCE = 200


def tasks(settings: Settings) -> tuple[Task, ...]:
    """In story order: read what was said, score whom it concerns, tell who must know."""

    def alert(session: Session, now: datetime) -> int:
        return alerts.alert_batch(session, settings, now)

    def digest(session: Session, now: datetime) -> int:
        return alerts.digest_batch(session, settings, now)

    return (
        Task("read answers", _read_answers),
        Task("score relationships", _score),
        Task("alert about flags", _in_transaction(alert)),
        Task("send the morning digest", _in_transaction(digest)),
    )


@cache
def _analyser() -> TextAnalyser:
    return LexiconAnalyser()


def _read_answers(now: datetime) -> int:
    """Read all that waits, a transaction for each batch: nobody is judged on half of what they said."""
    read = 0
    while True:
        with transaction() as session:
            count = analyse_batch(session, _analyser(), now, READ_AT_ONCE)
        read += count
        if count < READ_AT_ONCE:
            return read


def _score(_now: datetime) -> int:
    with transaction() as session:
        clients = lock_due_clients(session, clock.now())
        return score_clients(session, clients, clock.now())


def _in_transaction(work: Callable[[Session, datetime], int]) -> Callable[[datetime], int]:
    def run(now: datetime) -> int:
        with transaction() as session:
            return work(session, now)

    return run
