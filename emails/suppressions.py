"""Addresses that must not be written to: our own list, whatever the provider keeps. Its rows are its history."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from emails.models import EmailKind, Suppression, SuppressionReason, SuppressionScope
from survey.db import insert_or_ignore
from survey.models import Contact, MailBlock

LONGEST_SOURCE = 200
LONGEST_WHY = 300

_STOPS_SURVEYS = (SuppressionScope.ALL, SuppressionScope.AFTER_JOB)
_STOPS_REMINDERS = (*_STOPS_SURVEYS, SuppressionScope.REMINDER)


def suppress(
    session: Session,
    email: str,
    reason: SuppressionReason,
    source: str,
    now: datetime,
    *,
    scope: SuppressionScope = SuppressionScope.ALL,
    evidence: Mapping[str, Any] | None = None,
) -> bool:
    """Write to `email` no more, within `scope`, and mark every contact who has it. False if that was so already.

    `source` is one sentence for a person: the event, the link, or who asked. `evidence` names what proves it, by id.
    """
    address = email.strip().lower()
    row = {
        "email": address,
        "scope": scope,
        "reason": reason,
        "source": source[:LONGEST_SOURCE],
        "evidence": dict(evidence or {}),
        "created_at": now,
        "lifted_why": "",
    }
    new = insert_or_ignore(session, Suppression, [row]) == 1
    if new:
        mark_contacts(session, [address], now)
    return new


def unsuppress(
    session: Session,
    email: str,
    source: str,
    now: datetime,
    reason: SuppressionReason | None = None,
    scope: SuppressionScope | None = None,
) -> int:
    """Allow writing to `email` again, and free every contact who has it. Returns how many stops were lifted.

    `source` says who wants it and why. With a `reason` or a `scope`, only those are lifted: a person who subscribes
    again does not mend a mailbox that bounces.
    """
    address = email.strip().lower()
    query = select(Suppression).where(Suppression.email == address, Suppression.lifted_at.is_(None))
    if reason is not None:
        query = query.where(Suppression.reason == reason)
    if scope is not None:
        query = query.where(Suppression.scope == scope)
    rows = session.scalars(query).all()
    for row in rows:
        row.lifted_at, row.lifted_why = now, source[:LONGEST_WHY]
    mark_contacts(session, [address], now)
    return len(rows)


def reason_suppressed(session: Session, email: str, kind: EmailKind = EmailKind.SURVEY) -> SuppressionReason | None:
    """Why no email of this kind may go to `email`, or None. The oldest reason is the one given."""
    scopes = _STOPS_REMINDERS if kind is EmailKind.REMINDER else _STOPS_SURVEYS
    query = select(Suppression.reason).where(Suppression.email == email.strip().lower(), in_force(scopes))
    return session.scalars(query.order_by(Suppression.created_at, Suppression.id)).first()


def in_force(scopes: Sequence[SuppressionScope] = tuple(SuppressionScope)) -> ColumnElement[bool]:
    """The condition on stops that hold now and are of one of `scopes`."""
    return Suppression.lifted_at.is_(None) & Suppression.scope.in_(scopes)


def standing(session: Session, email: str) -> list[Suppression]:
    """Every stop that holds for `email` now, the oldest first."""
    query = select(Suppression).where(Suppression.email == email.strip().lower(), in_force())
    return list(session.scalars(query.order_by(Suppression.created_at, Suppression.id)))


def mark_contacts(session: Session, addresses: Sequence[str], now: datetime) -> None:
    """Write on every contact with one of these addresses why no survey may go there, and have the clients scored."""
    session.flush()
    blocks: dict[str, MailBlock] = {}
    stops = select(Suppression.email, Suppression.reason).where(
        Suppression.email.in_(addresses), in_force(_STOPS_SURVEYS)
    )
    for address, reason in session.execute(stops.order_by(Suppression.created_at, Suppression.id)):
        blocks.setdefault(address, MailBlock(reason.value))
    for contact in session.scalars(select(Contact).where(func.lower(Contact.email).in_(addresses))):
        block = blocks.get(contact.email.lower())
        if contact.mail_block is not block:
            contact.mail_block, contact.mail_blocked_at = block, now if block else None
            contact.client.add_evidence()
    session.flush()
