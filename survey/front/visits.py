"""Visits on their way to the evidence: kept in memory for a tenth of a second, then written together.

A process that is killed loses that tenth of a second of visits; never an answer.
"""

import atexit
import json
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from flask import Flask
from sqlalchemy import Dialect, func, select
from sqlalchemy.orm import Session

from survey.db import db, transaction
from survey.evidence.held import reconsider
from survey.evidence.marks import marking
from survey.evidence.records import AGENT_LENGTH, VISIT_LIMIT, VISITS, tally
from survey.evidence.visits import agent_class
from survey.front import rows
from survey.logs import log
from survey.models import Invitation, InvitationState, SurveyEvent, SurveyEventKind

SECONDS = 0.1  # with more at once, the pages that come meanwhile wait longer for the interpreter's lock
LONGEST_WAIT = 8.0  # after a database that could not be written to
MOST = 5_000  # kept meanwhile; the oldest go first

_KINDS = (SurveyEventKind.OPENED.value, SurveyEventKind.SHOWN.value)
_COLUMNS = ("invitation_id", "kind", "at", "user_agent", "details")


class Look(NamedTuple):
    """Somebody opened a link and was shown its first page; not written yet. `details`: as `told` says them."""

    invitation_id: int
    at: datetime
    user_agent: str
    details: str


def told(
    user_agent: str, fetch: Iterable[tuple[str, str]], page: str, offered: Iterable[tuple[str, int]], after: int | None
) -> str:
    """The details of a look at a page by GET, as evidence keeps them, in JSON. `after`: seconds since the email."""
    return _told(agent_class(user_agent).value, tuple(fetch), page, tuple(offered)) % (
        "null" if after is None else after
    )


@lru_cache(maxsize=1_024)
def _told(agent: str, fetch: tuple[tuple[str, str], ...], page: str, offered: tuple[tuple[str, int], ...]) -> str:
    details = {"method": "GET", "fetch": dict(fetch), "page": page, "offered": dict(offered), "agent": agent}
    return rows.document(details).replace("%", "%%")[:-1] + ', "after": %s}'


class MapperNeededError(Exception):
    """Some of the looks want more than rows appended."""


@lru_cache(maxsize=4)
def _statements(dialect: Dialect) -> tuple[str, str, str, str]:
    """Events of invitations, visits of invitations, links marked, those of the invitations that are answered."""
    event, state = SurveyEvent.invitation_id, Invitation.state
    events = select(event, func.count()).where(rows.among(dialect, event)).group_by(event)
    answered = select(Invitation.id).where(rows.among(dialect, Invitation.id), state == InvitationState.ANSWERED)
    marked = marking(dialect.name, rows.among(dialect, Invitation.id))
    made = [rows.made(dialect, one) for one in (events, events.where(SurveyEvent.kind.in_(VISITS)), marked, answered)]
    return made[0], made[1], made[2], made[3]


def append(hand: rows.Hand, looks: Sequence[Look]) -> None:
    """Append two visits for each look to the evidence.

    Raises:
        MapperNeededError: `write` has to do it, in another transaction: there may be too many, or somebody answered.
    """
    if _append(hand, looks) != ([], []):
        raise MapperNeededError


def write(session: Session, looks: Sequence[Look]) -> None:
    """Append two visits for each look to the evidence; those beyond VISIT_LIMIT are counted."""
    beyond, answered = _append(rows.Hand.of(session), looks)
    alike: dict[tuple[Any, ...], list[Look]] = defaultdict(list)
    for look, kind in beyond:
        alike[look.invitation_id, kind, look.user_agent[:AGENT_LENGTH]].append(look)
    for (invitation_id, kind, agent), same in alike.items():
        details: Mapping[str, Any] = json.loads(same[-1].details)
        tally(session, invitation_id, SurveyEventKind(kind), agent, same[-1].at, details, len(same))
    latest = {look.invitation_id: look.at for look in looks}
    for invitation_id in answered:  # meanwhile: was that a machine?
        reconsider(session, session.get_one(Invitation, invitation_id), latest[invitation_id])


def _append(hand: rows.Hand, looks: Sequence[Look]) -> tuple[list[tuple[Look, str]], list[int]]:
    """What is left to do: the visits beyond VISIT_LIMIT, and the invitations that are answered."""
    counted, exactly, mark, find_answered = _statements(hand.dialect)
    times = Counter([look.invitation_id for look in looks])
    given = rows.ids(hand.dialect, times)
    kept: dict[int, int] = dict(hand.run(counted, given).fetchall())  # of all kinds: quicker, and seldom too many
    near = [one for one, count in times.items() if kept.get(one, 0) + count * len(_KINDS) > VISIT_LIMIT]
    room = dict.fromkeys(near, VISIT_LIMIT)
    for one, count in hand.run(exactly, rows.ids(hand.dialect, near)).fetchall() if near else ():
        room[one] -= count
    new: list[tuple[Any, ...]] = []
    beyond: list[tuple[Look, str]] = []
    for look in looks:
        invitation_id, moment, agent, details = look
        at = rows.said(hand.dialect, moment)
        for kind in _KINDS:
            if invitation_id in room:
                room[invitation_id] -= 1
                if room[invitation_id] < 0:
                    beyond.append((look, kind))
                    continue
            new.append((invitation_id, kind, at, agent[:AGENT_LENGTH], details))
    hand.add(SurveyEvent, _COLUMNS, new)
    hand.run(mark, given)
    return beyond, [one for (one,) in hand.run(find_answered, given).fetchall()]


class Visits:
    """The visits of this process that are not written yet. Threads may share it."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        with app.app_context():
            self._engine = db.engine
        self._looks: deque[Look] = deque(maxlen=MOST)
        self._links: set[int] = set()  # those of the looks, and perhaps some more
        self._in_flight: set[int] = set()  # those of the looks that are being written
        self._writing = threading.Lock()  # around the way to the database: a flush waits for the one before it
        self._some = threading.Event()

    def start(self) -> None:
        """Write what comes from now on, in a thread, and the rest when the process ends."""
        threading.Thread(target=self._run, name="visits", daemon=True).start()
        atexit.register(self.flush)

    def add(self, look: Look) -> None:
        """Have it written soon."""
        self._looks.append(look)
        self._links.add(look.invitation_id)  # after it: who finds neither the link nor the look finds the look written
        if not self._some.is_set():
            self._some.set()

    def settle(self, links: Iterable[int]) -> None:
        """Write what was seen on these links before; quick when there is nothing."""
        if any(link in self._links or link in self._in_flight for link in links):
            self.flush()

    def flush(self) -> None:
        """Write everything that was added before; quick when there is nothing."""
        if not self._looks and not self._writing.locked():
            return
        with self._taken() as looks:
            if not looks:
                return
            try:
                with rows.by_hand(self._engine) as hand:
                    append(hand, looks)
            except MapperNeededError:
                with self._app.app_context(), transaction() as session:
                    write(session, looks)

    @contextmanager
    def _taken(self) -> Iterator[list[Look]]:
        """Everything not written yet, for a transaction that writes it; if that fails, it is kept."""
        with self._writing:
            self._in_flight = self._links  # before the other set takes its place: a link is always in one of them
            self._links = set()
            looks = [self._looks.popleft() for _ in range(len(self._looks))]
            try:
                yield looks
            except BaseException:
                room = MOST - len(self._looks)
                self._looks.extendleft(reversed(looks[-room:] if room > 0 else []))
                self._links |= self._in_flight
                raise
            finally:
                self._in_flight = set()

    def _run(self) -> None:
        wait = SECONDS
        while True:
            self._some.wait()
            time.sleep(wait)
            self._some.clear()
            try:
                self.flush()
                wait = SECONDS
            except Exception:  # noqa: BLE001  the next try may go well, and the log says what it was
                log.exception("visits not written yet")
                wait = min(LONGEST_WAIT, wait * 2)
                self._some.set()
