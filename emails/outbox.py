"""The outbox: the table that is the queue. What must go out is a row first; a send is claim → begin → do → record.

Every function works inside the caller's transaction and never commits. The order of commits is what makes a send
happen once: `begin_sending` is committed before the first byte leaves, `record_result` after the provider answered.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy import case, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from emails.compose import TO_CLIENTS, compose
from emails.delivery import DeliveryState, EmailState, moved
from emails.models import EmailAttempt, EmailKind, EmailMessage, SuppressionReason
from emails.pauses import current_pause, pause, resume
from emails.receipts import nobody_was_asked, reason_suppressed, suppress
from emails.retry import backoff
from emails.senders.base import (
    Accepted,
    CredentialsError,
    NotSentError,
    OutgoingEmail,
    RejectedError,
    SendError,
    UnknownOutcomeError,
)
from survey.config import Settings
from survey.db import insert_or_ignore
from survey.invitations import reason_not_to_send
from survey.models import Invitation
from survey.users import User

log = structlog.get_logger()

LEASE = timedelta(minutes=5)  # longer than any sender's connect and total time-out together
MOST_TRIES = 60  # about three days, with the waits of `emails.retry.backoff`

_URGENT = (EmailKind.SIGN_IN, EmailKind.FLAG_ALERT)


@dataclass(frozen=True)
class Claim:
    """One message held by one worker until the lease runs out. `lease_token` fences all that it writes."""

    message_id: int
    lease_token: str


@dataclass(frozen=True)
class Begun:
    """A try that is committed as `sending`: hand `outgoing` to a sender, then record what came of it."""

    claim: Claim
    attempt_id: str
    outgoing: OutgoingEmail


def enqueue(
    session: Session,
    *,
    kind: EmailKind,
    once_key: str,
    to_email: str,
    to_name: str = "",
    due_at: datetime,
    now: datetime,
    not_after: datetime | None = None,
    invitation_id: int | None = None,
    contact_id: int | None = None,
    user_id: int | None = None,
    context: dict[str, Any] | None = None,
) -> bool:
    """Put one email into the outbox. `once_key` makes it the only one.

    Returns:
        False if a message with this `once_key` is there already, in whatever state; nothing is changed then.
    """
    row = {
        "once_key": once_key,
        "kind": kind,
        "invitation_id": invitation_id,
        "contact_id": contact_id,
        "user_id": user_id,
        "to_email": to_email,
        "to_name": to_name[:200],
        "context": context or {},
        "state": EmailState.PENDING,
        "due_at": due_at,
        "not_after": not_after,
        "attempts": 0,
        "reason": "",
        "created_at": now,
    }
    return insert_or_ignore(session, EmailMessage, [row]) == 1


def claim_batch(session: Session, now: datetime, limit: int = 50) -> list[Claim]:
    """Take what is due under a lease, urgent kinds first. While sending is paused: nothing; then one, as a probe."""
    paused = current_pause(session)
    if paused and paused.retry_at > now:
        return []
    query = (
        select(EmailMessage)
        .where(EmailMessage.state == EmailState.PENDING, EmailMessage.due_at <= now)
        .order_by(case((EmailMessage.kind.in_(_URGENT), 0), else_=1), EmailMessage.due_at, EmailMessage.id)
        .limit(1 if paused else limit)
        .with_for_update(skip_locked=True)
    )
    token = uuid4().hex
    messages = session.scalars(query.execution_options(populate_existing=True)).all()
    for message in messages:
        message.state = moved(message.state, EmailState.CLAIMED)
        message.lease_token = token
        message.lease_expires_at = now + LEASE
    session.flush()
    return [Claim(message.id, token) for message in messages]


def begin_sending(session: Session, claim: Claim, settings: Settings, now: datetime) -> Begun | None:
    """Decide for the last time, compose, and write down the try. Commit before handing `outgoing` to a sender.

    Returns:
        None if this worker must not send it: the claim was lost, policy said no, sending is paused, or the message
        cannot be composed. The message is in its next state then.
    """
    message = _locked(session, claim.message_id)
    if message is None or message.state is not EmailState.CLAIMED or message.lease_token != claim.lease_token:
        return None
    paused = current_pause(session)
    if paused and paused.retry_at > now:
        message.put_back(now, "Sending is paused.")
        return None
    if reason := _reason_to_cancel(session, message, now):
        _cancel(session, message, reason, now)
        return None
    attempt_id = uuid4().hex
    try:
        outgoing = compose(session, message, attempt_id, settings, now)
    except SQLAlchemyError:
        raise
    except Exception as error:  # whatever its rows hold, one message must not stop the queue
        log.exception("an email could not be composed", message_id=message.id, kind=message.kind.value)
        message.move(EmailState.REJECTED, f"It could not be written: {error}")
        nobody_was_asked(session, message, "The email could not be written.", now)
        return None
    session.add(EmailAttempt(id=attempt_id, message_id=message.id, started_at=now))
    message.state = moved(message.state, EmailState.SENDING)
    message.attempt_id = attempt_id
    message.attempts += 1
    message.sending_at = now
    message.lease_expires_at = now + LEASE
    session.flush()
    return Begun(claim, attempt_id, outgoing)


def record_result(session: Session, begun: Begun, result: Accepted | SendError, now: datetime) -> bool:
    """Write down what came of a try.

    An answer that comes after the lease ran out is still the truth about its own try, so it is also taken while the
    message is `unknown`. One that comes after another try began, or after proof, changes the attempt's row only.

    Returns:
        False if the message itself was not changed.
    """
    message = _locked(session, begun.claim.message_id)
    attempt = session.get(EmailAttempt, begun.attempt_id)
    if message is None or attempt is None:
        return False
    attempt.finished_at = now
    attempt.outcome, attempt.detail = _outcome(result), "" if isinstance(result, Accepted) else str(result)[:500]
    if not isinstance(result, NotSentError | CredentialsError | UnknownOutcomeError):
        resume(session)  # whatever it said about the message, the provider works with us again
    if message.attempt_id != begun.attempt_id:
        return False
    if message.state is EmailState.ACCEPTED and isinstance(result, Accepted):
        message.provider_id = message.provider_id or result.provider_id
    mine = message.state is EmailState.SENDING and message.lease_token == begun.claim.lease_token
    if not mine and message.state is not EmailState.UNKNOWN:
        return False
    if isinstance(result, Accepted):
        message.accept(now)
        message.provider_id = result.provider_id
        if result.delivered:
            message.delivery, message.delivery_at = DeliveryState.DELIVERED, now
    else:
        _record_failure(session, message, result, now)
    session.flush()
    return True


def _locked(session: Session, message_id: int) -> EmailMessage | None:
    return session.get(EmailMessage, message_id, with_for_update=True, populate_existing=True)


def _reason_to_cancel(session: Session, message: EmailMessage, now: datetime) -> str | None:
    if message.not_after is not None and now > message.not_after:
        return "It could not go out in time."
    if message.kind in TO_CLIENTS:
        if found := reason_suppressed(session, message.to_email):
            return f"The address is suppressed: {found.value}."
        invitation = session.get(Invitation, message.invitation_id) if message.invitation_id else None
        if invitation is None:
            return "Its survey is gone."
        return reason_not_to_send(session, invitation, reminder=message.kind is EmailKind.REMINDER, now=now)
    user = session.get(User, message.user_id) if message.user_id else None
    if message.kind is not EmailKind.SIGN_IN and user is not None and not (user.active and user.wants_alerts):
        return f"{user.display_name} does not want alerts."
    return None


def _cancel(session: Session, message: EmailMessage, reason: str, now: datetime) -> None:
    message.move(EmailState.CANCELLED, reason)
    if message.attempts == 0:
        nobody_was_asked(session, message, reason, now)
    session.flush()


def _record_failure(session: Session, message: EmailMessage, error: SendError, now: datetime) -> None:
    text = str(error)
    if isinstance(error, RejectedError):
        message.move(EmailState.REJECTED, text)
        nobody_was_asked(session, message, f"The email was refused. {text}", now)
        if error.bad_address:
            suppress(session, message.to_email, SuppressionReason.BOUNCED, f"email {message.id}: {text}", now)
    elif isinstance(error, CredentialsError):
        pause(session, text, now, needs_person=True)
        message.put_back(now, text)
    elif isinstance(error, NotSentError):
        if error.concerns_all:
            pause(session, text, now, retry_after=error.retry_after, needs_person=False)
        if message.attempts % MOST_TRIES == 0:
            message.move(EmailState.PARKED, f"It could not be sent in {message.attempts} tries, and never left: {text}")
        else:
            wait = error.retry_after or backoff(message.attempts, random.random())  # noqa: S311 - spreads load
            message.put_back(now + wait, text)
    elif message.state is not EmailState.UNKNOWN:
        message.move(EmailState.UNKNOWN, text)


def _outcome(result: Accepted | SendError) -> EmailState:
    if isinstance(result, Accepted):
        return EmailState.ACCEPTED
    if isinstance(result, RejectedError):
        return EmailState.REJECTED
    return EmailState.PENDING if isinstance(result, NotSentError | CredentialsError) else EmailState.UNKNOWN
