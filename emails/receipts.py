"""What comes back: delivery events, and the addresses that must not be written to."""

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from emails.models import Suppression, SuppressionReason
from survey.db import insert_or_ignore
from survey.models import Contact, MailBlock


def suppress(session: Session, email: str, reason: SuppressionReason, source: str, now: datetime) -> None:
    """Never write to `email` again, and mark every contact who has it. Doing it twice changes nothing more."""
    address = email.strip().lower()
    row = {"email": address, "reason": reason, "source": source[:200], "created_at": now}
    insert_or_ignore(session, Suppression, [row])
    for contact in _contacts_at(session, address):
        if contact.mail_block is None:
            contact.mail_block = MailBlock(reason.value)
            contact.mail_blocked_at = now
            contact.client.add_evidence()


def unsuppress(session: Session, email: str, source: str, now: datetime) -> None:
    """Allow writing to `email` again, whatever it was suppressed for, and free every contact who has it."""
    address = email.strip().lower()
    session.execute(delete(Suppression).where(Suppression.email == address))
    for contact in _contacts_at(session, address):
        if contact.mail_block is not None:
            contact.mail_block = None
            contact.mail_blocked_at = None
            contact.client.add_evidence()


def reason_suppressed(session: Session, email: str) -> SuppressionReason | None:
    """Why `email` must not be written to, or None. The oldest reason is the one given."""
    query = select(Suppression.reason).where(Suppression.email == email.strip().lower()).order_by(Suppression.id)
    return session.scalars(query).first()


def _contacts_at(session: Session, address: str) -> list[Contact]:
    return list(session.scalars(select(Contact).where(func.lower(Contact.email) == address)))
