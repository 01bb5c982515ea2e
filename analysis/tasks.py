"""The background tasks of reading, scoring, flagging and telling."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from analysis import alerts
from analysis.assessments import score_batch
from survey.config import Settings
from survey.db import transaction
from survey.worker import Task


def tasks(settings: Settings) -> tuple[Task, ...]:
    """In story order: read what was said, score whom it concerns, tell who must know."""

    def alert(session: Session, now: datetime) -> int:
        return alerts.alert_batch(session, settings, now)

    def digest(session: Session, now: datetime) -> int:
        return alerts.digest_batch(session, settings, now)

    return (
        Task("score relationships", _in_transaction(score_batch)),
        Task("alert about flags", _in_transaction(alert)),
        Task("send the morning digest", _in_transaction(digest)),
    )


def _in_transaction(work: Callable[[Session, datetime], int]) -> Callable[[datetime], int]:
    def run(now: datetime) -> int:
        with transaction() as session:
            return work(session, now)

    return run
