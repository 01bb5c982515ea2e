"""What comes back: delivery events. Stored raw first, each once; what they say is worked in afterwards."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import structlog
from sqlalchemy import ColumnElement, CursorResult, and_, func, or_, select, text
from sqlalchemy.orm import Session

from emails.delivery import DeliveryState, EmailState, advanced
from emails.events import BadEventError, ProviderEvent, event_id, parse
from emails.models import DeliveryEvent, EmailAttempt, EmailKind, EmailMessage, SuppressionReason
from emails.suppressions import suppress
from survey.db import insert_or_ignore
from survey.invitations import mark_delivered, mark_unsent
from survey.models import Invitation

log = structlog.get_logger()

NOT_OURS = "it is not about an email of ours"  # the provider's account may be shared with other programs
NO_RECEIPT_AFTER = timedelta(days=3)
_NEVER_ARRIVED = (DeliveryState.BOUNCED, DeliveryState.BLOCKED, DeliveryState.DROPPED)
_NOT_FINAL = (DeliveryState.PROCESSED, DeliveryState.DEFERRED)


# One statement with one parameter: binding 500 rows one by one costs more than storing them.
_STORE_ALL = text(
    "INSERT INTO delivery_events (sg_event_id, raw, received_at, quarantine) "
    "SELECT event.id, event.raw, :now, '' FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS event(id text, raw jsonb) "
    "ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True)
class _Report:
    """One stored event that can be used, with the try and the message it is about."""

    row: DeliveryEvent
    event: ProviderEvent
    attempt: EmailAttempt
    message: EmailMessage


def store_events(session: Session, events: Sequence[Mapping[str, Any]], now: datetime) -> int:
    """Keep raw events, each once, whatever they say. Returns how many were new."""
    if session.get_bind().dialect.name == "postgresql":
        rows = [{"id": event_id(raw), "raw": raw} for raw in events]
        stored = session.execute(_STORE_ALL, {"rows": json.dumps(rows), "now": now})
        return max(cast("CursorResult[Any]", stored).rowcount, 0)
    found = [{"sg_event_id": event_id(raw), "raw": dict(raw), "received_at": now, "quarantine": ""} for raw in events]
    return insert_or_ignore(session, DeliveryEvent, found)


def pending_events(session: Session, limit: int = 200) -> list[DeliveryEvent]:
    """Events that nobody has looked at, locked for this transaction. Their order means nothing."""
    query = select(DeliveryEvent).where(DeliveryEvent.processed_at.is_(None)).order_by(DeliveryEvent.id).limit(limit)
    return list(session.scalars(query.with_for_update(skip_locked=True)))


def process_events(session: Session, rows: Sequence[DeliveryEvent], now: datetime) -> None:
    """Let events change what they are about. Any order, any number of times, gives the same end.

    One that cannot be used is kept with the reason in `quarantine`, and changes nothing. Should working them in fail
    all the same, each is tried alone, so that one costs no other.
    """
    try:
        with session.begin_nested():
            _process(session, rows, now)
    except Exception:  # a fault of ours: find the event that meets it
        log.exception("delivery events could not be processed together", events=len(rows))
        for row in rows:
            _process_alone(session, row, now)


def _process_alone(session: Session, row: DeliveryEvent, now: datetime) -> None:
    try:
        with session.begin_nested():
            _process(session, [row], now)
    except Exception:
        log.exception("a delivery event could not be processed", event_id=row.id)
        quarantine(row, "processing it failed; the log says why", now)


def _process(session: Session, rows: Sequence[DeliveryEvent], now: datetime) -> None:
    for report in _reports(session, rows, now):
        event, message = report.event, report.message
        _prove_acceptance(report, now)
        if event.delivery is not None:
            _advance(message, event.delivery, event)
        if event.delivery in _NEVER_ARRIVED:
            nobody_was_asked(session, message, f"The email did not arrive. {event.reason}".strip(), now)
        if event.hit is not None:
            source = f"the provider reports: {event.name} {event.reason}".strip()
            reason = SuppressionReason(event.hit.value)
            suppress(session, message.to_email, reason, source, now, evidence={"event": report.row.sg_event_id})
    session.flush()


def _reports(session: Session, rows: Sequence[DeliveryEvent], now: datetime) -> list[_Report]:
    """What of `rows` can be used, tries and messages loaded and locked at once; the others are quarantined."""
    parsed: list[tuple[DeliveryEvent, ProviderEvent]] = []
    for row in rows:
        row.processed_at = now
        try:
            parsed.append((row, parse(row.raw)))
        except BadEventError as error:
            quarantine(row, str(error), now)
    wanted = {event.attempt_id for _, event in parsed if event.attempt_id}
    attempts = {a.id: a for a in session.scalars(select(EmailAttempt).where(EmailAttempt.id.in_(wanted)))}
    ids = {attempt.message_id for attempt in attempts.values()}
    query = select(EmailMessage).where(EmailMessage.id.in_(ids)).order_by(EmailMessage.id)
    locked = session.scalars(query.with_for_update().execution_options(populate_existing=True))
    messages = {message.id: message for message in locked}
    reports = []
    for row, event in parsed:
        attempt = attempts.get(event.attempt_id or "")
        message = messages.get(attempt.message_id) if attempt else None
        if attempt is None or message is None:
            quarantine(row, NOT_OURS, now)
        else:
            row.message_id = message.id
            reports.append(_Report(row, event, attempt, message))
    return reports


def nobody_was_asked(session: Session, message: EmailMessage, why: str, now: datetime) -> None:
    """A survey's first email did not reach anybody: its invitation counts neither as asked nor as silence."""
    invitation = session.get(Invitation, message.invitation_id) if message.invitation_id else None
    if invitation is not None and message.kind is EmailKind.SURVEY:
        mark_unsent(session, invitation, why[:300], now)


def quarantine(row: DeliveryEvent, why: str, now: datetime) -> None:
    """Keep an event that cannot be used, out of everybody's way."""
    row.processed_at, row.quarantine = now, why[:300]
    log.warning("a delivery event was quarantined", event_id=row.id)


def note_arrivals(session: Session, invitations: ColumnElement[bool]) -> None:
    """Tell the surveys of this condition whose first email has arrived."""
    arrived = (
        select(Invitation, func.max(EmailMessage.delivery_at))
        .join(EmailMessage, EmailMessage.invitation_id == Invitation.id)
        .where(
            invitations,
            Invitation.delivered_at.is_(None),
            EmailMessage.kind == EmailKind.SURVEY,
            EmailMessage.contact_id == Invitation.contact_id,  # to nobody whom it was passed on by
            EmailMessage.delivery == DeliveryState.DELIVERED,
        )
        .group_by(Invitation.id)
    )
    for invitation, at in session.execute(arrived):
        if at is not None:
            mark_delivered(session, invitation, at)


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


def _prove_acceptance(report: _Report, now: datetime) -> None:
    """Any event with our attempt id proves that this try was taken, whatever we believed of the message."""
    attempt, message = report.attempt, report.message
    if attempt.outcome is not EmailState.ACCEPTED:
        attempt.outcome, attempt.detail = EmailState.ACCEPTED, f"Proven by the event “{report.event.name}”."
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
