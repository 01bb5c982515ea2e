"""The background tasks of the survey package."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from survey import invitations
from survey.config import Settings
from survey.db import transaction
from survey.evidence import verdicts
from survey.worker import Task


def tasks(settings: Settings) -> tuple[Task, ...]:
    """In story order: decide, put back what waited for a flag, close what nobody answered, judge visits."""
    secret_key = settings.secret_key
    assert secret_key is not None  # load_settings makes one

    def decide(session: Session, now: datetime) -> int:
        return invitations.schedule_batch(session, secret_key, now)

    return (
        Task("schedule invitations", _in_transaction(decide)),
        Task("resume held invitations", _in_transaction(invitations.resume_held)),
        Task("expire invitations", _in_transaction(invitations.expire_batch)),
        Task("judge visits", _in_transaction(verdicts.renew)),
    )


def _in_transaction(work: Callable[[Session, datetime], int]) -> Callable[[datetime], int]:
    def run(now: datetime) -> int:
        with transaction() as session:
            return work(session, now)

    return run
