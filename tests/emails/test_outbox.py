"""The outbox: claim, begin, send, record; policy at the last moment; and every crash point of DESIGN.md."""

from datetime import timedelta
from typing import cast

import pytest
from sqlalchemy import Table, UniqueConstraint, func, select, text
from sqlalchemy.orm import Session

from emails import outbox, pauses, recovery, results
from emails.delivery import TRANSITIONS
from emails.models import (
    DeliveryState,
    EmailAttempt,
    EmailKind,
    EmailMessage,
    EmailState,
    Suppression,
    SuppressionReason,
)
from emails.senders.base import Accepted, CredentialsError, NotSentError, RejectedError, UnknownOutcomeError
from emails.sending import begin_batch
from emails.suppressions import suppress
from survey.config import Settings
from survey.errors import ConflictError
from survey.models import InvitationState, MailBlock
from tests.conftest import NOW
from tests.emails.factories import begin, begin_all, queue_survey, record
from tests.factories import make_contact, make_invitation, make_response

LATER = NOW + timedelta(minutes=6)  # past any lease


def claimed(session: Session, limit: int = 10) -> outbox.Claim:
    claim = outbox.claim_batch(session, NOW, limit)
    session.expire_all()
    assert claim is not None
    return claim


def state_of(message: EmailMessage) -> EmailState:
    return message.state


def test_a_message_is_put_in_once(session: Session) -> None:
    """The second enqueue with the same key changes nothing."""
    message = queue_survey(session)
    again = outbox.enqueue(
        session, kind=EmailKind.SURVEY, once_key=message.once_key, to_email="x@y.example", due_at=NOW, now=NOW
    )
    assert again is False
    assert session.scalar(select(func.count()).select_from(EmailMessage)) == 1


def test_a_step_on_the_way_touches_no_index(session: Session) -> None:
    """What claiming and sending change stands in no index, so PostgreSQL writes it beside the row."""
    table = cast("Table", EmailMessage.__table__)
    changed = {"state", "lease_token", "lease_expires_at", "attempt_id", "attempts", "sending_at", "reason"}
    known = {column.name for index in table.indexes for column in index.columns}
    known |= {
        column.name for rule in table.constraints if isinstance(rule, UniqueConstraint) for column in rule.columns
    }
    assert known & changed == set()
    assert {str(index.dialect_options["postgresql"]["where"]) for index in table.indexes} == {"None", "NOT settled"}


def test_settled_follows_from_the_state(session: Session) -> None:
    """The states after which nothing waits, and no others; what is open is found by its index."""
    message, final = queue_survey(session), {state for state, targets in TRANSITIONS.items() if not targets}
    for state in EmailState:
        message.state = state
        session.commit()
        session.expire_all()
        assert message.settled == (state in final | {EmailState.CANCELLED})
    if session.get_bind().dialect.name == "sqlite":
        waiting = select(EmailMessage.id).where(EmailMessage.is_open(EmailState.PENDING), EmailMessage.due_at <= NOW)
        statement = waiting.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        plan = session.execute(text(f"EXPLAIN QUERY PLAN {statement}")).all()
        assert "ix_email_messages_open" in str(plan)


def test_the_way_of_a_message_that_is_accepted(session: Session, settings: Settings) -> None:
    """pending → claimed → sending with its attempt written down → accepted with the provider's id."""
    message = queue_survey(session)
    claim = claimed(session)
    assert state_of(message) is EmailState.CLAIMED
    assert outbox.claim_batch(session, NOW, 10) is None
    (begun,) = begin_batch(session, claim, settings, NOW)
    session.expire_all()
    assert state_of(message) is EmailState.SENDING
    attempt = session.get_one(EmailAttempt, begun.attempt_id)
    assert (attempt.message_id, attempt.outcome) == (message.id, None)
    record(session, begun, Accepted("id-1"), NOW)
    assert (message.state, message.provider_id, message.lease_token) == (EmailState.ACCEPTED, "id-1", None)
    assert attempt.outcome is EmailState.ACCEPTED


def test_what_is_not_due_is_left(session: Session) -> None:
    """A message waits for its moment."""
    queue_survey(session, due_at=NOW + timedelta(seconds=1))
    assert outbox.claim_batch(session, NOW, 10) is None


def test_urgent_mail_overtakes(session: Session) -> None:
    """Somebody waits for a sign-in link; a survey can wait for it."""
    queue_survey(session, due_at=NOW - timedelta(hours=1))
    link = queue_survey(session, kind=EmailKind.SIGN_IN, once_key="sign_in/1")
    assert claimed(session).message_ids == (link.id,)


def test_killed_after_the_claim(session: Session, settings: Settings) -> None:
    """The lease runs out: pending again, because no byte left; the dead worker's claim opens nothing any more."""
    message = queue_survey(session)
    claim = claimed(session)
    assert recovery.recover(session, NOW) == 0
    assert recovery.recover(session, LATER) == 1
    assert state_of(message) is EmailState.PENDING
    outbox.claim_batch(session, LATER, 10)
    session.expire_all()
    assert begin_batch(session, claim, settings, LATER) == []
    assert state_of(message) is EmailState.CLAIMED


def test_killed_after_sending_was_committed(session: Session, settings: Settings) -> None:
    """The lease runs out: unknown, never pending; after 26 hours without proof it is parked for a person."""
    message = queue_survey(session)
    begin(session, settings)
    recovery.recover(session, LATER)
    assert state_of(message) is EmailState.UNKNOWN
    assert outbox.claim_batch(session, LATER, 10) is None
    assert recovery.recover(session, NOW + timedelta(hours=25, minutes=59)) == 0
    assert recovery.recover(session, NOW + timedelta(hours=26)) == 1
    assert state_of(message) is EmailState.PARKED
    assert "26 hours" in message.reason


def test_an_answer_after_the_lease_is_still_the_truth(session: Session, settings: Settings) -> None:
    """A slow worker that comes back with 202 settles its own unknown try."""
    message = queue_survey(session)
    begun = begin(session, settings)
    recovery.recover(session, LATER)
    record(session, begun, Accepted("id-1"), LATER)
    assert state_of(message) is EmailState.ACCEPTED


def test_a_late_unclear_answer_changes_nothing(session: Session, settings: Settings) -> None:
    """Unknown twice is unknown once."""
    message = queue_survey(session)
    begun = begin(session, settings)
    recovery.recover(session, LATER)
    record(session, begun, UnknownOutcomeError("reset"), LATER)
    assert state_of(message) is EmailState.UNKNOWN


def test_a_late_failure_does_not_touch_a_newer_try(session: Session, settings: Settings) -> None:
    """Writes are fenced: what the first try reports cannot move the message that is on its second."""
    message = queue_survey(session)
    first = begin(session, settings)
    recovery.recover(session, LATER)
    recovery.recover(session, NOW + timedelta(hours=27))
    recovery.send_again(session, [message], "Ana", LATER)
    second = begin(session, settings, LATER)
    record(session, first, RejectedError("400"), LATER)
    assert (message.state, message.attempt_id) == (EmailState.SENDING, second.attempt_id)


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (NotSentError("no connection"), EmailState.PENDING),
        (CredentialsError("401"), EmailState.PENDING),
        (RejectedError("400"), EmailState.REJECTED),
        (UnknownOutcomeError("time-out"), EmailState.UNKNOWN),
    ],
)
def test_failures_lead_where_their_exception_says(
    session: Session, settings: Settings, error: NotSentError, state: EmailState
) -> None:
    """The exception carries the decision, and its words become the reason a person reads."""
    message = queue_survey(session)
    record(session, begin(session, settings), error, NOW)
    assert message.state is state
    assert message.reason == str(error)


def test_back_off_and_retry_after(session: Session, settings: Settings) -> None:
    """Without a word from the provider the wait grows; with one it is exactly that."""
    message = queue_survey(session)
    record(session, begin(session, settings), NotSentError("450"), NOW)
    assert timedelta(seconds=30) <= message.due_at - NOW <= timedelta(seconds=45)
    at = message.due_at
    record(session, begin(session, settings, at), NotSentError("x", timedelta(seconds=77)), at)
    assert message.due_at == at + timedelta(seconds=77)


def test_a_message_that_never_leaves_ends_with_a_person(session: Session, settings: Settings) -> None:
    """After days of failures that sent nothing it is parked, and a person may start it afresh."""
    message = queue_survey(session)
    message.attempts = results.MOST_TRIES - 1
    session.commit()
    record(session, begin(session, settings), NotSentError("450 later"), NOW)
    assert state_of(message) is EmailState.PARKED
    recovery.send_again(session, [message], "Ana", NOW)
    record(session, begin(session, settings), NotSentError("450 later"), NOW)
    assert state_of(message) is EmailState.PENDING


def test_an_answer_counts_for_a_whole_batch_of_which_some_moved_on(session: Session, settings: Settings) -> None:
    """One was proven by an event meanwhile, one held to be unclear: all three are accepted, and none changes twice."""
    messages = [queue_survey(session) for _ in range(3)]
    begun = begin_all(session, settings)
    messages[0].accept(NOW - timedelta(seconds=1))
    messages[1].move(EmailState.UNKNOWN, "no answer")
    session.commit()
    results.record_batch(session, begun, [Accepted("id-7")] * 3, NOW)
    session.expire_all()
    assert [state_of(message) for message in messages] == [EmailState.ACCEPTED] * 3
    assert [message.provider_id for message in messages] == ["id-7"] * 3
    assert messages[0].accepted_at == NOW - timedelta(seconds=1)
    assert {row.outcome for row in session.scalars(select(EmailAttempt))} == {EmailState.ACCEPTED}


def test_refused_credentials_pause_everything_and_lose_nothing(session: Session, settings: Settings) -> None:
    """401 opens the breaker: nobody claims; after the pause one message goes first; its success ends the pause."""
    for _ in range(3):
        queue_survey(session)
    first, second = claimed(session, 1), claimed(session, 2)
    (begun,) = begin_batch(session, first, settings, NOW)
    record(session, begun, CredentialsError("401"), NOW)
    assert begin_batch(session, second, settings, NOW) == []
    states = session.scalars(select(EmailMessage.state)).all()
    assert set(states) == {EmailState.PENDING}
    paused = pauses.current_pause(session)
    assert paused is not None
    assert paused.needs_person
    assert outbox.claim_batch(session, NOW + timedelta(seconds=29), 10) is None
    (probe,) = begin_all(session, settings, paused.retry_at)
    record(session, probe, Accepted("id-1"), paused.retry_at)
    assert pauses.current_pause(session) is None
    assert len(begin_all(session, settings, paused.retry_at)) == 2


def test_failures_of_one_moment_count_once(session: Session) -> None:
    """Twenty refusals of one batch are one failure; the next one after the pause doubles it."""
    for _ in range(20):
        pauses.pause(session, "401", NOW, needs_person=True)
    paused = pauses.current_pause(session)
    assert paused is not None
    assert (paused.failures, paused.retry_at) == (1, NOW + timedelta(seconds=30))
    again = pauses.pause(session, "401", paused.retry_at, needs_person=True)
    assert again.retry_at == paused.retry_at + timedelta(seconds=60)


def test_a_suppressed_address_is_not_written_to(session: Session, settings: Settings) -> None:
    """Suppressed after it was queued: cancelled with the reason, and the invitation was never sent."""
    invitation = make_invitation(session)
    message = queue_survey(session, invitation)
    suppress(session, message.to_email.upper(), SuppressionReason.BOUNCED, "test", NOW)
    claim = claimed(session)
    assert begin_batch(session, claim, settings, NOW) == []
    assert state_of(message) is EmailState.CANCELLED
    assert "bounced" in message.reason
    assert invitation.state is InvitationState.SKIPPED
    assert session.scalar(select(func.count()).select_from(EmailAttempt)) == 0


def test_an_answered_survey_is_not_sent_again(session: Session, settings: Settings) -> None:
    """A reminder that was queued before the answer came is called off."""
    invitation = make_invitation(session)
    message = queue_survey(session, invitation, kind=EmailKind.REMINDER, once_key="reminder/1/1")
    make_response(session, invitation.resolution, csat=5)
    invitation.state = InvitationState.ANSWERED
    session.commit()
    claim = claimed(session)
    assert begin_batch(session, claim, settings, NOW) == []
    assert state_of(message) is EmailState.CANCELLED
    assert message.reason


def test_a_message_that_is_too_late_is_not_sent(session: Session, settings: Settings) -> None:
    """After `not_after` nobody wants it any more."""
    message = queue_survey(session, not_after=NOW - timedelta(seconds=1))
    claim = claimed(session)
    assert begin_batch(session, claim, settings, NOW) == []
    assert (message.state, message.reason) == (EmailState.CANCELLED, "It could not go out in time.")


def test_a_message_that_cannot_be_composed_is_rejected(session: Session, settings: Settings) -> None:
    """A digest without its items stops nothing but itself."""
    message = queue_survey(session, kind=EmailKind.DIGEST, once_key="digest/1", context={})
    claim = claimed(session)
    assert begin_batch(session, claim, settings, NOW) == []
    assert state_of(message) is EmailState.REJECTED
    assert "could not be written" in message.reason


def test_an_unknown_mailbox_suppresses_the_address(session: Session, settings: Settings) -> None:
    """A refusal for a mailbox that does not exist marks the contact as bounced."""
    contact = make_contact(session)
    message = queue_survey(session)
    contact.email = message.to_email
    session.commit()
    record(session, begin(session, settings), RejectedError("550 5.1.1 unknown", bad_address=True), NOW)
    assert contact.mail_block == MailBlock.BOUNCED
    assert session.scalars(select(Suppression.email)).all() == [message.to_email]


def test_a_delivered_transport_says_so(session: Session, settings: Settings) -> None:
    """The local mailbox is where the recipient reads it: nothing more is to be expected."""
    message = queue_survey(session)
    record(session, begin(session, settings), Accepted("id", delivered=True), NOW)
    assert message.delivery is DeliveryState.DELIVERED


def test_a_sign_in_link_is_forgotten_once_sent(session: Session, settings: Settings) -> None:
    """The seed was kept only to be sent."""
    message = queue_survey(
        session, kind=EmailKind.SIGN_IN, once_key="sign_in/1", context={"seed": "ab" * 16, "hours": 2}
    )
    begun = begin(session, settings)
    assert "/sign-in/" in begun.outgoing.text
    record(session, begun, Accepted("id"), NOW)
    assert message.context == {}


def test_a_person_decides_about_parked_messages(session: Session, settings: Settings) -> None:
    """Send again queues it and keeps the risk in words; give up ends it; neither works on anything else."""
    first, second, sent = queue_survey(session), queue_survey(session), queue_survey(session)
    for message in (first, second):
        message.state, message.reason = EmailState.PARKED, "No answer."
    session.commit()
    recovery.send_again(session, [first], "Ana", NOW)
    recovery.give_up(session, [second], "Ana")
    assert (first.state, second.state) == (EmailState.PENDING, EmailState.CANCELLED)
    assert "Ana" in first.reason
    with pytest.raises(ConflictError):
        recovery.give_up(session, [second], "Ana")
    with pytest.raises(ConflictError):
        recovery.send_again(session, [sent], "Ana", NOW)
