"""What a person, or the job itself, does to an invitation: hold, resume, send now, cancel, withdraw, decide again."""

from datetime import datetime

from sqlalchemy.orm import Session

from survey.asking.deciding import WAITING, apply, decide_now, load_house, move
from survey.asking.pausing import current_pause
from survey.asking.terms import Outcome
from survey.errors import ConflictError
from survey.models import Invitation, InvitationState, Resolution

MAY_BE_FORCED = WAITING | {InvitationState.SKIPPED, InvitationState.CANCELLED}
MAY_BE_CANCELLED = WAITING | {InvitationState.SENT}
MAY_BE_WITHDRAWN = WAITING | {InvitationState.SENT}


def hold(session: Session, invitation: Invitation, user_id: int | None, now: datetime) -> None:
    """A manager wants this survey to wait until they say otherwise, or until it is too late to ask.

    Raises:
        ConflictError: it is not waiting any more.
    """
    _require(invitation, WAITING, "held")
    move(invitation, InvitationState.HELD, "A manager held it.", now)
    invitation.changed_by_id = user_id
    session.flush()


def resume(session: Session, invitation: Invitation, user_id: int | None, now: datetime) -> None:
    """Put a held survey back; every rule is asked again, so it may be held for a flag, or skipped by now.

    Raises:
        ConflictError: it is not held, or it waits for an open flag and nobody but the flag holds it.
    """
    _require(invitation, frozenset({InvitationState.HELD}), "resumed")
    house = load_house(session)
    due_at = house.next_open(max(now, house.due_at(invitation.resolution, invitation.seed)), invitation.contact)
    decision = decide_now(session, invitation.resolution, house, now, at=due_at, forced=False)
    if decision.outcome is Outcome.HOLD and invitation.changed_by_id is None and user_id is not None:
        raise ConflictError(f"{decision.reason} Close the flag, or send the survey now.")
    invitation.due_at, invitation.changed_by_id = due_at, user_id if decision.outcome is Outcome.ASK else None
    apply(invitation, decision, now)
    session.flush()


def send_now(session: Session, invitation: Invitation, user_id: int | None, now: datetime) -> None:
    """A manager wants it sent at once, whatever rest, budget, delay, quiet hours, an open flag or the kind say.

    Raises:
        ConflictError: it went out already, or a rule that nobody may override stands in the way (the message says it).
    """
    _require(invitation, MAY_BE_FORCED, "sent now")
    if current_pause(session) is not None:
        raise ConflictError("All surveys are paused. Resume them first.")
    decision = decide_now(session, invitation.resolution, load_house(session), now, forced=True)
    if decision.outcome is not Outcome.ASK:
        raise ConflictError(decision.reason)
    apply(invitation, decision, now)
    invitation.reason = "A manager chose to send it."
    invitation.due_at = now
    invitation.forced_by_id = invitation.changed_by_id = user_id
    session.flush()


def cancel(session: Session, invitation: Invitation, user_id: int | None, now: datetime, reason: str = "") -> None:
    """A manager does not want this client asked, or closes a survey that is out and unanswered.

    Raises:
        ConflictError: it is over already, or answered.
    """
    _require(invitation, MAY_BE_CANCELLED, "cancelled")
    move(invitation, InvitationState.CANCELLED, reason.strip() or "A manager cancelled it.", now)
    invitation.changed_by_id, invitation.reminder_due_at = user_id, None
    session.flush()


def withdraw(session: Session, resolution: Resolution, now: datetime) -> None:
    """The job was opened again: its survey is taken back unless it was answered."""
    invitation = resolution.invitation
    if invitation is not None and invitation.state in MAY_BE_WITHDRAWN:
        move(invitation, InvitationState.WITHDRAWN, "The job was opened again before an answer came.", now)
        invitation.reminder_due_at = None
        session.flush()


def reconsider(session: Session, resolution: Resolution, now: datetime) -> None:
    """Something the decision rests on changed (who the contact is, when the job was closed): decide again.

    Only what was not sent is touched, and neither a manager's hold nor a cancellation is undone.
    """
    invitation = resolution.invitation
    if invitation is None or invitation.state not in WAITING | {InvitationState.SKIPPED}:
        return
    if invitation.state is InvitationState.HELD and invitation.changed_by_id is not None:
        return
    house, job = load_house(session), resolution.job
    invitation.contact, invitation.client = job.contact, job.client
    forced = invitation.forced_by_id is not None
    if not forced:
        invitation.due_at = house.due_at(resolution, invitation.seed)
    invitation.expires_at = house.too_late_at(resolution)
    apply(invitation, decide_now(session, resolution, house, now, at=invitation.due_at, forced=forced), now)
    session.flush()


def _require(invitation: Invitation, states: frozenset[InvitationState], verb: str) -> None:
    if invitation.state not in states:
        raise ConflictError(f"This survey is {invitation.state.value}, so it cannot be {verb}.")
