"""What comes back: delivery events, and the addresses that must not be written to."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from emails.delivery import DeliveryState, EmailState, advanced
from emails.events import BadEventError, ProviderEvent, event_id, parse
from emails.models import DeliveryEvent, EmailAttempt, EmailKind, EmailMessage, Suppression, SuppressionReason
from survey.db import insert_or_ignore
from survey.invitations import mark_unsent
from survey.models import Contact, Invitation, MailBlock

log = structlog.get_logger()

NO_RECEIPT_AFTER = timedelta(days=3)
_NEVER_ARRIVED = (DeliveryState.BOUNCED, DeliveryState.BLOCKED, DeliveryState.DROPPED)
_NOT_FINAL = (DeliveryState.PROCESSED, DeliveryState.DEFERRED)


def suppress(session: Session, email: str, reason: SuppressionReason, source: str, now: datetime) -> bool:
    """Never write to `email` again, and mark every contact who has it. False if that was so already."""
    address = email.strip().lower()
    row = {"email": address, "reason": reason, "source": source[:200], "created_at": now, "lifted_why": ""}
    new = insert_or_ignore(session, Suppression, [row]) == 1
    if not new:
        lifted = session.scalars(
            select(Suppression).where(
                Suppression.email == address, Suppression.reason == reason, Suppression.lifted_at.is_not(None)
            )
        ).first()
        if lifted is not None:
            lifted.source, lifted.created_at, lifted.lifted_at, lifted.lifted_why = source[:200], now, None, ""
            new = True
    _mark_contacts(session, address, now)
    return new


def unsuppress(
    session: Session, email: str, source: str, now: datetime, reason: SuppressionReason | None = None
) -> None:
    """Allow writing to `email` again, and free every contact who has it.

    `source` says who wants it and why. With a `reason`, only that one is lifted: a person who subscribes again does not
    mend a mailbox that bounces.
    """
    address = email.strip().lower()
    query = select(Suppression).where(Suppression.email == address, Suppression.lifted_at.is_(None))
    for row in session.scalars(query if reason is None else query.where(Suppression.reason == reason)):
        row.lifted_at, row.lifted_why = now, source[:300]
    _mark_contacts(session, address, now)


def reason_suppressed(session: Session, email: str) -> SuppressionReason | None:
    """Why `email` must not be written to, or None. The oldest reason is the one given."""
    query = select(Suppression.reason).where(
        Suppression.email == email.strip().lower(), Suppression.lifted_at.is_(None)
    )
    return session.scalars(query.order_by(Suppression.created_at, Suppression.id)).first()


def _mark_contacts(session: Session, address: str, now: datetime) -> None:
    session.flush()
    reason = reason_suppressed(session, address)
    block = MailBlock(reason.value) if reason else None
    for contact in session.scalars(select(Contact).where(func.lower(Contact.email) == address)):
        if contact.mail_block is not block:
            contact.mail_block, contact.mail_blocked_at = block, now if block else None
            contact.client.add_evidence()
    session.flush()


def store_events(session: Session, events: Sequence[Mapping[str, Any]], now: datetime) -> int:
    """Keep raw events, each once, whatever they say. Returns how many were new."""
    rows = [{"sg_event_id": event_id(raw), "raw": dict(raw), "received_at": now, "quarantine": ""} for raw in events]
    return insert_or_ignore(session, DeliveryEvent, rows)


def pending_events(session: Session, limit: int = 200) -> list[DeliveryEvent]:
    """Events that nobody has looked at, locked for this transaction. Their order means nothing."""
    query = select(DeliveryEvent).where(DeliveryEvent.processed_at.is_(None)).order_by(DeliveryEvent.id).limit(limit)
    return list(session.scalars(query.with_for_update(skip_locked=True)))


def process_event(session: Session, row: DeliveryEvent, now: datetime) -> None:
    """Let one event change what it is about. Any order, any number of times, gives the same end.

    One that cannot be used is kept with the reason in `quarantine`, and changes nothing.
    """
    row.processed_at = now
    try:
        event = parse(row.raw)
    except BadEventError as error:
        quarantine(row, str(error), now)
        return
    message = _message_of(session, event)
    if message is None:
        quarantine(row, "it is not about an email of ours", now)
        return
    row.message_id = message.id
    _prove_acceptance(session, message, event, now)
    if event.delivery is not None:
        _advance(message, event.delivery, event)
    if event.delivery in _NEVER_ARRIVED:
        nobody_was_asked(session, message, f"The email did not arrive. {event.reason}".strip(), now)
    if event.hit is not None:
        source = f"the provider reports: {event.name} {event.reason}".strip()
        suppress(session, message.to_email, SuppressionReason(event.hit.value), source, now)
    session.flush()


def nobody_was_asked(session: Session, message: EmailMessage, why: str, now: datetime) -> None:
    """A survey's first email did not reach anybody: its invitation counts neither as asked nor as silence."""
    invitation = session.get(Invitation, message.invitation_id) if message.invitation_id else None
    if invitation is not None and message.kind is EmailKind.SURVEY:
        mark_unsent(session, invitation, why[:300], now)


def quarantine(row: DeliveryEvent, why: str, now: datetime) -> None:
    """Keep an event that cannot be used, out of everybody's way."""
    row.processed_at, row.quarantine = now, why[:300]
    log.warning("a delivery event was quarantined", event_id=row.id)


def waits_for_receipt(now: datetime) -> ColumnElement[bool]:
    """The condition on messages that were accepted three days ago and of which nothing final was heard."""
    return and_(
        EmailMessage.state == EmailState.ACCEPTED,
        EmailMessage.accepted_at <= now - NO_RECEIPT_AFTER,
        or_(EmailMessage.delivery.is_(None), EmailMessage.delivery.in_(_NOT_FINAL)),
    )


def mark_no_receipt(session: Session, now: datetime, limit: int = 200) -> int:
    """Accepted three days ago and nothing final heard: say so. Returns how many."""
    query = (
        select(EmailMessage)
        .where(waits_for_receipt(now))
        .order_by(EmailMessage.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    messages = session.scalars(query.execution_options(populate_existing=True)).all()
    for message in messages:
        message.delivery, message.delivery_at = DeliveryState.NO_RECEIPT, now
    session.flush()
    return len(messages)


def _message_of(session: Session, event: ProviderEvent) -> EmailMessage | None:
    attempt = session.get(EmailAttempt, event.attempt_id) if event.attempt_id else None
    if attempt is None:
        return None
    return session.get(EmailMessage, attempt.message_id, with_for_update=True, populate_existing=True)


def _prove_acceptance(session: Session, message: EmailMessage, event: ProviderEvent, now: datetime) -> None:
    """Any event with our attempt id proves that this try was taken, whatever we believed of the message."""
    attempt = session.get(EmailAttempt, event.attempt_id)
    if attempt is not None and attempt.outcome is not EmailState.ACCEPTED:
        attempt.outcome, attempt.detail = EmailState.ACCEPTED, f"Proven by the event “{event.name}”."
        attempt.finished_at = attempt.finished_at or now
    if message.state not in (EmailState.ACCEPTED, EmailState.REJECTED):
        message.accept(now)


def _advance(message: EmailMessage, reported: DeliveryState, event: ProviderEvent) -> None:
    state = advanced(message.delivery, reported)
    if state is message.delivery:
        return
    message.delivery, message.delivery_at = state, event.at
    if event.reason:
        message.reason = event.reason[:500]
