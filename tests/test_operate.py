"""The commands that keep an installation running."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from http.client import HTTPException
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

import emails.tasks
from emails.models import EmailState
from emails.senders import SendGridSender
from survey.config import ROOT, Settings
from survey.db import alembic, db
from survey.runtime import Runtime
from survey.supervisor import Child, Supervisor
from survey.worker import Task
from tests import processes
from tests.conftest import NOW
from tests.emails.factories import queue_survey
from tests.fakes import API_KEY, FakeSendGrid

START_SECONDS = 120.0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _flask(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return processes.flask("--app", "wsgi", *arguments, environment={**os.environ, **environment})


@pytest.fixture
def migrated(app: Flask) -> Iterator[None]:
    """The tables of this test carry the mark of the newest migration."""
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        for head in alembic.script_directory.get_heads():
            connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": head})
    yield
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))


@pytest.mark.usefixtures("migrated")
def test_worker_once_reports_what_it_did_and_fails_loudly(app: Flask) -> None:
    """A task that raises is named and makes the exit code 1; the others still run."""
    moments: list[datetime] = []

    def note(now: datetime) -> int:
        moments.append(now)
        return 2 if len(moments) == 1 else 0

    def fail(_now: datetime) -> int:
        raise RuntimeError("the provider is away")

    before: Runtime = app.extensions["clientele"]
    app.extensions["clientele"] = Runtime(before.settings, tasks=(Task("fail", fail), Task("note", note)))
    result = app.test_cli_runner().invoke(args=["worker", "--once", "--json", "--now", "2026-03-10T12:00:00+01:00"])
    assert result.exit_code == 1
    document = json.loads(result.stdout.splitlines()[-1])
    assert document["done"] == {"fail": 0, "note": 2}
    assert "the provider is away" in document["failed"]["fail"]
    assert moments[0].isoformat() == "2026-03-10T11:00:00+00:00"


@pytest.fixture
def handlers() -> Iterator[None]:
    """What this process does on a signal is as before when the test is over."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("migrated", "handlers")
def test_sigterm_lets_the_batch_in_flight_finish(app: Flask, session: Session, settings: Settings) -> None:
    """The signal comes while the provider has the request: its answer is written down, and no other batch begins."""
    messages = [queue_survey(session) for _ in range(2)]
    session.rollback()
    before: Runtime = app.extensions["clientele"]
    with FakeSendGrid() as provider, ThreadPoolExecutor(1) as thread:
        provider.fail_next(slow=0.5)
        sender = SendGridSender(API_KEY, provider.url)
        sender.most = 1
        task = Task("emails.send", lambda now: emails.tasks.send_batch(sender, settings, now))
        app.extensions["clientele"] = Runtime(before.settings, tasks=(task,))

        def stop() -> None:
            while not provider.arrivals:
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGTERM)

        stopping = thread.submit(stop)
        result = app.test_cli_runner().invoke(args=["worker", "--now", NOW.isoformat()])
        stopping.result()
    assert result.exit_code == 0
    session.expire_all()
    assert [message.state for message in messages] == [EmailState.ACCEPTED, EmailState.PENDING]
    assert len(provider.sent) == 1


def test_a_moment_without_a_zone_is_refused(app: Flask) -> None:
    """`--now` is not guessed at."""
    result = app.test_cli_runner().invoke(args=["worker", "--once", "--now", "2026-03-10T12:00:00"])
    assert result.exit_code == 2
    assert "no time zone" in result.stderr


def test_user_create_prints_a_link_that_signs_in(app: Flask, client: FlaskClient) -> None:
    """A new user and an existing one both get a fresh one-time link on stdout."""
    for _ in range(2):
        result = app.test_cli_runner().invoke(args=["user", "create", "ana@brightside.example", "--role", "manager"])
        assert result.exit_code == 0
        link = result.stdout.strip()
        assert link.startswith("http://127.0.0.1:8000/sign-in/")
        assert client.post(link.removeprefix("http://127.0.0.1:8000")).status_code == 303
    listed = app.test_cli_runner().invoke(args=["user", "list", "--json"])
    assert [user["email"] for user in json.loads(listed.stdout)] == ["ana@brightside.example"]


def test_apikey_create_prints_a_key_that_opens_the_api(app: Flask, client: FlaskClient) -> None:
    """The key on stdout is let in; without one the API answers 401 as a problem document."""
    result = app.test_cli_runner().invoke(args=["apikey", "create", "helpdesk"])
    assert result.exit_code == 0
    headers = {"Authorization": f"Bearer {result.stdout.strip()}"}
    assert client.post("/api/v1/jobs", json={}, headers=headers).status_code == 422
    refused = client.post("/api/v1/jobs", json={})
    assert (refused.status_code, refused.mimetype) == (401, "application/problem+json")


def test_user_create_refuses_what_is_no_address(app: Flask) -> None:
    """One sentence and exit code 1."""
    result = app.test_cli_runner().invoke(args=["user", "create", "ana", "--role", "viewer"])
    assert result.exit_code == 1
    assert result.stderr.strip() == "Error: 'ana' is not an email address."


def test_doctor_says_what_to_do(app: Flask) -> None:
    """Without migrations' mark, a worker or an admin the doctor fails and names the commands."""
    result = app.test_cli_runner().invoke(args=["doctor", "--json"])
    assert result.exit_code == 1
    findings = {finding["name"]: finding for finding in json.loads(result.stdout)}
    assert findings["database"]["level"] == "fail"
    assert "flask db upgrade" in findings["database"]["advice"]


def test_a_bad_setting_is_one_message_without_a_traceback(tmp_path: Path) -> None:
    """Every bad setting is listed at once."""
    result = _flask("worker", "--once", PUBLIC_URL="nonsense", TRUSTED_PROXIES="many", INSTANCE_PATH=str(tmp_path))
    assert result.returncode == 1
    assert "PUBLIC_URL" in result.stderr
    assert "TRUSTED_PROXIES" in result.stderr
    assert "Traceback" not in result.stderr


def test_readyz_tells_a_database_that_was_not_migrated(client: FlaskClient) -> None:
    """The tables of this test are made without migrations, which is what an unfinished upgrade looks like."""
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.get_json()["database"] == "not migrated"


def test_metrics_answer_this_machine_only(client: FlaskClient) -> None:
    """Numbers by state come from the tables; a request that came through a proxy sees nothing."""
    page = client.get("/metrics").text
    assert 'clientele_emails{state="pending"} 0.0' in page
    assert 'clientele_invitations{state="sent"} 0.0' in page
    assert "clientele_answers_awaiting_reading 0.0" in page
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.5"}).status_code == 404
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "203.0.113.5"}).status_code == 404


def test_a_child_that_dies_is_started_again_and_stopped_at_the_end(tmp_path: Path) -> None:
    """Kill −9 costs a moment; SIGTERM to the supervisor ends everything it started."""
    said: list[str] = []
    marks = tmp_path / "marks"
    code = f"import os, time; open({str(marks)!r}, 'a').write(str(os.getpid()) + '\\n'); time.sleep(600)"
    child = Child("test", [sys.executable, "-c", code])

    def interfere(text: str) -> None:
        said.append(text)

    watched = Supervisor((child,), tmp_path, dict(os.environ), interfere)

    def kill_it() -> None:
        assert child.process is not None
        os.kill(child.process.pid, signal.SIGKILL)
        signal.signal(signal.SIGALRM, lambda _number, _frame: setattr(watched, "stopping", True))
        signal.alarm(4)

    watched.run(kill_it)
    assert said
    assert "killed by signal 9" in said[0]
    assert child.process is not None
    assert child.process.poll() is not None


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int, dict[str, str]]]:
    """`flask serve` on a migrated database of its own."""
    environment = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'served.sqlite'}",
        "INSTANCE_PATH": str(tmp_path),
        "SECRET_KEY": "only-for-tests-0123456789",
    }
    assert _flask("db", "upgrade", **environment).returncode == 0
    port = _free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "serve", "--port", str(port), "--welcome"],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process, port, environment
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


def _answers(port: int, within: float = START_SECONDS) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=5) as response:
                return bool(response.read() == b"alive\n")
        except (OSError, HTTPException):  # also an answer cut short, by a process that was just killed
            time.sleep(0.2)
    return False


@pytest.mark.servers
def test_serve_answers_survives_a_kill_and_refuses_a_second_one(
    served: tuple[subprocess.Popen[str], int, dict[str, str]],
) -> None:
    """The web server answers; killed hard, it is back; a second `serve` and a taken port are one sentence each."""
    process, port, environment = served
    assert _answers(port)
    second = _flask("serve", "--port", str(_free_port()), **environment)
    assert second.returncode == 1
    assert f"already running on this database (process {process.pid})" in second.stderr
    taken = _flask(
        "serve", "--port", str(port), **{**environment, "INSTANCE_PATH": environment["INSTANCE_PATH"] + "/b"}
    )
    assert taken.returncode == 1
    assert f"Port {port} on 127.0.0.1 cannot be used" in taken.stderr
    children = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True, check=True
    )
    for pid in children.stdout.split():
        os.kill(int(pid), signal.SIGKILL)
    assert _answers(port)
