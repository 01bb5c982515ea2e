"""What the schedule asks of sending: the switch that pauses everything, several reminders, and only after arrival."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from emails import outbox, tasks
from emails.delivery import DeliveryState, EmailState
from emails.models import EmailKind, EmailMessage
from survey.asking import pausing
from survey.firms import get_firm
from survey.models import Invitation, InvitationState
from tests.conftest import NOW
from tests.emails.factories import queue_survey
from tests.factories import make_contact, make_invitation, make_job, make_resolution


def waiting(session: Session) -> Invitation:
    """An invitation that is due, for a contact whose day it is."""
    resolution = make_resolution(session, make_job(session, make_contact(session, timezone="UTC")))
    return make_invitation(session, resolution, state=InvitationState.SCHEDULED, sent_at=None, due_at=NOW)


def test_the_switch_stops_what_clients_get_and_nothing_else(session: Session) -> None:
    """Neither a due survey nor one in the outbox moves while paused; a sign-in link does; afterwards all do."""
    waiting(session)
    queued = queue_survey(session)
    outbox.enqueue(
        session, kind=EmailKind.SIGN_IN, once_key="sign-in/1", to_email="m@firm.example", due_at=NOW, now=NOW
    )
    pausing.pause(session, "The phones are down", None, NOW)
    session.commit()
    assert tasks.invite(NOW) == 0
    first = outbox.claim_batch(session, NOW, 10)
    assert first is not None
    assert queued.id not in first.message_ids
    assert len(first.message_ids) == 1
    assert outbox.claim_batch(session, NOW, 10) is None
    pausing.resume(session, None, NOW)
    session.commit()
    assert tasks.invite(NOW) == 1
    after = outbox.claim_batch(session, NOW, 10)
    assert after is not None
    assert queued.id in after.message_ids


def test_each_of_several_reminders_goes_out_once(session: Session) -> None:
    """The second has a key of its own, so that neither is taken for the other."""
    firm = get_firm(session)
    firm.reminder_count, firm.reminder_after_days, firm.reminder_every_days = 2, 2, 2
    invitation = make_invitation(session, sent_at=NOW - timedelta(days=2), reminder_due_at=NOW)
    invitation.expires_at = NOW + timedelta(days=5)
    session.commit()
    assert tasks.remind(NOW) == 1
    assert tasks.remind(NOW) == 0
    assert tasks.remind(NOW + timedelta(days=2)) == 1
    assert tasks.remind(NOW + timedelta(days=4)) == 0
    session.rollback()
    key = f"reminder/{invitation.resolution_id}/{invitation.contact_id}"
    keys = session.scalars(select(EmailMessage.once_key).order_by(EmailMessage.id)).all()
    assert keys == [key, f"{key}/2"]


def test_where_receipts_come_a_reminder_follows_only_what_arrived(session: Session) -> None:
    """Accepted is not delivered: the reminder waits a day, and goes out once the delivery is known."""
    invitation = make_invitation(session, sent_at=NOW - timedelta(days=4), reminder_due_at=NOW)
    invitation.expires_at = NOW + timedelta(days=3)
    message = queue_survey(session, invitation)
    message.state = EmailState.ACCEPTED
    session.commit()
    assert tasks.remind(NOW, receipts_come=True) == 0
    message.delivery, message.delivery_at = DeliveryState.DELIVERED, NOW
    session.commit()
    assert tasks.remind(NOW + timedelta(days=1), receipts_come=True) == 1
    session.rollback()
    assert session.get_one(Invitation, invitation.id).delivered_at == NOW
