"""The ten steps of docs/story.md, over HTTP and the command line, against real servers, with nothing patched.

`flask serve` runs web and worker on the real clock. The contact lives in a time zone where it is about noon now, so
that the survey may go out at once whatever the hour of the test.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from survey.config import ROOT
from tests import processes
from tests.fakes import API_KEY, FakeSendGrid, smtp_sink
from tests.functional.visitor import Page, Visitor

pytestmark = pytest.mark.servers
Value = TypeVar("Value")

CONTACT = "chidi@okafor-legal.example"
MANAGER = "mara@harbourlight.example"
COMMENT = "Half of the archive is still missing after three weeks. We are looking at other providers."


@dataclass(frozen=True)
class Received:
    """One email as either transport delivered it."""

    to: str
    subject: str
    headers: dict[str, str]
    text: str
    html: str


@dataclass(frozen=True)
class Installation:
    """One installation in a folder of its own: its commands, its address, and what it has emailed."""

    env: dict[str, str]
    url: str
    inbox: Callable[[], list[Received]]

    def flask(self, *command: str, status: int = 0) -> str:
        done = processes.flask(*command, environment=self.env)
        assert done.returncode == status, f"flask {' '.join(command)}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def read(self, *command: str) -> Any:
        return json.loads(self.flask(*command, "--json"))

    def api(self, key: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        request = Request(
            f"{self.url}/api/v1/jobs",
            json.dumps(body).encode(),
            {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        )
        try:
            with urlopen(request, timeout=20) as answer:
                return answer.status, json.loads(answer.read())
        except HTTPError as error:
            return error.code, json.loads(error.read())

    def emails_to(self, address: str, count: int = 1) -> list[Received]:
        """The emails to an address, once there are as many."""
        return wait_for(lambda: found if len(found := [m for m in self.inbox() if m.to == address]) >= count else None)


def wait_for(found: Callable[[], Value | None], seconds: float = 30.0) -> Value:
    """What `found` answers, as soon as it is not None."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (value := found()) is not None:
            return value
        time.sleep(0.2)
    raise AssertionError(f"still waiting after {seconds} s")


@contextmanager
def serving(folder: Path, transport: dict[str, str], inbox: Callable[[], list[Received]]) -> Iterator[Installation]:
    """A fresh installation with web and worker running."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("SENDGRID", "SMTP", "EMAIL"))},
        "INSTANCE_PATH": str(folder),
        "DATABASE_URL": "",
        "SECRET_KEY": "only-for-this-test-0123456789",
        "PUBLIC_URL": url,
        "LOG_LEVEL": "WARNING",
        **transport,
    }
    installation = Installation(env, url, inbox)
    installation.flask("db", "upgrade")
    log = (folder / "serve.log").open("w")
    server = subprocess.Popen(
        [sys.executable, "-m", "flask", "serve", "--port", str(port)], cwd=ROOT, env=env, stdout=log, stderr=log
    )
    try:
        wait_for(lambda: _answers(f"{url}/livez"), 60)
        yield installation
    finally:
        server.terminate()
        stopped = server.wait(30)
        log.close()
    assert stopped == 0


@pytest.fixture
def by_smtp(tmp_path: Path) -> Iterator[Installation]:
    """An installation that sends through a real SMTP server."""
    with smtp_sink() as sink:

        def inbox() -> list[Received]:
            return [
                Received(
                    to=str(mime["To"].addresses[0].addr_spec),
                    subject=str(mime["Subject"]),
                    headers={name: str(value) for name, value in mime.items()},
                    text=mime.get_body(("plain",)).get_content(),  # type: ignore[union-attr]
                    html=mime.get_body(("html",)).get_content(),  # type: ignore[union-attr]
                )
                for mime in sink.received
            ]

        with serving(tmp_path, {"EMAIL_TRANSPORT": "smtp", "SMTP_URL": sink.url}, inbox) as running:
            yield running


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """An installation that sends through the fake SendGrid."""
    with FakeSendGrid() as fake:

        def inbox() -> list[Received]:
            return [Received(mail.to, mail.subject, mail.headers, mail.text, mail.html) for mail in fake.sent]

        transport = {
            "EMAIL_TRANSPORT": "sendgrid",
            "SENDGRID_API_KEY": API_KEY,
            "SENDGRID_BASE_URL": fake.url,
            "SENDGRID_WEBHOOK_PUBLIC_KEY": fake.public_key,
        }
        with serving(tmp_path, transport, inbox) as running:
            yield running
            deliver_receipts(running, fake)


def test_from_a_closed_job_to_an_outcome(installation: Installation) -> None:
    """A job is closed, asked about, answered, read, flagged, acted on and learned from; every email goes out once."""
    desk = set_up(installation)
    close_job(installation)
    answer_survey(installation)
    flag = read_the_flag(installation)
    act(installation, desk, flag["id"])
    learn(installation, desk)
    assert [mail.to for mail in installation.inbox()].count(CONTACT) == 1


def test_the_survey_goes_out_by_smtp(by_smtp: Installation) -> None:
    """The steps that depend on the transport: the email with its links arrives once, and is answered from it."""
    set_up(by_smtp)
    close_job(by_smtp)
    answer_survey(by_smtp)
    assert [mail.to for mail in by_smtp.inbox()].count(CONTACT) == 1


def set_up(installation: Installation) -> Visitor:
    """The first manager signs in and says who the firm is."""
    desk = sign_in(installation)
    desk.send(
        desk.get(f"{installation.url}/desk/settings").form("/desk/settings"),
        name="Harbourlight IT",
        sender_name="Harbourlight IT",
        sender_email="service@harbourlight.example",
        postal_address="14 Quay Street, Galway",
    )
    return desk


def sign_in(installation: Installation) -> Visitor:
    """The first manager, by the one-time link that the command line prints."""
    printed = installation.flask("user", "create", MANAGER, "--role", "admin", "--name", "Mara Doyle")
    link = re.search(r"http\S+/sign-in/\S+", printed)
    assert link, printed
    desk = Visitor()
    arrived = desk.send(desk.get(link.group()).form())
    assert arrived.url == f"{installation.url}/desk/"
    return desk


def close_job(installation: Installation) -> None:
    """Steps 1 to 3: the job comes in over the API, once, and every rule's verdict is there to read."""
    key = re.search(r"\bck_\S+|[A-Za-z0-9_-]{30,}", installation.flask("apikey", "create", "psa"))
    assert key
    now = datetime.now(UTC).replace(microsecond=0)
    job = {
        "source": "psa",
        "external_id": "J-1",
        "client": "Okafor Legal",
        "client_ref": "C-7",
        "contact_name": "Chidi Okafor",
        "contact_email": CONTACT,
        "contact_role": "decision-maker",
        "contact_timezone": zone_where_it_is_noon(now),
        "kind": "Migration",
        "summary": "Missing archive folders",
        "opened_at": (now - timedelta(days=9)).isoformat(),
        "promised_at": (now - timedelta(days=5)).isoformat(),
        "completed_at": (now - timedelta(hours=25)).isoformat(),
        "value": 1450,
        "currency": "EUR",
    }
    assert installation.api(key.group(), job)[0] == 201
    assert installation.api(key.group(), job)[0] == 200
    verdicts = installation.read("invitations", "explain", "psa", "J-1")
    assert "asked" in json.dumps(verdicts)
    installation.emails_to(CONTACT)


def answer_survey(installation: Installation) -> None:
    """Steps 3 to 5: one email with real rating links; opening one records nothing; one POST is a complete answer."""
    mail = installation.emails_to(CONTACT)[0]
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "14 Quay Street" in mail.text
    assert "14 Quay Street" in mail.html
    link = re.search(r"http://\S+/s/[\w-]+\?csat=1", mail.text)
    assert link, mail.text
    phone = Visitor()
    page = phone.get(link.group())
    assert "Missing archive folders" in page.text
    assert [row["state"] for row in installation.read("invitations", "list")] == ["sent"]
    done = phone.send(page.form(), csat="1", comment=COMMENT)
    assert done.status == 200
    assert not phone.cookies
    assert [row["state"] for row in installation.read("invitations", "list")] == ["answered"]


def read_the_flag(installation: Installation) -> dict[str, Any]:
    """Steps 6 to 8: the words are read and the relationship is flagged, with reasons; the manager is told at once."""
    flag: dict[str, Any] = wait_for(lambda: next(iter(installation.read("flags", "list")), None))
    assert flag["client"] == "Okafor Legal"
    assert flag["severity"] in {"severe", "high"}
    assert set(flag) >= {"id", "client", "severity", "status", "raised_at", "risk", "reasons", "clears_if"}
    assert "looking at other providers" in json.dumps(flag["reasons"])
    shown = installation.read("clients", "show", str(installation.read("clients", "list")[0]["id"]))
    assert shown["health"] is not None
    if flag["severity"] == "severe":
        assert "Okafor Legal" in installation.emails_to(MANAGER)[0].text
    return flag


def act(installation: Installation, desk: Visitor, flag_id: int) -> None:
    """Step 9: the manager sees why, takes it, calls, and closes it with what came of it."""
    assert "Okafor Legal" in desk.get(f"{installation.url}/desk/").text
    page = desk.get(f"{installation.url}/desk/flags/{flag_id}")
    assert "looking at other providers" in page.text
    page = desk.send(page.form("/acknowledge"))
    page = desk.send(page.form("/contact"), note="Called Chidi, sent the engineer who did the migration.")
    page = desk.send(page.form("/resolve"), result="kept", note="The archive is back; they stay.")
    assert page.status == 200
    assert installation.read("flags", "list") == []
    assert installation.read("flags", "list", "--all")[0]["status"] == "resolved"


def learn(installation: Installation, desk: Visitor) -> None:
    """Step 10: the outcome is counted, and the state of the whole can be read."""
    learning: Page = desk.get(f"{installation.url}/desk/learning")
    assert learning.status == 200
    assert "kept" in learning.text.lower()
    doctor = json.loads(installation.flask("doctor", "--json", status=1))
    assert [check["name"] for check in doctor if check["level"] == "fail"] == ["public address"]  # it is loopback here
    assert desk.get(f"{installation.url}/readyz").status == 200


def deliver_receipts(installation: Installation, fake: FakeSendGrid) -> None:
    """Step 4: signed events arrive, twice and out of order; a forged one is refused."""
    mail = next(mail for mail in fake.sent if mail.to == CONTACT)
    events = [fake.event(mail, "delivered"), fake.event(mail, "processed")]
    webhook = f"{installation.url}/webhooks/sendgrid/events"
    assert fake.deliver(webhook, events) < 300
    assert fake.deliver(webhook, events) < 300
    with pytest.raises(HTTPError, match="401"):
        urlopen(Request(webhook, fake.body_of(events), {**fake.sign(b"something else")}, method="POST"), timeout=20)

    def delivered() -> bool | None:
        rows = installation.read("emails", "list")
        return any(row.get("delivery") == "delivered" for row in rows) or None

    assert wait_for(delivered)


def zone_where_it_is_noon(now: datetime) -> str:
    """A time zone in which it is between 11:00 and 13:00 now."""
    offset = 12 - now.hour
    return f"Etc/GMT{-offset:+d}" if offset else "Etc/GMT"


def _answers(url: str) -> bool | None:
    try:
        urlopen(url, timeout=2).close()
    except OSError:
        return None
    return True
