"""What people and programs see when something goes wrong."""

import io
import json
import logging

import pytest
from flask import Blueprint, Flask
from sqlalchemy import text

from survey.auth import public
from survey.db import db
from survey.errors import ConflictError, InvalidInputError, NotFoundError

SECRET = "the answer was: terrible"


@pytest.fixture
def broken(own_app: Flask) -> Flask:
    """The application with pages that fail in every way, under / and under /api."""
    trouble = public(Blueprint("trouble", __name__), "for this test")

    @trouble.get("/trouble/<kind>")
    @trouble.get("/api/trouble/<kind>")
    def fail(kind: str) -> str:
        if kind == "table":
            db.session.execute(text("SELECT * FROM a_table_of_tomorrow"))
        raise {
            "missing": NotFoundError("There is no such job."),
            "invalid": InvalidInputError("csat must be 1 to 5.", field="csat"),
            "conflict": ConflictError("The survey was answered already."),
            "bug": ZeroDivisionError(SECRET),
        }[kind]

    own_app.register_blueprint(trouble)
    return own_app


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        ("missing", 404, "There is no such job."),
        ("invalid", 422, "csat must be 1 to 5."),
        ("conflict", 409, "The survey was answered already."),
    ],
)
def test_domain_errors_become_pages_and_problem_documents(broken: Flask, kind: str, status: int, words: str) -> None:
    """The same error is a page for a person and an RFC 9457 document for a program."""
    client = broken.test_client()
    page = client.get(f"/trouble/{kind}")
    assert (page.status_code, page.mimetype) == (status, "text/html")
    assert words in page.text
    problem = client.get(f"/api/trouble/{kind}")
    assert (problem.status_code, problem.mimetype) == (status, "application/problem+json")
    document = json.loads(problem.data)
    assert (document["status"], document["detail"]) == (status, words)


def test_a_bug_shows_a_reference_and_never_its_message(broken: Flask) -> None:
    """An unexpected error's text stays in the log; the page has the id to find it by."""
    client = broken.test_client()
    page = client.get("/trouble/bug")
    assert page.status_code == 500
    assert SECRET not in page.text
    assert page.headers["X-Request-ID"] in page.text
    problem = client.get("/api/trouble/bug")
    assert SECRET not in problem.text
    assert json.loads(problem.data)["reference"] == problem.headers["X-Request-ID"]


def test_a_missing_table_says_that_it_is_being_set_up(broken: Flask) -> None:
    """A web process on a database that was not migrated answers 503, not a traceback."""
    assert broken.test_client().get("/trouble/table").status_code == 503


def test_unknown_addresses_and_methods_have_pages(broken: Flask) -> None:
    """404 and 405 in our own words; a 405 still names what is allowed."""
    client = broken.test_client()
    assert "There is nothing here" in client.get("/nowhere").text
    refused = client.delete("/login")
    assert refused.status_code == 405
    assert "POST" in refused.headers["Allow"]


def test_request_lines_name_the_route_and_never_the_token(app: Flask) -> None:
    """The log has the route's pattern, status and time; the secret link is not in it."""
    stream = io.StringIO()
    ours = logging.getLogger().handlers[-1]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(ours.formatter)
    logging.getLogger().addHandler(handler)
    try:
        app.test_client().get("/sign-in/a-very-secret-token")
    finally:
        logging.getLogger().removeHandler(handler)
    assert "a-very-secret-token" not in stream.getvalue()
    assert "/sign-in/<token>" in stream.getvalue()
