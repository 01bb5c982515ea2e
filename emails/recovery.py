"""Messages that no worker holds any more, and those that wait for a person. Nothing here sends anything by itself."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from emails.delivery import EmailState
from emails.models import EmailAttempt, EmailMessage

PROOF_WINDOW = timedelta(hours=26)  # the provider repeats an event for a day


def recover(session: Session, now: datetime, limit: int = 200) -> int:
    """Move on what no worker holds any more: its process died, or its answer never came. Returns how many."""
    stale = EmailMessage.is_open(EmailState.CLAIMED, EmailState.SENDING) & (EmailMessage.lease_expires_at <= now)
    unproven = EmailMessage.is_open(EmailState.UNKNOWN) & (EmailMessage.sending_at <= now - PROOF_WINDOW)
    query = select(EmailMessage).where(stale | unproven).order_by(EmailMessage.id).limit(limit)
    query = query.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    messages = session.scalars(query).all()
    for message in messages:
        if message.state is EmailState.CLAIMED:
            message.put_back(now, "Its worker stopped before anything was sent.")
        elif message.state is EmailState.SENDING:
            message.move(EmailState.UNKNOWN, "Its worker stopped in the middle of sending.")
            attempt = session.get(EmailAttempt, message.attempt_id)
            if attempt is not None and attempt.outcome is None:
                attempt.outcome, attempt.finished_at = EmailState.UNKNOWN, now
        else:
            message.move(EmailState.PARKED, f"{message.reason} No proof in 26 hours that it was taken.".strip())
    session.flush()
    return len(messages)


def send_again(session: Session, messages: Sequence[EmailMessage], who: str, now: datetime) -> None:
    """A person decides to send parked messages once more, knowing that they may arrive twice.

    Raises:
        ConflictError: one is not parked.
    """
    for message in messages:
        message.put_back(now, f"Sent again by {who}; the earlier try may have arrived.")
        message.attempt_id = None
    session.flush()


def give_up(session: Session, messages: Sequence[EmailMessage], who: str) -> None:
    """A person decides not to send parked messages again.

    Raises:
        ConflictError: one is not parked.
    """
    for message in messages:
        message.move(EmailState.CANCELLED, f"Given up by {who}. {message.reason}")
    session.flush()
