"""Whether an unclear try was taken after all, asked of the provider's own log where the account has one.

Absence is believed only when three things agree: half an hour has passed, the log shows nothing, and events of emails
that left later have arrived, so the log is not merely behind.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from emails.backfill import Fetched
from emails.delivery import EmailState
from emails.models import DeliveryEvent, EmailMessage
from emails.receipts import store_events

SETTLED_AFTER = timedelta(minutes=30)
ASKED_EVERY = timedelta(hours=1)
AROUND = timedelta(minutes=5)  # the provider's clock and ours


@dataclass(frozen=True)
class Question:
    """Unclear tries that left at one moment. Ask the log for mail to these addresses from `since` until `until`."""

    attempts: dict[int, str]
    addresses: frozenset[str]
    since: datetime
    until: datetime


def next_question(session: Session, now: datetime, limit: int = 1_000) -> Question | None:
    """The oldest unclear batch that was not asked about lately; that it is asked now is written down."""
    unclear = (
        EmailMessage.is_open(EmailState.UNKNOWN),
        EmailMessage.sending_at <= now - SETTLED_AFTER,
        EmailMessage.proof_asked_at.is_(None) | (EmailMessage.proof_asked_at <= now - ASKED_EVERY),
    )
    oldest = session.scalar(select(EmailMessage.sending_at).where(*unclear).order_by(EmailMessage.sending_at).limit(1))
    if oldest is None:
        return None
    query = select(EmailMessage).where(*unclear, EmailMessage.sending_at == oldest).order_by(EmailMessage.id)
    messages = session.scalars(query.limit(limit).with_for_update(skip_locked=True)).all()
    for message in messages:
        message.proof_asked_at = now
    session.flush()
    attempts = {message.id: message.attempt_id for message in messages if message.attempt_id}
    addresses = frozenset(message.to_email.strip().lower() for message in messages)
    return Question(attempts, addresses, oldest - AROUND, oldest + SETTLED_AFTER)


def settle(session: Session, question: Question, found: Fetched, now: datetime) -> int:
    """Keep the events that prove acceptance; what is proven absent goes back into the queue. Returns how many did."""
    taken = {event.get("attempt_id") for event in found.events}
    store_events(session, [event for event in found.events if event.get("attempt_id")], now)
    if found.asked > len(taken - {None}) or not _later_events_came(session, question):
        return 0  # the log has mail of which it does not say whose try it was, or it may be behind
    absent = [number for number, attempt_id in question.attempts.items() if attempt_id not in taken]
    query = select(EmailMessage).where(EmailMessage.id.in_(absent)).order_by(EmailMessage.id).with_for_update()
    moved = 0
    for message in session.scalars(query.execution_options(populate_existing=True)):
        if message.state is EmailState.UNKNOWN and message.attempt_id == question.attempts[message.id]:
            message.put_back(now, "The provider's log shows that it never had it.")
            moved += 1
    session.flush()
    return moved


def _later_events_came(session: Session, question: Question) -> bool:
    later = aliased(EmailMessage)
    query = select(DeliveryEvent.id).join(later, later.id == DeliveryEvent.message_id)
    return session.scalar(query.where(later.sending_at > question.until - SETTLED_AFTER).limit(1)) is not None
