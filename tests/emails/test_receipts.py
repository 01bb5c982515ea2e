"""Delivery events."""

import itertools
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from emails import outbox, receipts, recovery, suppressions
from emails.delivery import advanced
from emails.events import parse
from emails.models import (
    DeliveryEvent,
    DeliveryState,
    EmailAttempt,
    EmailMessage,
    EmailState,
    Suppression,
    SuppressionReason,
)
from emails.senders.base import Accepted, UnknownOutcomeError
from emails.sending import Begun
from survey.config import Settings
from survey.models import Contact, Invitation, InvitationState, MailBlock
from tests.conftest import NOW
from tests.emails.factories import begin, queue_survey, record
from tests.factories import make_contact

_numbers = itertools.count(1)


def report(session: Session, begun: Begun, kind: str, **more: Any) -> DeliveryEvent:
    """Store and process one event about a try."""
    event_id = f"e{next(_numbers)}"
    raw = {
        "event": kind,
        "timestamp": int(NOW.timestamp()),
        "sg_event_id": event_id,
        "attempt_id": begun.attempt_id,
        **more,
    }
    receipts.store_events(session, [raw], NOW)
    row = session.scalars(select(DeliveryEvent).where(DeliveryEvent.sg_event_id == event_id)).one()
    receipts.process_events(session, [row], NOW)
    return row


def contact_of(session: Session, message: EmailMessage) -> Contact:
    return session.get_one(Contact, message.contact_id)


@pytest.fixture
def message(session: Session) -> EmailMessage:
    return queue_survey(session)


@pytest.fixture
def begun(session: Session, settings: Settings, message: EmailMessage) -> Begun:
    return begin(session, settings)


@pytest.fixture
def accepted(session: Session, message: EmailMessage, begun: Begun) -> EmailMessage:
    record(session, begun, Accepted("id-1"))
    return message


def test_an_event_is_kept_once(session: Session) -> None:
    """The provider repeats batches; the second time nothing is new."""
    batch = [{"event": "open", "sg_event_id": "a"}, {"event": "open", "sg_event_id": "b"}, {"no": "id"}]
    assert receipts.store_events(session, batch, NOW) == 3
    assert receipts.store_events(session, batch[::-1], NOW) == 0


@pytest.mark.parametrize("kind", ["processed", "delivered", "open", "deferred"])
def test_any_event_with_our_attempt_id_proves_acceptance(
    session: Session, message: EmailMessage, begun: Begun, kind: str
) -> None:
    """A message whose answer was lost is settled by the first event about it."""
    record(session, begun, UnknownOutcomeError("time-out"))
    report(session, begun, kind)
    assert message.state == EmailState.ACCEPTED
    assert session.get_one(EmailAttempt, begun.attempt_id).outcome is EmailState.ACCEPTED


def test_an_event_may_be_quicker_than_the_answer(session: Session, message: EmailMessage, begun: Begun) -> None:
    """The webhook came before the 202 was recorded: accepted, delivered, and the provider's id still gets in."""
    report(session, begun, "delivered")
    assert message.state == EmailState.ACCEPTED
    record(session, begun, Accepted("id-1"))
    assert (message.delivery, message.provider_id) == (DeliveryState.DELIVERED, "id-1")


@pytest.mark.parametrize("decision", ["none", "again", "give_up"])
def test_proof_also_settles_a_parked_message(
    session: Session, settings: Settings, message: EmailMessage, begun: Begun, decision: str
) -> None:
    """Even after a person decided: the second copy is stopped if it has not left, and "given up" is corrected."""
    record(session, begun, UnknownOutcomeError("time-out"))
    recovery.recover(session, NOW + timedelta(hours=27))
    if decision == "again":
        recovery.send_again(session, [message], "Ana", NOW)
    elif decision == "give_up":
        recovery.give_up(session, [message], "Ana")
    report(session, begun, "delivered")
    assert message.state == EmailState.ACCEPTED
    assert outbox.claim_batch(session, NOW + timedelta(hours=28), 10) is None


def test_events_in_any_order_end_the_same(session: Session, accepted: EmailMessage, begun: Begun) -> None:
    """Delivered first, processed and deferred later: it stays delivered."""
    for kind in ("delivered", "processed", "deferred"):
        report(session, begun, kind)
    assert accepted.delivery is DeliveryState.DELIVERED


def test_a_hard_bounce_suppresses_and_marks_every_contact(
    session: Session, accepted: EmailMessage, begun: Begun
) -> None:
    """The address is left alone whoever's contact it is, and those clients are scored again."""
    namesake = make_contact(session, email=accepted.to_email)
    before = namesake.client.evidence_version
    report(session, begun, "bounce", type="bounce", reason="550 unknown")
    assert accepted.delivery is DeliveryState.BOUNCED
    assert contact_of(session, accepted).mail_block is MailBlock.BOUNCED
    assert namesake.mail_block == MailBlock.BOUNCED
    assert namesake.client.evidence_version == before + 1


def test_a_block_suppresses_nobody(session: Session, accepted: EmailMessage, begun: Begun) -> None:
    """Blocked is about this one time."""
    report(session, begun, "bounce", type="blocked", reason="421 busy")
    assert accepted.delivery is DeliveryState.BLOCKED
    assert contact_of(session, accepted).mail_block is None
    assert suppressions.reason_suppressed(session, accepted.to_email) is None


@pytest.mark.parametrize(
    ("kind", "block"), [("spamreport", MailBlock.COMPLAINED), ("unsubscribe", MailBlock.UNSUBSCRIBED)]
)
def test_complaints_and_unsubscribes_are_respected(
    session: Session, accepted: EmailMessage, begun: Begun, kind: str, block: MailBlock
) -> None:
    """Both stop all further surveys to the address."""
    report(session, begun, kind)
    assert contact_of(session, accepted).mail_block is block


def test_a_bad_event_is_quarantined(session: Session, accepted: EmailMessage, begun: Begun) -> None:
    """It is kept with the reason, and changes nothing."""
    row = report(session, begun, "teleported")
    assert "unknown kind" in row.quarantine
    assert row.processed_at == NOW
    assert accepted.delivery is None


def test_an_event_about_somebody_elses_mail_is_set_aside(session: Session, begun: Begun) -> None:
    """The provider's account may be shared with other programs."""
    assert "not about an email of ours" in report(session, begun, "bounce", attempt_id=None).quarantine
    assert "not about an email of ours" in report(session, begun, "bounce", attempt_id="f" * 32).quarantine


def test_three_silent_days_are_said(session: Session, accepted: EmailMessage, begun: Begun) -> None:
    """Deferred is no receipt either; a late event still corrects it."""
    report(session, begun, "deferred")
    assert receipts.mark_no_receipt(session, NOW + timedelta(days=2, hours=23)) == 0
    assert receipts.mark_no_receipt(session, NOW + timedelta(days=3)) == 1
    assert receipts.mark_no_receipt(session, NOW + timedelta(days=3)) == 0
    report(session, begun, "delivered")
    assert accepted.delivery is DeliveryState.DELIVERED


@pytest.mark.parametrize("kind", ["bounce", "dropped"])
def test_an_email_that_never_arrived_is_no_silence(
    session: Session, accepted: EmailMessage, begun: Begun, kind: str
) -> None:
    """Nobody was asked, so the invitation no longer counts as sent, and says why."""
    report(session, begun, kind, reason="550 unknown")
    invitation = session.get_one(Invitation, accepted.invitation_id)
    assert invitation.state is InvitationState.SKIPPED
    assert "550 unknown" in invitation.reason


REPORTS = ("processed", "deferred", "delivered", "bounce", "open", "click", "spamreport", "unsubscribe", "dropped")


@given(st.permutations(REPORTS), st.integers(0, len(REPORTS)))
@hypothesis_settings(max_examples=200, deadline=None)
def test_the_delivery_state_never_goes_back(order: list[str], doubled: int) -> None:
    """Whatever the order, and whatever comes twice, each report leaves the state where it is or moves it up, and all
    orders end the same."""
    state, ranks = None, []
    for name in [*order, *order[:doubled]]:
        event = parse({"event": name, "timestamp": 1_700_000_000})
        if event.delivery is not None:
            state = advanced(state, event.delivery)
            ranks.append(list(DeliveryState).index(state) if state is not DeliveryState.NO_RECEIPT else -1)
    assert state is DeliveryState.COMPLAINED
    assert ranks == sorted(ranks)


@pytest.mark.parametrize("order", list(itertools.permutations(("processed", "delivered", "bounce", "open")))[::4])
def test_events_together_in_any_order_end_the_same(
    session: Session, accepted: EmailMessage, begun: Begun, order: tuple[str, ...]
) -> None:
    """Worked in as one batch, in any order, with one broken among them: the address is left alone once."""
    events = [
        {"event": name, "timestamp": int(NOW.timestamp()), "sg_event_id": name, "attempt_id": begun.attempt_id}
        for name in order
    ]
    receipts.store_events(session, [*events, {"event": "teleported", "sg_event_id": "x"}, *events], NOW)
    receipts.process_events(session, receipts.pending_events(session, 100), NOW)
    assert accepted.delivery is DeliveryState.BOUNCED
    assert [row.reason for row in session.scalars(select(Suppression))] == [SuppressionReason.BOUNCED]
    quarantined = session.scalars(select(DeliveryEvent).where(DeliveryEvent.quarantine != "")).all()
    assert [row.sg_event_id for row in quarantined] == ["x"]
    assert receipts.pending_events(session) == []


def test_a_machine_that_opens_and_clicks_says_nothing(session: Session, accepted: EmailMessage, begun: Begun) -> None:
    """Opens and clicks, a machine's or not, change neither the message nor the contact nor the invitation."""
    before = session.get_one(Invitation, accepted.invitation_id).state
    for kind in ("open", "click", "group_resubscribe"):
        assert report(session, begun, kind, sg_machine_open=True).quarantine == ""
    assert accepted.delivery is None
    assert contact_of(session, accepted).mail_block is None
    assert session.get_one(Invitation, accepted.invitation_id).state is before


@pytest.mark.parametrize("group", ["unsubscribe", "group_unsubscribe"])
def test_an_unsubscribe_at_the_provider_is_ours_too(
    session: Session, accepted: EmailMessage, begun: Begun, group: str
) -> None:
    """From a group or from everything: nothing more is sent, and the evidence names the event."""
    row = report(session, begun, group, asm_group_id=7)
    stop = session.scalars(select(Suppression)).one()
    assert (stop.reason, stop.scope.value) == (SuppressionReason.UNSUBSCRIBED, "all")
    assert stop.evidence == {"event": row.sg_event_id}


def test_one_event_that_breaks_us_costs_no_other(session: Session, accepted: EmailMessage, begun: Begun) -> None:
    """A fault while working events in is met by that event alone; it is set aside, the others count."""
    report(session, begun, "processed")
    session.commit()
    good, bad = (
        {"event": kind, "timestamp": int(NOW.timestamp()), "sg_event_id": kind, "attempt_id": begun.attempt_id}
        for kind in ("delivered", "bounce")
    )
    receipts.store_events(session, [good, bad], NOW)
    refuse = text(
        "CREATE TRIGGER no_stops BEFORE INSERT ON suppressions BEGIN SELECT RAISE(ABORT, 'no'); END"
        if session.get_bind().dialect.name == "sqlite"
        else "ALTER TABLE suppressions ADD CONSTRAINT no_stops CHECK (email = '') NOT VALID"
    )
    undo = text(
        "DROP TRIGGER no_stops"
        if session.get_bind().dialect.name == "sqlite"
        else "ALTER TABLE suppressions DROP CONSTRAINT no_stops"
    )
    session.execute(refuse)
    receipts.process_events(session, receipts.pending_events(session), NOW)
    session.commit()
    session.execute(undo)
    session.commit()
    session.refresh(accepted)
    assert accepted.delivery is DeliveryState.DELIVERED
    row = session.scalars(select(DeliveryEvent).where(DeliveryEvent.sg_event_id == "bounce")).one()
    assert "the log says why" in row.quarantine
