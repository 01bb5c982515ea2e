"""Which invitations may go out without a doubt, asked for a whole batch in a handful of queries.

The rules themselves stand in `survey.asking.eligibility`. Asking all of them about one invitation takes a millisecond,
too long in the transaction that sends a thousand; so this looks only for anything that could make a rule object.
Whatever is not surely clear is asked properly (`survey.invitations.reason_not_to_send`). A test compares the two.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, aliased

from survey.asking.deciding import load_house
from survey.db import ids_in
from survey.models import (
    Client,
    Contact,
    Invitation,
    InvitationState,
    Job,
    Resolution,
    SurveyResponse,
)

# Plainer than the standard allows; no name that is reserved for other purposes ends like this.
_PLAIN_ADDRESS = re.compile(
    r"(?=[^@]{1,64}@)(?=.{1,200}\Z)[a-z0-9]+(?:[._+-][a-z0-9]+)*@(?:[a-z0-9]+\.){1,6}(?:com|net|org|de|fr|es|nl|uk|ie|pt|"
    r"at|ch|be|it|us|ca|au|io|eu|example)"
)


@dataclass(frozen=True)
class Screened:
    """What was found about a batch.

    Attributes:
        clear: nothing can object to these.
        opens: invitation → when the contact's hours begin, for those at whose contact's it is not the time now.
        contacts: invitation → who is asked.
    """

    clear: frozenset[int]
    opens: Mapping[int, datetime]
    contacts: Mapping[int, int]


def lock_batch(session: Session, invitation_ids: Collection[int]) -> None:
    """Lock every client and every contact that shares an address, as `survey.asking.deciding.lock_recipients` does."""
    if _dialect(session) == "sqlite":
        return  # this transaction is the only one that writes
    ours = ids_in("postgresql", Invitation.id, invitation_ids)
    addresses = select(Contact.email).where(Contact.id.in_(select(Invitation.contact_id).where(ours)))
    for table, condition in (
        (Client, Client.id.in_(select(Invitation.client_id).where(ours))),
        (Contact, Contact.email.in_(addresses)),
    ):
        locked = select(table.id).where(condition).order_by(table.id).with_for_update(key_share=True).subquery()
        session.execute(select(func.count()).select_from(locked))


def screen(session: Session, invitation_ids: Collection[int], *, reminder: bool, now: datetime) -> Screened:
    """Look at a batch whose recipients are locked."""
    house = load_house(session)
    rest = timedelta(days=max(house.policy.contact_rest_days, 0))
    query = (
        select(
            Invitation.id,
            Invitation.contact_id,
            Invitation.forced_by_id,
            Invitation.sent_at,
            Contact.timezone,
            Contact.country,
            Client.country,
            Contact.email,
            _nothing_objects(now).label("clear"),
        )
        .join(Contact, Contact.id == Invitation.contact_id)
        .join(Client, Client.id == Invitation.client_id)
        .join(Resolution, Resolution.id == Invitation.resolution_id)
        .join(Job, Job.id == Resolution.job_id)
        .where(ids_in(_dialect(session), Invitation.id, invitation_ids))
    )
    rows = session.connection().execute(query).all()
    released = [row.sent_at for row in rows if row.sent_at is not None]
    crowded = set() if reminder else set(invitation_ids)
    if released and not reminder:
        crowded = _crowded(session, invitation_ids, min(released) - rest)
    clear, opens, contacts, by_place = set(), {}, {}, {}
    for number, contact_id, forced_by_id, _sent_at, timezone, country, clients_country, email, clean in rows:
        contacts[number] = contact_id
        if clean and number not in crowded and is_plain(email):
            clear.add(number)
        if forced_by_id is None:
            place = (timezone, country, clients_country)
            if place not in by_place:
                by_place[place] = house.next_open(now, session.get_one(Contact, contact_id))
            if by_place[place] > now:
                opens[number] = by_place[place]
    return Screened(frozenset(clear), opens, contacts)


def is_plain(address: str) -> bool:
    """Whether an address is surely well formed, seen without taking it apart."""
    return _PLAIN_ADDRESS.fullmatch(address) is not None


def _nothing_objects(now: datetime) -> ColumnElement[bool]:
    answered = select(SurveyResponse.id).where(SurveyResponse.resolution_id == Resolution.id).exists()
    return (
        (Invitation.state == InvitationState.SENT)
        & (Invitation.expires_at > now)
        & (Client.internal.is_(False))
        & Job.exclusion.is_(None)
        & Resolution.reopened_at.is_(None)
        & Contact.mail_block.is_(None)
        & Contact.asks_less_at.is_(None)
        & or_(Contact.wrong_at.is_(None), Contact.wrong_at > now)
        & or_(Contact.left_at.is_(None), Contact.left_at > now)
        & ~answered
    )


def _crowded(session: Session, invitation_ids: Collection[int], since: datetime) -> set[int]:
    """Those to whose address another survey went since then: at about the same time or in the resting days before."""
    ours = ids_in(_dialect(session), Invitation.id, invitation_ids)
    other, others_contact = aliased(Invitation), aliased(Contact)
    query = (
        select(Invitation.id)
        .join(Contact, Contact.id == Invitation.contact_id)
        .join(others_contact, others_contact.email == Contact.email)
        .join(other, other.contact_id == others_contact.id)
        .where(ours, other.id != Invitation.id, other.sent_at > since)
    )
    return set(session.scalars(query))


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name
