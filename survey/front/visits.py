"""Visits on their way to the evidence: kept in memory for a quarter of a second, then written together.

A process that is killed loses that quarter of a second of visits; never an answer.
"""

import atexit
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey.db import ids_in, transaction
from survey.evidence.held import reconsider
from survey.evidence.marks import mark
from survey.evidence.records import AGENT_LENGTH, VISIT_LIMIT, VISITS, tally
from survey.evidence.visits import agent_class
from survey.front import rows
from survey.logs import log
from survey.models import Invitation, InvitationState, SurveyEvent, SurveyEventKind

SECONDS = 0.25
LONGEST_WAIT = 8.0  # after a database that could not be written to
MOST = 5_000  # kept meanwhile; the oldest go first

_OPENED, _SHOWN = SurveyEventKind.OPENED, SurveyEventKind.SHOWN


class Look(NamedTuple):
    """Somebody opened a link and was shown its first page; not written yet. `details`: as evidence keeps them, without
    what follows from the rest; `emailed`: when the emails with the link were sent or arrived.
    """

    invitation_id: int
    at: datetime
    user_agent: str
    details: Mapping[str, Any]
    emailed: Sequence[datetime]

    @property
    def told(self) -> dict[str, Any]:
        """All details."""
        earlier = [moment for moment in self.emailed if moment <= self.at]
        after = int((self.at - max(earlier)).total_seconds()) if earlier else None
        return {**self.details, "after": after, "agent": agent_class(self.user_agent).value}


def write(session: Session, looks: Sequence[Look]) -> None:
    """Append two visits for each look to the evidence, in one statement; those beyond VISIT_LIMIT are counted."""
    dialect = session.get_bind().dialect
    opened = {look.invitation_id: look.at for look in looks}
    counts = session.execute(
        select(SurveyEvent.invitation_id, func.count())
        .where(ids_in(dialect.name, SurveyEvent.invitation_id, opened), SurveyEvent.kind.in_(VISITS))
        .group_by(SurveyEvent.invitation_id)
    )
    kept = Counter({invitation_id: int(count) for invitation_id, count in counts})
    new: list[dict[str, Any]] = []
    beyond: dict[tuple[Any, ...], list[Look]] = defaultdict(list)
    for look in looks:
        at, details, agent = rows.said(dialect, look.at), rows.document(look.told), look.user_agent[:AGENT_LENGTH]
        for kind in (_OPENED, _SHOWN):
            kept[look.invitation_id] += 1
            if kept[look.invitation_id] > VISIT_LIMIT:
                beyond[look.invitation_id, kind, agent].append(look)
                continue
            new.append(
                {"invitation_id": look.invitation_id, "kind": kind, "at": at, "user_agent": agent, "details": details}
            )
    rows.add(session, SurveyEvent, new)
    mark(session, opened)
    for (invitation_id, kind, agent), alike in beyond.items():
        tally(session, invitation_id, kind, agent, alike[-1].at, alike[-1].told, len(alike))
    answered = (ids_in(dialect.name, Invitation.id, opened), Invitation.state == InvitationState.ANSWERED)
    for invitation in session.scalars(select(Invitation).where(*answered)):  # meanwhile: was that a machine?
        reconsider(session, invitation, opened[invitation.id])


class Visits:
    """The visits of this process that are not written yet. Threads may share it."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._looks: deque[Look] = deque(maxlen=MOST)
        self._writing = threading.Lock()  # around the way to the database: a flush waits for the one before it
        self._some = threading.Event()

    def start(self) -> None:
        """Write what comes from now on, in a thread, and the rest when the process ends."""
        threading.Thread(target=self._run, name="visits", daemon=True).start()
        atexit.register(self.flush)

    def add(self, look: Look) -> None:
        """Have it written soon."""
        self._looks.append(look)
        if not self._some.is_set():
            self._some.set()

    def flush(self) -> None:
        """Write everything that was added before; quick when there is nothing."""
        if not self._looks and not self._writing.locked():
            return
        with self.taken() as looks:
            if looks:
                with self._app.app_context(), transaction() as session:
                    write(session, looks)

    @contextmanager
    def taken(self) -> Iterator[list[Look]]:
        """Everything not written yet, for a transaction that writes it; if that fails, it is kept."""
        with self._writing:
            looks = [self._looks.popleft() for _ in range(len(self._looks))]
            try:
                yield looks
            except BaseException:
                room = MOST - len(self._looks)
                self._looks.extendleft(reversed(looks[-room:] if room > 0 else []))
                raise

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
