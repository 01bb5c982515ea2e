"""Unclear tries and the provider's log: what it shows is accepted, what it surely lacks goes out again."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from emails import tasks
from emails.models import EmailMessage, EmailState
from emails.receipts import store_events
from emails.senders.base import UnknownOutcomeError
from emails.senders.connection import Connection
from survey import clock
from survey.config import Settings
from tests.conftest import NOW
from tests.emails.factories import begin_all, queue_survey, record
from tests.emails.test_senders import CONTENT
from tests.fakes import API_KEY, FakeSendGrid

HALF_AN_HOUR = NOW + timedelta(minutes=31)


def unclear(session: Session, settings: Settings, fake: FakeSendGrid, *, taken: bool) -> EmailMessage:
    """A message whose try got no clear answer; `taken` says what really happened."""
    message = queue_survey(session)
    (begun,) = begin_all(session, settings)
    if taken:
        person = {"to": [{"email": message.to_email}], "custom_args": {"attempt_id": begun.attempt_id}}
        parts = [{"type": "text/plain", "value": CONTENT.text}]
        payload = {"from": {"email": "a@b.example"}, "subject": "s", "content": parts, "personalizations": [person]}
        fake.ledger.take(payload, NOW)
        fake.logged[begun.attempt_id] = [{"event": "processed", "processed": NOW.isoformat()}]
    record(session, begun, UnknownOutcomeError("503"))
    session.commit()
    return message


def later_event(session: Session) -> None:
    """An email that left a little later, and an event about it."""
    other = queue_survey(session)
    other.state, other.sending_at = EmailState.ACCEPTED, NOW + timedelta(minutes=10)
    session.flush()
    store_events(session, [{"sg_event_id": "e", "event": "processed"}], NOW)
    from_later = session.connection()
    from_later.exec_driver_sql(f"UPDATE delivery_events SET message_id = {other.id}")
    session.commit()


def ask(app: Flask, fake: FakeSendGrid) -> int:
    log = Connection(API_KEY, fake.url)
    with app.app_context(), clock.fixed_at(HALF_AN_HOUR):
        return tasks.ask_log(log, HALF_AN_HOUR) + tasks.process_events(HALF_AN_HOUR)


@pytest.mark.parametrize("behind", [False, True])
def test_absence_needs_later_events(app: Flask, session: Session, settings: Settings, behind: bool) -> None:
    """The log lacks it: it goes out again, unless nothing newer was heard of and the log may be behind."""
    with FakeSendGrid() as fake:
        message = unclear(session, settings, fake, taken=False)
        if not behind:
            later_event(session)
        ask(app, fake)
    session.expire_all()
    assert message.state is (EmailState.UNKNOWN if behind else EmailState.PENDING)


def test_what_the_log_shows_is_accepted(app: Flask, session: Session, settings: Settings) -> None:
    """The log names our attempt: proof, and no second copy."""
    with FakeSendGrid() as fake:
        message = unclear(session, settings, fake, taken=True)
        later_event(session)
        ask(app, fake)
    session.expire_all()
    assert message.state is EmailState.ACCEPTED


def test_an_account_without_a_log_proves_nothing(app: Flask, session: Session, settings: Settings) -> None:
    """403: it stays unclear, and is asked again only in an hour."""
    with FakeSendGrid(has_logs=False) as fake:
        message = unclear(session, settings, fake, taken=False)
        later_event(session)
        ask(app, fake)
    session.expire_all()
    assert (message.state, message.proof_asked_at) == (EmailState.UNKNOWN, HALF_AN_HOUR)
