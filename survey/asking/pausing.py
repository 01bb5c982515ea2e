"""One switch that lets every survey and reminder wait, and what becomes of them when it is released."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from survey.asking.deciding import House, load_house, move
from survey.asking.schedule import resumed_at
from survey.errors import ConflictError, InvalidInputError
from survey.models import Invitation, InvitationState, SchedulePause

WHY_LENGTH = 300
HISTORY = 20


@dataclass(frozen=True)
class Piled:
    """What waits because of the pause: surveys that can still go out, surveys too late by now, reminders."""

    surveys: int
    too_late: int
    reminders: int


def current_pause(session: Session) -> SchedulePause | None:
    """The pause in force, with who began it."""
    return session.scalar(
        select(SchedulePause).where(SchedulePause.in_force.is_(True)).options(joinedload(SchedulePause.paused_by))
    )


def pause(session: Session, why: str, user_id: int | None, now: datetime) -> SchedulePause:
    """Let everything that would go to a client wait. Emails to colleagues go on.

    Raises:
        InvalidInputError: no reason, or too long a one.
        ConflictError: paused already.
    """
    why = why.strip()
    if not why:
        raise InvalidInputError("Say why, so that the next person knows when to resume.", "why")
    if len(why) > WHY_LENGTH:
        raise InvalidInputError(f"Please keep the reason under {WHY_LENGTH} characters.", "why")
    if current_pause(session) is not None:
        raise ConflictError("Surveys are paused already.")
    row = SchedulePause(in_force=True, why=why, paused_at=now, paused_by_id=user_id)
    session.add(row)
    session.flush()
    return row


def resume(session: Session, user_id: int | None, now: datetime) -> SchedulePause:
    """End the pause. What became too late is skipped with the reason; the rest goes out in an even stream.

    Raises:
        ConflictError: nothing is paused.
    """
    row = session.scalar(select(SchedulePause).where(SchedulePause.in_force.is_(True)).with_for_update())
    if row is None:
        raise ConflictError("Surveys are not paused.")
    row.in_force, row.resumed_at, row.resumed_by_id = None, now, user_id
    row.skipped = _give_up(session, row, now)
    row.moved = _spread_out(session, load_house(session), now)
    session.flush()
    return row


def piled_up(session: Session, now: datetime) -> Piled:
    """What has come due and not gone out."""
    surveys, reminders = _late_surveys(session, now), _late_reminders(session, now)
    too_late = sum(1 for invitation in surveys if invitation.expires_at <= now)
    return Piled(len(surveys) - too_late, too_late, len(reminders))


def pause_history(session: Session) -> Sequence[SchedulePause]:
    """The latest pauses, newest first, with who began and ended them."""
    people = (joinedload(SchedulePause.paused_by), joinedload(SchedulePause.resumed_by))
    return session.scalars(
        select(SchedulePause).options(*people).order_by(SchedulePause.id.desc()).limit(HISTORY)
    ).all()


def last_pause_over(session: Session, since: datetime, until: datetime) -> SchedulePause | None:
    """The latest pause that touches the stretch from `since` until `until`."""
    return session.scalar(
        select(SchedulePause)
        .where(SchedulePause.paused_at <= until)
        .where(SchedulePause.resumed_at.is_(None) | (SchedulePause.resumed_at >= since))
        .order_by(SchedulePause.id.desc())
        .limit(1)
    )


def _late_surveys(session: Session, now: datetime) -> Sequence[Invitation]:
    waiting = (Invitation.state == InvitationState.SCHEDULED, Invitation.due_at <= now)
    return session.scalars(_lined_up().where(*waiting).order_by(Invitation.due_at, Invitation.id)).all()


def _late_reminders(session: Session, now: datetime) -> Sequence[Invitation]:
    waiting = (
        Invitation.state == InvitationState.SENT,
        Invitation.reminder_due_at <= now,
        Invitation.expires_at > now,
    )
    return session.scalars(_lined_up().where(*waiting).order_by(Invitation.reminder_due_at, Invitation.id)).all()


def _lined_up() -> Select[Invitation]:
    return select(Invitation).options(joinedload(Invitation.contact), joinedload(Invitation.client))


def _give_up(session: Session, row: SchedulePause, now: datetime) -> int:
    late = [invitation for invitation in _late_surveys(session, now) if invitation.expires_at <= now]
    for invitation in late:
        move(invitation, InvitationState.SKIPPED, too_late_because(row), now)
    session.flush()
    return len(late)


def too_late_because(row: SchedulePause) -> str:
    """Why a survey was not asked: the pause outlasted it."""
    day = row.paused_at
    return f"All surveys were paused from {day.day} {day:%B} until it was too late to ask ({row.why.rstrip('.')})."


def _spread_out(session: Session, house: House, now: datetime) -> int:
    """Give everything that is late a place in line; a manager's “send now” stays at the front."""
    surveys = [invitation for invitation in _late_surveys(session, now) if invitation.forced_by_id is None]
    for number, invitation in enumerate(surveys):
        asked = resumed_at(number, len(surveys), now)
        invitation.due_at = house.next_open(asked, invitation.contact)
    reminders = _late_reminders(session, now)
    for number, invitation in enumerate(reminders):
        asked = resumed_at(number, len(reminders), now)
        invitation.reminder_due_at = house.next_open(asked, invitation.contact)
    return len(surveys) + len(reminders)
