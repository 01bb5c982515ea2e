"""Whether a batch may still go out, asked in the transaction that commits `sending`: much can have happened since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from emails.compose import TO_CLIENTS
from emails.models import EmailKind, Suppression
from emails.suppressions import reason_suppressed
from survey.asking.screening import lock_batch, screen
from survey.db import words_in
from survey.invitations import reason_not_to_send
from survey.models import Invitation
from survey.users import User


class Candidate(Protocol):
    """What the rules need of an outbox row."""

    @property
    def id(self) -> int: ...
    @property
    def kind(self) -> EmailKind: ...
    @property
    def to_email(self) -> str: ...
    @property
    def not_after(self) -> datetime | None: ...
    @property
    def invitation_id(self) -> int | None: ...
    @property
    def contact_id(self) -> int | None: ...
    @property
    def user_id(self) -> int | None: ...


@dataclass(frozen=True)
class Objections:
    """By message: why it must not go out at all, and until when it must wait. The others may go."""

    cancelled: Mapping[int, str]
    too_early: Mapping[int, datetime]


def object_to(session: Session, messages: Sequence[Candidate], now: datetime) -> Objections:
    """Ask every rule about a batch. Clients and contacts stay locked until the transaction ends."""
    cancelled: dict[int, str] = {}
    too_early: dict[int, datetime] = {}
    for message in messages:
        if message.not_after is not None and now > message.not_after:
            cancelled[message.id] = "It could not go out in time."
        elif message.kind not in TO_CLIENTS and (reason := _reason_about_user(session, message)):
            cancelled[message.id] = reason
    for kind in TO_CLIENTS:
        asked = [message for message in messages if message.kind is kind and message.id not in cancelled]
        if asked:
            _ask(session, asked, now, cancelled, too_early, reminder=kind is EmailKind.REMINDER)
    return Objections(cancelled, too_early)


def _ask(
    session: Session,
    messages: Sequence[Candidate],
    now: datetime,
    cancelled: dict[int, str],
    too_early: dict[int, datetime],
    *,
    reminder: bool,
) -> None:
    invitation_ids = [message.invitation_id for message in messages if message.invitation_id is not None]
    lock_batch(session, invitation_ids)
    suppressed = _suppressed(session, messages)
    screened = screen(session, invitation_ids, reminder=reminder, now=now)
    for message in messages:
        asked_now = screened.contacts.get(message.invitation_id or 0, message.contact_id)
        if asked_now != message.contact_id:  # the link in it would be another person's
            cancelled[message.id] = "The survey was passed on to somebody else."
            continue
        doubtful = message.invitation_id not in screened.clear or message.to_email.strip().lower() in suppressed
        if doubtful and (reason := _reason(session, message, reminder=reminder, now=now)):
            cancelled[message.id] = reason
        elif (opens := screened.opens.get(message.invitation_id or 0)) is not None:
            too_early[message.id] = opens


def _suppressed(session: Session, messages: Sequence[Candidate]) -> set[str]:
    """Addresses with any stop in force; of what scope is asked of those alone."""
    addresses = {message.to_email.strip().lower() for message in messages}
    asked = words_in(session.get_bind().dialect.name, Suppression.email, addresses)
    return set(session.scalars(select(Suppression.email).where(asked, Suppression.lifted_at.is_(None))))


def _reason(session: Session, message: Candidate, *, reminder: bool, now: datetime) -> str | None:
    if found := reason_suppressed(session, message.to_email, message.kind):
        return f"The address is suppressed: {found.value}."
    invitation = session.get(Invitation, message.invitation_id) if message.invitation_id else None
    if invitation is None:
        return "Its survey is gone."
    return reason_not_to_send(session, invitation, reminder=reminder, now=now)


def _reason_about_user(session: Session, message: Candidate) -> str | None:
    user = session.get(User, message.user_id) if message.user_id else None
    if message.kind is EmailKind.TEST:
        return None if user is not None and user.active else "Whoever asked for it may not sign in any more."
    if message.kind is not EmailKind.SIGN_IN and user is not None and not (user.active and user.wants_alerts):
        return f"{user.display_name} does not want alerts."
    return None
