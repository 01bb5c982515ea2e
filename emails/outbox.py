"""The outbox: the table that is the queue. What must go out is a row first; a send is claim → begin → do → record.

Every function works inside the caller's transaction and never commits. The order of commits is what makes a send
happen once: `begin_sending` is committed before the first byte leaves, `record_result` after the provider answered.
"""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from emails.models import EmailKind, EmailMessage, EmailState
from survey.db import insert_or_ignore


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
