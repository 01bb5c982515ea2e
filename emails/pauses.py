"""The pause of all sending, kept in one row, so that every worker respects it and the desk can show it."""

from dataclasses import asdict
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from emails.models import SendingPause
from emails.retry import Breaker, tripped
from survey.db import insert_or_ignore

log = structlog.get_logger()


def current_pause(session: Session) -> Breaker | None:
    """The pause in force, or the one whose `retry_at` has come and that waits for one message to succeed."""
    row = session.get(SendingPause, 1, populate_existing=True)
    return _breaker(row) if row else None


def pause(
    session: Session, reason: str, now: datetime, *, retry_after: timedelta | None = None, needs_person: bool
) -> Breaker:
    """Stop all sending for a while, longer after each failure in a row. Failures during a pause count once."""
    first = tripped(None, reason[:500], now, retry_after=retry_after, needs_person=needs_person)
    if insert_or_ignore(session, SendingPause, [{"id": 1, **asdict(first)}]):
        _announce(first, anew=True)
        return first
    row = session.get_one(SendingPause, 1, with_for_update=True, populate_existing=True)
    previous = _breaker(row)
    if previous.retry_at > now:
        return previous
    breaker = tripped(previous, reason[:500], now, retry_after=retry_after, needs_person=needs_person)
    for name, value in asdict(breaker).items():
        setattr(row, name, value)
    session.flush()
    _announce(breaker, anew=breaker.needs_person and not previous.needs_person)
    return breaker


def refusal(session: Session) -> Breaker | None:
    """The pause that only a person can end: the provider refuses our key. None while sending works."""
    row = session.get(SendingPause, 1, populate_existing=True)
    return _breaker(row) if row is not None and row.needs_person else None


def resume(session: Session) -> bool:
    """End the pause: a message went through, or a person says that the cause is gone. False if there was none."""
    row = session.get(SendingPause, 1, with_for_update=True, populate_existing=True)
    if row is None:
        return False
    session.delete(row)
    session.flush()
    log.info("sending goes on", paused_since=row.opened_at.isoformat(), failures=row.failures)
    return True


def _breaker(row: SendingPause) -> Breaker:
    return Breaker(row.failures, row.opened_at, row.retry_at, row.reason, row.needs_person)


def _announce(breaker: Breaker, *, anew: bool) -> None:
    """An error once for each incident: what follows a probe that failed too is no news."""
    level = log.info if not anew else log.error if breaker.needs_person else log.warning
    level("all sending is paused", until=breaker.retry_at.isoformat(), failures=breaker.failures)
