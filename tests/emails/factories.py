"""Messages for tests: queued survey emails, and a sender that does what it is told."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from emails import outbox
from emails.models import EmailKind, EmailMessage
from emails.outbox import Begun
from emails.senders.base import Accepted, OutgoingEmail, SendError
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
    (claim,) = outbox.claim_batch(session, now)
    session.commit()
    begun = outbox.begin_sending(session, claim, settings, now)
    session.commit()
    assert begun is not None
    return begun


class ScriptedSender:
    """Answers from a list, then accepts; keeps what it was given. `meanwhile` runs while a message is under way."""

    def __init__(self, *answers: SendError, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.answers = list(answers)
        self.sent: list[OutgoingEmail] = []
        self.meanwhile = meanwhile

    def send(self, outgoing: OutgoingEmail) -> Accepted:
        self.sent.append(outgoing)
        self.meanwhile()
        if self.answers:
            raise self.answers.pop(0)
        return Accepted(provider_id=f"id-{len(self.sent)}")
