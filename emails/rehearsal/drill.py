"""A drill: real workers send a thousand surveys to a provider that fails, and are killed all the time."""

import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, func, inspect, select, update
from sqlalchemy.orm import Session

from emails.delivery import EmailState
from emails.models import DeliveryEvent, EmailMessage
from emails.rehearsal.faults import Faults
from emails.rehearsal.server import API_KEY, FakeSendGrid
from emails.rehearsal.stock import stock
from emails.rehearsal.verdict import Verdict, judge
from emails.rehearsal.webhooks import shuffled
from emails.rehearsal.worker import POINTS, Orders, serve, warm_up, work
from survey import clock
from survey.config import load_settings
from survey.db import Base
from survey.errors import ConflictError

SECRET_KEY = "a-secret-for-rehearsals-only"  # noqa: S105 - opens nothing but its scratch database
SPEED = 240.0  # a lease of five minutes runs out in 1.25 seconds
NOT_YET = timedelta(days=6)  # until the drill lets them come due, slice by slice
SLICE = 25
MOST_SECONDS = 600.0
EVENTS_AT_ONCE = 200
_UNDER_WAY = (EmailState.PENDING, EmailState.CLAIMED, EmailState.SENDING)


@dataclass(frozen=True)
class Plan:
    """What is rehearsed.

    Attributes:
        fault_chance: how many of the provider's answers go wrong, 0…1.
        kills: workers killed before they are left in peace.
        wrong_addresses: every so manyth recipient is refused by the provider (0: none).
    """

    messages: int = 1_000
    workers: int = 4
    fault_chance: float = 0.15
    kills: int = 24
    wrong_addresses: int = 97
    seed: int = 1


@dataclass
class Report:
    """What happened."""

    verdict: Verdict
    killed: Counter[str] = field(default_factory=Counter)
    faults: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    events: int = 0
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self.verdict), "killed": dict(self.killed), "faults": self.faults, "requests": self.requests}

    def in_words(self) -> str:
        """For the operator: what happened, and whether every promise was kept."""
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.verdict.states.items()))
        lines = [
            f"{self.verdict.messages} emails in {self.requests} requests, {self.seconds:.0f} seconds: {states}.",
            f"Workers killed: {_listed(self.killed)}.",
            f"What the provider did wrong: {_listed(self.faults)}.",
            *(f"NOT KEPT: {line}" for line in self.verdict.wrong),
        ]
        if not self.verdict.wrong:
            lines.append("Nothing was sent twice, nothing was lost. What could not be proven is parked for a person.")
        return "\n".join(lines)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(counts.items())) or "nothing"


def run(database_url: str, folder: Path, plan: Plan, say: Callable[[str], None] = lambda _line: None) -> Report:
    """Rehearse in an empty database. `folder` is for the processes' files.

    Raises:
        ConflictError: the database is not empty, or the drill did not come to an end.
    """
    url = load_settings(_env_file=None, database_url=database_url, secret_key=SECRET_KEY).engine_url
    engine = create_engine(url, connect_args={"timeout": 60} if url.startswith("sqlite") else {})
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["wsgi"])
    try:
        if inspect(engine).get_table_names():
            raise ConflictError("This database is not empty. A rehearsal needs one of its own.")
        with FakeSendGrid(faults=Faults(plan.fault_chance, plan.seed)) as provider:
            say("Starting the workers.")
            first = context.Process(target=warm_up, args=(_orders(database_url, folder, provider),))
            first.start()
            first.join()
            _fill(engine, plan)
            drill = _Drill(engine, provider, plan, _orders(database_url, folder, provider), context, say)
            provider.now = drill.orders.now
            return drill.run()
    finally:
        engine.dispose()


def _fill(engine: Engine, plan: Plan) -> None:
    Base.metadata.create_all(engine)
    now = clock.now()
    with Session(engine) as session:
        stock(session, SECRET_KEY, plan.messages, now, wrong_addresses=plan.wrong_addresses, due_at=now + NOT_YET)


def _orders(database_url: str, folder: Path, provider: FakeSendGrid) -> Orders:
    environment = {
        "DATABASE_URL": database_url,
        "INSTANCE_PATH": str(folder),
        "SECRET_KEY": SECRET_KEY,
        "EMAIL_TRANSPORT": "sendgrid",
        "SENDGRID_API_KEY": API_KEY,
        "SENDGRID_BASE_URL": provider.url,
        "SENDGRID_WEBHOOK_PUBLIC_KEY": provider.public_key,
        "LOG_LEVEL": "ERROR",
    }
    return Orders(environment, clock.now(), time.time(), SPEED)


class _Drill:
    def __init__(
        self,
        engine: Engine,
        provider: FakeSendGrid,
        plan: Plan,
        orders: Orders,
        context: ForkServerContext,
        say: Callable[[str], None],
    ) -> None:
        self._engine = engine
        self._provider = provider
        self._plan = plan
        self._say = say
        self._chance = random.Random(plan.seed)  # noqa: S311 - the same drill again for the same seed
        self._context = context
        self.orders = orders
        self.killed: Counter[str] = Counter()
        self._due = 0

    def run(self) -> Report:
        started = time.monotonic()
        self._storm()
        self._provider.faults.chance = 0.0
        self._let_come_due(self._plan.messages)
        self._say("The storm is over: what is left goes out.")
        with self._workers(1):
            self._wait("the queue did not empty", lambda: not self._count(_UNDER_WAY))
            events = self._deliver_events()
            self._wait("events were not processed", self._all_processed)
        self._settle()
        with Session(self._engine) as session:
            verdict = judge(session, self._provider.sent, settled=True)
        faults, requests = dict(self._provider.faults.met), self._provider.requests
        return Report(verdict, self.killed, faults, requests, events, time.monotonic() - started)

    def _storm(self) -> None:
        """Workers are killed, by themselves at each point in turn and from outside at random, and replaced."""
        points = [*POINTS]
        self._chance.shuffle(points)
        alive: list[tuple[ForkServerProcess, str]] = []
        until = time.monotonic() + MOST_SECONDS
        while sum(self.killed.values()) < self._plan.kills and self._count(_UNDER_WAY):
            if time.monotonic() > until:
                raise ConflictError("The drill did not come to an end: workers were not killed as planned.")
            while len(alive) < self._plan.workers:
                point = points.pop() if points and len(alive) % 2 else ""
                alive.append((self._start(replace(self.orders, point=point)), point))
            self._let_come_due(SLICE)
            time.sleep(self._chance.uniform(0.05, 0.4))
            victim, point = self._chance.choice(alive)
            if not point:
                victim.kill()
            for process, label in [*alive]:
                if not process.is_alive() or (process is victim and not label):
                    process.join()
                    alive.remove((process, label))
                    self.killed[label or "at random"] += 1
                    self._say(f"{sum(self.killed.values())} workers killed, {self._provider.requests} requests")
        for process, _label in alive:
            process.kill()
            process.join()

    def _let_come_due(self, slice_size: int) -> None:
        """The next few, unless enough wait: so that a worker that dies takes few with it, however slow all is."""
        now = self.orders.now()
        with Session(self._engine) as session:
            waiting = (EmailMessage.state == EmailState.PENDING, EmailMessage.due_at <= now)
            enough = (session.scalar(select(func.count()).where(*waiting)) or 0) > slice_size
        if enough:
            return
        last = self._due + slice_size
        with Session(self._engine) as session, session.begin():
            change = update(EmailMessage).where(EmailMessage.id > self._due, EmailMessage.id <= last)
            session.execute(change.values(due_at=now))
        self._due = last

    def _start(self, orders: Orders) -> ForkServerProcess:
        process = self._context.Process(target=work, args=(orders,), daemon=True)
        process.start()
        return process

    @contextmanager
    def _workers(self, count: int) -> Iterator[None]:
        """Workers that are left in peace, and end as an operator ends them."""
        processes = [self._start(self.orders) for _ in range(count)]
        try:
            yield
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.join(60)
                process.kill()

    def _deliver_events(self) -> int:
        """Every mail's events, doubled, out of order, to a web server that is killed once on the way."""
        make = self._provider.event
        events = [make(mail, kind) for mail in self._provider.sent for kind in ("processed", "delivered")]
        batches = [*shuffled(events, self._plan.seed, EVENTS_AT_ONCE)]
        server, url = self._serve()
        for number, batch in enumerate(batches):
            if number == len(batches) // 2:
                server.kill()
                server.join()
                server, url = self._serve()
            if (status := self._provider.webhooks.deliver(url, batch, clock.now())) >= 300:
                raise ConflictError(f"Our own webhook answered {status}.")
        server.kill()
        server.join()
        self._say(f"{len(events)} events delivered")
        return len(events)

    def _serve(self) -> tuple[ForkServerProcess, str]:
        ours, theirs = self._context.Pipe()
        server = self._context.Process(target=serve, args=(self.orders, theirs), daemon=True)
        server.start()
        return server, f"http://127.0.0.1:{ours.recv()}/webhooks/sendgrid/events"

    def _settle(self) -> None:
        """27 hours later: what has no proof is parked."""
        later = replace(self.orders, start=self.orders.start + timedelta(hours=27))
        worker = self._start(later)
        self._wait("unclear emails were not parked", lambda: not self._count((EmailState.UNKNOWN,)))
        worker.terminate()
        worker.join(60)

    def _wait(self, otherwise: str, reached: Callable[[], bool]) -> None:
        until = time.monotonic() + MOST_SECONDS
        while not reached():
            if time.monotonic() > until:
                raise ConflictError(f"The drill did not come to an end: {otherwise}.")
            time.sleep(0.1)

    def _count(self, states: tuple[EmailState, ...]) -> int:
        with Session(self._engine) as session:
            return session.scalar(select(func.count()).where(EmailMessage.state.in_(states))) or 0

    def _all_processed(self) -> bool:
        with Session(self._engine) as session:
            return session.scalar(select(func.count()).where(DeliveryEvent.processed_at.is_(None))) == 0
