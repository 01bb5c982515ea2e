"""How a proposal of the machine is decided: accepted, turned down, taken back. One way for every kind of weights."""

from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from analysis.models import CalibrationStatus
from analysis.models.calibrations import Decided
from survey.db import row_by_id
from survey.errors import ConflictError

Row = TypeVar("Row", bound=Decided)


class Proposals(Generic[Row]):
    """The proposals of one kind: one at most waits, one at most is in force.

    `name` is what a message calls one; `among` picks the kind from its table; `then` is run whenever what is in force
    has changed.
    """

    def __init__(
        self,
        table: type[Row],
        name: str,
        among: ColumnElement[bool] | None = None,
        then: Callable[[Session], None] = lambda _session: None,
    ) -> None:
        self.table, self.name, self._among, self._then = table, name, among, then

    def current(self, session: Session) -> Row | None:
        """The accepted one; None: as shipped."""
        return self._latest(session, CalibrationStatus.ACCEPTED)

    def waiting(self, session: Session) -> Row | None:
        """The proposal that waits for a decision."""
        return self._latest(session, CalibrationStatus.PROPOSED)

    def by_id(self, session: Session, row_id: int) -> Row:
        """The row. Raises NotFoundError as `row_by_id`."""
        return row_by_id(session, self.table, row_id, f"There is no such {self.name}.", lock=True)

    def propose(self, session: Session, row: Row, now: datetime) -> Row:
        """Keep a new row as the proposal that waits; one that still waited is superseded by it."""
        for other in session.scalars(self._select(CalibrationStatus.PROPOSED)):
            other.status, other.decided_at = CalibrationStatus.SUPERSEDED, now
        row.status, row.proposed_at = CalibrationStatus.PROPOSED, now
        session.add(row)
        session.flush()
        return row

    def accept(self, session: Session, row: Row, user_id: int | None, now: datetime) -> None:
        """Put a proposal in force; what was in force is superseded.

        Raises:
            ConflictError: it was decided already.
        """
        self._still_proposed(session, row)
        before = self.current(session)
        if before is not None:
            before.status, row.replaced_id = CalibrationStatus.SUPERSEDED, before.id
        _decide(row, CalibrationStatus.ACCEPTED, user_id, now)
        session.flush()
        self._then(session)

    def reject(self, session: Session, row: Row, user_id: int | None, now: datetime) -> None:
        """Turn a proposal down.

        Raises:
            ConflictError: it was decided already.
        """
        self._still_proposed(session, row)
        _decide(row, CalibrationStatus.REJECTED, user_id, now)
        session.flush()

    def undo(self, session: Session, row: Row, now: datetime) -> None:
        """Take a decision back: the proposal waits again, and what it had replaced is in force again.

        Where another proposal waits by now, this one is superseded by that.

        Raises:
            ConflictError: it is not in force, or was not turned down.
        """
        self._lock(session, row)
        if row.status not in (CalibrationStatus.ACCEPTED, CalibrationStatus.REJECTED):
            raise ConflictError(f"There is no decision on this {self.name} to take back.")
        ruled = row.status is CalibrationStatus.ACCEPTED
        replaced = session.get(self.table, row.replaced_id) if row.replaced_id else None
        if ruled and replaced is not None:
            replaced.status = CalibrationStatus.ACCEPTED
        status = CalibrationStatus.SUPERSEDED if self.waiting(session) else CalibrationStatus.PROPOSED
        row.replaced_id = None
        _decide(row, status, None, now if status is CalibrationStatus.SUPERSEDED else None)
        session.flush()
        if ruled:
            self._then(session)

    def _latest(self, session: Session, status: CalibrationStatus) -> Row | None:
        return session.scalar(self._select(status).order_by(self.table.id.desc()).limit(1))

    def _select(self, status: CalibrationStatus) -> Select[Row]:
        found = select(self.table).where(self.table.status == status)
        return found if self._among is None else found.where(self._among)

    def _lock(self, session: Session, row: Row) -> None:
        session.flush()
        session.refresh(row, with_for_update={"of": self.table})

    def _still_proposed(self, session: Session, row: Row) -> None:
        self._lock(session, row)
        if row.status is not CalibrationStatus.PROPOSED:
            raise ConflictError(f"This {self.name} has been decided on already.")


def _decide(row: Decided, status: CalibrationStatus, user_id: int | None, now: datetime | None) -> None:
    row.status, row.decided_at, row.decided_by_id = status, now, user_id
