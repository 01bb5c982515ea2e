"""How long a large firm takes: scoring everybody from scratch, and one client after an answer.

    .venv/bin/python -m bench.scale                  # 200, 2,000 and 20,000 clients, SQLite in a temporary folder
    .venv/bin/python -m bench.scale --sizes 200      # quicker
    .venv/bin/python -m bench.scale --folder DIR     # keeps the databases there, and takes those that are there

Each client has 50 jobs and 15 answers over up to three years (`bench.large_firm`). What is timed are the worker's own
tasks. The baselines are what was done before levels were kept: counting what is usual for every batch, asking every
client whether they are due, and judging each step of a past in full. Results go to bench/results/scale.md.
"""

import argparse
import os
import platform
import resource
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from secrets import token_hex

from sqlalchemy import func, or_, select

from analysis.models import RelationshipState
from analysis.relationships.assessment import assess
from analysis.relationships.history import as_of
from analysis.relationships.ladder import Before
from analysis.relationships.past import HISTORY_STEP, Yardstick, replayed
from analysis.scoring.evidence import load_evidence
from analysis.scoring.levels import levels_for_reading
from analysis.scoring.usual import load_firm_usual
from analysis.tasks import tasks
from bench.large_firm import NOW, build
from survey import clock
from survey.config import Settings, load_settings
from survey.db import alembic, begin_reading, db, transaction
from survey.firms import get_firm
from survey.models import Answer, Client, Contact, Job, Resolution, ResponseOrigin, SurveyResponse
from wsgi import create_app

RESULTS = Path(__file__).resolve().parent / "results" / "scale.md"
SIZES = (200, 2_000, 20_000)
RESCORES, REPLAYED = 100, 40
GOAL_SCRATCH, GOAL_RESCORE = 300, 50  # seconds, milliseconds
BUSY = "Others kept the machine busy: times are upper bounds, and say nothing about the goals; please measure again."


@dataclass(frozen=True)
class Measured:
    """One firm: seconds of wall and of all processes' CPU from scratch; the rest in milliseconds."""

    clients: int
    jobs: int
    answers: int
    counting: float
    scratch: float
    scratch_cpu: float
    rescore: list[float]
    idle: float
    count_anew: float
    ask_everybody: float
    replay: float
    replay_in_full: float

    @property
    def median(self) -> float:
        return statistics.median(self.rescore)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sizes", type=int, nargs="*", default=list(SIZES), help="how many clients")
    arguments.add_argument("--folder", type=Path, help="where the databases are kept")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        _write([_measure(size, folder) for size in chosen.sizes])


def _measure(clients: int, folder: Path) -> Measured:
    file = folder / f"{clients}.sqlite"
    known = file.exists()
    settings = load_settings(
        _env_file=None,
        instance_path=folder,
        database_url=f"sqlite:///{file}",
        secret_key=token_hex(32),
        log_level="ERROR",
    )
    with create_app(settings).app_context(), clock.fixed_at(NOW):
        if not known:
            alembic.upgrade()
            with db.engine.connect() as connection:
                build(connection, clients)
        return _timed(settings)


def _timed(settings: Settings) -> Measured:
    work = {task.name: task for task in tasks(settings)}
    count, score = work["count what is usual"], work["score relationships"]
    counting = _seconds(lambda: count.run(NOW))
    cpu = _cpu()
    scratch = _seconds(lambda: _drain(lambda: score.run(NOW)))
    cpu = _cpu() - cpu
    clients, jobs, answers = (
        db.session.scalar(select(func.count(key))) or 0 for key in (Client.id, Job.id, SurveyResponse.id)
    )
    db.session.rollback()
    rescore = _rescores(lambda: score.run(NOW))
    idle = statistics.median(1_000 * _seconds(lambda: score.run(NOW)) for _ in range(30))
    begin_reading(db.session)
    replay, in_full = _replays()
    measured = Measured(
        clients=clients,
        jobs=jobs,
        answers=answers,
        counting=counting,
        scratch=scratch,
        scratch_cpu=cpu,
        rescore=rescore,
        idle=idle,
        count_anew=statistics.median(1_000 * _seconds(lambda: load_firm_usual(db.session, NOW)) for _ in range(3)),
        ask_everybody=statistics.median(1_000 * _seconds(_ask_everybody) for _ in range(5)),
        replay=replay,
        replay_in_full=in_full,
    )
    db.session.rollback()
    return measured


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _drain(step: Callable[[], int]) -> None:
    while step():
        pass


def _rescores(score: Callable[[], int]) -> list[float]:
    """Milliseconds from a confirmed answer's commit until its client is scored; nobody else is due."""
    ids = list(db.session.scalars(select(RelationshipState.client_id).order_by(RelationshipState.client_id)))
    db.session.rollback()
    found = []
    for client_id in Random(5).sample(ids, min(RESCORES, len(ids))):
        _answer(client_id)
        started = time.perf_counter()
        if score() != 1:
            raise SystemExit("Somebody else was due; the figure would be wrong.")
        found.append(1_000 * (time.perf_counter() - started))
    return sorted(found[3:])  # the first ones load code


def _answer(client_id: int) -> None:
    with transaction() as session:
        contact = session.scalars(select(Contact).where(Contact.client_id == client_id).order_by(Contact.id)).first()
        assert contact is not None
        at = NOW - timedelta(hours=30)
        job = Job(source="bench", external_id=f"new-{client_id}", client_id=client_id, contact=contact)
        job.created_at = job.updated_at = at
        resolution = Resolution(job=job, sequence=1, completed_at=at, recorded_at=at)
        session.add(resolution)
        session.flush()
        response = SurveyResponse(
            resolution=resolution, contact=contact, client_id=client_id, origin=ResponseOrigin.SURVEY, submitted_at=NOW
        )
        response.answers = [Answer(question="csat", number=2, answered_at=NOW)]
        session.add(response)
        session.get_one(Client, client_id).add_evidence()


def _ask_everybody() -> None:
    """Who is due, asked as before: every client beside their state."""
    changed = or_(
        RelationshipState.client_id.is_(None),
        RelationshipState.evidence_version != Client.evidence_version,
        RelationshipState.rescore_at <= NOW,
    )
    together = select(Client.id).outerjoin(RelationshipState, RelationshipState.client_id == Client.id)
    db.session.scalars(together.where(Client.internal.is_(False), changed).order_by(Client.id).limit(100)).all()


def _replays() -> tuple[float, float]:
    """Milliseconds for each client's past: as it is replayed, and with every step judged in full."""
    session = db.session
    ids = list(session.scalars(select(Client.id).order_by(Client.id).limit(REPLAYED)))
    known = load_evidence(session, get_firm(session), ids, NOW).values()
    by = Yardstick(levels_for_reading(session, NOW).usual)
    quick = _seconds(lambda: [replayed(evidence, by, NOW) for evidence in known])

    def in_full() -> None:
        for evidence in known:
            before, moment = Before(), evidence.jobs[0].completed_at + timedelta(days=1)
            while moment < NOW:
                found = assess(as_of(evidence, moment), by.usual, moment, before)
                before = before.then(found.standing.rung, found.judgement.severity, moment)
                moment += HISTORY_STEP

    full = _seconds(in_full)
    return 1_000 * quick / len(ids), 1_000 * full / len(ids)


def _write(measured: list[Measured]) -> None:
    largest = measured[-1]
    lines = [
        "# A large firm",
        "",
        f"{os.cpu_count()} cores, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}; the firms are "
        f"made up by `bench.large_firm`. The machine's load was {os.getloadavg()[2]:.1f} over the last 15 minutes "
        "(1 for each core that is busy), this run included.",
        *([BUSY] if os.getloadavg()[2] > (os.cpu_count() or 1) + 1 else []),
        "",
        "## Everybody from scratch",
        "",
        f"The worker's own tasks, by two processes that read and judge. The goal: 20,000 clients in {GOAL_SCRATCH} s.",
        "",
        "| clients | jobs | answers | counting, s | scoring, s | CPU of all processes, s | ms each |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {m.clients:,} | {m.jobs:,} | {m.answers:,} | {m.counting:.1f} | {m.scratch:.1f} | {m.scratch_cpu:.1f} "
            f"| {1_000 * m.scratch / m.clients:.1f} |"
            for m in measured
        ),
        "",
        f"Replaying a past: {largest.replay:.1f} ms for each client; with every step judged in full "
        f"{largest.replay_in_full:.1f} ms ({largest.replay_in_full / largest.replay:.1f} ×).",
        "",
        "## One client after an answer",
        "",
        f"From the answer's commit until the client is scored: who is due, evidence, judgement, saved. The goal: "
        f"{GOAL_RESCORE} ms whatever the size. Before, what is usual was counted for every batch and everybody was "
        "asked whether they are due.",
        "",
        "| clients | median ms | 95 % below ms | nothing due, ms | counting anew, ms | asking all, ms | before ÷ now |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {m.clients:,} | {m.median:.1f} | {m.rescore[int(0.95 * len(m.rescore))]:.1f} | {m.idle:.1f} "
            f"| {m.count_anew:.1f} | {m.ask_everybody:.1f} "
            f"| {(m.median - m.idle + m.count_anew + m.ask_everybody) / m.median:.1f} |"
            for m in measured
        ),
    ]
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))  # the result is for the terminal too


if __name__ == "__main__":
    main()
