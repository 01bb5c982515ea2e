"""The API as other programs see it."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey import api_keys, clock, invitations
from survey.db import transaction
from survey.models import Client, Invitation, InvitationState, Job
from survey.users import ApiKey
from tests.conftest import NOW, SECRET_KEY
from tests.factories import make_invitation, make_response

JOB: dict[str, Any] = {
    "source": "psa",
    "external_id": "J1",
    "client": "Garcia Legal",
    "client_ref": "C7",
    "contact_email": "Ana.Xu@Garcia.example",
    "contact_name": "Ana Xu",
    "contact_timezone": "Europe/Berlin",
    "kind": "Repair",
    "staff": [{"name": "Ben Ode", "share": 3}, {"name": "Cy Lund", "share": 1}],
    "completed_at": "2026-03-10T10:00:00+01:00",
    "value": 575.5,
    "currency": "eur",
}


@pytest.fixture
def key(app: Flask) -> str:
    """The text of a key that opens the API."""
    with app.app_context(), transaction() as session:
        return api_keys.create(session, "Ticket system", NOW)[1]


@pytest.fixture
def api(app: Flask, key: str) -> "Api":
    """The API, called with a good key."""
    return Api(app.test_client(), key)


class Api:
    def __init__(self, client: FlaskClient, key: str) -> None:
        self.client, self.headers = client, {"Authorization": f"Bearer {key}"}

    def post(self, document: Any, path: str = "/api/v1/jobs", **more: Any) -> Any:
        return self.client.post(path, json=document, headers=self.headers, **more)

    def get(self, path: str) -> Any:
        return self.client.get(path, headers=self.headers)


def test_a_job_is_created_once_and_then_brought_up_to_date(api: Api, session: Session) -> None:
    """The first POST answers 201, the same again 200 with the same job, a change 200 with the change."""
    first = api.post(JOB)
    assert first.status_code == 201
    assert first.headers["Location"] == "/api/v1/jobs/psa/J1"
    assert first.json["contact"]["email"] == "ana.xu@garcia.example"
    assert first.json["currency"] == "EUR"
    assert first.json["value"] == "575.50"
    assert first.json["resolution"]["completed_at"] == "2026-03-10T09:00:00Z"
    assert first.json["resolution"]["staff"] == [
        {"name": "Ben Ode", "share": 0.75},
        {"name": "Cy Lund", "share": 0.25},
    ]
    again = api.post(JOB)
    assert (again.status_code, again.json) == (200, first.json)
    changed = api.post({**JOB, "kind": "Migration"})
    assert (changed.status_code, changed.json["kind"]) == (200, "Migration")
    assert session.scalar(select(func.count()).select_from(Job)) == 1
    assert session.scalar(select(func.count()).select_from(Client)) == 1


def test_a_job_shows_what_became_of_asking(api: Api, session: Session) -> None:
    """GET shows the invitation's state and every verdict once it is decided, and null before."""
    assert api.post(JOB).json["resolution"]["invitation"] is None
    invitations.schedule_batch(session, SECRET_KEY, NOW)
    session.commit()
    shown = api.get("/api/v1/jobs/psa/J1").json["resolution"]["invitation"]
    assert shown["state"] == "scheduled"
    assert {verdict["passed"] for verdict in shown["verdicts"]} == {True}


def test_a_reopened_job_is_null_and_then_a_second_resolution(api: Api) -> None:
    """`completed_at` null opens the job again; a later one is a new resolution."""
    api.post(JOB)
    opened = api.post({**JOB, "completed_at": None}).json
    assert opened["open"] is True
    assert opened["resolution"]["reopened_at"] is not None
    closed = api.post({**JOB, "completed_at": "2026-03-12T10:00:00Z"}).json
    assert closed["open"] is False
    assert [item["sequence"] for item in (*closed["earlier_resolutions"], closed["resolution"])] == [1, 2]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"surprise": 1}, "/surprise"),
        ({"completed_at": "yesterday"}, "/completed_at"),
        ({"completed_at": "2026-03-10T10:00:00"}, "/completed_at"),
        ({"completed_at": 1773133200}, "/completed_at"),
        ({"completed_at": "0001-01-01T00:00:00+14:00"}, "/completed_at"),
        ({"external_id": 17}, "/external_id"),
        ({"external_id": "  "}, "/external_id"),
        ({"summary": "a\0b"}, "/summary"),
        ({"client": "x" * 201}, "/client"),
        ({"contact_email": "nobody"}, "/contact_email"),
        ({"contact_timezone": "Mars/Olympus"}, "/contact_timezone"),
        ({"value": True}, "/value"),
        ({"value": 1.234}, "/value"),
        ({"currency": "EURO"}, "/currency"),
        ({"exclusion": "boring"}, "/exclusion"),
        ({"staff": [{"name": "Ben", "share": 0}]}, "/staff/0/share"),
        ({"staff": "Ben:1"}, "/staff"),
    ],
)
def test_a_bad_field_is_named(api: Api, change: dict[str, Any], pointer: str) -> None:
    """A wrong document answers 422 with a problem that points at the field, and stores nothing."""
    response = api.post({**JOB, **change})
    assert response.status_code == 422
    assert response.mimetype == "application/problem+json"
    assert [error["pointer"] for error in response.json["errors"]] == [pointer]
    assert response.json["status"] == 422
    assert api.get("/api/v1/jobs/psa/J1").status_code == 404


def test_missing_fields_are_all_named(api: Api) -> None:
    """The five required fields are named when they are missing, `completed_at` too, though it may be null."""
    errors = api.post({}).json["errors"]
    assert [error["pointer"] for error in errors] == [
        "/source",
        "/external_id",
        "/client",
        "/contact_email",
        "/completed_at",
    ]


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic YTpi", "Bearer", "Bearer ü"])
def test_without_a_good_key_there_is_nothing_to_see(client: FlaskClient, header: str | None) -> None:
    """No key, a wrong one or another scheme: 401 as a problem, with the scheme to use."""
    headers = {"Authorization": header} if header else {}
    for response in (client.get("/api/v1/invitations", headers=headers), client.post("/api/v1/jobs", headers=headers)):
        assert response.status_code == 401
        assert response.mimetype == "application/problem+json"
        assert response.headers["WWW-Authenticate"].lower().startswith("bearer")


def test_a_revoked_key_opens_nothing_and_use_is_remembered(api: Api, session: Session) -> None:
    """A key's last use is kept; once revoked, it is refused."""
    assert api.get("/api/v1/invitations").status_code == 200
    key = session.scalars(select(ApiKey)).one()
    assert key.last_used_at is not None
    api_keys.revoke(session, key, clock.now())
    session.commit()
    assert api.get("/api/v1/invitations").status_code == 401


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"data": "{", "content_type": "application/json"}, 400),
        ({"data": b"\xff\xfe{}", "content_type": "application/json"}, 400),
        ({"data": "[" * 100_000, "content_type": "application/json"}, 400),
        ({"data": "[]", "content_type": "application/json"}, 422),
        ({"data": "null", "content_type": "application/json"}, 422),
        ({"data": "source=psa", "content_type": "application/x-www-form-urlencoded"}, 415),
        ({"data": "{}", "content_type": "text/plain"}, 415),
        ({"data": '{"summary": "' + "x" * 300_000 + '"}', "content_type": "application/json"}, 413),
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem(api: Api, sent: dict[str, Any], status: int) -> None:
    """Broken JSON, another type, not an object, too large: each has its status and a problem document."""
    response: Any = api.client.post("/api/v1/jobs", headers=api.headers, **sent)
    assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    assert response.json["title"]


def test_unknown_places_and_methods_are_problems(api: Api) -> None:
    """404 and 405 under /api are problem documents too."""
    for response, status in (
        (api.get("/api/v1/nothing"), 404),
        (api.get("/api/v1/jobs/psa/none"), 404),
        (api.get("/api/v1/jobs"), 405),
        (api.get("/api/v1/invitations?limit=0"), 422),
        (api.get("/api/v1/invitations?colour=red"), 422),
        (api.get("/api/v1/invitations?cursor=after-%C2%B2"), 422),
        (api.get("/api/v1/invitations?cursor=x"), 422),
    ):
        assert (response.status_code, response.mimetype) == (status, "application/problem+json")


def test_an_external_id_may_contain_a_slash(api: Api) -> None:
    """The Location of a created job leads to it, whatever its id looks like."""
    created = api.post({**JOB, "external_id": "2026/17 ü?"})
    assert api.get(created.headers["Location"]).json["external_id"] == "2026/17 ü?"


def test_lists_are_read_page_by_page(api: Api, session: Session) -> None:
    """Following `next` visits every row once, and only those asked for."""
    made = [make_invitation(session).id for _ in range(5)]
    make_invitation(session, state=InvitationState.SKIPPED)
    session.commit()
    seen, path = [], "/api/v1/invitations?state=sent&limit=2"
    cursor = ""
    for _ in range(3):
        page = api.get(f"{path}{cursor}").json
        seen += [item["id"] for item in page["items"]]
        cursor = f"&cursor={page['next']}"
    assert page["next"] is None
    assert seen == made


def test_answers_are_listed_with_their_values(api: Api, session: Session) -> None:
    """A response shows its answers by question."""
    response = make_response(session, csat=2, comment="Too slow.")
    session.commit()
    item = api.get("/api/v1/responses").json["items"][0]
    assert item["answers"] == {"csat": 2, "comment": "Too slow."}
    assert item["contact_email"] == response.contact.email


def test_the_description_is_valid_and_complete(app: Flask, client: FlaskClient) -> None:
    """/api/openapi.json needs no key, is OpenAPI 3.1, and names every path, status and the way to sign in."""
    document: Any = client.get("/api/openapi.json").json
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {
        "/api/v1/jobs",
        "/api/v1/jobs/{source}/{external_id}",
        "/api/v1/invitations",
        "/api/v1/responses",
        "/api/questionnaire.schema.json",
    }
    post = document["paths"]["/api/v1/jobs"]["post"]
    assert set(post["responses"]) == {
        "200",
        "201",
        "400",
        "401",
        "404",
        "405",
        "409",
        "413",
        "415",
        "422",
        "429",
        "500",
    }
    assert list(post["responses"]["422"]["content"]) == ["application/problem+json"]
    taken = document["components"]["schemas"]["JobDocument"]
    assert taken["additionalProperties"] is False
    assert set(taken["required"]) == {"source", "external_id", "client", "contact_email", "completed_at"}
    assert document["components"]["securitySchemes"]["api_key"]["scheme"] == "bearer"


def test_an_invitation_is_listed_with_its_job(api: Api, session: Session) -> None:
    """The list names job, client and contact of each invitation."""
    invitation = make_invitation(session)
    session.commit()
    item = api.get("/api/v1/invitations").json["items"][0]
    assert item["external_id"] == invitation.resolution.job.external_id
    assert item["state"] == session.get_one(Invitation, invitation.id).state.value
