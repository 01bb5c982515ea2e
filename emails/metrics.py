"""Numbers about sending, for /metrics."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from emails.models import EmailMessage, EmailState
from emails.pauses import current_pause
from emails.queries import count_events
from emails.replies.queries import count_states
from survey.metrics import Gauge


def count_emails(session: Session, now: datetime) -> Iterator[Gauge]:
    """Emails by state, and how long the oldest one that is due has waited."""
    by_state = dict(session.execute(select(EmailMessage.state, func.count()).group_by(EmailMessage.state)).all())
    yield Gauge("emails", "Emails by state", {s.value: by_state.get(s, 0) for s in EmailState}, label="state")
    due = session.scalar(
        select(func.min(EmailMessage.due_at)).where(
            EmailMessage.is_open(EmailState.PENDING), EmailMessage.due_at <= now
        )
    )
    yield Gauge(
        "oldest_due_email_seconds",
        "How long the oldest pending email has been due",
        {"": (now - due).total_seconds() if due else 0.0},
    )
    paused = current_pause(session)
    causes = {"refused": float(bool(paused and paused.needs_person)), "waits": float(bool(paused))}
    yield Gauge("sending_paused", "Whether sending waits; refused: until a person mends the key", causes, label="cause")
    yield Gauge("delivery_events", "Delivery events by what became of them", count_events(session), label="what")
    replies = {state.value: count for state, count in count_states(session).items()}
    yield Gauge("email_replies", "Replies by what became of them", replies, label="state")
