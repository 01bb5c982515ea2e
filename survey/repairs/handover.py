"""A survey goes to somebody else at the same client, and back. The link of who passed it on opens it no more."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey import tokens
from survey.asking.deciding import WAITING, apply, decide_now, load_house
from survey.asking.terms import Outcome
from survey.errors import ConflictError
from survey.models import Contact, Invitation, InvitationState, Repair, RepairKind, RepairState, SurveyResponse

TOKEN_PURPOSE = "survey"  # noqa: S105 - the name of a purpose, no secret
GRACE = timedelta(minutes=10)  # before the email goes out: so long can it be taken back
MAY_GO_ON = frozenset({InvitationState.SENT, InvitationState.EXPIRED})
_COMES_BACK = WAITING | {InvitationState.SKIPPED}
_MOMENTS = ("due_at", "expires_at", "decided_at", "sent_at", "reminder_due_at", "reminded_at", "delivered_at")
_PLAIN = ("contact_id", "seed", "token_hash", "reason", "verdicts", "reminders_sent", "forced_by_id")


def may_go_on(session: Session, invitation: Invitation) -> bool:
    """Whether a survey was sent, and nobody has answered it."""
    answered = select(SurveyResponse.id).where(SurveyResponse.resolution_id == invitation.resolution_id).limit(1)
    return invitation.state in MAY_GO_ON and session.scalar(answered) is None


def had_it(session: Session, invitation: Invitation) -> set[int]:
    """The contacts who got this survey and passed it on: they are not written to about it twice."""
    rows = select(Repair.contact_id).where(Repair.invitation_id == invitation.id, Repair.asked_at.is_not(None))
    return set(session.scalars(rows))


def hand_over(
    session: Session, invitation: Invitation, contact: Contact, secret_key: str, now: datetime, user_id: int | None
) -> dict[str, Any]:
    """Ask `contact` instead, from `GRACE` on. `user_id`: the manager who wants it, whatever rest and budget say.

    Returns what `take_back` needs.

    Raises:
        ConflictError: a rule stands in the way (the message says it); nothing is changed.
    """
    if contact.id in had_it(session, invitation):
        raise ConflictError(f"{contact.name or contact.email} had this survey already, and passed it on.")
    job, resolution, house = invitation.resolution.job, invitation.resolution, load_house(session)
    before = _kept(invitation)
    was = job.contact, invitation.contact
    job.contact = invitation.contact = contact
    due_at = house.next_open(now + GRACE, contact)
    decision = decide_now(session, resolution, house, now, at=due_at, forced=user_id is not None)
    if decision.outcome is not Outcome.ASK:
        job.contact, invitation.contact = was
        session.flush()
        raise ConflictError(decision.reason)
    before["chosen_at"] = _written(job.contact_chosen_at)
    job.contact_chosen_at = now
    apply(invitation, decision, now)
    invitation.state, invitation.reason = InvitationState.SCHEDULED, f"It was passed on by {_name(was[1])}."
    invitation.due_at = due_at
    invitation.expires_at = max(house.too_late_at(resolution), due_at + timedelta(days=house.policy.expire_after_days))
    invitation.seed = tokens.new_seed()
    invitation.token_hash = tokens.fingerprint(tokens.derive(secret_key, TOKEN_PURPOSE, invitation.seed))
    invitation.sent_at = invitation.reminder_due_at = invitation.reminded_at = invitation.delivered_at = None
    invitation.reminders_sent, invitation.forced_by_id = 0, user_id
    session.flush()
    return before


def take_back(session: Session, invitation: Invitation, before: Mapping[str, Any]) -> None:
    """The survey is with whom it was before.

    Raises:
        ConflictError: the other one has been asked already.
    """
    if invitation.state not in _COMES_BACK:
        raise ConflictError("The email has gone out already, so this cannot be taken back.")
    for name in _PLAIN:
        setattr(invitation, name, before[name])
    for name in _MOMENTS:
        setattr(invitation, name, _read(before[name]))
    invitation.state = InvitationState(before["state"])
    job = invitation.resolution.job
    job.contact_id, job.contact_chosen_at = before["job_contact_id"], _read(before["chosen_at"])
    session.flush()
    session.expire(invitation, ["contact"])
    session.expire(job, ["contact"])


def instead_of(session: Session, contact_ids: Collection[int]) -> dict[int, Contact]:
    """Contact id → who is the right one to ask, of those who are known as the wrong one and named another."""
    found = session.scalars(
        select(Repair)
        .where(
            Repair.contact_id.in_(contact_ids),
            Repair.kind == RepairKind.WRONG_PERSON,
            Repair.state == RepairState.APPROVED,
        )
        .order_by(Repair.id)
    )
    return {repair.contact_id: repair.new_contact for repair in found if repair.new_contact is not None}


def _kept(invitation: Invitation) -> dict[str, Any]:
    return {
        "state": invitation.state.value,
        "job_contact_id": invitation.resolution.job.contact_id,
        **{name: getattr(invitation, name) for name in _PLAIN},
        **{name: _written(getattr(invitation, name)) for name in _MOMENTS},
    }


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _read(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _name(contact: Contact) -> str:
    return contact.name or "the one who was asked"
