"""What came of a batch, written down. What the provider took is one statement; what failed is looked at one by one.

An answer that comes after the lease ran out is still the truth about its own try, so it is also taken while the message
is `unknown`. One that comes after another try began, or after proof, changes the attempt's row only.
"""

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import Table, select, update
from sqlalchemy.orm import Session

from emails.delivery import DeliveryState, EmailState, moved
from emails.models import FORGETFUL, EmailAttempt, EmailMessage, SuppressionReason
from emails.pauses import pause, resume
from emails.receipts import nobody_was_asked
from emails.retry import backoff
from emails.senders.base import (
    Accepted,
    CredentialsError,
    NotSentError,
    Outcome,
    RejectedError,
    SendError,
    UnknownOutcomeError,
)
from emails.sending import Begun
from emails.suppressions import suppress
from survey.db import ids_in, words_in

_MESSAGES = cast("Table", EmailMessage.__table__)
_ATTEMPTS = cast("Table", EmailAttempt.__table__)
MOST_TRIES = 60  # about three days, with the waits of `emails.retry.backoff`


def record_batch(session: Session, begun: Sequence[Begun], outcomes: Sequence[Outcome], now: datetime) -> None:
    """Write down what came of each try of a batch, and whether all sending must wait or goes on."""
    taken: dict[tuple[str, bool], list[Begun]] = defaultdict(list)
    others: list[tuple[Begun, Outcome]] = []
    for one, outcome in zip(begun, outcomes, strict=True):
        if isinstance(outcome, Accepted) and one.kind not in FORGETFUL:
            taken[outcome.provider_id, outcome.delivered].append(one)
        else:
            others.append((one, outcome))
    for (provider_id, delivered), some in taken.items():
        late = _accept(session, some, provider_id, now, delivered=delivered)
        others += [(one, Accepted(provider_id, delivered)) for one in late]
    _record_each(session, others, now)
    if taken or any(isinstance(outcome, Accepted | RejectedError) for _one, outcome in others):
        resume(session)  # whatever it said about the message, the provider works with us again
    if (stop := _what_pauses(outcomes)) is not None:
        retry_after = stop.retry_after if isinstance(stop, NotSentError) else None
        pause(session, str(stop), now, retry_after=retry_after, needs_person=isinstance(stop, CredentialsError))


def _accept(
    session: Session, begun: Sequence[Begun], provider_id: str, now: datetime, *, delivered: bool
) -> list[Begun]:
    """Accept what is still this worker's. Returns those to look at one by one: none, or all if one is not."""
    dialect = session.get_bind().dialect.name
    connection = session.connection()
    connection.execute(
        update(_ATTEMPTS)
        .where(words_in(dialect, _ATTEMPTS.c.id, [one.attempt_id for one in begun]))
        .values(outcome=EmailState.ACCEPTED, finished_at=now)
    )
    values = {
        "state": moved(EmailState.SENDING, EmailState.ACCEPTED),
        "reason": "",
        "lease_token": None,
        "lease_expires_at": None,
        "accepted_at": now,
        "provider_id": provider_id,
    }
    if delivered:
        values |= {"delivery": DeliveryState.DELIVERED, "delivery_at": now}
    statement = (
        update(_MESSAGES)
        .where(
            ids_in(dialect, _MESSAGES.c.id, [one.message_id for one in begun]),
            _MESSAGES.c.state == EmailState.SENDING,
            _MESSAGES.c.lease_token == begun[0].lease_token,
        )
        .values(values)
    )
    return [] if connection.execute(statement).rowcount == len(begun) else list(begun)


def _record_each(session: Session, results: Sequence[tuple[Begun, Outcome]], now: datetime) -> None:
    if not results:
        return
    ids = sorted(one.message_id for one, _outcome in results)
    query = select(EmailMessage).where(EmailMessage.id.in_(ids)).order_by(EmailMessage.id).with_for_update()
    messages = {row.id: row for row in session.scalars(query.execution_options(populate_existing=True))}
    tries = select(EmailAttempt).where(EmailAttempt.id.in_([one.attempt_id for one, _outcome in results]))
    attempts = {row.id: row for row in session.scalars(tries.execution_options(populate_existing=True))}
    for one, outcome in results:
        attempt, message = attempts.get(one.attempt_id), messages.get(one.message_id)
        if message is None or attempt is None:
            continue  # deleted with its contact
        if not (attempt.outcome is EmailState.ACCEPTED and not isinstance(outcome, Accepted)):  # proven meanwhile
            attempt.finished_at = now
            attempt.outcome = _as_state(outcome)
            attempt.detail = "" if isinstance(outcome, Accepted) else str(outcome)[:500]
        _settle(session, message, one, outcome, now)
    session.flush()


def _settle(session: Session, message: EmailMessage, begun: Begun, outcome: Outcome, now: datetime) -> None:
    if message.attempt_id != begun.attempt_id:
        return
    if message.state is EmailState.ACCEPTED and isinstance(outcome, Accepted):
        message.provider_id = message.provider_id or outcome.provider_id
    mine = message.state is EmailState.SENDING and message.lease_token == begun.lease_token
    if not mine and message.state is not EmailState.UNKNOWN:
        return
    if isinstance(outcome, Accepted):
        message.accept(now)
        message.provider_id = outcome.provider_id
        if outcome.delivered:
            message.delivery, message.delivery_at = DeliveryState.DELIVERED, now
    else:
        _fail(session, message, outcome, now)


def _fail(session: Session, message: EmailMessage, error: SendError, now: datetime) -> None:
    text = str(error)
    if isinstance(error, RejectedError):
        message.move(EmailState.REJECTED, text)
        nobody_was_asked(session, message, f"The email was refused. {text}", now)
        if error.bad_address:
            suppress(session, message.to_email, SuppressionReason.BOUNCED, f"email {message.id}: {text}", now)
    elif isinstance(error, CredentialsError):
        message.put_back(now, text)
    elif isinstance(error, NotSentError):
        if message.attempts % MOST_TRIES == 0:
            message.move(EmailState.PARKED, f"It could not be sent in {message.attempts} tries, and never left: {text}")
        else:
            wait = error.retry_after or backoff(message.attempts, random.random())  # noqa: S311 - spreads load
            message.put_back(now + wait, text)
    elif message.state is not EmailState.UNKNOWN:
        message.move(EmailState.UNKNOWN, text)


def _what_pauses(outcomes: Sequence[Outcome]) -> SendError | None:
    """The failure that would meet, or make unclear, every other message too; one that needs a person first of all."""
    found = [outcome for outcome in outcomes if isinstance(outcome, SendError)]
    for error in found:
        if isinstance(error, CredentialsError):
            return error
    for error in found:
        if isinstance(error, UnknownOutcomeError) or (isinstance(error, NotSentError) and error.concerns_all):
            return error
    return None


def _as_state(outcome: Outcome) -> EmailState:
    if isinstance(outcome, Accepted):
        return EmailState.ACCEPTED
    if isinstance(outcome, RejectedError):
        return EmailState.REJECTED
    return EmailState.PENDING if isinstance(outcome, NotSentError | CredentialsError) else EmailState.UNKNOWN
