"""The front answers as Flask does: the same page, the same evidence, the same rows; and leaves the rest to it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import Client, TestResponse

from survey import clock, tokens
from survey.firms import get_firm
from survey.front.app import Front
from survey.models import Invitation, InvitationState, SurveyEvent
from survey.promise import DEFAULT_PROMISE
from tests.conftest import NOW, SECRET_KEY
from tests.factories import make_client, make_contact, make_invitation, make_job, make_resolution

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Safari/604.1"


@dataclass
class Both:
    """One link, asked with and without the front."""

    app: Flask
    front: Front
    session: Session
    invitation: Invitation
    path: str

    def ask(self, query: str = "", *, front: bool, **headers: str) -> TestResponse:
        self.session.commit()
        client = Client(self.front if front else self.app.wsgi_app, TestResponse)
        response = client.get(f"{self.path}{query}", headers={"User-Agent": PHONE, **headers})
        self.front.visits.flush()
        self.session.expire_all()
        return response

    def evidence(self) -> list[tuple[object, ...]]:
        """What was left since the last look."""
        self.session.commit()
        events = list(self.session.scalars(select(SurveyEvent).order_by(SurveyEvent.id)))
        found = [(event.kind, event.at, event.user_agent, event.details) for event in events]
        for event in events:
            self.session.delete(event)
        self.session.commit()
        return found


@pytest.fixture
def both(app: Flask, session: Session) -> Iterator[Both]:
    """A survey that was sent yesterday, about a job whose title wants escaping."""
    get_firm(session).promise = [step.as_dict() for step in DEFAULT_PROMISE]
    contact = make_contact(session, make_client(session, name="Harbour Café"), timezone="Pacific/Auckland")
    job = make_job(session, contact, kind="Service & call", summary='Till <b>"printer"</b> & {staff} %s')
    done = datetime(2026, 3, 9, 12, tzinfo=NOW.tzinfo)
    resolution = make_resolution(session, job, completed_at=done, staff={"Bo Li": 0.3, "Ana <Xu>": 0.7})
    invitation = make_invitation(session, resolution, sent_at=NOW, expires_at=NOW + timedelta(days=7))
    path = f"/s/{tokens.derive(SECRET_KEY, 'survey', invitation.seed)}"
    with clock.fixed_at(NOW + timedelta(hours=1)):
        yield Both(app, Front(app, app.wsgi_app), session, invitation, path)


def headers_of(response: TestResponse) -> dict[str, str]:
    return {name: text for name, text in response.headers if name not in {"X-Request-ID", "Set-Cookie"}}


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("", {}),
        ("?csat=2", {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-User": "?1"}),
        ("?nps=9", {"Accept-Language": "fr-CH, fr;q=0.9, en;q=0.5"}),
        ("?csat=99", {"Accept-Language": "de"}),
        ("?lang=pt&csat=4", {"Accept-Language": "de"}),
        ("?lang=xx", {}),
    ],
)
def test_the_first_page_is_the_same(both: Both, query: str, headers: dict[str, str]) -> None:
    """Byte for byte, headers and evidence included, the first time and from the sheet."""
    theirs = both.ask(query, front=False, **headers)
    left = both.evidence()
    for _ in range(2):
        ours = both.ask(query, front=True, **headers)
        assert ours.status_code == theirs.status_code == 200
        assert ours.text == theirs.text
        assert headers_of(ours) == headers_of(theirs)
        assert both.evidence() == left
    assert len(left) == 2


def test_a_job_with_nothing_to_say_is_the_same(both: Both) -> None:
    """Empty values leave nothing behind, and the kind is not said twice."""
    job = both.invitation.resolution.job
    for summary, kind in (("", ""), ("", "Repair"), ("Big repair", "Repair")):
        job.summary, job.kind = summary, kind
        both.invitation.resolution.staff.clear()
        assert both.ask(front=True).text == both.ask(front=False).text


def test_a_change_of_the_firm_is_seen(both: Both) -> None:
    """The name and the colour of the firm are not kept beyond a second."""
    both.ask(front=True)
    get_firm(both.session).name = "Harbour & Sons"
    both.front._firm = (0.0, *both.front._firm[1:])
    page = both.ask(front=True).text
    assert "Harbour &amp; Sons" in page
    assert page == both.ask(front=False).text


def test_no_person_sees_another_ones_page(both: Both) -> None:
    """Two links that share a sheet show their own job and their own token."""
    other_job = make_job(both.session, both.invitation.contact, kind="Service & call", summary="Another job")
    resolution = make_resolution(both.session, other_job, completed_at=NOW, staff={"Cy": 1.0})
    other = make_invitation(both.session, resolution, sent_at=NOW, expires_at=NOW + timedelta(days=3))
    first = both.ask(front=True).text
    both.path = f"/s/{tokens.derive(SECRET_KEY, 'survey', other.seed)}"
    second = both.ask(front=True).text
    assert "Another job" in second
    assert "Another job" not in first
    token = both.path.removeprefix("/s/")
    assert token in second
    assert token not in first
    assert not re.search(r"z[0-9a-f]{8}x\d+z", first + second)


@pytest.mark.parametrize("state", [InvitationState.WITHDRAWN, InvitationState.SCHEDULED, InvitationState.EXPIRED])
def test_what_is_not_plain_is_left_to_flask(both: Both, state: InvitationState) -> None:
    """Closed and unknown surveys, other questions in the address, and HEAD."""
    both.invitation.state = state
    assert both.ask(front=True).status_code == both.ask(front=False).status_code
    both.invitation.state = InvitationState.SENT
    assert both.ask("?change=1", front=True).text == both.ask("?change=1", front=False).text
    both.path = "/s/" + "x" * 32
    assert both.ask(front=True).status_code == 404


def test_visits_beyond_the_limit_are_counted(both: Both) -> None:
    """The front keeps to the limit of the evidence."""
    for _ in range(103):
        both.ask(front=True)
    assert len(both.evidence()) == 200
