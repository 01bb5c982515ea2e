"""The pause of all sending, kept in one row, so that every worker respects it and the desk can show it."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from emails.models import SendingPause
from emails.retry import Breaker, tripped


def current_pause(session: Session) -> Breaker | None:
    """The pause in force, or the one whose `retry_at` has come and that waits for one message to succeed."""
    row = session.get(SendingPause, 1, populate_existing=True)
    return Breaker(row.failures, row.opened_at, row.retry_at, row.reason, row.needs_person) if row else None


def pause(
    session: Session, reason: str, now: datetime, *, retry_after: timedelta | None = None, needs_person: bool
) -> Breaker:
    """Stop all sending for a while, longer after each failure in a row. Failures during a pause count once."""
    row = session.get(SendingPause, 1, with_for_update=True, populate_existing=True)
    previous = Breaker(row.failures, row.opened_at, row.retry_at, row.reason, row.needs_person) if row else None
    if previous and previous.retry_at > now:
        return previous
    breaker = tripped(previous, reason, now, retry_after=retry_after, needs_person=needs_person)
    session.merge(
        SendingPause(
            id=1,
            failures=breaker.failures,
            opened_at=breaker.opened_at,
            retry_at=breaker.retry_at,
            reason=breaker.reason[:500],
            needs_person=breaker.needs_person,
        )
    )
    session.flush()
    return breaker


def resume(session: Session) -> bool:
    """End the pause: a message went through, or a person says that the cause is gone. False if there was none."""
    row = session.get(SendingPause, 1, with_for_update=True, populate_existing=True)
    if row is None:
        return False
    session.delete(row)
    session.flush()
    return True
