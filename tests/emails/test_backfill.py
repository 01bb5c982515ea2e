"""After an outage longer than a day: delivery events are fetched from the provider's own log."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from emails import backfill, receipts, tasks
from emails.models import DeliveryEvent, DeliveryState, EmailMessage, EmailState
from emails.rehearsal.server import API_KEY, FakeSendGrid
from emails.senders.connection import Connection
from survey import clock
from survey.config import EmailTransport, Settings
from survey.models import Contact, MailBlock
from tests.conftest import NOW
from tests.emails.factories import begin_all, queue_survey

MOMENT = NOW.isoformat()


@pytest.fixture
def provider() -> Iterator[FakeSendGrid]:
    with FakeSendGrid() as fake:
        yield fake


@pytest.fixture
def sent(session: Session, settings: Settings, provider: FakeSendGrid) -> list[EmailMessage]:
    """Two survey emails that the provider took, of which our webhook heard nothing."""
    messages = [queue_survey(session), queue_survey(session)]
    for begun in begin_all(session, settings):
        outgoing = begun.outgoing
        person = {"to": [{"email": outgoing.to.email}], "custom_args": {"attempt_id": begun.attempt_id}}
        provider.ledger.take({"personalizations": [person], "from": {"email": "a@b.example"}, "content": []}, NOW)
    return [session.get_one(EmailMessage, message.id) for message in messages]


def log_of(provider: FakeSendGrid) -> Connection:
    return Connection(API_KEY, provider.url)


def fetched(session: Session, provider: FakeSendGrid) -> backfill.Fetched:
    since, until = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
    addresses = backfill.open_addresses(session, since, until)
    session.commit()
    log = log_of(provider)
    try:
        return backfill.fetch(log, addresses, since, until)
    finally:
        log.close()


def tell(provider: FakeSendGrid, message: EmailMessage, *events: dict[str, Any]) -> None:
    provider.logged[message.attempt_id or ""] = list(events)


def test_what_the_log_says_is_worked_in_like_any_event(
    session: Session, provider: FakeSendGrid, sent: list[EmailMessage]
) -> None:
    """The log's own words are put into the webhook's; a bounce of yesterday still stops what would go tomorrow."""
    tell(provider, sent[0], {"event": "processed", "timestamp": MOMENT}, {"event": "delivered", "timestamp": MOMENT})
    tell(provider, sent[1], {"event": "bounced", "recv_timestamp": MOMENT, "bounce_type": "bounce", "reason": "550 no"})
    found = fetched(session, provider)
    assert (found.messages, found.asked, len(found.events)) == (2, 2, 3)
    assert receipts.store_events(session, found.events, NOW) == 3
    session.commit()
    tasks.process_events(NOW)
    session.expire_all()
    assert [message.delivery for message in sent] == [DeliveryState.DELIVERED, DeliveryState.BOUNCED]
    assert session.get_one(Contact, sent[1].contact_id).mail_block is MailBlock.BOUNCED


def test_fetching_twice_adds_nothing(session: Session, provider: FakeSendGrid, sent: list[EmailMessage]) -> None:
    """The same log gives the same ids; and of what is final nobody asks again."""
    tell(provider, sent[0], {"event": "delivered", "timestamp": MOMENT})
    for new in (1, 0):
        assert receipts.store_events(session, fetched(session, provider).events, NOW) == new
    receipts.process_events(session, receipts.pending_events(session), NOW)
    session.commit()
    assert fetched(session, provider).asked == 1


def test_the_logs_documented_form_is_read(session: Session, sent: list[EmailMessage]) -> None:
    """Whole seconds, `custom_args` where the log has them, the webhook's ids, and two kinds that only the log knows."""
    own, at = {"custom_args": {"attempt_id": sent[0].attempt_id}}, int(NOW.timestamp())
    taken = {"event": "received", "recv_msgid": "r1", "sg_event_id": "e1", "timestamp": at, "protocol": "HTTP"}
    dropped = {"event": "cancel_drop", "sg_event_id": "e2", "timestamp": at + 1, "reason": "Spam Reporting Address"}
    details = {"sg_message_id": "r1.recvd-1", "status": "dropped", "events": [dropped | own, taken], **own}
    events = backfill.as_events(details)
    assert [event["sg_event_id"] for event in events] == ["e2", "e1"]
    assert {event["attempt_id"] for event in events} == {sent[0].attempt_id}
    assert "attempt_id" not in backfill.as_events({"events": [taken]})[0]
    receipts.store_events(session, [{**taken, "attempt_id": sent[0].attempt_id}], NOW)
    receipts.process_events(session, receipts.pending_events(session), NOW)
    assert (sent[0].state, sent[0].delivery) == (EmailState.ACCEPTED, None)
    assert receipts.store_events(session, events, NOW) == 1
    receipts.process_events(session, receipts.pending_events(session), NOW)
    assert sent[0].delivery is DeliveryState.DROPPED
    assert session.get_one(Contact, sent[0].contact_id).mail_block is MailBlock.COMPLAINED
    assert not any(row.quarantine for row in session.scalars(select(DeliveryEvent)))


def test_mail_of_others_in_the_same_account_is_not_asked_about(
    session: Session, provider: FakeSendGrid, sent: list[EmailMessage]
) -> None:
    """The list names it, but no request is spent on it."""
    person = {"to": [{"email": "somebody@else.example"}]}
    provider.ledger.take({"personalizations": [person], "from": {"email": "a@b.example"}, "content": []}, NOW)
    found = fetched(session, provider)
    assert (found.messages, found.asked) == (3, 2)


def test_more_than_the_log_lists_at_once_is_fetched_in_halves(
    session: Session, provider: FakeSendGrid, sent: list[EmailMessage]
) -> None:
    """A full answer may be cut off, so the span is halved until each half fits."""
    for number in range(1_200):
        person = {"to": [{"email": f"p{number}@else.example"}]}
        at = NOW + timedelta(seconds=number - 600)
        provider.ledger.take({"personalizations": [person], "from": {"email": "a@b.example"}, "content": []}, at)
    assert fetched(session, provider).messages == 1_202


def test_an_account_without_a_log_is_told_in_one_sentence(
    session: Session, provider: FakeSendGrid, sent: list[EmailMessage]
) -> None:
    """403 is about the key, and says what it lacks."""
    provider.has_logs = False
    with pytest.raises(backfill.LogError, match="permission for Email Logs"):
        fetched(session, provider)


@pytest.mark.parametrize("listed", [None, "x", [7], [{"event": 3}], [{"event": "delivered", "timestamp": "soon"}]])
def test_a_log_that_makes_no_sense_breaks_nothing(session: Session, listed: object) -> None:
    """What cannot be read is stored and set aside like a broken event of the webhook."""
    events = backfill.as_events({"sg_message_id": "m", "events": listed})
    receipts.store_events(session, events, NOW)
    receipts.process_events(session, receipts.pending_events(session), NOW)
    assert all(row.quarantine for row in session.scalars(select(DeliveryEvent)))


def test_the_command_fetches_counts_and_stores(
    session: Session,
    settings: Settings,
    provider: FakeSendGrid,
    sent: list[EmailMessage],
    make_app: Callable[[Settings], Flask],
) -> None:
    """`flask emails backfill`: a dry run writes nothing, the real one stores; another transport has no log."""
    tell(provider, sent[0], {"event": "delivered", "timestamp": MOMENT}, {"event": "teleported", "timestamp": MOMENT})
    session.commit()  # the command writes on a connection of its own
    changes = {
        "email_transport": EmailTransport.SENDGRID,
        "sendgrid_api_key": API_KEY,
        "sendgrid_base_url": provider.url,
    }
    sending = make_app(settings.model_copy(update=changes))
    runner = sending.test_cli_runner()
    with sending.app_context(), clock.fixed_at(NOW + timedelta(hours=1)):
        counts = [
            json.loads(runner.invoke(args=["emails", "backfill", "--json", *more]).stdout)["new"]
            for more in (["--dry-run"], [], [])
        ]
        tasks.process_events(NOW)
        rows = json.loads(runner.invoke(args=["emails", "events", "--quarantined", "--json"]).stdout)
        shown = runner.invoke(args=["emails", "events"]).stdout
    assert counts == [0, 2, 0]
    assert [row["why"] for row in rows] == ["unknown kind of event: teleported"]
    assert "received: 2" in shown
    assert runner.invoke(args=["emails", "backfill"]).exit_code == 1  # in the outer context: the local mailbox
