"""What the desk reads of repairs."""

from collections.abc import Sequence

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from survey.models import Invitation, Repair, RepairState, Resolution
from survey.paging import PAGE_SIZE, Page

_LOADED = (
    joinedload(Repair.client),
    joinedload(Repair.contact),
    joinedload(Repair.new_contact),
    joinedload(Repair.decided_by),
    joinedload(Repair.invitation).joinedload(Invitation.resolution).joinedload(Resolution.job),
)


def count_repairs(session: Session) -> dict[RepairState, int]:
    """How many there are in each state."""
    rows = session.execute(select(Repair.state, func.count()).group_by(Repair.state))
    return {state: number for state, number in rows}  # noqa: C416 - as in queries


def open_repairs(session: Session) -> int:
    """How many wait for a manager."""
    return session.scalar(select(func.count()).where(Repair.state == RepairState.OPEN)) or 0


def search_repairs(session: Session, state: RepairState | None, number: int) -> Page[Repair]:
    """Repairs in `state` (None: all), with all that they name: those that wait by age, others newest first."""
    wanted = select(Repair).where(*([Repair.state == state] if state else []))
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    order = Repair.id.asc() if state is RepairState.OPEN else Repair.id.desc()
    page = wanted.order_by(order).limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)
    return Page(_loaded(session, page), number, total)


def repairs_of_job(session: Session, job_id: int) -> Sequence[Repair]:
    """What was said about one job, the latest first."""
    of_job = (
        select(Repair)
        .join(Repair.invitation)
        .join(Resolution, Resolution.id == Invitation.resolution_id)
        .where(Resolution.job_id == job_id)
    )
    return _loaded(session, of_job.order_by(Repair.id.desc()))


def repairs_of_client(session: Session, client_id: int, limit: int = 10) -> Sequence[Repair]:
    """What was said at one client, the latest first."""
    return _loaded(session, select(Repair).where(Repair.client_id == client_id).order_by(Repair.id.desc()).limit(limit))


def _loaded(session: Session, statement: Select[Repair]) -> list[Repair]:
    return list(session.scalars(statement.options(*_LOADED)))
