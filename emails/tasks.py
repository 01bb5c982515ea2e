"""The background tasks of sending. Each does one small batch; what goes wrong with one row stays with that row."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime
from typing import TypeVar

import structlog
from flask import Flask, current_app
from sqlalchemy import ColumnElement, and_, inspect, or_, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from emails import outbox, proofs, receipts, recovery, results, sending
from emails.backfill import LogError, fetch
from emails.models import DeliveryEvent, EmailKind, EmailMessage, EmailState
from emails.replies import intake
from emails.replies.models import Reply, ReplyState
from emails.senders import make_sender
from emails.senders.base import Accepted, Outcome, Sender, SendError, UnknownOutcomeError
from emails.senders.connection import Connection as LogConnection
from emails.sending import Begun
from survey import clock
from survey.config import EmailTransport, Settings
from survey.db import Base, db, join_by_key, transaction
from survey.invitations import (
    due_invitations,
    due_reminders,
    mark_reminded,
    release,
    reminder_is_due,
    survey_is_due,
)
from survey.memory import uncollected
from survey.models import Invitation, InvitationState
from survey.worker import Task

log = structlog.get_logger()

Row = TypeVar("Row", bound=Base)

INVITATIONS = 100
RECORD_TRIES = 3
LANES = 2  # of a long queue on PostgreSQL: while the database works for one, the other writes its request
IN_A_LANE = 4  # batches, before the other tasks have their turn again
EVENTS = 500
REPLIES = 50


def tasks(settings: Settings) -> tuple[Task, ...]:
    """In story order."""
    sender = make_sender(settings)
    receipts_come = bool(settings.transport is EmailTransport.SENDGRID and settings.sendgrid_webhook_public_key)
    found = [
        Task("emails.invite", invite),
        Task("emails.remind", lambda now: remind(now, receipts_come=receipts_come)),
        Task("emails.send", lambda now: send_due(sender, settings, now)),
        Task("emails.events", process_events),
        Task("emails.replies", lambda now: read_replies(settings, now)),
        Task("emails.recover", recover),
    ]
    if settings.transport is EmailTransport.SENDGRID:
        provider_log = LogConnection(settings.sendgrid_api_key or "", str(settings.sendgrid_base_url))
        found.append(Task("emails.ask_log", lambda now: ask_log(provider_log, now)))
    if receipts_come:
        found.append(Task("emails.no_receipt", no_receipt))  # without receipts their absence says nothing
    return tuple(found)


def invite(now: datetime) -> int:
    """Release due invitations; each that is released gets its email into the outbox in the same transaction."""
    if not _any(Invitation, survey_is_due(now)):
        return 0
    with transaction() as session:
        return _each(session, due_invitations(session, now, INVITATIONS), _invite, now)


def remind(now: datetime, *, receipts_come: bool = False) -> int:
    """Put due reminders into the outbox; where receipts come, only of surveys whose first email has arrived."""
    if not _any(Invitation, reminder_is_due(now)):
        return 0
    with transaction() as session:
        receipts.note_arrivals(session, reminder_is_due(now))
        return _each(session, due_reminders(session, now, INVITATIONS, receipts=receipts_come), _remind, now)


def send_due(sender: Sender, settings: Settings, now: datetime) -> int:
    """Send one batch; where it was a full one, some more in lanes beside each other, as several workers would.

    SQLite has one writer at a time, so there one lane is all. Returns how many messages were moved on.

    Raises:
        Exception: what a lane met, when all of them have ended.
    """
    moved = send_batch(sender, settings, now)
    if moved < sender.most or db.engine.dialect.name == "sqlite":
        return moved
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]

    def lane() -> int:
        sent = 0
        for _ in range(IN_A_LANE):
            with app.app_context():
                count = send_batch(sender, settings, clock.now())
            sent += count
            if count < sender.most:
                break
        return sent

    with ThreadPoolExecutor(LANES, thread_name_prefix="sending") as pool:
        lanes = [pool.submit(copy_context().run, lane) for _ in range(LANES)]
    return moved + sum(one.result() for one in lanes)


def send_batch(sender: Sender, settings: Settings, now: datetime) -> int:
    """Send what is due, one batch: begin, commit, hand over, record, in the order that makes a send happen once.

    No transaction is open while the network is. Returns how many messages were moved on.
    """
    if not _any(EmailMessage, and_(EmailMessage.is_open(EmailState.PENDING), EmailMessage.due_at <= now)):
        return 0
    with uncollected():
        with transaction() as session:
            join_by_key(session)
            claim = outbox.claim_batch(session, now, sender.most)
        if claim is None:
            return 0
        with transaction() as session:
            begun = sending.begin_batch(session, claim, settings, clock.now())
        if begun:
            _record(begun, _hand_over(sender, begun))
        return len(claim.message_ids)


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
    held = EmailMessage.is_open(EmailState.CLAIMED, EmailState.SENDING, EmailState.UNKNOWN)
    stale = or_(EmailMessage.lease_expires_at <= now, EmailMessage.sending_at <= now - recovery.PROOF_WINDOW)
    if not _any(EmailMessage, and_(held, stale)):
        return 0
    with transaction() as session:
        return recovery.recover(session, now)


def ask_log(provider_log: LogConnection, now: datetime) -> int:
    """Ask the provider's log about one batch of unclear tries, with no transaction open meanwhile."""
    if not _any(
        EmailMessage,
        and_(EmailMessage.is_open(EmailState.UNKNOWN), EmailMessage.sending_at <= now - proofs.SETTLED_AFTER),
    ):
        return 0
    with transaction() as session:
        question = proofs.next_question(session, now)
    if question is None:
        return 0
    try:
        found = fetch(provider_log, question.addresses, question.since, question.until)
    except (LogError, SendError) as error:  # no such log in this account, or not now: asked again in an hour
        log.info("the provider's log could not be asked", why=type(error).__name__)
        return 0
    with transaction() as session:
        return proofs.settle(session, question, found, now)


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
    _enqueue(session, invitation, EmailKind.REMINDER, now, number=invitation.reminders_sent + 1)
    mark_reminded(session, invitation, now)
    return 1


def _enqueue(session: Session, invitation: Invitation, kind: EmailKind, now: datetime, number: int = 1) -> None:
    """`number`: of several reminders, which one; each goes out once."""
    once_key = f"{kind.value}/{invitation.resolution_id}/{invitation.contact_id}"
    outbox.enqueue(
        session,
        kind=kind,
        once_key=once_key if number == 1 else f"{once_key}/{number}",
        to_email=invitation.contact.email,
        to_name=invitation.contact.name,
        due_at=now,
        now=now,
        not_after=invitation.expires_at,
        invitation_id=invitation.id,
        contact_id=invitation.contact_id,
    )


def _hand_over(sender: Sender, begun: Sequence[Begun]) -> Sequence[Outcome]:
    try:
        outcomes = sender.send([one.outgoing for one in begun])
    except Exception as error:
        log.exception("a sender failed in an unforeseen way", messages=len(begun))
        return [UnknownOutcomeError(f"{type(error).__name__}: {error}")] * len(begun)
    found = Counter(type(outcome).__name__ for outcome in outcomes)
    level = log.info if set(found) == {Accepted.__name__} else log.warning
    level("a batch of emails was handed over", **found)
    return outcomes


def _record(begun: Sequence[Begun], outcomes: Sequence[Outcome]) -> None:
    """Write down what came of it, again where another transaction was in the way: this answer comes only once."""
    for tries_left in reversed(range(RECORD_TRIES)):
        try:
            with transaction() as session:
                results.record_batch(session, begun, outcomes, clock.now())
            return
        except OperationalError:
            if not tries_left:
                raise
            log.warning("an outcome could not be recorded yet", messages=len(begun), exc_info=True)


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
