"""The background tasks of sending. Each does one small batch; what goes wrong with one row stays with that row."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

import structlog
from sqlalchemy import ColumnElement, and_, inspect, or_, select
from sqlalchemy.orm import Session

from emails import outbox, receipts, recovery
from emails.models import DeliveryEvent, EmailKind, EmailMessage, EmailState
from emails.replies import intake
from emails.replies.models import Reply, ReplyState
from emails.senders import make_sender
from emails.senders.base import Accepted, Sender, SendError, UnknownOutcomeError
from survey import clock
from survey.config import EmailTransport, Settings
from survey.db import Base, db, transaction
from survey.invitations import due_invitations, due_reminders, mark_reminded, release
from survey.models import Invitation, InvitationState
from survey.worker import Task

log = structlog.get_logger()

Row = TypeVar("Row", bound=Base)

INVITATIONS = 100
SENDS = 20
EVENTS = 500
REPLIES = 50


def tasks(settings: Settings) -> tuple[Task, ...]:
    """In story order."""
    sender = make_sender(settings)
    found = [
        Task("emails.invite", invite),
        Task("emails.remind", remind),
        Task("emails.send", lambda now: send_batch(sender, settings, now)),
        Task("emails.events", process_events),
        Task("emails.replies", lambda now: read_replies(settings, now)),
        Task("emails.recover", recover),
    ]
    if settings.transport is EmailTransport.SENDGRID and settings.sendgrid_webhook_public_key:
        found.append(Task("emails.no_receipt", no_receipt))  # without receipts their absence says nothing
    return tuple(found)


def invite(now: datetime) -> int:
    """Release due invitations; each that is released gets its email into the outbox in the same transaction."""
    due = and_(Invitation.state == InvitationState.SCHEDULED, Invitation.due_at <= now)
    if not _any(Invitation, due):
        return 0
    with transaction() as session:
        return _each(session, due_invitations(session, now, INVITATIONS), _invite, now)


def remind(now: datetime) -> int:
    """Put due reminders into the outbox."""
    due = and_(
        Invitation.state == InvitationState.SENT,
        Invitation.reminder_due_at <= now,
        Invitation.reminded_at.is_(None),
        Invitation.expires_at > now,
    )
    if not _any(Invitation, due):
        return 0
    with transaction() as session:
        return _each(session, due_reminders(session, now, INVITATIONS), _remind, now)


def send_batch(sender: Sender, settings: Settings, now: datetime) -> int:
    """Send what is due, one message at a time, no transaction open while the network is."""
    if not _any(EmailMessage, and_(EmailMessage.state == EmailState.PENDING, EmailMessage.due_at <= now)):
        return 0
    with transaction() as session:
        claims = outbox.claim_batch(session, now, SENDS)
    for claim in claims:
        try:
            send_one(sender, settings, claim)
        except Exception:  # its lease runs out, and `recover` moves it on; the others need not wait for that
            log.exception("one message failed", message_id=claim.message_id)
    return len(claims)


def send_one(sender: Sender, settings: Settings, claim: outbox.Claim) -> None:
    """Begin, commit, send, record: the three steps in the order that makes a send happen once."""
    with transaction() as session:
        begun = outbox.begin_sending(session, claim, settings, clock.now())
    if begun is None:
        return
    result = _hand_over(sender, begun)
    with transaction() as session:
        outbox.record_result(session, begun, result, clock.now())


def process_events(now: datetime) -> int:
    """Let stored events change what they are about."""
    if not _any(DeliveryEvent, DeliveryEvent.processed_at.is_(None)):
        return 0
    with transaction() as session:
        rows = receipts.pending_events(session, EVENTS)
        receipts.process_events(session, rows, now)
        return len(rows)


def read_replies(settings: Settings, now: datetime) -> int:
    """Let what people wrote back count."""
    if not _any(Reply, Reply.state == ReplyState.RECEIVED):
        return 0
    with transaction() as session:
        replies = intake.waiting(session, REPLIES)
        for reply in replies:
            try:
                with session.begin_nested():
                    intake.process(session, reply, settings, now)
            except Exception:
                log.exception("a reply could not be processed", reply_id=reply.id)
                intake.quarantine(reply, "Looking at it failed; the log says why.", now)
        return len(replies)


def recover(now: datetime) -> int:
    """Move on what no worker holds any more."""
    held = EmailMessage.state.in_((EmailState.CLAIMED, EmailState.SENDING, EmailState.UNKNOWN))
    stale = or_(EmailMessage.lease_expires_at <= now, EmailMessage.sending_at <= now - recovery.PROOF_WINDOW)
    if not _any(EmailMessage, and_(held, stale)):
        return 0
    with transaction() as session:
        return recovery.recover(session, now)


def no_receipt(now: datetime) -> int:
    """Say of messages accepted three days ago that nothing was heard of them."""
    if not _any(EmailMessage, receipts.waits_for_receipt(now)):
        return 0
    with transaction() as session:
        return receipts.mark_no_receipt(session, now)


def _invite(session: Session, invitation: Invitation, now: datetime) -> int:
    if not release(session, invitation, now):
        return int(invitation.state is not InvitationState.SCHEDULED or invitation.due_at > now)
    _enqueue(session, invitation, EmailKind.SURVEY, now)
    return 1


def _remind(session: Session, invitation: Invitation, now: datetime) -> int:
    _enqueue(session, invitation, EmailKind.REMINDER, now)
    mark_reminded(session, invitation, now)
    return 1


def _enqueue(session: Session, invitation: Invitation, kind: EmailKind, now: datetime) -> None:
    outbox.enqueue(
        session,
        kind=kind,
        once_key=f"{kind.value}/{invitation.resolution_id}/{invitation.contact_id}",
        to_email=invitation.contact.email,
        to_name=invitation.contact.name,
        due_at=now,
        now=now,
        not_after=invitation.expires_at,
        invitation_id=invitation.id,
        contact_id=invitation.contact_id,
    )


def _hand_over(sender: Sender, begun: outbox.Begun) -> Accepted | SendError:
    try:
        return sender.send(begun.outgoing)
    except SendError as error:
        log.warning(
            "an email was not accepted",
            message_id=begun.claim.message_id,
            attempt_id=begun.attempt_id,
            outcome=type(error).__name__,
        )
        return error
    except Exception as error:
        log.exception("a sender failed in an unforeseen way", message_id=begun.claim.message_id)
        return UnknownOutcomeError(f"{type(error).__name__}: {error}")


def _each(session: Session, rows: Sequence[Row], step: Callable[[Session, Row, datetime], int], now: datetime) -> int:
    """Take the step for every row, each in a savepoint: one that fails is undone alone. Returns what the others moved.

    Raises:
        RuntimeError: nothing moved and something failed, so that the worker waits before it comes back to these rows.
    """
    moved = failed = 0
    for row in rows:
        try:
            with session.begin_nested():
                moved += step(session, row, now)
        except Exception:
            failed += 1
            log.exception("one row failed", table=row.__tablename__, row=inspect(row).identity)
    if failed and not moved:
        raise RuntimeError(f"{failed} rows failed; the log says why")
    return moved


def _any(table: type[Base], condition: ColumnElement[bool]) -> bool:
    """Whether there is anything to do, asked without the write lock: an idle worker disturbs nobody."""
    with db.engine.connect().execution_options(reading=True) as connection:
        return connection.execute(select(1).select_from(table).where(condition).limit(1)).first() is not None
