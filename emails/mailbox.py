"""What the pages of the local mailbox read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage as MimeMessage
from email.policy import default

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, defer

from emails.models import MailboxMessage
from survey.errors import NotFoundError
from survey.paging import PAGE_SIZE, Page


@dataclass(frozen=True)
class Letter:
    """One received message, taken apart."""

    id: int
    received_at: datetime
    subject: str
    sender: str
    to: str
    headers: Sequence[tuple[str, str]]
    text: str
    html: str


def list_messages(session: Session, search: str, number: int) -> Page[MailboxMessage]:
    """Received messages whose address or subject contains `search`, newest first."""
    query = select(MailboxMessage)
    if search:
        query = query.where(
            or_(
                MailboxMessage.to_email.icontains(search, autoescape=True),
                MailboxMessage.subject.icontains(search, autoescape=True),
            )
        )
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = session.scalars(
        query.options(defer(MailboxMessage.mime))
        .order_by(MailboxMessage.received_at.desc(), MailboxMessage.id.desc())
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    ).all()
    return Page(rows, number, total)


def get_letter(session: Session, message_id: int) -> Letter:
    """One received message.

    Raises:
        NotFoundError: there is none with this id.
    """
    row = session.get(MailboxMessage, message_id)
    if row is None:
        raise NotFoundError("This email is not in the mailbox.")
    mime = message_from_bytes(row.mime, policy=default)
    return Letter(
        id=row.id,
        received_at=row.received_at,
        subject=row.subject,
        sender=str(mime["From"]),
        to=str(mime["To"]),
        headers=[(name, str(value)) for name, value in mime.items()],
        text=_part(mime, "plain"),
        html=_part(mime, "html"),
    )


def _part(mime: MimeMessage, kind: str) -> str:
    part = mime.get_body((kind,))
    return str(part.get_content()) if part is not None else ""
