"""What a client puts right on the link of their survey: not finished, the wrong person, ask a colleague, left, less.

Each takes one POST, holds at once as far as it concerns the client alone, and is taken back on the same page. What
would write to somebody else waits for a manager: `survey.repairs.decisions`. Twice is once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey.asking.eligibility import address_problem
from survey.errors import ConflictError, InvalidInputError, NotFoundError
from survey.models import Contact, InvitationState, Repair, RepairKind, RepairState, SurveyEventKind
from survey.questionnaires.answering import clean_text
from survey.repairs.effects import take_effect, undo_effect
from survey.repairs.handover import had_it, hand_over
from survey.repairs.handover import may_go_on as may_go_on
from survey.repairs.links import Link
from survey.responses import record_event

NAME_LENGTH, WORDS_LENGTH = 200, 1000
STANDING = (RepairState.OPEN, RepairState.APPROVED)
MOST_COLLEAGUES = 12
KNOWN_STATES = frozenset(
    {
        InvitationState.SENT,
        InvitationState.ANSWERED,
        InvitationState.EXPIRED,
        InvitationState.WITHDRAWN,
        InvitationState.CANCELLED,
    }
)
_ABOUT_THE_SURVEY = {RepairKind.NOT_FINISHED, RepairKind.WRONG_PERSON, RepairKind.COLLEAGUE}


@dataclass(frozen=True)
class Said:
    """What somebody said: `name` and `email` of the right person or a colleague, or the id of a colleague we know."""

    kind: RepairKind
    name: str = ""
    email: str = ""
    colleague_id: int | None = None
    words: str = ""


def said_on(session: Session, link: Link) -> list[Repair]:
    """What this person said on this survey and what stands of it, or was declined: the latest of each kind."""
    rows = session.scalars(
        select(Repair)
        .where(Repair.invitation_id == link.invitation.id, Repair.contact_id == link.contact.id)
        .order_by(Repair.id)
    )
    latest = {repair.kind: repair for repair in rows}
    return [repair for repair in latest.values() if repair.state is not RepairState.UNDONE]


def colleagues(session: Session, link: Link) -> Sequence[Contact]:
    """Others at the client whom a survey can reach, by name."""
    if link.passed_on or not may_go_on(session, link.invitation):
        return []
    found = session.scalars(
        select(Contact)
        .where(
            Contact.client_id == link.invitation.client_id,
            Contact.id.not_in({link.contact.id, *had_it(session, link.invitation)}),
            func.lower(Contact.email) != link.contact.email.lower(),
            Contact.name != "",
            Contact.left_at.is_(None),
            Contact.wrong_at.is_(None),
            Contact.mail_block.is_(None),
        )
        .order_by(Contact.name, Contact.id)
        .limit(MOST_COLLEAGUES)
    )
    return found.all()


def say(
    session: Session, link: Link, said: Said, now: datetime, agent: str = "", *, secret_key: str | None = None
) -> Repair:
    """Keep what somebody said and do at once what needs nobody's yes. Of what stands already nothing changes, but words
    or a name that are still missing are added while nobody has decided.

    `secret_key` is needed to pass the survey on to a colleague whom we know; without it a manager has to.

    Raises:
        InvalidInputError: an address that cannot be one, or too many words (`field` names the form field).
        ConflictError: the survey is with somebody else by now, or cannot be passed on any more.
    """
    said = _checked(session, link, said)
    session.refresh(link.invitation, with_for_update=True)  # two posts at once: the second sees the first's row
    if known := _standing(session, link, said.kind):
        _complete(session, known, said, now, agent)
        return known
    if said.kind in _ABOUT_THE_SURVEY and link.passed_on is not None:
        raise ConflictError("This survey is with somebody else now.")
    if said.kind is RepairKind.COLLEAGUE and not may_go_on(session, link.invitation):
        raise ConflictError("This survey cannot be passed on any more.")
    repair = Repair(
        kind=said.kind,
        state=RepairState.APPROVED if said.kind is RepairKind.LESS else RepairState.OPEN,
        invitation=link.invitation,
        client_id=link.invitation.client_id,
        contact=link.contact,
        name=said.name,
        email=said.email,
        words=said.words,
        new_contact_id=said.colleague_id,
        before={},
        at=now,
    )
    session.add(repair)
    take_effect(session, repair, now)
    if said.colleague_id is not None and secret_key is not None:
        _pass_on(session, repair, secret_key, now)
    session.flush()
    _record(session, repair, now, agent, state=repair.state.value)
    return repair


def undo(session: Session, link: Link, repair_id: int, now: datetime, agent: str = "") -> Repair:
    """They take back what they said; what it had changed is as before.

    Raises:
        NotFoundError: they never said that. ConflictError: it is too late for it (the message says why).
    """
    session.refresh(link.invitation, with_for_update=True)
    repair = session.get(Repair, repair_id)
    if repair is None or (repair.invitation_id, repair.contact_id) != (link.invitation.id, link.contact.id):
        raise NotFoundError("There is nothing to take back here.")
    if repair.state in STANDING:
        undo_effect(session, repair, now)
        repair.state, repair.undone_at = RepairState.UNDONE, now
        session.flush()
        _record(session, repair, now, agent, state=repair.state.value)
    return repair


def take_back_leaving(session: Session, link: Link, now: datetime, agent: str = "") -> bool:
    """They are still there after all: what they said of having left is undone. False: they had not said it here."""
    repair = _standing(session, link, RepairKind.LEFT)
    if repair is None:
        return False
    undo(session, link, repair.id, now, agent)
    return True


def _standing(session: Session, link: Link, kind: RepairKind) -> Repair | None:
    return session.scalar(
        select(Repair).where(
            Repair.invitation_id == link.invitation.id,
            Repair.contact_id == link.contact.id,
            Repair.kind == kind,
            Repair.state.in_(STANDING),
        )
    )


def _complete(session: Session, repair: Repair, said: Said, now: datetime, agent: str) -> None:
    """Add what somebody says after the tap: what is missing, or who is the right one."""
    if repair.state is not RepairState.OPEN or repair.kind is RepairKind.COLLEAGUE:
        return
    new = bool(said.words and not repair.words), bool((said.name or said.email) and not (repair.name or repair.email))
    if new[0]:
        repair.words = said.words
    if new[1]:
        repair.name, repair.email = said.name, said.email
    if any(new):
        _record(session, repair, now, agent, state=repair.state.value)


def _checked(session: Session, link: Link, said: Said) -> Said:
    name, email, words = clean_text(said.name), said.email.strip().lower(), clean_text(said.words)
    if len(words) > WORDS_LENGTH:
        raise InvalidInputError(f"{len(words) - WORDS_LENGTH}", "words")
    if said.kind not in {RepairKind.WRONG_PERSON, RepairKind.COLLEAGUE}:
        return Said(said.kind, words=words)
    if said.kind is RepairKind.COLLEAGUE and said.colleague_id is not None:
        if said.colleague_id not in {one.id for one in colleagues(session, link)}:
            raise InvalidInputError("not known", "colleague")
        return Said(said.kind, colleague_id=said.colleague_id, words=words)
    if said.kind is RepairKind.COLLEAGUE and not email:
        raise InvalidInputError("missing", "email")
    if email and (address_problem(email) or email == link.contact.email.lower()):
        raise InvalidInputError("not an address", "email")
    return Said(said.kind, name=name[:NAME_LENGTH], email=email, words=words)


def _pass_on(session: Session, repair: Repair, secret_key: str, now: datetime) -> None:
    """To a colleague whom we know, if every rule agrees; else a manager decides."""
    session.flush()
    colleague, old_link = session.get_one(Contact, repair.new_contact_id), repair.invitation.token_hash
    asked_at = repair.invitation.sent_at
    try:
        handed = hand_over(session, repair.invitation, colleague, secret_key, now, None)
    except ConflictError as error:
        repair.why_open = str(error)[:300]
        return
    repair.before, repair.token_hash, repair.asked_at = {"handed": handed}, old_link, asked_at
    repair.state, repair.decided_at = RepairState.APPROVED, now


def _record(session: Session, repair: Repair, now: datetime, agent: str, *, state: str) -> None:
    details = {"repair": repair.id, "what": repair.kind.value, "state": state}
    record_event(session, repair.invitation, SurveyEventKind.REPAIRED, now, agent, **details)
    session.flush()
