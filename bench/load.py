"""How many clients the survey takes at once: `python -m bench.load` (add `--database postgresql`; `--quick`: 3 rounds).

The survey's first page (GET) and a full answer (POST: rating, words, recommendation, promise, wishes; validated and on
the disk before it is confirmed) beside a bare Flask view that returns "hello". All are served by granian with one
worker process (hello in THREADS threads, as Flask is served where it waits for a database, and beside it in one, which
suits a view that waits for nothing; the survey on its event loop), and driven in turns by one other process over
connections kept alive.
SQLite runs in WAL with `synchronous=FULL`, PostgreSQL with `fsync` and `synchronous_commit=on`.
"""

import argparse
import itertools
import json
import os
import re
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from flask import Flask
from sqlalchemy import func, select, text

from bench.webhook import with_postgresql
from survey import clock, tokens
from survey.config import Settings, load_settings
from survey.db import Base, db
from survey.firms import get_firm
from survey.front.app import Front, Receive, Scope, Send
from survey.front.asked import Reader
from survey.models import Answer, SurveyResponse
from survey.promise import DEFAULT_PROMISE
from tests.factories import make_surveys
from wsgi import create_app

RESULTS = Path(__file__).parent / "results"
SECRET = "only-for-benchmarks-0123456789"  # noqa: S105
CONNECTIONS = 8
THREADS = 8  # for hello, and for what the front leaves to Flask
SECONDS = 4.0  # of each turn
SURVEYS = 16_000  # for reading, so that each is looked at a few times only; each posted answer has one of its own
NAP = 0.0001  # seconds
PAGE_BYTES = 6_500  # as long as the page
AGENT = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile Safari/604.1"
HEADERS = (
    f"Host: localhost\r\nUser-Agent: {AGENT}\r\nAccept: text/html\r\nAccept-Language: en-GB,en;q=0.9\r\n"
    "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-User: ?1\r\n"
)
FULL_ANSWER = {
    "based_on": "0",
    "csat": "4",
    "comment": "The till was back the same afternoon, and Ana explained what had been wrong with it. Thank you!",
    "nps": "9",
    "would_return": "1",
    "contact_me": "0",
    **{f"step_{step.key}": "yes" for step in DEFAULT_PROMISE},
}


def hello_app() -> Flask:
    """The floor."""
    app = Flask("hello")

    @app.get("/")
    def hello() -> str:
        return "hello"

    return app


def survey_app() -> Front:
    """Clientele as `flask serve` starts it; on SQLite each commit is on the disk."""
    app = create_app(_settings(os.environ["BENCH_DATABASE"], Path(os.environ["BENCH_FOLDER"])))
    return Front(app, app.wsgi_app, THREADS).start()


def lookup_app() -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """What no page behind a link can do without: its survey is looked up, and as many bytes are sent."""
    app = create_app(_settings(os.environ["BENCH_DATABASE"], Path(os.environ["BENCH_FOLDER"])))
    with app.app_context():
        reader = Reader(db.engine)

    async def answer(scope: Scope, _receive: Receive, send: Send) -> None:
        found = await reader.survey(tokens.fingerprint(scope["path"].rpartition("/")[2]), clock.now())
        headers = [(b"content-length", b"%d" % PAGE_BYTES)]
        await send({"type": "http.response.start", "status": 200 if found else 404, "headers": headers})
        await send({"type": "http.response.body", "body": b"x" * PAGE_BYTES})

    return answer


def _settings(url: str, folder: Path) -> Settings:
    return load_settings(
        _env_file=None,
        database_url=url,
        instance_path=folder,
        secret_key=SECRET,
        log_level="ERROR",
        trusted_proxies=1,  # each client has an address of its own, or the limits of one caller would stop them
    )


def fill(url: str, folder: Path, count: int) -> list[str]:
    """`count` surveys that were sent yesterday, each looked at by its person a minute ago; returns their paths."""
    app = create_app(_settings(url, folder))
    with app.app_context():
        Base.metadata.create_all(db.engine)
        get_firm(db.session).promise = [step.as_dict() for step in DEFAULT_PROMISE]
        paths = make_surveys(db.session, count, clock.now(), SECRET, AGENT)
        db.session.commit()
        db.engine.dispose()
    return paths


@contextmanager
def serving(
    factory: str, environment: dict[str, str], interface: str = "asginl", threads: int = THREADS
) -> Iterator[int]:
    """A server of one worker process on a free port: Flask in threads ("wsgi"), or an event loop ("asginl")."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        *(sys.executable, "-m", "granian", "--interface", interface, "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "1", "--no-ws", "--log-level", "warning", "--factory", factory),
        *(("--blocking-threads", str(threads)) if interface == "wsgi" else ()),
    ]
    process = subprocess.Popen(command, env={**os.environ, **environment})
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


@dataclass(frozen=True)
class Turn:
    """What one turn of driving found. Times in seconds."""

    rate: float
    p50: float
    p99: float
    statuses: dict[str, int]


_callers = itertools.count(1)


def get_request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\n{HEADERS}\r\n".encode()


def post_request(path: str) -> bytes:
    body, number = urlencode(FULL_ANSWER), next(_callers)
    form = f"X-Forwarded-For: 10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}\r\n"
    form += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
    return f"POST {path} HTTP/1.1\r\n{HEADERS}{form}\r\n{body}".encode()


def drive(port: int, requests: Iterator[bytes], seconds: float, rate: float = 0.0) -> Turn:
    """Send requests over CONNECTIONS connections for `seconds`, as fast as they are answered or at `rate` a second.

    With a rate, a request's time begins when it is due, whether or not a connection was free then.
    """
    times: list[float] = []
    statuses: Counter[str] = Counter()
    with ExitStack() as opened, selectors.DefaultSelector() as ready:
        free = [Line(opened.enter_context(socket.create_connection(("127.0.0.1", port)))) for _ in range(CONNECTIONS)]
        for line in free:
            ready.register(line.connection, selectors.EVENT_READ, line)
        began, sent = time.perf_counter(), 0
        while True:
            now = time.perf_counter()
            due = began + sent / rate if rate else now
            is_over = now - began >= seconds
            if free and due <= now and not is_over and (request := next(requests, None)) is not None:
                free.pop().send(request, due)
                sent += 1
                continue
            if len(free) == CONNECTIONS and (is_over or due <= now):
                break
            is_paced = free and rate and not is_over
            found = ready.select(0 if is_paced else None)
            if not found:
                time.sleep(min(NAP, max(0.0, due - now)))  # the selector's own waits are whole milliseconds
            for key, _ in found:
                if (status := key.data.take()) is not None:
                    times.append(time.perf_counter() - key.data.due)
                    statuses[status] += 1
                    free.append(key.data)
        took = time.perf_counter() - began
    times.sort()
    return Turn(len(times) / took, times[len(times) // 2], times[int(len(times) * 0.99)], dict(statuses))


class Line:
    """A connection that asks one thing at a time."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection, self.due, self._got = connection, 0.0, b""

    def send(self, request: bytes, due: float) -> None:
        self.due = due
        self.connection.sendall(request)

    def take(self) -> str | None:
        """The status of the answer once it is here whole."""
        found = self.connection.recv(65_536)
        if not found:
            raise ConnectionError("the server hung up")
        self._got += found
        head, ends, body = self._got.partition(b"\r\n\r\n")
        said = _LENGTH.search(head)
        if not ends or len(body) < (int(said[1]) if said else 0):
            return None
        self._got = b""
        return head[9:12].decode()


_LENGTH = re.compile(rb"(?i)\ncontent-length: *(\d+)")


def around(paths: Sequence[str], make: Callable[[str], bytes]) -> Iterator[bytes]:
    """The paths' requests, for ever."""
    made = [make(path) for path in paths]
    while True:
        yield from made


def measure(url: str, folder: Path, rounds: int) -> dict[str, list[Turn]]:
    """Turns of hello, GET and POST, after one of each to warm up; then GET and POST at four fifths of their rate."""
    posts = int((rounds + 2) * SECONDS * 1_000)
    paths = fill(url, folder, SURVEYS + posts)
    reading, answering = (
        paths[:SURVEYS],
        iter([post_request(path) for path in paths[SURVEYS:]]),
    )  # made ahead, like GETs
    found: dict[str, list[Turn]] = {"hello": [], "hello in one thread": [], "lookup alone": [], "GET": [], "POST": []}
    environment = {"BENCH_DATABASE": url, "BENCH_FOLDER": str(folder)}
    with ExitStack() as servers:
        hello = servers.enter_context(serving("bench.load:hello_app", {}, "wsgi"))
        alone = servers.enter_context(serving("bench.load:hello_app", {}, "wsgi", 1))
        survey = servers.enter_context(serving("bench.load:survey_app", environment))
        lookup = servers.enter_context(serving("bench.load:lookup_app", environment))
        kinds: list[tuple[str, int, Iterator[bytes]]] = [
            ("hello", hello, around(["/"], get_request)),
            ("hello in one thread", alone, around(["/"], get_request)),
            ("lookup alone", lookup, around(reading, get_request)),
            ("GET", survey, around([f"{path}?csat=4" for path in reading], get_request)),
            ("POST", survey, answering),
        ]
        for number in range(rounds + 1):
            for name, port, requests in kinds:
                turn = drive(port, requests, SECONDS if number else 1.5)
                if number:
                    found[name].append(turn)
        for name, port, requests in (kind for kind in kinds if kind[0] in {"hello", "GET", "POST"}):
            rate = 0.8 * statistics.median(turn.rate for turn in found[name])
            found[f"{name} at 80 %"] = [drive(port, requests, SECONDS, rate)]
    _check(url, folder, found)
    return found


def _check(url: str, folder: Path, found: dict[str, list[Turn]]) -> None:
    """Every POST that was confirmed is in the database, whole."""
    app = create_app(_settings(url, folder))
    with app.app_context():
        stored = db.session.scalar(select(func.count()).select_from(SurveyResponse)) or 0
        answers = db.session.scalar(select(func.count()).select_from(Answer)) or 0
        others = {status for turns in found.values() for turn in turns for status in turn.statuses} - {"200", "303"}
        assert not others, [turn.statuses for turns in found.values() for turn in turns]
        confirmed = sum(turn.statuses.get("303", 0) for name in ("POST", "POST at 80 %") for turn in found[name])
        assert stored >= confirmed, (stored, confirmed)
        assert answers == stored * 5, (answers, stored)
        if db.engine.dialect.name == "postgresql":
            assert db.session.execute(text("SHOW synchronous_commit")).scalar() == "on"
        else:
            assert db.session.execute(text("PRAGMA synchronous")).scalar() == 2  # FULL
        db.session.rollback()
        db.engine.dispose()


def table(database: str, found: dict[str, list[Turn]]) -> list[str]:
    """One database's part of the report, as Markdown."""
    floor = statistics.median(turn.rate for turn in found["hello"])
    goals = {"GET": "0.8", "POST": "0.25"}
    lines = [
        f"## {database}",
        "",
        "| | requests/s, median | ratio to hello | goal | p50 | p99 |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, turns in found.items():
        rate, p50, p99 = (statistics.median(getattr(turn, key) for turn in turns) for key in ("rate", "p50", "p99"))
        ratio = "" if name.endswith("%") else f"{rate / floor:.3f}"
        lines.append(
            f"| {name} | {rate:,.0f} | {ratio} | {goals.get(name, '')} | {p50 * 1000:.1f} ms | {p99 * 1000:.1f} ms |"
        )
    return [*lines, ""]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", choices=("sqlite", "postgresql"))
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_args()
    rounds = 3 if chosen.quick else 6
    lines = [
        "# Clients answering at once",
        "",
        f"`python -m bench.load`: {rounds} turns of {SECONDS:g} s each, {CONNECTIONS} connections, one worker",
        f"process each (hello's with {THREADS} threads), {os.cpu_count()} cores shared with the driving process.",
        "Lookup alone: a bare ASGI function that looks the link's survey up and sends a page's bytes, without a page.",
        f"GET: the first page with a rating offered. POST: {json.dumps(len(FULL_ANSWER) - 1)} answers in one form.",
        "",
    ]

    def work(url: str, folder: Path) -> None:
        name = "PostgreSQL, synchronous_commit=on" if url.startswith("postgres") else "SQLite, WAL, synchronous=FULL"
        lines.extend(table(name, measure(url, folder, rounds)))

    if chosen.database != "postgresql":
        with tempfile.TemporaryDirectory() as folder:
            work(f"sqlite:///{folder}/load.db", Path(folder))
    if chosen.database != "sqlite":
        with_postgresql(work)
    text_of_it = "\n".join(lines)
    if not chosen.quick and not chosen.database:
        (RESULTS / "load.md").write_text(text_of_it)
    print(text_of_it)


if __name__ == "__main__":
    main()
