"""Headers, sizes and rates: what every response carries and every caller must respect."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from survey.config import Settings, load_settings
from survey.db import db
from survey.limits import DatabaseStorage
from tests.conftest import SECRET_KEY
from tests.processes import Python

KNOCK = """
import sys
from sqlalchemy import create_engine
from survey.limits import DatabaseStorage
storage = DatabaseStorage(engine=create_engine(sys.argv[1]))
print(max(storage.incr("caller", 60) for _ in range(25)))
"""


@pytest.mark.parametrize("path", ["/login", "/nowhere", "/livez", "/api/v1/nowhere", "/static/css/desk.css"])
def test_every_response_has_strict_headers(client: FlaskClient, path: str) -> None:
    """Pages, errors, probes, the API and static files alike."""
    with client.get(path) as response:
        headers = response.headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in headers


def test_https_installations_send_hsts_and_secure_cookies(
    make_app: Callable[[Settings], Flask], database_url: str, tmp_path: Path
) -> None:
    """With an https PUBLIC_URL the session cookie never travels in the clear."""
    settings = load_settings(
        _env_file=None,
        database_url=database_url,
        instance_path=tmp_path,
        secret_key=SECRET_KEY,
        public_url="https://feedback.brightside.example",
    )
    app = make_app(settings)
    response = app.test_client().get("/login", base_url="https://feedback.brightside.example")
    assert response.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    cookie = response.headers["Set-Cookie"]
    assert all(part in cookie for part in ("Secure", "HttpOnly", "SameSite=Lax"))


def test_pages_are_not_kept_by_caches(client: FlaskClient) -> None:
    """A page behind a sign-in must not come back from a cache after signing out."""
    assert "no-store" in client.get("/login").headers["Cache-Control"]


def test_static_addresses_change_with_their_content(client: FlaskClient) -> None:
    """The sign-in page links its style sheet with a fingerprint, and the file may be cached for a day."""
    assert "/static/css/desk.css?v=" in client.get("/login").text
    with client.get("/static/css/desk.css") as response:
        assert "max-age=86400" in response.headers["Cache-Control"]


def test_an_oversized_body_is_refused(client: FlaskClient) -> None:
    """Forms that take no upload take no megabyte either."""
    assert client.post("/sign-in/request", data={"email": "x" * 100_000}).status_code == 413


def test_a_rate_holds(guarded_app: Flask) -> None:
    """The request after the last allowed one gets 429 and is told when to come back."""
    client = guarded_app.test_client()
    statuses = [client.get("/sign-in/nothing").status_code for _ in range(31)]
    assert statuses[:30] == [410] * 30
    response = client.get("/sign-in/nothing")
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0
    assert "a little too often" in response.text


def test_rates_hold_across_processes(app: Flask, database_url: str) -> None:
    """Two processes that count the same caller at the same time lose no count."""
    with app.app_context():
        url = db.engine.url.render_as_string(hide_password=False)
        running = [Python("-c", KNOCK, url, environment=os.environ) for _ in range(2)]
        highest = [int(process.communicate()[0]) for process in running]
        assert max(highest) == 50
        assert DatabaseStorage(engine=db.engine).get("caller") == 50


def test_a_window_that_is_over_starts_again(app: Flask) -> None:
    """Counts belong to a window, and old windows are forgotten."""
    with app.app_context():
        storage = DatabaseStorage(engine=db.engine)
        assert storage.incr("caller", -1) == 1
        assert storage.get("caller") == 0
        assert storage.incr("caller", 60) == 1
        assert storage.incr("caller", 60) == 2
        assert storage.get_expiry("caller") > 0
        storage.clear("caller")
        assert storage.get("caller") == 0
