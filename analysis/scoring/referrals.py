"""Who sent whom."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from analysis.models import Referral
from survey.errors import ConflictError, InvalidInputError
from survey.models import Client

NAME_LENGTH = 200


def record_referral(session: Session, client: Client, name: str, user_id: int | None, now: datetime) -> Referral:
    """`client` sent us `name`: another client of that name or reference, or somebody who is none yet.

    Raises:
        InvalidInputError: no name, or the client's own. ConflictError: somebody else is known to have sent them, or
            this has been noted already.
    """
    name = " ".join(name.split())
    if not name:
        raise InvalidInputError("Please write whom they sent you.", "name")
    if len(name) > NAME_LENGTH:
        raise InvalidInputError(f"Please keep the name under {NAME_LENGTH} characters.", "name")
    came = _named(session, name)
    if came is not None and came.id == client.id:
        raise InvalidInputError("Nobody sends themselves. Please write whom they sent you.", "name")
    _refuse_second(session, client, came, name)
    referral = _noted_before(session, client, name) if came else None
    if referral is None:
        referral = Referral(client_id=client.id, name=came.name if came else name, at=now, user_id=user_id)
    if came is not None:
        referral.referred_id, came.referred_by_id = came.id, client.id
    session.add(referral)
    client.add_evidence()
    session.flush()
    return referral


def undo_referral(session: Session, referral: Referral, now: datetime) -> None:
    """Take a referral back.

    Raises:
        ConflictError: it has been taken back already.
    """
    session.refresh(referral, with_for_update=True)
    if referral.undone_at is not None:
        raise ConflictError("This referral has been taken back already.")
    referral.undone_at = now
    came = session.get(Client, referral.referred_id) if referral.referred_id else None
    if came is not None and came.referred_by_id == referral.client_id:
        came.referred_by_id = None
    session.get_one(Client, referral.client_id).add_evidence()
    session.flush()


def referrals_by(session: Session, client_id: int) -> list[Referral]:
    """Whom this client sent, the latest first."""
    return list(
        session.scalars(
            select(Referral)
            .where(Referral.client_id == client_id, Referral.undone_at.is_(None))
            .options(joinedload(Referral.referred), joinedload(Referral.user))
            .order_by(Referral.at.desc(), Referral.id.desc())
        )
    )


def referral_dates(session: Session, client_ids: Collection[int], now: datetime) -> list[tuple[int, datetime]]:
    """(client, when they sent somebody) of all that stands at `now`, oldest first."""
    found = session.execute(
        select(Referral.client_id, Referral.at)
        .where(Referral.client_id.in_(client_ids), Referral.undone_at.is_(None), Referral.at <= now)
        .order_by(Referral.at)
    )
    return [(client_id, at) for client_id, at in found]


def _named(session: Session, name: str) -> Client | None:
    """The one client with this reference or name.

    Raises:
        InvalidInputError: several clients have this name.
    """
    by_ref = session.scalar(select(Client).where(Client.ref == name))
    if by_ref is not None:
        return by_ref
    found = session.scalars(select(Client).where(func.lower(Client.name) == name.lower()).limit(2)).all()
    if len(found) > 1:
        raise InvalidInputError("Several clients are called that: please write the client's reference instead.", "name")
    return found[0] if found else None


def _noted_before(session: Session, client: Client, name: str) -> Referral | None:
    """What was noted when they were no client yet: it keeps its date."""
    return session.scalar(
        select(Referral).where(
            Referral.client_id == client.id,
            Referral.referred_id.is_(None),
            func.lower(Referral.name) == name.lower(),
            Referral.undone_at.is_(None),
        )
    )


def _refuse_second(session: Session, client: Client, came: Client | None, name: str) -> None:
    same = Referral.referred_id == came.id if came else func.lower(Referral.name) == name.lower()
    known = session.scalar(
        select(Referral).where(same, Referral.undone_at.is_(None)).options(joinedload(Referral.client)).limit(1)
    )
    if known is not None and (came is not None or known.client_id == client.id):
        who = "They are" if known.client_id == client.id else f"{known.client.name} is"
        raise ConflictError(f"{who} already noted as having sent you {known.name}.")
