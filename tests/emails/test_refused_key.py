"""A refused key is told to whoever can mend it: once by the log, and by doctor and the metrics until it works."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from emails import tasks
from emails.checks import check_sending
from emails.models import EmailMessage, EmailState
from emails.senders import SendGridSender
from survey import clock
from survey.config import Settings
from survey.doctor import Check, Level
from tests.conftest import NOW
from tests.emails.factories import queue_survey
from tests.fakes import API_KEY, FakeSendGrid


def finding(session: Session, settings: Settings) -> Check | None:
    """What doctor says of sending; None if it says nothing."""
    return next((check for check in check_sending(session, settings, NOW) if check.name == "sending"), None)


def test_a_refused_key_is_told_once_and_tried_again_at_growing_intervals(
    app: Flask, client: FlaskClient, session: Session, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """An hour without a key that works: one error in the log, probes further and further apart, no email lost."""
    for _ in range(3):
        queue_survey(session)
    session.commit()
    probes: list[int] = []
    with FakeSendGrid() as provider:
        sender = SendGridSender(API_KEY, provider.url)
        now = NOW
        while now < NOW + timedelta(hours=1):
            provider.faults.forget()
            provider.fail_next(status=401)
            with app.app_context(), clock.fixed_at(now):
                if tasks.send_batch(sender, settings, now):
                    probes.append(int((now - NOW).total_seconds()))
            now += timedelta(seconds=30)
        gaps = [later - earlier for earlier, later in pairwise(probes)]
        assert gaps == sorted(gaps)
        assert (gaps[0], gaps[-1]) == (30, 900)
        errors = [record for record in caplog.records if record.levelname == "ERROR"]
        assert Counter("all sending is paused" in record.getMessage() for record in errors) == {True: 1}
        assert API_KEY not in caplog.text
        session.expire_all()
        assert set(session.scalars(select(EmailMessage.state))) == {EmailState.PENDING}
        told = finding(session, settings)
        session.rollback()
        assert told is not None
        assert (told.level, "401" in told.found, "try-again" in told.advice) == (Level.FAIL, True, True)
        assert 'clientele_sending_paused{cause="refused"} 1.0' in client.get("/metrics").text
        provider.faults.forget()
        mended = app.test_cli_runner().invoke(args=["emails", "try-again"])
        assert mended.exit_code == 0
        with app.app_context(), clock.fixed_at(now):
            while tasks.send_batch(sender, settings, now):
                pass
    assert len({mail.to for mail in provider.sent}) == len(provider.sent) == 3
    assert finding(session, settings) is None
    assert 'clientele_sending_paused{cause="refused"} 0.0' in client.get("/metrics").text
