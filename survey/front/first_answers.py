"""First answers that come at the same time, stored in one transaction: one wait for the disk for all of them.

Each row is what `survey.responses.submit` would have written after `survey.evidence.held.weigh`; a test compares them.
What a machine may have sent is left to Flask.
"""

import asyncio
import json
import queue
import threading
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache

from flask import Flask
from sqlalchemy import Dialect, literal, select, union_all

from survey import clock
from survey.db import db
from survey.evidence.presses import judged
from survey.evidence.records import AGENT_LENGTH, VISITS
from survey.evidence.visits import Kind, Visit
from survey.front import rows
from survey.front.asked import find_plain
from survey.front.forms import Plain
from survey.front.rows import Hand
from survey.front.storing import Counting, store
from survey.front.visits import Visits
from survey.logs import log
from survey.models import SurveyEvent, VisitTally

MOST_AT_ONCE = 128
LONGEST_WAIT = 15.0  # seconds; then Flask is asked, for which an answer that is stored already changes nothing


class Waiting:
    """A form whose sender waits for it to be stored. `done`: whether it was, once it was tried."""

    def __init__(self, plain: Plain) -> None:
        self.plain = plain
        self.is_stored = False
        self.loop = asyncio.get_running_loop()
        self.done: asyncio.Future[bool] = self.loop.create_future()

    def settle(self) -> None:
        """Tell the sender, on the loop."""
        if not self.done.done():
            self.done.set_result(self.is_stored)


class Writer:
    """A thread that stores what the event loop was sent. Before it is started, the loop stores it."""

    def __init__(self, app: Flask, visits: Visits) -> None:
        with app.app_context():
            self._engine = db.engine
        self._visits = visits
        self._waiting: queue.SimpleQueue[Waiting] = queue.SimpleQueue()
        self._started = False

    def start(self) -> None:
        """Begin to store, in the thread."""
        self._started = True
        threading.Thread(target=self._run, name="first answers", daemon=True).start()

    async def store(self, plain: Plain) -> bool:
        """Whether the answer is on the disk now; if not, nothing of it is stored."""
        one = Waiting(plain)
        alarm = one.loop.call_later(LONGEST_WAIT, one.settle)
        if self._started:
            self._waiting.put(one)
        else:
            self.take([one])
        is_stored = await one.done
        alarm.cancel()
        return is_stored

    def _run(self) -> None:
        while True:
            self.take([self._waiting.get()])

    def take(self, batch: list[Waiting]) -> None:
        """Store these and whatever else waits, and wake those who sent them."""
        with suppress(queue.Empty):
            while len(batch) < MOST_AT_ONCE:
                batch.append(self._waiting.get_nowait())
        try:
            stored = self._store(batch)
        except Exception:  # noqa: BLE001  each is asked again on its own, by Flask, which says what is wrong
            log.exception("first answers not stored together", count=len(batch))
        else:
            for one in stored:
                one.is_stored = True
        with suppress(RuntimeError):  # the loop has ended, and with it whoever waited
            batch[0].loop.call_soon_threadsafe(_settle, batch)

    def _store(self, batch: Sequence[Waiting]) -> Sequence[Waiting]:
        """Those that were stored."""
        self._visits.settle(one.plain.asked.id for one in batch)
        with rows.by_hand(self._engine) as hand:
            now = clock.now()
            counting = _counting(hand, batch, now)
            if counting:
                store(hand, list(counting.values()), now)
        return list(counting)


def _settle(batch: Sequence[Waiting]) -> None:
    for one in batch:
        one.settle()


def _counting(hand: Hand, batch: Sequence[Waiting], now: datetime) -> dict[Waiting, Counting]:
    """Those whose survey is as it was when they were read, and which no machine sent."""
    by_survey = {one.plain.asked.rows: one for one in reversed(batch) if one.plain.asked.expires_at > now}  # the first
    still = find_plain(hand, sorted(one.plain.asked.id for one in by_survey.values()))
    found = [one for ids, one in by_survey.items() if ids in still]
    visits = _visits_of(hand, [one.plain.asked.id for one in found])
    counting = {}
    for one in found:
        posted = one.plain.posted
        press, verdict = judged(posted.user_agent[:AGENT_LENGTH], posted.fetch, visits[one.plain.asked.id], now)
        if verdict.kind is not Kind.MACHINE:
            counting[one] = Counting(one.plain, {**press.details, **verdict.as_dict()})
    return counting


@lru_cache(maxsize=4)
def _seen(dialect: Dialect) -> str:
    event, tally = SurveyEvent, VisitTally
    one_by_one = select(event.invitation_id, event.kind, event.at, event.user_agent, event.details, literal(1)).where(
        rows.among(dialect, event.invitation_id), event.kind.in_(VISITS)
    )
    counted = select(
        tally.invitation_id, tally.kind, tally.last_at, tally.user_agent, tally.details, tally.times
    ).where(rows.among(dialect, tally.invitation_id))
    return rows.made(dialect, union_all(one_by_one, counted))


def _visits_of(hand: Hand, ids: Sequence[int]) -> dict[int, list[Visit]]:
    """As `survey.evidence.records` finds them, by the driver alone."""
    found, given = defaultdict[int, list[Visit]](list), rows.ids(hand.dialect, ids)
    for invitation_id, kind, said, agent, details, times in hand.run(_seen(hand.dialect), given, given).fetchall():
        told = json.loads(details) if isinstance(details, str) else details
        visit = Visit(kind=kind, at=rows.moment(said), user_agent=agent, details=told, times=times)
        found[invitation_id].append(visit)
    for visits in found.values():
        visits.sort(key=lambda visit: visit.at)
    return found
