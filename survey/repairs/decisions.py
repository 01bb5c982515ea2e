"""What a manager does with a repair that a client asked for: says yes, says no, or takes that back."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey.asking.eligibility import address_problem
from survey.errors import ConflictError, InvalidInputError, NotFoundError
from survey.models import Client, Contact, Repair, RepairKind, RepairState
from survey.repairs.effects import take_effect, undo_effect, undo_handover
from survey.repairs.handover import hand_over, may_go_on
from survey.repairs.requests import NAME_LENGTH

_ASKS_ANOTHER = {RepairKind.WRONG_PERSON, RepairKind.COLLEAGUE}


def get_repair(session: Session, repair_id: int) -> Repair:
    """A repair by its id, locked for this transaction where the database locks rows.

    Raises:
        NotFoundError: there is none.
    """
    repair = session.get(Repair, repair_id, with_for_update=True)
    if repair is None:
        raise NotFoundError("There is no such repair.")
    return repair


def approve(
    session: Session,
    repair: Repair,
    user_id: int | None,
    now: datetime,
    *,
    secret_key: str,
    name: str | None = None,
    email: str | None = None,
) -> str:
    """Say yes. Where somebody else is to be asked, they are: whom the client named, or `name` and `email`.

    Returns why that person is not asked about this very job, "" when they are.

    Raises:
        ConflictError: it is decided already, or a rule that nobody may override stands in the way.
        InvalidInputError: an address that cannot be one (`field` "email").
    """
    _require(repair, RepairState.OPEN)
    why = ""
    if repair.kind in _ASKS_ANOTHER:
        new = _right_person(session, repair, now, name, email)
        if new is None and repair.kind is RepairKind.COLLEAGUE:
            raise InvalidInputError("Say whom to ask.", "email")
        why = _ask_instead(session, repair, new, secret_key, user_id, now) if new else ""
    _decide(session, repair, RepairState.APPROVED, user_id, now)
    return why


def decline(session: Session, repair: Repair, user_id: int | None, now: datetime) -> None:
    """Say no: what it had changed is as before.

    Raises:
        ConflictError: it is decided already, or cannot be put back any more.
    """
    _require(repair, RepairState.OPEN)
    undo_effect(session, repair, now)
    _decide(session, repair, RepairState.DECLINED, user_id, now)


def undecide(session: Session, repair: Repair, now: datetime) -> None:
    """Take the decision back: it waits for one again.

    Raises:
        ConflictError: it waits already, the client said something else since, or the other person was asked already.
    """
    if repair.state is RepairState.APPROVED and repair.kind is not RepairKind.LESS:
        undo_handover(session, repair)
    elif repair.state is RepairState.DECLINED:
        if _said_again(session, repair):
            raise ConflictError("The client has said it again since; decide about that.")
        take_effect(session, repair, now)
    else:
        raise ConflictError("There is no decision to take back.")
    _decide(session, repair, RepairState.OPEN, None, None)


def _decide(session: Session, repair: Repair, state: RepairState, user_id: int | None, now: datetime | None) -> None:
    repair.state, repair.decided_by_id, repair.decided_at = state, user_id, now
    session.get_one(Client, repair.client_id).add_evidence()
    session.flush()


def _require(repair: Repair, state: RepairState) -> None:
    if repair.state is not state:
        raise ConflictError(
            "The client took it back." if repair.state is RepairState.UNDONE else "This is decided already."
        )


def _said_again(session: Session, repair: Repair) -> bool:
    later = select(Repair.id).where(
        Repair.invitation_id == repair.invitation_id,
        Repair.contact_id == repair.contact_id,
        Repair.kind == repair.kind,
        Repair.id > repair.id,
    )
    return session.scalar(later.limit(1)) is not None


def _right_person(
    session: Session, repair: Repair, now: datetime, name: str | None, email: str | None
) -> Contact | None:
    """Who is asked instead, made when they are new; None where nobody was named."""
    if email is None and repair.new_contact is not None:
        return repair.new_contact
    address = (repair.email if email is None else email).strip().lower()
    if not address:
        return None
    if address_problem(address) or address == repair.contact.email.lower():
        raise InvalidInputError("That is no address of somebody else.", "email")
    named = (repair.name if name is None else name).strip()[:NAME_LENGTH]
    known = session.scalar(
        select(Contact).where(Contact.client_id == repair.client_id, func.lower(Contact.email) == address)
    )
    if known is not None:
        known.name = known.name or named
        return known
    old = repair.contact
    made = Contact(
        client_id=repair.client_id,
        email=address,
        name=named,
        language=old.language,
        timezone=old.timezone,
        country=old.country,
        created_at=now,
    )
    session.add(made)
    repair.before = {**repair.before, "made": True}
    session.flush()
    return made


def _ask_instead(
    session: Session, repair: Repair, new: Contact, secret_key: str, user_id: int | None, now: datetime
) -> str:
    invitation, job = repair.invitation, repair.invitation.resolution.job
    repair.new_contact, old_link, was = new, invitation.token_hash, job.contact_id
    asked_at = invitation.sent_at
    why = "The survey about this job has an answer, or is over."
    if may_go_on(session, invitation):
        try:
            handed = hand_over(session, invitation, new, secret_key, now, user_id)
        except ConflictError as error:
            if repair.kind is RepairKind.COLLEAGUE:
                raise
            why = str(error)
        else:
            repair.before, repair.token_hash = {**repair.before, "handed": handed}, old_link
            repair.asked_at = asked_at
            return ""
    job.contact, job.contact_chosen_at = new, now
    repair.before = {**repair.before, "job_contact_id": was}
    session.flush()
    return why
