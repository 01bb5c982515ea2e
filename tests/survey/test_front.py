"""The front answers as Flask does: the same page, the same evidence, the same rows; and leaves the rest to it."""

import asyncio
import re
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from contextvars import Context
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.datastructures import Headers
from werkzeug.test import Client, EnvironBuilder, TestResponse

from survey import clock, tokens
from survey.firms import get_firm
from survey.front.app import Front
from survey.models import Invitation, InvitationState, SurveyEvent, SurveyEventKind, SurveyResponse
from survey.promise import DEFAULT_PROMISE
from survey.responses import answers_of, find_response
from tests.asgi import Loop, asked
from tests.conftest import NOW, SECRET_KEY
from tests.factories import make_client, make_contact, make_invitation, make_job, make_resolution

PRESSED = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-User": "?1", "Sec-Fetch-Site": "same-origin"}
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Safari/604.1"


@dataclass
class Both:
    """One link, asked with and without the front."""

    app: Flask
    front: Front
    loop: Loop
    session: Session
    invitation: Invitation
    path: str
    left: list[str]  # what the front left to Flask

    def client(self, *, front: bool = True) -> Client:
        return Client(self.loop.around(self.front) if front else self.app.wsgi_app, TestResponse)

    def ask(self, query: str = "", *, front: bool, **headers: str) -> TestResponse:
        self.session.commit()
        client = self.client(front=front)
        response = client.get(f"{self.path}{query}", headers={"User-Agent": PHONE, **headers})
        self.front.visits.flush()
        self.session.expire_all()
        return response

    def post(self, *, front: bool, query: str = "", page: str = "", **fields: object) -> TestResponse:
        self.session.commit()
        client = self.client(front=front)
        response = client.post(f"{self.path}{page}{query}", data=fields, headers={"User-Agent": PHONE, **PRESSED})
        self.session.expire_all()
        return response

    def fresh(self, **contact: str) -> None:
        """Another survey that somebody looked at five seconds ago, and the link to it."""
        person = make_contact(self.session, make_client(self.session), **{"language": "de", **contact})
        resolution = make_resolution(self.session, make_job(self.session, person, kind="Repair", summary="Till"))
        self.invitation = make_invitation(self.session, resolution, sent_at=NOW, expires_at=NOW + timedelta(days=7))
        self.path = f"/s/{tokens.derive(SECRET_KEY, 'survey', self.invitation.seed)}"
        at = clock.now() - timedelta(seconds=5)
        self.session.add(
            SurveyEvent(
                invitation_id=self.invitation.id, kind=SurveyEventKind.SHOWN, at=at, user_agent=PHONE, details={}
            )
        )
        self.session.commit()

    def written(self) -> object:
        """Everything that the answer to this survey wrote, without the names of rows."""
        response = find_response(self.session, self.invitation)
        events = self.session.scalars(
            select(SurveyEvent).where(SurveyEvent.invitation_id == self.invitation.id).order_by(SurveyEvent.id)
        ).all()
        return (
            response
            and (
                response.language,
                response.origin,
                response.submitted_at,
                response.changed_at,
                response.version_id,
                response.invitation_id == self.invitation.id,
                sorted((a.question, a.number, a.text, a.answered_at, a.managers_only) for a in response.answers),
                sorted((t.step, t.value, t.resolution_id == response.resolution_id) for t in response.touchpoints),
            ),
            [(event.kind, event.at, event.user_agent, event.details) for event in events],
            (self.invitation.state, self.invitation.answered_at, self.invitation.client.evidence_version),
        )

    def evidence(self) -> Sequence[tuple[object, ...]]:
        """What was left since the last look."""
        self.session.commit()
        events = list(self.session.scalars(select(SurveyEvent).order_by(SurveyEvent.id)))
        found = [(event.kind, event.at, event.user_agent, event.details) for event in events]
        for event in events:
            self.session.delete(event)
        self.session.commit()
        return found


def behind(app: Flask, left: list[str]) -> WSGIApplication:
    """Flask, and a note of what it was asked."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        left.append(environ["REQUEST_METHOD"])
        return app.wsgi_app(environ, start_response)

    return answer


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
        left: list[str] = []
        front, loop = Front(app, behind(app, left)), Loop()
        yield Both(app, front, loop, session, invitation, path, left)
        front.close()
        loop.close()


def headers_of(response: TestResponse) -> dict[str, str]:
    own = {"x-request-id", "set-cookie"}
    return {name.lower(): text for name, text in response.headers if name.lower() not in own}


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
    assert both.left == []


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
    both.front.firm.forget()
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


FULL = {
    "based_on": "0",
    "csat": "2",
    "comment": " Third visit,\r\nstill <b>broken</b> ",
    "nps": "3",
    "about": "4",
    "would_return": "0",
    "contact_me": "1",
    "step_greeted": "yes",
    "step_explained": "no",
    "step_told_next": "na",
    "mood": "?",
}


@pytest.mark.parametrize(
    ("fields", "more", "plain"),
    [
        (FULL, {}, True),
        ({"csat": "5"}, {}, True),
        ({"csat": "5", "comment": ""}, {"page": "/rating"}, True),
        ({"nps": "9", "based_on": "0"}, {"query": "?nps=9"}, True),
        ({"csat": "4", "comment": "é" * 5_000}, {"query": "?lang=fr&csat=4"}, True),
        ({"csat": "1", "ces": "7", "nps": "0"}, {}, True),
        ({"csat": "5", "about": "3"}, {}, False),
        ({"csat": "6"}, {}, False),
        ({"comment": "No rating"}, {}, False),
        ({"csat": "4", "comment": "é" * 5_001}, {}, False),
        ({"csat": "1", "comment": "Absolut hervorragend, rundum zufrieden!"}, {}, False),
        ({"csat": "3", "based_on": "7.1"}, {}, False),
    ],
)
def test_a_first_answer_is_stored_the_same(
    both: Both, fields: dict[str, str], more: dict[str, str], *, plain: bool
) -> None:
    """The same rows, the same evidence, the same way on, whether the front stores it or leaves it to Flask."""
    written = []
    for front in (False, True):
        both.fresh()
        response = both.post(front=front, **more, **fields)
        location = response.headers.get("Location", "").removeprefix(both.path)
        written.append((response.status_code, location, both.written()))
    assert written[0] == written[1]
    assert both.left == ([] if plain else ["POST"])


def test_a_second_answer_and_a_replay_are_left_to_flask(both: Both) -> None:
    """A replay changes nothing, older values are refused, both through the front."""
    both.fresh()
    assert both.post(front=True, csat="4", based_on="0").status_code == 303
    before = both.written()
    assert both.post(front=True, csat="4", based_on="0").status_code == 303
    assert both.post(front=True, csat="1", based_on="0").status_code == 409
    assert both.written() == before


def test_a_machine_is_asked_to_tap_again(both: Both) -> None:
    """What was never shown the page presses in vain, through the front as well."""
    both.ask(front=True)
    both.evidence()
    assert both.post(front=True, csat="1").status_code == 409
    assert find_response(both.session, both.invitation) is None


def test_the_press_knows_of_a_page_shown_just_before(both: Both) -> None:
    """Visits that wait in memory count for the press that follows them."""
    client = both.client()
    both.session.commit()
    with clock.fixed_at(clock.now() - timedelta(seconds=9)):
        client.get(both.path, headers={"User-Agent": PHONE, **PRESSED})
    assert both.post(front=True, csat="4").status_code == 303
    assert both.session.scalars(select(SurveyEvent.kind).order_by(SurveyEvent.id)).all() == [
        SurveyEventKind.OPENED,
        SurveyEventKind.SHOWN,
        SurveyEventKind.CONFIRMED,
    ]


def test_an_answer_waits_for_what_was_seen_on_its_own_link_alone(both: Both) -> None:
    """Visits on other links stay in memory until it is their time."""
    both.session.commit()
    both.client().get(both.path, headers={"User-Agent": PHONE, **PRESSED})
    seen = both.invitation.id
    both.fresh()
    assert both.post(front=True, csat="4").status_code == 303
    events = select(SurveyEvent.kind).where(SurveyEvent.invitation_id == seen)
    assert both.session.scalars(events).all() == []
    both.session.rollback()
    both.front.visits.settle([seen])
    assert both.session.scalars(events).all() == [SurveyEventKind.OPENED, SurveyEventKind.SHOWN]


def test_a_visit_that_waited_in_memory_sets_a_machines_answer_aside(both: Both) -> None:
    """A scanner that presses the button at once, and whose other openings are written only afterwards."""
    both.fresh()
    both.session.execute(update(SurveyEvent).values(at=clock.now()))  # shown this very moment
    both.session.commit()
    other = Front(both.app, both.app.wsgi_app)  # as in another process
    for value in (1, 2, 5):
        Client(both.loop.around(other), TestResponse).get(
            f"{both.path}?csat={value}", headers={"User-Agent": PHONE, **PRESSED}
        )
    assert both.post(front=True, csat="1").status_code == 303
    other.close()
    both.session.expire_all()
    assert find_response(both.session, both.invitation) is None
    assert both.invitation.state is InvitationState.SENT


def test_answers_that_come_together_are_all_stored_once(both: Both) -> None:
    """Forty at a time, some of them twice, some of one client: one transaction, every answer its own."""
    both.front.writer.start()
    paths = []
    with clock.fixed_at(datetime.now(UTC)):  # outside the test's context it is the true time
        for number in range(20):
            both.fresh(name=f"Person {number}")
            both.invitation.expires_at = clock.now() + timedelta(days=1)
            paths += [both.path, both.path]
        both.session.commit()
    statuses = Context().run(both.loop.run, _all_at_once(both.front, paths))  # without the test's application context
    both.session.expire_all()
    stored = both.session.scalars(select(SurveyResponse)).all()
    assert set(statuses) == {303}
    assert len(stored) == 20
    assert all(answers_of(response) == {"csat": 4} for response in stored)


async def _all_at_once(front: Front, paths: Sequence[str]) -> list[int]:
    data, headers = {"csat": "4", "based_on": "0"}, Headers({"User-Agent": PHONE, **PRESSED})
    builders = [EnvironBuilder(path, method="POST", data=data, headers=headers) for path in paths]
    answers = await asyncio.gather(*(asked(front, builder.get_environ()) for builder in builders))
    return [status for status, _headers, _body in answers]


@pytest.mark.parametrize("path", ["/login", "/s/" + "x" * 32, "/s/" + "x" * 32 + "/rating"])
def test_flask_gets_what_the_front_leaves(both: Both, path: str) -> None:
    """What is not ASCII, a server whose `receive` is no coroutine, and a sender who goes away in the middle."""
    both.session.commit()
    form = [(b"content-type", b"application/x-www-form-urlencoded"), (b"content-length", b"500")]
    scope = {
        "type": "http",
        "path": path,
        "query_string": b"q=caf\xc3\xa9&csat=4",
        "http_version": "1.1",
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
        "scheme": "http",
    }
    statuses = []

    async def send(event: MutableMapping[str, Any]) -> None:
        statuses.extend([event["status"]] if event["type"] == "http.response.start" else [])

    def receive() -> asyncio.Future[MutableMapping[str, Any]]:
        event: asyncio.Future[MutableMapping[str, Any]] = asyncio.get_running_loop().create_future()
        event.set_result({"type": "http.disconnect"})
        return event

    both.loop.run(both.front({**scope, "method": "GET", "headers": []}, receive, send))
    both.loop.run(both.front({**scope, "method": "POST", "headers": form}, receive, send))
    assert statuses == [200 if path == "/login" else 404, 400]
    assert both.left == ["GET", "POST"]
