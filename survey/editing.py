"""Putting right, by hand, what is known of a job or a contact; a survey not yet sent is decided again."""

from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey import invitations
from survey.asking.deciding import WAITING
from survey.errors import InvalidInputError
from survey.models import Client, Contact, Invitation, InvitationState, Job


@dataclass(frozen=True, kw_only=True)
class JobChange:
    """The facts of a job as a manager wrote them; an empty field empties what was known."""

    contact_id: int
    kind: str
    summary: str
    opened_at: datetime | None
    promised_at: datetime | None
    value: Decimal | None
    currency: str


@dataclass(frozen=True, kw_only=True)
class ContactChange:
    """What is known of a contact as a manager wrote it."""

    name: str
    role: str
    language: str
    timezone: str
    left_at: datetime | None
    country: str = ""  # whose holidays they keep; "": as their client
    client_country: str | None = None  # of the client and all its contacts; None: as it is


def edit_job(session: Session, job: Job, change: JobChange, now: datetime) -> None:
    """Write `change` into `job`.

    Raises:
        InvalidInputError: the contact belongs to another client.
    """
    contact = session.get(Contact, change.contact_id)
    if contact is None or contact.client_id != job.client_id:
        raise InvalidInputError("This contact belongs to another client.", "contact_id")
    job.contact, job.kind, job.summary = contact, change.kind, change.summary
    job.opened_at, job.promised_at = change.opened_at, change.promised_at
    job.value, job.currency, job.updated_at = change.value, change.currency, now
    job.client.add_evidence()
    session.flush()
    if job.resolutions:
        invitations.reconsider(session, job.resolutions[-1], now)


def mark_ours(session: Session, client: Client, now: datetime, *, ours: bool) -> bool:
    """A client that is the firm itself, or an account for tests, is never surveyed or flagged. False: it was so before.

    Surveys that are not sent yet are decided again; one that is out stays open.
    """
    if client.internal == ours:
        return False
    client.internal = ours
    client.add_evidence()
    session.flush()
    undecided = Invitation.state.in_(WAITING | {InvitationState.SKIPPED})
    theirs = select(Invitation).where(Invitation.client_id == client.id, undecided, Invitation.expires_at > now)
    for invitation in session.scalars(theirs).all():
        invitations.reconsider(session, invitation.resolution, now)
    return True


def edit_contact(session: Session, contact: Contact, change: ContactChange, now: datetime) -> None:
    """Write `change` into `contact`; their surveys that wait are decided again (new hours, or they left)."""
    contact.take_role(change.role, now)
    written = asdict(change)
    theirs = written.pop("client_country")
    for name, value in written.items():
        setattr(contact, name, value)
    moved = theirs is not None and theirs != contact.client.country
    if theirs is not None:
        contact.client.country = theirs
    contact.client.add_evidence()
    session.flush()
    whose = Invitation.client_id == contact.client_id if moved else Invitation.contact_id == contact.id
    waiting = session.scalars(select(Invitation).where(whose, Invitation.state.in_(WAITING)))
    for invitation in waiting:
        invitations.reconsider(session, invitation.resolution, now)
