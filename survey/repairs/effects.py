"""What a repair does at once, and how it is put back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from survey.closings import reopen_job, stay_closed
from survey.errors import ConflictError
from survey.models import Invitation, InvitationState, Repair, RepairKind
from survey.repairs import wishes
from survey.repairs.handover import take_back


def take_effect(session: Session, repair: Repair, now: datetime) -> None:
    """Do what holds as soon as it is said."""
    invitation, contact = repair.invitation, repair.contact
    match repair.kind:
        case RepairKind.NOT_FINISHED:
            repair.before = _open_again(session, invitation, now)
        case RepairKind.WRONG_PERSON:
            reminder = invitation.reminder_due_at.isoformat() if invitation.reminder_due_at else None
            repair.before = {"marked": contact.wrong_at is None, "reminder_due_at": reminder}
            contact.wrong_at, invitation.reminder_due_at = contact.wrong_at or now, None
            contact.client.add_evidence()
        case RepairKind.LEFT:
            repair.before = {"marked": wishes.leave(contact, now)}
        case RepairKind.LESS:
            repair.before = {"marked": contact.asks_less_at is None}
            wishes.ask_less(session, contact, contact.asks_less_at or now, less=True)
        case RepairKind.COLLEAGUE:
            repair.before = {}


def undo_effect(session: Session, repair: Repair, now: datetime) -> None:
    """Put back what a repair changed.

    Raises:
        ConflictError: it cannot be put back any more (the message says why).
    """
    undo_handover(session, repair)
    before, invitation, contact = repair.before, repair.invitation, repair.contact
    match repair.kind:
        case RepairKind.NOT_FINISHED:
            _close_again(session, invitation, before, now)
        case RepairKind.WRONG_PERSON if before.get("marked"):
            contact.wrong_at = None
            contact.client.add_evidence()
        case RepairKind.LEFT if before.get("marked"):
            wishes.stay(contact)
        case RepairKind.LESS if before.get("marked"):
            wishes.ask_less(session, contact, now, less=False)
        case _:
            pass
    if repair.kind is RepairKind.WRONG_PERSON and invitation.state is InvitationState.SENT:
        invitation.reminder_due_at = _moment(before.get("reminder_due_at"))
    session.flush()


def undo_handover(session: Session, repair: Repair) -> None:
    """The survey is back with whom it was before, where it was passed on.

    Raises:
        ConflictError: the other one has been asked already.
    """
    before = dict(repair.before)
    if handed := before.pop("handed", None):
        take_back(session, repair.invitation, handed)
    elif (was := before.pop("job_contact_id", None)) is not None:
        job = repair.invitation.resolution.job
        job.contact_id, job.contact_chosen_at = was, None
        session.flush()
        session.expire(job, ["contact"])
    made = before.pop("made", False)
    new, repair.before, repair.token_hash, repair.asked_at = repair.new_contact, before, "", None
    if made and new is not None:
        repair.new_contact = None
        session.flush()
        session.delete(new)
    session.flush()


def _open_again(session: Session, invitation: Invitation, now: datetime) -> dict[str, Any]:
    job, reminder = invitation.resolution.job, invitation.reminder_due_at
    before = {
        "state": invitation.state.value,
        "reason": invitation.reason,
        "reminder_due_at": reminder.isoformat() if reminder else None,
        "opened": not job.is_open and job.resolutions[-1].id == invitation.resolution_id,
    }
    if before["opened"]:
        reopen_job(session, job, now)
        if invitation.state is InvitationState.WITHDRAWN:
            invitation.reason = "The client says that the job is not finished."
    return before


def _close_again(session: Session, invitation: Invitation, before: Mapping[str, Any], now: datetime) -> None:
    if not before.get("opened"):
        return
    job = invitation.resolution.job
    if job.resolutions[-1].id != invitation.resolution_id:
        raise ConflictError("The job was finished again since, so there is nothing to take back.")
    if job.is_open:
        stay_closed(session, job, now)
    if invitation.state is InvitationState.WITHDRAWN:
        invitation.state, invitation.reason = InvitationState(before["state"]), before["reason"]
        invitation.reminder_due_at = _moment(before["reminder_due_at"])


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
