"""A day without the provider, on a clock of our own: nothing lost, nothing doubled, and no herd afterwards."""

from collections import Counter
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from emails import tasks
from emails.rehearsal.stock import stock
from emails.rehearsal.verdict import judge
from emails.senders import SendGridSender
from survey import clock
from survey.config import Settings
from survey.db import db
from survey.models import Firm
from tests.conftest import NOW, SECRET_KEY
from tests.emails.test_senders import free_port
from tests.fakes import API_KEY, FakeSendGrid

STEP = timedelta(minutes=5)
DAY = timedelta(hours=24)


@pytest.mark.once  # locks and claims on PostgreSQL are the rehearsal's
@pytest.mark.parametrize("way", ["nobody listens", "503"])
def test_a_day_without_the_provider(app: Flask, session: Session, settings: Settings, way: str) -> None:
    """1,400 emails are due when it begins. What an unclear answer makes doubtful is parked; all others go out once."""
    session.delete(session.get_one(Firm, 1))
    session.flush()
    stock(session, SECRET_KEY, 1_400, NOW)
    with FakeSendGrid() as fake:
        fake.now = clock.now
        working = SendGridSender(API_KEY, fake.url)
        broken = SendGridSender(API_KEY, f"http://127.0.0.1:{free_port()}") if way == "nobody listens" else working
        now, minutes = NOW, Counter[int]()
        while now < NOW + DAY + timedelta(hours=30):
            out = now < NOW + DAY
            while fake.faults.waiting < 3 and out and broken is working:
                fake.fail_next(status=503)
            before = fake.requests
            if not out:
                fake.faults.forget()
            with app.app_context(), clock.fixed_at(now):
                while tasks.send_batch(broken if out else working, settings, now):
                    pass
                tasks.recover(now)
            minutes[int((now - NOW).total_seconds() // 60)] += fake.requests - before
            now += STEP
        session.expire_all()
        verdict = judge(db.session, fake.sent, settled=True)
    assert verdict.wrong == []
    assert sum(verdict.states.values()) == 1_400
    assert set(verdict.states) <= {"accepted", "parked"}
    assert verdict.states["accepted"] >= (1_400 if way == "nobody listens" else 200)
    assert ("parked" in verdict.states) is (way == "503")
    after = [count for minute, count in minutes.items() if minute >= DAY.total_seconds() // 60]
    assert max(after) <= 6  # a probe, then what waited, in a handful of requests
