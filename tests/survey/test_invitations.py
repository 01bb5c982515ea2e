"""Deciding, sending, holding, taking back: the life of an invitation."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from survey import invitations, queries
from survey.asking.eligibility import RULES
from survey.config import Settings
from survey.errors import ConflictError
from survey.firms import get_firm
from survey.models import Contact, Invitation, InvitationState, MailBlock, Resolution, ResponseOrigin
from survey.tasks import tasks
from survey.users import User
from tests.conftest import NOW, SECRET_KEY
from tests.factories import make_client, make_contact, make_invitation, make_job, make_resolution, make_response

CLOSED = NOW - timedelta(hours=24)  # due at NOW: 13:00 in Berlin


def state_of(invitation: Invitation) -> InvitationState:
    """Its state now: a call, because the type checker remembers what was asserted before."""
    return invitation.state


def decided(session: Session, resolution: Resolution | None = None, at: datetime = NOW) -> Invitation:
    """The invitation of a resolution, decided by the scheduler."""
    resolution = resolution or make_resolution(session, completed_at=CLOSED)
    invitations.schedule_batch(session, SECRET_KEY, at)
    found = resolution.invitation
    assert found is not None
    return found


def closing(session: Session, contact: Contact, completed_at: datetime = CLOSED) -> Resolution:
    """A new job of this contact, closed."""
    return make_resolution(session, make_job(session, contact), completed_at=completed_at)


def make_user(session: Session) -> User:
    """A manager."""
    user = User(email="m@firm.example", fs_uniquifier="m", created_at=NOW)
    session.add(user)
    session.flush()
    return user


def test_every_resolution_is_decided_once(session: Session) -> None:
    """Scheduled, with every verdict kept; a second pass finds nothing."""
    invitation = decided(session)
    assert state_of(invitation) is InvitationState.SCHEDULED
    assert invitation.due_at == NOW
    assert invitation.expires_at == CLOSED + timedelta(days=8)
    assert [item["rule"] for item in invitation.verdicts] == [rule.name for rule in RULES]
    assert invitations.schedule_batch(session, SECRET_KEY, NOW) == 0


def test_the_link_opens_its_invitation_and_no_other(session: Session, settings: Settings) -> None:
    """The token in the link is derived, not stored; a wrong one finds nothing."""
    invitation = decided(session)
    url = invitations.survey_url(settings, invitation)
    assert url.startswith("http://127.0.0.1:8000/s/")
    token = url.rsplit("/", 1)[1]
    assert invitations.find_by_token(session, token) is invitation
    assert invitations.find_by_token(session, token[:-1]) is None
    assert token not in (invitation.seed, invitation.token_hash)


def test_a_link_written_after_a_change_of_secret_key_opens_the_survey(session: Session, settings: Settings) -> None:
    """A reminder composed with a new SECRET_KEY carries a link that works."""
    invitation = decided(session)
    rotated = settings.model_copy(update={"secret_key": "another-key-0123456789"})
    url = invitations.survey_url(rotated, invitation)
    session.flush()
    assert invitations.find_by_token(session, url.rsplit("/", 1)[1]) is invitation


def test_history_is_decided_in_bulk_and_skipped(session: Session) -> None:
    """Old closings are skipped as too old, with a number of queries that does not grow with their number."""
    contact = make_contact(session)
    for days in range(60, 100):
        closing(session, contact, NOW - timedelta(days=days))
    session.commit()
    session.expire_all()
    statements: list[str] = []
    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    assert invitations.schedule_batch(session, SECRET_KEY, NOW) == 40
    assert len(statements) < 12
    found = session.scalars(select(Invitation)).all()
    assert {invitation.state for invitation in found} == {InvitationState.SKIPPED}
    assert "too long ago to ask" in found[0].reason


def test_release_opens_the_survey(session: Session) -> None:
    """Sent now, open for seven days, one reminder after four days in the contact's hours."""
    invitation = decided(session)
    assert invitations.due_invitations(session, NOW - timedelta(minutes=1)) == []
    assert invitations.due_invitations(session, NOW) == [invitation]
    assert invitations.release(session, invitation, NOW) is True
    assert state_of(invitation) is InvitationState.SENT
    assert invitation.sent_at == NOW
    assert invitation.expires_at == NOW + timedelta(days=7)
    assert invitation.reminder_due_at == NOW + timedelta(days=4)
    assert invitations.release(session, invitation, NOW) is False
    assert invitations.due_invitations(session, NOW) == []


def test_release_waits_for_the_contacts_morning(session: Session) -> None:
    """The worker was down all day: what was due at noon and is looked at in the night goes out in the morning."""
    invitation = decided(session)
    night = NOW + timedelta(hours=10)
    assert invitations.release(session, invitation, night) is False
    assert state_of(invitation) is InvitationState.SCHEDULED
    assert invitation.due_at == datetime.fromisoformat("2026-03-11T08:00+00:00")


def test_the_contacts_zone_counts_then_the_firms(session: Session) -> None:
    """A contact without a usable zone is written to in the firm's hours."""
    get_firm(session).timezone = "America/Los_Angeles"
    tokyo = decided(session, closing(session, make_contact(session, timezone="Asia/Tokyo")))
    firm = decided(session, closing(session, make_contact(session, timezone="")))
    wrong = decided(session, closing(session, make_contact(session, timezone="Mars/Olympus")))
    assert tokyo.due_at == datetime.fromisoformat("2026-03-11T00:00+00:00")
    assert firm.due_at == wrong.due_at == datetime.fromisoformat("2026-03-10T16:00+00:00")


def test_two_jobs_that_finish_at_once_ask_once(session: Session) -> None:
    """The second of one contact is skipped at release, though both were scheduled; it says why."""
    contact = make_contact(session, name="Ana Xu")
    one, two = closing(session, contact), closing(session, contact)
    first, second = decided(session, one), decided(session, two)
    assert state_of(second) is InvitationState.SCHEDULED
    assert invitations.release(session, first, NOW) is True
    assert invitations.release(session, second, NOW) is False
    assert state_of(second) is InvitationState.SKIPPED
    assert second.reason == "Ana Xu was last asked on 10 March, today; we rest 30 days."


def test_rest_is_by_address_over_all_clients(session: Session) -> None:
    """A consultant with the same address at two clients is one person."""
    at_one = make_contact(session, email="ana@consult.example")
    at_two = make_contact(session, email="ana@consult.example")
    make_invitation(session, closing(session, at_one), sent_at=NOW - timedelta(days=5))
    assert state_of(decided(session, closing(session, at_two))) is InvitationState.SKIPPED


def test_an_answer_brought_in_from_another_tool_counts_as_asked(session: Session) -> None:
    """Whoever answered the old tool last week is not asked by us today; one of last year is."""
    contact = make_contact(session)
    old = closing(session, contact, NOW - timedelta(days=60))
    response = make_response(session, old, submitted_at=NOW - timedelta(days=7), csat=4)
    response.origin = ResponseOrigin.IMPORT
    session.flush()
    assert decided(session, closing(session, contact)).state is InvitationState.SKIPPED


def test_the_clients_budget_is_over_all_contacts(session: Session) -> None:
    """Four surveys in thirty days, whoever they went to."""
    client = make_client(session)
    for _ in range(4):
        contact = make_contact(session, client)
        make_invitation(session, closing(session, contact), sent_at=NOW - timedelta(days=10))
    fifth = decided(session, closing(session, make_contact(session, client)))
    assert state_of(fifth) is InvitationState.SKIPPED
    assert "the most we send is 4" in fifth.reason


def test_a_hurting_client_is_held_and_resumed_when_the_flag_closes(session: Session, settings: Settings) -> None:
    """Held with the reason; back in the queue when analysis lifts the hold; sent."""
    resolution = make_resolution(session, completed_at=CLOSED)
    client = resolution.job.client
    client.surveys_held_at, client.surveys_held_reason = NOW - timedelta(days=1), "Two bad answers"
    invitation = decided(session, resolution)
    assert state_of(invitation) is InvitationState.HELD
    assert "Two bad answers" in invitation.reason
    assert invitations.resume_held(session, NOW) == 0
    with pytest.raises(ConflictError):
        invitations.resume(session, invitation, make_user(session).id, NOW)
    client.surveys_held_at = None
    session.flush()
    assert invitations.resume_held(session, NOW + timedelta(hours=1)) == 1
    assert state_of(invitation) is InvitationState.SCHEDULED
    assert invitations.release(session, invitation, NOW + timedelta(hours=1)) is True


def test_a_client_that_starts_hurting_after_scheduling_is_held_at_release(session: Session) -> None:
    """The rules are asked again at the last moment."""
    invitation = decided(session)
    invitation.client.surveys_held_at = NOW
    session.flush()
    assert invitations.release(session, invitation, NOW) is False
    assert state_of(invitation) is InvitationState.HELD


def test_a_manager_holds_and_resumes(session: Session) -> None:
    """A manager's hold is not lifted by the machine; resuming never goes back in time."""
    invitation = decided(session)
    user = make_user(session)
    invitations.hold(session, invitation, user.id, NOW)
    assert state_of(invitation) is InvitationState.HELD
    assert invitations.resume_held(session, NOW) == 0
    invitations.resume(session, invitation, user.id, NOW + timedelta(hours=2))
    assert (invitation.state, invitation.due_at) == (InvitationState.SCHEDULED, NOW + timedelta(hours=2))
    with pytest.raises(ConflictError):
        invitations.resume(session, invitation, None, NOW)


def test_send_now_overrides_patience(session: Session) -> None:
    """In the night, within the rest, with a flag: sent; but not to a contact who unsubscribed meanwhile."""
    contact = make_contact(session)
    make_invitation(session, closing(session, contact), sent_at=NOW - timedelta(days=3))
    resolution = closing(session, contact, NOW - timedelta(hours=1))
    resolution.job.client.surveys_held_at = NOW
    invitation = decided(session, resolution)
    assert state_of(invitation) is InvitationState.SKIPPED
    night = NOW + timedelta(hours=12)
    user = make_user(session)
    invitations.send_now(session, invitation, user.id, night)
    assert invitations.due_invitations(session, night) == [invitation]
    contact.mail_block = MailBlock.UNSUBSCRIBED
    session.flush()
    assert invitations.release(session, invitation, night) is False
    contact.mail_block = None
    session.flush()
    invitations.send_now(session, invitation, user.id, night)
    assert invitations.release(session, invitation, night) is True
    assert invitations.reason_not_to_send(session, invitation, reminder=False, now=night) is None
    with pytest.raises(ConflictError):
        invitations.send_now(session, invitation, user.id, night)


def test_send_now_is_refused_where_nobody_may_override(session: Session) -> None:
    """An unsubscribed contact stays unasked, and the refusal says why."""
    contact = make_contact(session, mail_block=MailBlock.UNSUBSCRIBED)
    invitation = decided(session, closing(session, contact))
    with pytest.raises(ConflictError, match="unsubscribed from our surveys"):
        invitations.send_now(session, invitation, make_user(session).id, NOW)


def test_cancelled_is_over_and_an_open_survey_can_be_closed(session: Session) -> None:
    """A manager cancels before or after sending, never after an answer."""
    invitation = decided(session)
    invitations.release(session, invitation, NOW)
    invitations.cancel(session, invitation, None, NOW, reason="They asked us by phone.")
    assert (invitation.state, invitation.reason) == (InvitationState.CANCELLED, "They asked us by phone.")
    assert invitations.reason_not_to_send(session, invitation, reminder=False, now=NOW) == "They asked us by phone."
    with pytest.raises(ConflictError):
        invitations.cancel(session, invitation, None, NOW)
    answered = make_invitation(session, state=InvitationState.ANSWERED)
    with pytest.raises(ConflictError):
        invitations.cancel(session, answered, None, NOW)


def released(session: Session) -> Invitation:
    """An invitation that was sent at NOW."""
    invitation = decided(session)
    assert invitations.release(session, invitation, NOW)
    return invitation


def test_the_last_question_before_sending(session: Session) -> None:
    """Nothing changed: send. Blocked, left, reopened, answered, expired: a reason, for a reminder as well."""
    invitation = released(session)
    contact, later = invitation.contact, NOW + timedelta(days=4)
    assert invitations.reason_not_to_send(session, invitation, reminder=False, now=NOW) is None
    assert invitations.reason_not_to_send(session, invitation, reminder=True, now=later) is None
    contact.mail_block = MailBlock.BOUNCED
    session.flush()
    assert "came back" in (invitations.reason_not_to_send(session, invitation, reminder=True, now=later) or "")
    contact.mail_block, contact.left_at = None, NOW
    session.flush()
    assert "left" in (invitations.reason_not_to_send(session, invitation, reminder=False, now=later) or "")
    contact.left_at = None
    make_response(session, invitation.resolution, csat=5)
    assert "answered" in (invitations.reason_not_to_send(session, invitation, reminder=True, now=later) or "")
    closed = NOW + timedelta(days=7)
    assert invitations.reason_not_to_send(session, invitation, reminder=False, now=closed) == "The survey has closed."


def test_of_two_surveys_out_to_one_address_the_first_goes(session: Session) -> None:
    """If two did get out at once, exactly one is stopped, and never the reminder of the other."""
    contact = make_contact(session)
    first = make_invitation(session, closing(session, contact), sent_at=NOW, expires_at=NOW + timedelta(days=7))
    second = make_invitation(session, closing(session, contact), sent_at=NOW, expires_at=NOW + timedelta(days=7))
    assert invitations.reason_not_to_send(session, first, reminder=False, now=NOW) is None
    assert invitations.reason_not_to_send(session, second, reminder=False, now=NOW) == (
        "Another survey went to the same address on 10 March."
    )
    assert invitations.reason_not_to_send(session, second, reminder=True, now=NOW) is None


def test_an_email_that_was_stopped_asked_nobody(session: Session) -> None:
    """Cancelled in the outbox: not sent, no silence, and the contact may be asked about the next job."""
    invitation = released(session)
    invitations.mark_unsent(session, invitation, "The address was suppressed.", NOW)
    assert (invitation.state, invitation.sent_at) == (InvitationState.SKIPPED, None)
    assert decided(session, closing(session, invitation.contact)).state is InvitationState.SCHEDULED


def test_one_reminder_in_the_contacts_hours(session: Session) -> None:
    """Due after four days, once; a worker that was down moves it into the next morning."""
    invitation = released(session)
    due = NOW + timedelta(days=4)
    assert invitations.due_reminders(session, due - timedelta(seconds=1)) == []
    assert invitations.due_reminders(session, due + timedelta(hours=12)) == []
    morning = datetime.fromisoformat("2026-03-15T08:00+00:00")
    assert invitation.reminder_due_at == morning
    assert invitations.due_reminders(session, morning) == [invitation]
    invitations.mark_reminded(session, invitation, morning)
    assert invitations.due_reminders(session, morning + timedelta(hours=1)) == []


def test_no_reminder_when_the_firm_wants_none_or_the_survey_closes_first(session: Session) -> None:
    """Reminders can be switched off, and never come after the end."""
    firm = get_firm(session)
    firm.reminder_after_days = None
    assert released(session).reminder_due_at is None
    firm.reminder_after_days = 9
    assert released(session).reminder_due_at is None


def test_nobody_answered_and_too_late_to_ask(session: Session) -> None:
    """An open survey expires and is evidence; one that was held too long is skipped."""
    invitation = released(session)
    evidence = invitation.client.evidence_version
    held = decided(session)
    invitations.hold(session, held, None, NOW)
    assert invitations.expire_batch(session, NOW + timedelta(days=6)) == 0
    assert invitations.expire_batch(session, NOW + timedelta(days=8)) == 2
    session.flush()
    session.expire_all()
    assert state_of(invitation) is InvitationState.EXPIRED
    assert invitation.client.evidence_version == evidence + 1
    assert state_of(held) is InvitationState.SKIPPED
    assert "until it was too late to ask" in held.reason


def test_explaining_shows_what_was_decided_or_would_be(session: Session) -> None:
    """Before the decision and while waiting the rules are asked now; afterwards the verdicts of then are shown."""
    resolution = make_resolution(session, completed_at=CLOSED)
    assert all(verdict.passed for verdict in invitations.explain(session, resolution, NOW))
    invitation = decided(session, resolution)
    resolution.job.contact.mail_block = MailBlock.BOUNCED
    session.flush()
    failed = [verdict.rule for verdict in invitations.explain(session, resolution, NOW) if not verdict.passed]
    assert failed == ["not bounced"]
    invitations.release(session, invitation, NOW)
    resolution.job.contact.mail_block = None
    session.flush()
    failed = [verdict.rule for verdict in invitations.explain(session, resolution, NOW) if not verdict.passed]
    assert failed == ["not bounced"]


def test_the_tasks_run_in_story_order(session: Session, settings: Settings) -> None:
    """Four tasks, each idempotent, in transactions of their own."""
    make_resolution(session, completed_at=CLOSED)
    session.commit()
    found = tasks(settings)
    assert [task.name for task in found] == [
        "schedule invitations",
        "resume held invitations",
        "expire invitations",
        "judge visits",
    ]
    assert [task.run(NOW) for task in found] == [1, 0, 0, 0]
    assert [task.run(NOW + timedelta(days=30)) for task in found] == [0, 0, 1, 0]
    assert queries.count_invitations(session) == {InvitationState.SKIPPED: 1}
