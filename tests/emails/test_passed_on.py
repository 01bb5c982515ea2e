"""An email of a survey that its reader passed on: the link in it would be somebody else's by now."""

from datetime import timedelta

from sqlalchemy.orm import Session

from emails.models import EmailKind, EmailState
from survey.config import Settings
from survey.firms import get_firm
from survey.invitations import mark_reminded
from survey.models import InvitationState, RepairKind
from survey.repairs import requests as repairs
from survey.repairs.links import Link
from survey.repairs.requests import Said
from tests.conftest import NOW, SECRET_KEY
from tests.emails.factories import begin_all, queue_survey
from tests.factories import make_client, make_contact, make_invitation, make_job, make_resolution


def test_a_reminder_still_queued_for_the_first_reader_does_not_go_out(session: Session, settings: Settings) -> None:
    """Ana's waits while she passes the survey on to Ben; Ben's own email goes, hers is cancelled and says why."""
    get_firm(session)
    client = make_client(session)
    ana, ben = (make_contact(session, client, name=name) for name in ("Ana Xu", "Ben Kay"))
    done = make_resolution(session, make_job(session, ana), completed_at=NOW - timedelta(days=2))
    invitation = make_invitation(session, done, sent_at=NOW - timedelta(days=1), expires_at=NOW + timedelta(days=6))
    reminder = queue_survey(session, invitation, kind=EmailKind.REMINDER, once_key="reminder/ana")
    mark_reminded(session, invitation, NOW)

    said = Said(RepairKind.COLLEAGUE, colleague_id=ben.id)
    repairs.say(session, Link(invitation, ana), said, NOW, secret_key=SECRET_KEY)
    assert invitation.contact is ben
    invitation.state, invitation.sent_at = InvitationState.SENT, NOW
    queue_survey(session, invitation)

    sent = [begun.outgoing.to.email for begun in begin_all(session, settings)]
    assert sent == [ben.email]
    session.refresh(reminder)
    assert reminder.state is EmailState.CANCELLED
    assert "passed on" in reminder.reason
