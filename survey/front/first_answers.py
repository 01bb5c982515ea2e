"""First answers that come at the same time, stored in one transaction: one wait for the disk for all of them.

Each row is what `survey.responses.submit` would have written after `survey.evidence.held.weigh`; a test compares them.
What a machine may have sent is left to Flask.
"""

import json
import queue
import threading
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from flask import Flask
from sqlalchemy import Dialect, literal, select, union_all, update

from survey import clock
from survey.db import db
from survey.evidence.presses import judged
from survey.evidence.records import AGENT_LENGTH, VISITS
from survey.evidence.visits import Kind, Visit
from survey.front import rows
from survey.front.asked import find_plain
from survey.front.forms import Plain
from survey.front.rows import Hand
from survey.front.visits import MapperNeededError, Visits, append
from survey.logs import log
from survey.models import (
    Answer,
    Client,
    Invitation,
    InvitationState,
    ResponseOrigin,
    SurveyEvent,
    SurveyEventKind,
    SurveyResponse,
    Touchpoint,
    VisitTally,
)
from survey.tallies import tally_of

MOST_AT_ONCE = 128
GATHER = 0.001  # seconds that one more is waited for, where several came at once before
LONGEST_WAIT = 15.0  # seconds; then Flask is asked, for which an answer that is stored already changes nothing


@dataclass(eq=False)
class Waiting:
    """A form whose sender waits for it to be stored."""

    plain: Plain
    press: Mapping[str, Any] = field(default_factory=dict)  # as it was judged
    is_stored: bool = False
    undone: threading.Lock = field(default_factory=threading.Lock)  # held until it was tried

    def __post_init__(self) -> None:
        self.undone.acquire()


class Writer:
    """One thread that stores what the others were sent. Before it is started, each stores its own."""

    def __init__(self, app: Flask, visits: Visits) -> None:
        with app.app_context():
            self._engine = db.engine
        self._visits = visits
        self._waiting: queue.SimpleQueue[Waiting] = queue.SimpleQueue()
        self._started = False

    def start(self) -> None:
        """Begin to store, in a thread."""
        self._started = True
        threading.Thread(target=self._run, name="first answers", daemon=True).start()

    def store(self, plain: Plain) -> bool:
        """Whether the answer is on the disk now; if not, nothing of it is stored."""
        one = Waiting(plain)
        if self._started:
            self._waiting.put(one)
        else:
            self.take([one])
        one.undone.acquire(timeout=LONGEST_WAIT)
        return one.is_stored

    def _run(self) -> None:
        together = 1
        while True:
            batch = [self._waiting.get()]
            with suppress(queue.Empty):  # those who were answered together send their next together
                while len(batch) < together:
                    batch.append(self._waiting.get(timeout=GATHER))
            self.take(batch)
            together = min(max(len(batch), together - 1), MOST_AT_ONCE)

    def take(self, batch: list[Waiting]) -> None:
        """Store these and whatever else waits, and wake those who sent them."""
        while len(batch) < MOST_AT_ONCE and not self._waiting.empty():
            batch.append(self._waiting.get())
        try:
            stored = self._store(batch)
        except Exception:  # noqa: BLE001  each is asked again on its own, by Flask, which says what is wrong
            log.exception("first answers not stored together", count=len(batch))
        else:
            for one in stored:
                one.is_stored = True
        for one in batch:
            one.undone.release()

    def _store(self, batch: Sequence[Waiting]) -> Sequence[Waiting]:
        try:
            return self._store_by_hand(batch)
        except MapperNeededError:
            self._visits.flush()
            return self._store_by_hand(batch)

    def _store_by_hand(self, batch: Sequence[Waiting]) -> Sequence[Waiting]:
        with self._visits.taken() as looks, rows.by_hand(self._engine) as hand:
            if looks:
                append(hand, looks)
            now = clock.now()
            counting = _counting(hand, batch, now)
            if counting:
                _insert(hand, counting, now)
        return counting


def _counting(hand: Hand, batch: Sequence[Waiting], now: datetime) -> list[Waiting]:
    """Those whose survey is as it was when they were read, and which no machine sent, judged."""
    by_survey = {one.plain.asked.rows: one for one in reversed(batch) if one.plain.asked.expires_at > now}  # the first
    still = find_plain(hand, sorted(one.plain.asked.id for one in by_survey.values()))
    found = [one for ids, one in by_survey.items() if ids in still]
    visits = _visits_of(hand, [one.plain.asked.id for one in found])
    counting = []
    for one in found:
        posted = one.plain.posted
        press, verdict = judged(posted.user_agent[:AGENT_LENGTH], posted.fetch, visits[one.plain.asked.id], now)
        if verdict.kind is not Kind.MACHINE:
            one.press = {**press.details, **verdict.as_dict()}
            counting.append(one)
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


_RESPONSE = (
    *("resolution_id", "contact_id", "client_id", "invitation_id", "origin"),
    *("language", "version_id", "submitted_at", "tally"),
)
_ANSWER = ("response_id", "question", "number", "text", "answered_at", "managers_only")
_STEP = ("response_id", "resolution_id", "step", "value")
_EVENT = ("invitation_id", "kind", "at", "user_agent", "details")


def _insert(hand: Hand, counting: Sequence[Waiting], now: datetime) -> None:
    at, plain = rows.said(hand.dialect, now), [one.plain for one in counting]
    responses = [_response(one, at) for one in plain]
    ids: dict[int, int] = dict(hand.add(SurveyResponse, _RESPONSE, responses, "invitation_id", "id"))
    hand.add(Answer, _ANSWER, [row for one in plain for row in _answers(one, ids[one.asked.id], at)])
    steps = [
        (ids[one.asked.id], one.asked.resolution_id, step, value) for one in plain for step, value in one.steps.items()
    ]
    hand.add(Touchpoint, _STEP, steps)
    hand.add(SurveyEvent, _EVENT, [_event(one, at) for one in counting])
    mark_answered, add_evidence = _updates(hand.dialect)
    hand.run(mark_answered, at, rows.ids(hand.dialect, ids))
    times: dict[int, list[int]] = {}
    for client_id, count in sorted(Counter(one.asked.client_id for one in plain).items()):
        times.setdefault(count, []).append(client_id)
    for count, clients in sorted(times.items()):
        hand.run(add_evidence, count, rows.ids(hand.dialect, clients))


@lru_cache(maxsize=4)
def _updates(dialect: Dialect) -> tuple[str, str]:
    """Invitations: answered at a moment; clients: some more pieces of evidence."""
    mark_answered = update(Invitation).values(state=InvitationState.ANSWERED, answered_at=rows.VALUE)
    add_evidence = update(Client).values(evidence_version=Client.evidence_version + rows.VALUE)
    return (
        rows.made(dialect, mark_answered.where(rows.among(dialect, Invitation.id))),
        rows.made(dialect, add_evidence.where(rows.among(dialect, Client.id))),
    )


def _response(plain: Plain, at: str) -> tuple[Any, ...]:
    survey = plain.asked
    ids = (survey.resolution_id, survey.contact_id, survey.client_id, survey.id)
    return (*ids, ResponseOrigin.SURVEY.value, survey.language, survey.version_id, at, _tally(plain))


def _answers(plain: Plain, response_id: int, at: str) -> list[tuple[Any, ...]]:
    apart = plain.known.for_managers
    return [
        (response_id, name, value, None, at, name.partition(".")[0] in apart)
        if isinstance(value, int)
        else (response_id, name, None, value, at, name.partition(".")[0] in apart)
        for name, value in plain.answers.items()
    ]


def _tally(plain: Plain) -> str:
    apart = plain.known.for_managers
    given = [
        (name, value if isinstance(value, int) else None, name.partition(".")[0] in apart)
        for name, value in plain.answers.items()
    ]
    return _tally_of(tuple(given), tuple(plain.steps.items()))


_tally_of = lru_cache(maxsize=4_096)(tally_of)  # words are only counted, so many have the same


def _event(one: Waiting, at: str) -> tuple[Any, ...]:
    plain = one.plain
    changed = sorted([*plain.answers, *(f"step_{step}" for step in plain.steps)])
    details = rows.document({"changed": changed, "press": one.press})
    agent = plain.posted.user_agent[:AGENT_LENGTH]
    return (plain.asked.id, SurveyEventKind.CONFIRMED.value, at, agent, details)
