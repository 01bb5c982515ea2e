"""A thousand clients answer at once while the web server is killed and started again."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey import clock
from survey.config import ROOT, Settings
from survey.models import Answer, Invitation, InvitationState, SurveyResponse
from survey.supervisor import web_command
from tests.conftest import SECRET_KEY
from tests.factories import make_surveys

pytestmark = pytest.mark.servers

CLIENTS = 1_000
AT_ONCE = 25
KILLS = 3
AGENT = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile Safari/604.1"


class Web:
    """The web server as `flask serve` runs it, and somebody who kills it."""

    def __init__(self, settings: Settings) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.environment = {
            **os.environ,
            "DATABASE_URL": settings.database_url,
            "INSTANCE_PATH": str(settings.instance_path),
            "SECRET_KEY": SECRET_KEY,
            "TRUSTED_PROXIES": "1",
            "LOG_LEVEL": "ERROR",
        }
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            web_command("127.0.0.1", self.port), env=self.environment, cwd=ROOT, start_new_session=True
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.05)
        raise TimeoutError(sys.executable)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def serving(settings: Settings) -> Iterator[Web]:
    web = Web(settings)
    try:
        yield web
    finally:
        web.kill()


def answer(port: int, number: int, path: str) -> str:
    """One client's answer, sent until the next page comes; returns its address."""
    body = urlencode({"csat": number % 5 + 1, "comment": f"Client {number}", "based_on": "0", "step_greeted": "yes"})
    headers = {
        "User-Agent": AGENT,
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Forwarded-For": f"10.0.{number >> 8}.{number & 255}",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-User": "?1",
    }
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        connection = HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            response.read()
            if response.status == 303:
                return response.headers["Location"]
            assert response.status >= 500, response.status
        except (OSError, HTTPException):
            pass  # killed at that moment: a person taps again
        finally:
            connection.close()
        time.sleep(0.05)
    raise TimeoutError(path)


def test_every_answer_that_got_its_page_is_stored_once(session: Session, settings: Settings) -> None:
    """Nobody's answer is lost or doubled, whenever the server dies, and each holds what its client wrote."""
    paths = make_surveys(session, CLIENTS, clock.now(), SECRET_KEY, AGENT)
    session.commit()
    left, done, mutex = list(enumerate(paths)), [0], threading.Lock()
    failed: list[BaseException] = []

    def clients(port: int) -> None:
        while not failed:
            with mutex:
                if not left:
                    return
                number, path = left.pop()
            try:
                assert answer(port, number, path).startswith(path)
            except BaseException as error:
                failed.append(error)
                raise
            with mutex:
                done[0] += 1

    with serving(settings) as web:
        threads = [threading.Thread(target=clients, args=(web.port,)) for _ in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        for kill in range(1, KILLS + 1):
            while done[0] < CLIENTS * kill // (KILLS + 1) and not failed:
                time.sleep(0.01)
            web.kill()
            web.start()
        for thread in threads:
            thread.join()

    assert failed == []
    session.expire_all()
    assert session.scalar(select(func.count()).select_from(SurveyResponse)) == CLIENTS
    rows = session.execute(
        select(SurveyResponse.invitation_id, Answer.question, Answer.number, Answer.text).join(Answer.response)
    )
    told: dict[int | None, dict[str, object]] = {}
    for invitation_id, question, number, words in rows:
        assert question not in told.setdefault(invitation_id, {})
        told[invitation_id][question] = words if number is None else number
    assert told == {n + 1: {"csat": n % 5 + 1, "comment": f"Client {n}"} for n in range(CLIENTS)}
    open_still = select(func.count()).where(Invitation.state != InvitationState.ANSWERED)
    assert session.scalar(open_still) == 0
