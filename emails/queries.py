"""What the desk and the commands read about emails."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from emails.models import DeliveryEvent, DeliveryState, EmailAttempt, EmailMessage, EmailState
from emails.receipts import NOT_OURS
from emails.texts.models import EmailText
from survey.errors import NotFoundError
from survey.models import Client, Contact, Invitation
from survey.paging import PAGE_SIZE, Page


class Shelf(StrEnum):
    """The desk's view of a message: states put together as a manager thinks of them."""

    ALL = "all"
    WAITING = "waiting"
    SENT = "sent"
    TROUBLE = "trouble"
    PARKED = "parked"
    CANCELLED = "cancelled"


_TROUBLE = (
    DeliveryState.BOUNCED,
    DeliveryState.BLOCKED,
    DeliveryState.DROPPED,
    DeliveryState.COMPLAINED,
    DeliveryState.NO_RECEIPT,
)
_in_trouble = and_(EmailMessage.delivery.is_not(None), EmailMessage.delivery.in_(_TROUBLE))


def _on_shelf(shelf: Shelf) -> ColumnElement[bool] | None:
    return {
        Shelf.ALL: None,
        Shelf.WAITING: EmailMessage.state.in_((EmailState.PENDING, EmailState.CLAIMED, EmailState.SENDING)),
        Shelf.SENT: and_(
            EmailMessage.state == EmailState.ACCEPTED,
            or_(EmailMessage.delivery.is_(None), EmailMessage.delivery.not_in(_TROUBLE)),
        ),
        Shelf.TROUBLE: or_(EmailMessage.state.in_((EmailState.REJECTED, EmailState.UNKNOWN)), _in_trouble),
        Shelf.PARKED: EmailMessage.state == EmailState.PARKED,
        Shelf.CANCELLED: EmailMessage.state == EmailState.CANCELLED,
    }[shelf]


@dataclass(frozen=True)
class MessageDetail:
    """One message with its tries and what the provider said of it, each in order of time."""

    message: EmailMessage
    attempts: Sequence[EmailAttempt]
    events: Sequence[DeliveryEvent]
    client: Client | None
    invitation: Invitation | None
    text: EmailText | None  # the firm's own that it went out with


def list_messages(session: Session, shelf: Shelf, search: str, number: int) -> Page[EmailMessage]:
    """Messages on a shelf whose recipient contains `search`, newest first."""
    query = select(EmailMessage)
    if (condition := _on_shelf(shelf)) is not None:
        query = query.where(condition)
    if search:
        query = query.where(
            or_(
                EmailMessage.to_email.icontains(search, autoescape=True),
                EmailMessage.to_name.icontains(search, autoescape=True),
            )
        )
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    newest = query.order_by(EmailMessage.created_at.desc(), EmailMessage.id.desc())
    return Page(session.scalars(newest.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)).all(), number, total)


def count_shelves(session: Session) -> dict[Shelf, int]:
    """How many messages lie on each shelf, read in one pass."""
    query = select(EmailMessage.state, EmailMessage.delivery, func.count()).group_by(
        EmailMessage.state, EmailMessage.delivery
    )
    counts = dict.fromkeys(Shelf, 0)
    for state, delivery, count in session.execute(query):
        counts[Shelf.ALL] += count
        counts[shelf_of(state, delivery)] += count
    return counts


def shelf_of(state: EmailState, delivery: DeliveryState | None) -> Shelf:
    """The shelf a message lies on."""
    if state is EmailState.ACCEPTED:
        return Shelf.TROUBLE if delivery in _TROUBLE else Shelf.SENT
    return {
        EmailState.PENDING: Shelf.WAITING,
        EmailState.CLAIMED: Shelf.WAITING,
        EmailState.SENDING: Shelf.WAITING,
        EmailState.REJECTED: Shelf.TROUBLE,
        EmailState.UNKNOWN: Shelf.TROUBLE,
        EmailState.PARKED: Shelf.PARKED,
        EmailState.CANCELLED: Shelf.CANCELLED,
    }[state]


def get_message(session: Session, message_id: int) -> EmailMessage:
    """One message.

    Raises:
        NotFoundError: there is none with this id.
    """
    message = session.get(EmailMessage, message_id)
    if message is None:
        raise NotFoundError("There is no email with this number.")
    return message


def get_detail(session: Session, message_id: int) -> MessageDetail:
    """One message with all that is known about it.

    Raises:
        NotFoundError: there is none with this id.
    """
    message = get_message(session, message_id)
    attempts = select(EmailAttempt).where(EmailAttempt.message_id == message_id).order_by(EmailAttempt.started_at)
    events = select(DeliveryEvent).where(DeliveryEvent.message_id == message_id).order_by(DeliveryEvent.id)
    contact = session.get(Contact, message.contact_id) if message.contact_id else None
    return MessageDetail(
        message=message,
        attempts=session.scalars(attempts).all(),
        events=session.scalars(events).all(),
        client=contact.client if contact else None,
        invitation=session.get(Invitation, message.invitation_id) if message.invitation_id else None,
        text=session.get(EmailText, message.text_id) if message.text_id else None,
    )


def all_messages(session: Session, state: EmailState | None) -> Sequence[EmailMessage]:
    """Every message, or every one in a state, newest first."""
    query = select(EmailMessage).order_by(EmailMessage.created_at.desc(), EmailMessage.id.desc())
    return session.scalars(query if state is None else query.where(EmailMessage.state == state)).all()


def list_parked(session: Session) -> Sequence[EmailMessage]:
    """Every message that waits for a person, the oldest first."""
    query = select(EmailMessage).where(EmailMessage.is_open(EmailState.PARKED))
    return session.scalars(query.order_by(EmailMessage.sending_at, EmailMessage.id)).all()


def count_events(session: Session) -> dict[str, int]:
    """How many delivery events came; of them how many wait, are about others' mail, or could not be used."""
    waits, foreign = DeliveryEvent.processed_at.is_(None), DeliveryEvent.quarantine == NOT_OURS
    refused = and_(DeliveryEvent.quarantine != "", DeliveryEvent.quarantine != NOT_OURS)
    columns = (func.count(), *(func.count().filter(condition) for condition in (waits, foreign, refused)))
    counts = session.execute(select(*columns).select_from(DeliveryEvent)).one()
    return dict(zip(("received", "waiting", "not_ours", "quarantined"), counts, strict=True))


def quarantined_events(session: Session, limit: int = 200) -> Sequence[DeliveryEvent]:
    """Events that could not be used, the newest first."""
    query = select(DeliveryEvent).where(DeliveryEvent.quarantine != "", DeliveryEvent.quarantine != NOT_OURS)
    return session.scalars(query.order_by(DeliveryEvent.id.desc()).limit(limit)).all()


def event_as_dict(row: DeliveryEvent) -> dict[str, Any]:
    """One delivery event as the commands print it: what it said, and why it could not be used."""
    return {"id": row.id, "received_at": row.received_at.isoformat(), "why": row.quarantine, "raw": row.raw}


def as_dict(message: EmailMessage) -> dict[str, Any]:
    """One message as the commands print it."""
    return {
        "id": message.id,
        "kind": message.kind.value,
        "to": message.to_email,
        "state": message.state.value,
        "delivery": message.delivery.value if message.delivery else None,
        "attempts": message.attempts,
        "provider_id": message.provider_id,
        "due_at": message.due_at.isoformat(),
        "accepted_at": message.accepted_at.isoformat() if message.accepted_at else None,
        "reason": message.reason,
        "once_key": message.once_key,
    }
