"""The storm of a drill: workers that kill themselves at each labelled point, or are killed at random, and replaced."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess

from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from emails.delivery import EmailState
from emails.models import EmailMessage
from emails.rehearsal.server import FakeSendGrid
from emails.rehearsal.worker import POINTS, WEBHOOK_POINTS, Orders, serve, work
from survey import clock
from survey.errors import ConflictError

SLICE = 25
MOST_SECONDS = 900.0
UNDER_WAY = (EmailState.PENDING, EmailState.CLAIMED, EmailState.SENDING)
AT_RANDOM = "at random"
BROKEN = "by an error of its own"
MOST_BROKEN = 20  # a database that is busy for too long may end a worker; one that always fails proves nothing


@dataclass(frozen=True)
class Fate:
    """How much is killed.

    Attributes:
        kills: at least so many workers, unless the queue is empty before.
        every_point: no end before each labelled point, of workers and of the web server, has cost a process.
    """

    messages: int
    workers: int
    kills: int
    every_point: bool


@dataclass
class Crew:
    """Starts the processes of a drill."""

    context: ForkServerContext
    orders: Orders

    def worker(self, orders: Orders) -> ForkServerProcess:
        """A worker; where it dies is in its orders."""
        process = self.context.Process(target=work, args=(orders,), daemon=True)
        process.start()
        return process

    def web_server(self, point: str = "") -> tuple[ForkServerProcess, str]:
        """A web server of our own, and the address of its webhook."""
        ours: Connection
        ours, theirs = self.context.Pipe()
        server = self.context.Process(target=serve, args=(replace(self.orders, point=point), theirs), daemon=True)
        server.start()
        return server, f"http://127.0.0.1:{ours.recv()}/webhooks/sendgrid/events"


@dataclass
class Storm:
    """One storm over a queue that comes due slice by slice, so that a worker that dies takes few with it."""

    engine: Engine
    provider: FakeSendGrid
    fate: Fate
    crew: Crew
    chance: random.Random
    say: Callable[[str], None]
    killed: Counter[str] = field(default_factory=Counter)
    due: int = 0
    _told: int = 0  # mails whose first events were delivered meanwhile

    def run(self) -> None:
        """Until all are killed that should be, or nothing is left to send.

        Raises:
            ConflictError: it did not come to an end.
        """
        alive: list[tuple[ForkServerProcess, str]] = []
        until = time.monotonic() + MOST_SECONDS
        while self._goes_on():
            if time.monotonic() > until or self.killed[BROKEN] > MOST_BROKEN:
                raise ConflictError(f"The drill did not come to an end: no worker died at {self.missing()}.")
            while len(alive) < self.fate.workers:
                point = self._next_point([label for _process, label in alive]) if len(alive) % 2 else ""
                alive.append((self.crew.worker(replace(self.crew.orders, point=point)), point))
            self.let_come_due(self._share())
            self._deliver_some()
            time.sleep(self.chance.uniform(0.05, 0.4))
            self._strike(alive)
        for process, _label in alive:
            process.kill()
            process.join()

    def let_come_due(self, count: int) -> None:
        """The next few, unless enough wait."""
        now = self.crew.orders.now()
        with Session(self.engine) as session:
            waiting = (EmailMessage.state == EmailState.PENDING, EmailMessage.due_at <= now)
            enough = (session.scalar(select(func.count()).where(*waiting)) or 0) > count
        if enough:
            return
        last = self.due + count
        with Session(self.engine) as session, session.begin():
            change = update(EmailMessage).where(EmailMessage.id > self.due, EmailMessage.id <= last)
            session.execute(change.values(due_at=now))
        self.due = last

    def _goes_on(self) -> bool:
        wanted = self.killed.total() < self.fate.kills or (self.fate.every_point and bool(self.missing()))
        with Session(self.engine) as session:
            left = session.scalar(select(func.count()).where(EmailMessage.state.in_(UNDER_WAY)))
        return wanted and bool(left)

    def missing(self) -> list[str]:
        """Labelled points at which nobody has died yet."""
        return [point for point in (*POINTS, *WEBHOOK_POINTS) if not self.killed[point]]

    def _next_point(self, taken: list[str]) -> str:
        """Where the next worker shall die: where none has died, and none of those alive will."""
        points = [point for point in POINTS if not self.killed[point] and point not in taken]
        return self.chance.choice(points) if points else ""

    def _share(self) -> int:
        """Where every point is wanted, the queue lasts as long as points are missing."""
        if not self.fate.every_point:
            return SLICE
        hit = len(POINTS) + len(WEBHOOK_POINTS) - len(self.missing())
        return SLICE if self.due < self.fate.messages * (hit + 1) // (len(POINTS) + len(WEBHOOK_POINTS) + 1) else 1

    def _strike(self, alive: list[tuple[ForkServerProcess, str]]) -> None:
        victim, point = self.chance.choice(alive)
        if not point and self.killed.total() < self.fate.kills:
            victim.kill()
            victim.join()
        for process, label in [*alive]:
            if not process.is_alive():
                process.join()
                alive.remove((process, label))
                self.killed[(label or AT_RANDOM) if process.exitcode == -signal.SIGKILL else BROKEN] += 1
                self.say(f"{self.killed.total()} workers killed, {self.provider.requests} requests")

    def _deliver_some(self) -> None:
        """Where every point is wanted: events of what was taken, to a web server that dies and is asked again."""
        mails = self.provider.sent[self._told :]
        wanted = any(point.startswith(("webhook:", "emails.events:")) for point in self.missing())
        if not (self.fate.every_point and mails and wanted):
            return
        self._told += len(mails)
        events = [self.provider.event(mail, "processed") for mail in mails]
        missing = [point for point in WEBHOOK_POINTS if not self.killed[point]]
        for point in [*missing[:1], ""]:
            server, url = self.crew.web_server(point)
            try:
                status = self.provider.webhooks.deliver(url, events, clock.now())
                if status >= 300:
                    raise ConflictError(f"Our own webhook answered {status}.")
            except OSError:
                server.join(5)
                self.killed[point] += int(server.exitcode == -signal.SIGKILL)
            finally:
                server.kill()
                server.join()
