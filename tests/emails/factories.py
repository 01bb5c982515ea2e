"""Messages for tests: queued survey emails, and a sender that does what it is told."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from emails import outbox
from emails.models import EmailKind, EmailMessage
from emails.outbox import claim_batch
from emails.results import record_batch
from emails.senders.base import Accepted, Outcome, OutgoingEmail, SendError
from emails.sending import Begun, begin_batch
from survey.config import Settings
from survey.models import Invitation
from tests.conftest import NOW
from tests.factories import make_invitation


def queue_survey(session: Session, invitation: Invitation | None = None, **values: Any) -> EmailMessage:
    """A survey email that is due now, for an invitation that is out."""
    invitation = invitation or make_invitation(session)
    outbox.enqueue(
        session,
        **{
            "kind": EmailKind.SURVEY,
            "once_key": f"survey/{invitation.resolution_id}/{invitation.contact_id}",
            "to_email": invitation.contact.email,
            "to_name": invitation.contact.name,
            "due_at": NOW,
            "now": NOW,
            "not_after": invitation.expires_at,
            "invitation_id": invitation.id,
            "contact_id": invitation.contact_id,
            **values,
        },
    )
    message = session.scalars(select(EmailMessage).order_by(EmailMessage.id.desc())).first()
    assert message is not None
    session.commit()
    return message


def begin(session: Session, settings: Settings, now: datetime = NOW) -> Begun:
    """Claim the one message that is due and commit it as being sent."""
    (begun,) = begin_all(session, settings, now)
    return begun


def begin_all(session: Session, settings: Settings, now: datetime = NOW, limit: int = 1_000) -> list[Begun]:
    """Claim what is due and commit it as being sent."""
    claim = claim_batch(session, now, limit)
    session.commit()
    assert claim is not None
    begun = begin_batch(session, claim, settings, now)
    session.commit()
    session.expire_all()
    return begun


def record(session: Session, begun: Begun, outcome: Outcome, now: datetime = NOW) -> None:
    """Write down what came of one try."""
    record_batch(session, [begun], [outcome], now)
    session.expire_all()


class ScriptedSender:
    """Answers from a list, one for each message, then accepts; keeps what it was given.

    `meanwhile` runs while a batch is under way.
    """

    most = 1_000

    def __init__(self, *answers: SendError, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.answers = list(answers)
        self.sent: list[OutgoingEmail] = []
        self.meanwhile = meanwhile

    def send(self, batch: Sequence[OutgoingEmail]) -> list[Outcome]:
        self.meanwhile()
        return [self._answer(email) for email in batch]

    def _answer(self, email: OutgoingEmail) -> Outcome:
        self.sent.append(email)
        return self.answers.pop(0) if self.answers else Accepted(provider_id=f"id-{len(self.sent)}")
