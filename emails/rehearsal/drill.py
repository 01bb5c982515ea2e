"""A drill: real workers send a thousand surveys to a provider that fails, and are killed all the time."""

import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, func, inspect, select
from sqlalchemy.orm import Session

from emails.delivery import EmailState
from emails.models import DeliveryEvent, EmailMessage
from emails.rehearsal.faults import Faults
from emails.rehearsal.ledger import SentMail
from emails.rehearsal.server import API_KEY, FakeSendGrid
from emails.rehearsal.stock import stock
from emails.rehearsal.storm import UNDER_WAY, Crew, Fate, Storm
from emails.rehearsal.verdict import Verdict, judge
from emails.rehearsal.webhooks import shuffled
from emails.rehearsal.worker import Orders, warm_up
from survey import clock
from survey.config import load_settings
from survey.errors import ConflictError

SECRET_KEY = "a-secret-for-rehearsals-only"  # noqa: S105 - opens nothing but its scratch database
SPEED = 240.0  # a lease of five minutes runs out in 1.25 seconds
NOT_YET = timedelta(days=6)  # until the drill lets them come due, slice by slice
MOST_SECONDS = 600.0
EVENTS_AT_ONCE = 200


@dataclass(frozen=True)
class Plan:
    """What is rehearsed.

    Attributes:
        fault_chance: how many of the provider's answers go wrong, 0…1.
        kills: workers killed before they are left in peace.
        wrong_addresses: every so manyth recipient is refused by the provider (0: none).
        every_point: a worker, or the web server, must die at each labelled point; else that is a broken promise.
        late: the share of mails whose events come over a day late, 0…1; of what is unclear, half, if it is not 0.
    """

    messages: int = 1_000
    workers: int = 4
    fault_chance: float = 0.15
    kills: int = 24
    wrong_addresses: int = 97
    every_point: bool = False
    late: float = 0.1
    seed: int = 1


@dataclass
class Report:
    """What happened."""

    verdict: Verdict
    killed: Counter[str] = field(default_factory=Counter)
    faults: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    events: int = 0
    late: int = 0
    proven_late: int = 0
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            **asdict(self.verdict),
            "killed": dict(self.killed),
            "faults": self.faults,
            "requests": self.requests,
            "late_events": self.late,
            "proven_late": self.proven_late,
        }

    def in_words(self) -> str:
        """For the operator: what happened, and whether every promise was kept."""
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.verdict.states.items()))
        lines = [
            f"{self.verdict.messages} emails in {self.requests} requests, {self.seconds:.0f} seconds: {states}.",
            f"Workers killed: {_listed(self.killed)}.",
            f"What the provider did wrong: {_listed(self.faults)}.",
            f"{self.late} events came a day late, when what was unclear was parked already: they proved that "
            f"{self.proven_late} of those had gone out.",
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
        self._crew = Crew(context, orders)
        self.orders = orders

    def run(self) -> Report:
        started = time.monotonic()
        plan, provider = self._plan, self._provider
        fate = Fate(plan.messages, plan.workers, plan.kills, plan.every_point)
        storm = Storm(self._engine, provider, fate, self._crew, self._chance, self._say)
        storm.run()
        provider.faults.chance = 0.0
        storm.let_come_due(plan.messages)
        self._say("The storm is over: what is left goes out.")
        with self._workers(1):
            self._wait("the queue did not empty", lambda: not self._count(UNDER_WAY))
            soon, late = self._parted(provider.sent)
            events = self._deliver_events(soon)
            self._wait("events were not processed", self._all_processed)
        proven = self._settle(late)
        with Session(self._engine) as session:
            verdict = judge(session, provider.sent, settled=True)
        if plan.every_point and (missing := storm.missing()):
            verdict.wrong.append(f"Nobody died at: {', '.join(missing)}.")
        report = Report(verdict, storm.killed, dict(provider.faults.met), provider.requests, events)
        report.late, report.proven_late, report.seconds = 2 * len(late), proven, time.monotonic() - started
        return report

    def _parted(self, mails: Sequence[SentMail]) -> tuple[list[SentMail], list[SentMail]]:
        """Mails whose events come at once, and those whose come late: half of what is unclear, and some of the rest."""
        with Session(self._engine) as session:
            unclear = set(
                session.scalars(select(EmailMessage.attempt_id).where(EmailMessage.state == EmailState.UNKNOWN))
            )
        late = [
            mail
            for mail in mails
            if self._plan.late and self._chance.random() < (0.5 if mail.attempt_id in unclear else self._plan.late)
        ]
        gone = {mail.attempt_id for mail in late}
        return [mail for mail in mails if mail.attempt_id not in gone], late

    @contextmanager
    def _workers(self, count: int, orders: Orders | None = None) -> Iterator[None]:
        """Workers that are left in peace, and end as an operator ends them."""
        processes = [self._crew.worker(orders or self.orders) for _ in range(count)]
        try:
            yield
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.join(60)
                process.kill()

    def _deliver_events(self, mails: Sequence[SentMail]) -> int:
        """Every mail's events, doubled, out of order, to a web server that is killed once on the way."""
        make = self._provider.event
        events = [make(mail, kind) for mail in mails for kind in ("processed", "delivered")]
        batches = [*shuffled(events, self._plan.seed, EVENTS_AT_ONCE)]
        server, url = self._crew.web_server()
        for number, batch in enumerate(batches):
            if number == len(batches) // 2:
                server.kill()
                server.join()
                server, url = self._crew.web_server()
            if (status := self._provider.webhooks.deliver(url, batch, clock.now())) >= 300:
                raise ConflictError(f"Our own webhook answered {status}.")
        server.kill()
        server.join()
        self._say(f"{len(events)} events delivered")
        return len(events)

    def _settle(self, late: Sequence[SentMail]) -> int:
        """27 hours later what has no proof is parked; then the last events come.

        Returns how many parked emails they proved to have gone out.
        """
        orders = replace(self.orders, start=self.orders.start + timedelta(hours=27))
        with self._workers(1, orders):
            self._wait("unclear emails were not parked", lambda: not self._count((EmailState.UNKNOWN,)))
            parked = self._count((EmailState.PARKED,))
            if late:
                self._deliver_events(late)
                self._wait("late events were not processed", self._all_processed)
        return parked - self._count((EmailState.PARKED,))

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
