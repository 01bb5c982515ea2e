"""The last moment before a batch leaves: decide, compose, write down the tries. Committed before the first byte."""

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import structlog
from sqlalchemy import Row, Table, bindparam, case, insert, literal, null, select, update
from sqlalchemy.orm import Session

from emails.briefs import load_briefs
from emails.compose import TO_CLIENTS, Composer
from emails.delivery import EmailState, moved
from emails.models import EmailAttempt, EmailKind, EmailMessage
from emails.outbox import LEASE, Claim
from emails.pauses import current_pause
from emails.policy import object_to
from emails.receipts import nobody_was_asked
from emails.senders.base import OutgoingEmail
from emails.texts.versions import texts_in_force
from survey.config import Settings
from survey.db import ids_in, join_by_key, pairs_table
from survey.firms import get_firm

log = structlog.get_logger()

_ATTEMPT_BYTES = 16
_MESSAGES = cast("Table", EmailMessage.__table__)
_ATTEMPTS = cast("Table", EmailAttempt.__table__)


@dataclass(frozen=True, slots=True)
class Begun:
    """A try that is committed as `sending`: hand `outgoing` to a sender, then record what came of it."""

    message_id: int
    kind: EmailKind
    lease_token: str
    outgoing: OutgoingEmail
    text_id: int | None = None

    @property
    def attempt_id(self) -> str:
        return self.outgoing.attempt_id


def begin_batch(session: Session, claim: Claim, settings: Settings, now: datetime) -> list[Begun]:
    """Decide for the last time, compose, and write down the tries. Commit before handing anything to a sender.

    Returns:
        What this worker must send now. Left out, and in their next state: messages whose claim was lost, to which a
        rule objects, whose hour has not come, that cannot be composed; all of them while sending is paused.
    """
    join_by_key(session)
    rows = _held(session, claim)
    paused = current_pause(session)
    if paused and paused.retry_at > now:
        _put_back(session, [(row.id, now) for row in rows], "Sending is paused.")
        return []
    objections = object_to(session, rows, now)
    _cancel(session, objections.cancelled, now)
    _put_back(session, objections.too_early.items(), "It waits for the contact's hours.")
    going = [row for row in rows if row.id not in objections.cancelled and row.id not in objections.too_early]
    begun = _composed(session, claim, going, settings, now)
    _write_down(session, begun, now)
    return begun


def _held(session: Session, claim: Claim) -> Sequence[Row[Any]]:
    """The claimed messages that are still this worker's, locked. Letters to clients need nothing of their context."""
    query = (
        select(
            EmailMessage.id,
            EmailMessage.kind,
            EmailMessage.to_email,
            EmailMessage.to_name,
            case((EmailMessage.kind.in_(TO_CLIENTS), null()), else_=EmailMessage.context).label("context"),
            EmailMessage.not_after,
            EmailMessage.invitation_id,
            EmailMessage.contact_id,
            EmailMessage.user_id,
        )
        .where(
            ids_in(session.get_bind().dialect.name, EmailMessage.id, claim.message_ids),
            EmailMessage.state == EmailState.CLAIMED,
            EmailMessage.lease_token == claim.lease_token,
        )
        .order_by(EmailMessage.id)
    )
    return session.connection().execute(query.with_for_update()).all()


def _composed(
    session: Session, claim: Claim, rows: Sequence[Row[Any]], settings: Settings, now: datetime
) -> list[Begun]:
    wanted = [row.invitation_id for row in rows if row.kind in TO_CLIENTS and row.invitation_id is not None]
    briefs = load_briefs(session, wanted, settings)
    composer = Composer(get_firm(session), settings, now, briefs, texts_in_force(session))
    words = os.urandom(_ATTEMPT_BYTES * len(rows)).hex()
    begun = []
    for number, row in enumerate(rows):
        attempt_id = words[number * 2 * _ATTEMPT_BYTES : (number + 1) * 2 * _ATTEMPT_BYTES]
        try:
            outgoing = composer.compose(row, attempt_id)
        except Exception as error:  # whatever its rows hold, one message must not stop the queue
            log.exception("an email could not be composed", message_id=row.id, kind=row.kind.value)
            message = session.get_one(EmailMessage, row.id, populate_existing=True)
            message.move(EmailState.REJECTED, f"It could not be written: {error}")
            nobody_was_asked(session, message, "The email could not be written.", now)
        else:
            begun.append(Begun(row.id, row.kind, claim.lease_token, outgoing, composer.text_of(row)))
    return begun


def _write_down(session: Session, begun: Sequence[Begun], now: datetime) -> None:
    """Two statements, whatever the number; one more for each text of the firm's own."""
    if not begun:
        return
    dialect, connection = session.get_bind().dialect.name, session.connection()
    tries = pairs_table(dialect, [(one.message_id, one.attempt_id) for one in begun])
    started = [literal(now, _ATTEMPTS.c.started_at.type), literal("")]
    connection.execute(
        insert(_ATTEMPTS).from_select(
            ["id", "message_id", "started_at", "detail"], select(tries.c.word, tries.c.number, *started)
        )
    )
    connection.execute(
        update(_MESSAGES)
        .where(_MESSAGES.c.id == tries.c.number)
        .values(
            state=moved(EmailState.CLAIMED, EmailState.SENDING),
            attempt_id=tries.c.word,
            attempts=_MESSAGES.c.attempts + 1,
            sending_at=now,
            lease_expires_at=now + LEASE,
        )
    )
    by_text: dict[int, list[int]] = defaultdict(list)
    for one in begun:
        if one.text_id is not None:
            by_text[one.text_id].append(one.message_id)
    for text_id, ids in by_text.items():
        connection.execute(update(_MESSAGES).where(ids_in(dialect, _MESSAGES.c.id, ids)).values(text_id=text_id))


def _cancel(session: Session, reasons: Any, now: datetime) -> None:
    for message_id, reason in reasons.items():
        message = session.get_one(EmailMessage, message_id, populate_existing=True)
        message.move(EmailState.CANCELLED, reason)
        if message.attempts == 0:
            nobody_was_asked(session, message, reason, now)
    session.flush()


def _put_back(session: Session, waits: Iterable[tuple[int, datetime]], reason: str) -> None:
    """Wait in the queue until another moment: nothing was tried."""
    rows = [{"message": message_id, "until": until} for message_id, until in waits]
    if not rows:
        return
    session.connection().execute(
        update(_MESSAGES)
        .where(_MESSAGES.c.id == bindparam("message"))
        .values(
            state=moved(EmailState.CLAIMED, EmailState.PENDING),
            due_at=bindparam("until"),
            reason=reason,
            lease_token=None,
            lease_expires_at=None,
        ),
        rows,
    )
