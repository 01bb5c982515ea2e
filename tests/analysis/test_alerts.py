"""Who is told about which flag, when, and only once."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.flags.alerts import alert_batch, digest_batch
from analysis.flags.followups import promise_call
from analysis.models import Flag, FlagStatus, Severity
from emails.models import EmailKind, EmailMessage
from survey.config import Settings
from survey.people import create_person
from survey.users import User
from tests.conftest import NOW
from tests.factories import make_client

MORNING = NOW.replace(hour=8, minute=5)


@pytest.fixture
def people(session: Session) -> list[User]:
    """Two managers; a viewer and a manager who wants no alerts are there too."""
    quiet = create_person(session, "quiet@brightside.example", "manager", NOW)
    quiet.wants_alerts = False
    create_person(session, "viewer@brightside.example", "viewer", NOW)
    ana = create_person(session, "ana@brightside.example", "manager", NOW)
    return [ana, create_person(session, "ben@brightside.example", "admin", NOW)]


def make_flag(session: Session, severity: Severity = Severity.SEVERE, **values: Any) -> Flag:
    raised: datetime = values.pop("raised_at", NOW - timedelta(days=2))
    defaults = {
        "status": FlagStatus.OPEN,
        "risk": 0.9,
        "points": 5.2,
        "reasons": [
            {"signal": "leaving", "points": 4.0, "text": "Their words say they may leave.", "evidence": []},
            {"signal": "late_jobs", "points": 1.0, "text": "The last job was late.", "evidence": []},
        ],
        "clears_if": "",
        "model": "relationship-1",
        "updated_at": raised,
    }
    flag = Flag(client=make_client(session), severity=severity, raised_at=raised, **{**defaults, **values})
    session.add(flag)
    session.flush()
    return flag


def sent(session: Session, kind: EmailKind) -> list[EmailMessage]:
    return list(session.scalars(select(EmailMessage).where(EmailMessage.kind == kind).order_by(EmailMessage.id)))


def test_a_severe_flag_is_told_at_once_to_everyone_who_acts(
    session: Session, settings: Settings, people: list[User]
) -> None:
    """Managers and admins who want alerts, once each, with the reasons and a link."""
    flag = make_flag(session)
    assert alert_batch(session, settings, NOW) == 2
    assert alert_batch(session, settings, NOW) == 0
    messages = sent(session, EmailKind.FLAG_ALERT)
    assert {message.user_id for message in messages} == {user.id for user in people}
    context = messages[0].context
    assert flag.client.name in context["title"]
    assert [item["why"] for item in context["items"]] == ["Their words say they may leave.", "The last job was late."]
    assert context["url"].endswith(f"/desk/flags/{flag.id}")
    assert set(context["items"][0]) == {"client", "severity", "why", "url", "waits", "value"}


def test_an_owned_flag_is_told_to_its_owner_only(session: Session, settings: Settings, people: list[User]) -> None:
    """The others need not be woken."""
    make_flag(session, owner_id=people[0].id)
    assert alert_batch(session, settings, NOW) == 1
    assert sent(session, EmailKind.FLAG_ALERT)[0].to_email == "ana@brightside.example"


@pytest.mark.parametrize(
    "values", [{"severity": Severity.HIGH}, {"status": FlagStatus.ACKNOWLEDGED}, {"status": FlagStatus.CLEARED}]
)
def test_what_is_not_severe_or_not_open_wakes_nobody(
    session: Session, settings: Settings, people: list[User], values: dict[str, Any]
) -> None:
    """The digest tells the rest; who has taken a flag on knows it."""
    make_flag(session, **values)
    assert alert_batch(session, settings, NOW) == 0


def test_the_digest_lists_what_waits_once_a_morning(session: Session, settings: Settings, people: list[User]) -> None:
    """Open flags of each person's own and nobody's, the most urgent first."""
    make_flag(session, Severity.MODERATE)
    severe = make_flag(session, Severity.SEVERE)
    make_flag(session, Severity.HIGH, owner_id=people[1].id)
    assert digest_batch(session, settings, MORNING) == 2
    assert digest_batch(session, settings, MORNING + timedelta(hours=1)) == 0
    ana, ben = sent(session, EmailKind.DIGEST)
    assert [item["severity"] for item in ana.context["items"]] == ["severe", "moderate"]
    assert [item["severity"] for item in ben.context["items"]] == ["severe", "high", "moderate"]
    assert ana.context["items"][0]["client"] == severe.client.name
    assert ana.context["title"] == "2 clients to look after today"
    assert ana.once_key == f"digest/2026-03-10/{people[0].id}"


def test_a_call_promised_for_today_is_in_the_digest(session: Session, settings: Settings, people: list[User]) -> None:
    """Also when the flag has been taken on; a call for next week is not."""
    flag = make_flag(session)
    yesterday = NOW - timedelta(days=1)
    promise_call(session, flag, people[0].id, MORNING + timedelta(hours=6), "About the invoice", yesterday)
    other = make_flag(session)
    promise_call(session, other, people[0].id, MORNING + timedelta(days=6), "", yesterday)
    assert digest_batch(session, settings, MORNING) == 1
    items = sent(session, EmailKind.DIGEST)[0].context["items"]
    assert [item["severity"] for item in items] == ["call promised"]
    assert "About the invoice" in items[0]["why"]


@pytest.mark.parametrize(
    ("moment", "queued"),
    [
        (MORNING, 2),
        (MORNING.replace(hour=7), 0),
        (MORNING.replace(hour=19), 0),
        (MORNING + timedelta(days=4), 0),  # Saturday
    ],
)
def test_the_digest_comes_on_working_mornings(
    session: Session, settings: Settings, people: list[User], moment: datetime, queued: int
) -> None:
    """From 08:00 where the firm is; late only if the worker was down."""
    make_flag(session, raised_at=NOW - timedelta(days=1))
    assert digest_batch(session, settings, moment) == queued


def test_nothing_to_say_is_no_digest(session: Session, settings: Settings, people: list[User]) -> None:
    """No flag before the morning, no email; one raised at noon waits for tomorrow."""
    assert digest_batch(session, settings, MORNING) == 0
    make_flag(session, Severity.HIGH, raised_at=MORNING.replace(hour=12))
    assert digest_batch(session, settings, MORNING.replace(hour=13)) == 0
    assert digest_batch(session, settings, MORNING + timedelta(days=1)) == 2
