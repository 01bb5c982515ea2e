"""What a contact wishes about being asked. The survey's pages and the preference page both come here."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey.models import Contact


def ask_less(session: Session, contact: Contact, now: datetime, *, less: bool) -> None:
    """At most once in three months, or as often as usual again: for the address, whoever's contact it is."""
    same_address = select(Contact).where(func.lower(Contact.email) == contact.email.lower())
    for one in session.scalars(same_address):
        one.asks_less_at = now if less else None


def leave(contact: Contact, now: datetime) -> bool:
    """They no longer work there: nobody asks them about that client. False: that was known."""
    if contact.left_at is not None:
        return False
    contact.left_at = now
    contact.client.add_evidence()
    return True


def stay(contact: Contact) -> bool:
    """They are still there after all. False: nobody said otherwise."""
    if contact.left_at is None:
        return False
    contact.left_at = None
    contact.client.add_evidence()
    return True
