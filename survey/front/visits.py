"""Visits on their way to the evidence: kept in memory for a quarter of a second, then written together.

A process that is killed loses that quarter of a second of visits; never an answer.
"""

import atexit
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from flask import Flask
from sqlalchemy import Table, func, insert, select
from sqlalchemy.orm import Session

from survey.db import transaction
from survey.evidence.held import reconsider
from survey.evidence.records import AGENT_LENGTH, VISIT_LIMIT, VISITS, record_visit
from survey.evidence.visits import agent_class
from survey.logs import log
from survey.models import Invitation, InvitationState, SurveyEvent, SurveyEventKind

SECONDS = 0.25
LONGEST_WAIT = 8.0  # after a database that could not be written to
MOST = 5_000  # kept meanwhile; the oldest go first


_ADD = insert(cast("Table", SurveyEvent.__table__))


@dataclass(frozen=True)
class Seen:
    """A visit that is not written yet. `details` as `survey.evidence.record_visit` takes them, `after` with them."""

    invitation_id: int
    kind: SurveyEventKind
    at: datetime
    user_agent: str
    details: Mapping[str, Any] = field(default_factory=dict)


def write(session: Session, seen: Sequence[Seen]) -> None:
    """Append visits to the evidence, in one statement; those of a link that has VISIT_LIMIT already are counted."""
    ids = {one.invitation_id for one in seen}
    counts = session.execute(
        select(SurveyEvent.invitation_id, func.count())
        .where(SurveyEvent.invitation_id.in_(ids), SurveyEvent.kind.in_(VISITS))
        .group_by(SurveyEvent.invitation_id)
    )
    kept = Counter({invitation_id: int(count) for invitation_id, count in counts})
    rows, beyond = [], []
    for one in seen:
        kept[one.invitation_id] += 1
        if kept[one.invitation_id] > VISIT_LIMIT:
            beyond.append(one)
            continue
        rows.append(
            {
                "invitation_id": one.invitation_id,
                "kind": one.kind,
                "at": one.at,
                "user_agent": one.user_agent[:AGENT_LENGTH],
                "details": {**one.details, "agent": agent_class(one.user_agent).value},
            }
        )
    if rows:
        session.execute(_ADD, rows)
    for one in beyond:
        if invitation := session.get(Invitation, one.invitation_id):
            record_visit(session, invitation, one.kind, one.at, one.user_agent, **one.details)
    opened = {one.invitation_id: one.at for one in seen if one.kind is SurveyEventKind.OPENED}
    answered = (Invitation.id.in_(opened), Invitation.state == InvitationState.ANSWERED)
    for invitation in session.scalars(select(Invitation).where(*answered)):  # meanwhile: was that a machine?
        reconsider(session, invitation, opened[invitation.id])


class Visits:
    """The visits of this process that are not written yet. Threads may share it."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._seen: list[Seen] = []
        self._mutex = threading.Lock()  # around the list
        self._writing = threading.Lock()  # around the way to the database: a flush waits for the one before it
        self._some = threading.Event()

    def start(self) -> None:
        """Write what comes from now on, in a thread, and the rest when the process ends."""
        threading.Thread(target=self._run, name="visits", daemon=True).start()
        atexit.register(self.flush)

    def add(self, seen: Sequence[Seen]) -> None:
        """Have them written soon."""
        with self._mutex:
            self._seen.extend(seen)
            del self._seen[:-MOST]
        self._some.set()

    def flush(self) -> None:
        """Write everything that was added before; quick when there is nothing."""
        if not self._seen and not self._writing.locked():
            return
        with self._writing:
            if not (seen := self.take()):
                return
            try:
                with self._app.app_context(), transaction() as session:
                    write(session, seen)
            except BaseException:
                self.give_back(seen)
                raise

    def take(self) -> list[Seen]:
        """Everything not written yet, for a transaction that writes it itself."""
        with self._mutex:
            seen, self._seen = self._seen, []
        return seen

    def give_back(self, seen: Sequence[Seen]) -> None:
        """What was taken and could not be written."""
        with self._mutex:
            self._seen[:0] = seen

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
