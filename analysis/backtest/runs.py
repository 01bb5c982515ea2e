"""Backtests that people start on the desk: asked for, taken by a worker under a lease, told, cancelled, deleted."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from analysis.backtest.files import Files, parse
from analysis.backtest.own_past import own_counts, why_not_own
from analysis.models.backtests import OVER, Backtest, BacktestFile, BacktestState, BacktestWeek
from survey.db import row_by_id
from survey.errors import ConflictError, InvalidInputError

LEASE = timedelta(seconds=60)
TRIES = 3
MOST_WAITING = 5
PROBLEMS_KEPT = 100
MISSING = "There is no such run; it may have been deleted."


@dataclass(frozen=True)
class Upload:
    """One file as it was brought."""

    filename: str
    data: bytes


@dataclass(frozen=True)
class Claim:
    """One run held by one worker until the lease runs out; `token` fences all that it writes."""

    backtest_id: int
    token: str
    own_history: bool


@dataclass(frozen=True)
class Step:
    """How far a run is: `done` of `total` in the stage of this name."""

    stage: str = ""
    done: int = 0
    total: int = 0


def ask_with_files(
    session: Session, uploads: dict[str, Upload], zone: tzinfo, user_id: int | None, now: datetime
) -> Backtest:
    """A run of these files, by name ("jobs", "responses", "lost"). Bad rows are named and left out.

    Raises:
        InvalidInputError: a file (`field`) cannot be read at all, or holds nothing to replay.
        ConflictError: too many runs wait already.
    """
    _refuse_a_queue(session)
    files = parse(uploads["jobs"].data, uploads["responses"].data, uploads["lost"].data, zone)
    counts = {"jobs": len(files.jobs), "responses": len(files.responses), "lost": len(files.lost)}
    found = _asked(session, counts, user_id, now, own=False)
    found.problem_count = len(files.errors)
    found.problems = [
        {"file": name, "line": error.line, "column": error.column, "message": error.message}
        for name, error in files.errors[:PROBLEMS_KEPT]
    ]
    session.flush()
    session.add_all(
        BacktestFile(backtest_id=found.id, kind=name, filename=sent.filename[:200], data=gzip.compress(sent.data, 6))
        for name, sent in uploads.items()
    )
    session.flush()
    return found


def ask_with_own(session: Session, user_id: int | None, now: datetime) -> Backtest:
    """A run of what is in this installation.

    Raises:
        InvalidInputError: there is too little of it.
        ConflictError: too many runs wait already.
    """
    _refuse_a_queue(session)
    counts = own_counts(session, now)
    if why := why_not_own(counts):
        raise InvalidInputError(why, "own")
    found = _asked(session, counts, user_id, now, own=True)
    session.flush()
    return found


def _asked(session: Session, counts: dict[str, int], user_id: int | None, now: datetime, *, own: bool) -> Backtest:
    found = Backtest(
        state=BacktestState.WAITING,
        own_history=own,
        asked_at=now,
        asked_by_id=user_id,
        counts=counts,
        problems=[],
        report={},
    )
    session.add(found)
    return found


def _refuse_a_queue(session: Session) -> None:
    waiting = session.scalar(select(func.count()).where(Backtest.state.not_in(OVER)))
    if (waiting or 0) >= MOST_WAITING:
        raise ConflictError(f"{waiting} runs are waiting already. Let them finish, or cancel one.")


def claim(session: Session, now: datetime) -> Claim | None:
    """Take the next run: one that waits, or one whose worker died. After TRIES deaths it has failed."""
    free = (Backtest.state == BacktestState.RUNNING) & (Backtest.lease_until <= now)
    found = session.scalars(
        select(Backtest)
        .where(or_(Backtest.state == BacktestState.WAITING, free))
        .order_by(Backtest.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).first()
    if found is None:
        return None
    if found.tries >= TRIES:
        _end(found, BacktestState.FAILED, now)
        found.error = (
            f"The worker stopped {TRIES} times while at this. There may be too little memory for so much data."
        )
        return None
    found.state = BacktestState.RUNNING
    found.tries += 1
    found.began_at = now
    found.stage, found.done, found.total, found.stage_began_at = "", 0, 0, now
    found.lease_token, found.lease_until = uuid4().hex, now + LEASE
    session.flush()
    return Claim(found.id, found.lease_token, found.own_history)


def files_of(session: Session, claimed: Claim, zone: tzinfo) -> Files:
    """The run's files, read."""
    rows = session.execute(
        select(BacktestFile.kind, BacktestFile.data).where(BacktestFile.backtest_id == claimed.backtest_id)
    )
    data = {kind: gzip.decompress(packed) for kind, packed in rows}
    return parse(data["jobs"], data["responses"], data["lost"], zone)


def renew(session: Session, claimed: Claim, step: Step, now: datetime) -> bool:
    """Say how far it is and hold it longer; False if it was cancelled, deleted, or is another worker's by now."""
    found = _held(session, claimed)
    if found is None:
        return False
    if step.stage != found.stage:
        found.stage_began_at = now
    found.stage, found.done, found.total = step.stage, step.done, step.total
    found.lease_until = now + LEASE
    return True


def finish(
    session: Session,
    claimed: Claim,
    report: dict[str, Any],
    clients: Sequence[Any],
    stories: Sequence[Any],
    weeks: Sequence[tuple[datetime, bytes]],
    now: datetime,
) -> bool:
    """Keep what came of it; False if it is no longer this worker's. `weeks`: see `BacktestWeek`."""
    found = _held(session, claimed)
    if found is None:
        return False
    session.execute(delete(BacktestWeek).where(BacktestWeek.backtest_id == found.id))
    session.add_all(BacktestWeek(backtest_id=found.id, week=week, data=data) for week, data in weeks)
    found.report = report
    found.clients, found.told = packed(clients), packed(stories)
    _end(found, BacktestState.DONE, now)
    session.flush()
    return True


def fail(session: Session, claimed: Claim, error: str, now: datetime) -> None:
    """It cannot be done; `error` says why, to a person."""
    found = _held(session, claimed)
    if found is not None:
        _end(found, BacktestState.FAILED, now)
        found.error = error


def _held(session: Session, claimed: Claim) -> Backtest | None:
    found = session.get(Backtest, claimed.backtest_id, with_for_update=True, populate_existing=True)
    mine = found is not None and found.state is BacktestState.RUNNING and found.lease_token == claimed.token
    return found if mine else None


def cancel(session: Session, backtest_id: int, now: datetime) -> bool:
    """Stop it, wherever it is; False when it is over already. The worker sees it within a second."""
    found = row_by_id(session, Backtest, backtest_id, MISSING, lock=True)
    if found.state in OVER:
        return False
    _end(found, BacktestState.CANCELLED, now)
    return True


def again(session: Session, backtest_id: int) -> None:
    """Start a run anew that was cancelled or failed.

    Raises:
        ConflictError: it is neither, or too many wait.
    """
    found = row_by_id(session, Backtest, backtest_id, MISSING, lock=True)
    if found.state not in (BacktestState.CANCELLED, BacktestState.FAILED):
        raise ConflictError("This run was neither stopped nor did it fail.")
    _refuse_a_queue(session)
    found.state, found.error, found.tries, found.ended_at = BacktestState.WAITING, "", 0, None
    found.stage, found.done, found.total = "", 0, 0


def remove(session: Session, backtest_id: int) -> None:
    """Delete the run with its files, weeks and stories. Nothing of it is left."""
    row_by_id(session, Backtest, backtest_id, MISSING, lock=True)
    session.execute(delete(BacktestFile).where(BacktestFile.backtest_id == backtest_id))
    session.execute(delete(BacktestWeek).where(BacktestWeek.backtest_id == backtest_id))
    session.execute(delete(Backtest).where(Backtest.id == backtest_id))


def _end(found: Backtest, state: BacktestState, now: datetime) -> None:
    found.state, found.ended_at = state, now
    found.lease_token = found.lease_until = None


def packed(value: Any) -> bytes:
    """JSON, gzipped."""
    return gzip.compress(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(), 6)


def unpacked(data: bytes) -> Any:
    """What was `packed`; an empty list for nothing."""
    return json.loads(gzip.decompress(data)) if data else []
