"""The outbox: the table that is the queue. What must go out is a row first; a send is claim → begin → do → record.

Every function works inside the caller's transaction and never commits. The order of commits is what makes a send
happen once: `emails.sending.begin_batch` is committed before the first byte leaves, `emails.results.record_batch`
after the provider answered.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, or_, select, true, update
from sqlalchemy.orm import Session

from emails.compose import TO_CLIENTS
from emails.delivery import EmailState, moved
from emails.models import EmailKind, EmailMessage
from emails.pauses import current_pause
from survey.db import insert_or_ignore
from survey.invitations import nothing_pauses

LEASE = timedelta(minutes=5)  # longer than any sender takes for a batch

_URGENT = (EmailKind.SIGN_IN, EmailKind.FLAG_ALERT, EmailKind.TEST)
_WAITS = EmailMessage.is_open(EmailState.PENDING)


@dataclass(frozen=True)
class Claim:
    """Messages held by one worker until the lease runs out. `lease_token` fences all that it writes."""

    lease_token: str
    message_ids: tuple[int, ...]


def enqueue(
    session: Session,
    *,
    kind: EmailKind,
    once_key: str,
    to_email: str,
    to_name: str = "",
    due_at: datetime,
    now: datetime,
    not_after: datetime | None = None,
    invitation_id: int | None = None,
    contact_id: int | None = None,
    user_id: int | None = None,
    context: dict[str, Any] | None = None,
) -> bool:
    """Put one email into the outbox. `once_key` makes it the only one.

    Returns:
        False if a message with this `once_key` is there already, in whatever state; nothing is changed then.
    """
    row = {
        "once_key": once_key,
        "kind": kind,
        "invitation_id": invitation_id,
        "contact_id": contact_id,
        "user_id": user_id,
        "to_email": to_email,
        "to_name": to_name[:200],
        "context": context or {},
        "state": EmailState.PENDING,
        "due_at": due_at,
        "not_after": not_after,
        "attempts": 0,
        "reason": "",
        "created_at": now,
    }
    return insert_or_ignore(session, EmailMessage, [row]) == 1


def claim_batch(session: Session, now: datetime, limit: int) -> Claim | None:
    """Take what is due under a lease: urgent kinds alone as long as there are any, then the others, the oldest first.

    While sending is paused: nothing; then one message, as a probe.
    """
    paused = current_pause(session)
    if paused and paused.retry_at > now:
        return None
    most = 1 if paused else limit
    return _claim(session, now, most, EmailMessage.kind.in_(_URGENT)) or _claim(session, now, most, true())


def _claim(session: Session, now: datetime, limit: int, which: ColumnElement[bool]) -> Claim | None:
    """One statement. On PostgreSQL it passes over what others have locked; on SQLite the transaction is alone.

    A kind is named for the urgent alone: the index by kind would read and sort all that is due for each batch.
    """
    due = (
        select(EmailMessage.id)
        .where(_WAITS, which, EmailMessage.due_at <= now)
        .where(or_(EmailMessage.kind.not_in(TO_CLIENTS), nothing_pauses()))  # the desk's switch stops what clients get
        .order_by(EmailMessage.due_at, EmailMessage.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    token = uuid4().hex
    claimed = (
        update(EmailMessage)
        .where(EmailMessage.id.in_(select(due.c.id)))
        .values(state=moved(EmailState.PENDING, EmailState.CLAIMED), lease_token=token, lease_expires_at=now + LEASE)
        .returning(EmailMessage.id)
        .execution_options(synchronize_session=False)
    )
    found = sorted(session.scalars(claimed).all())
    return Claim(token, tuple(found)) if found else None
