"""Reads for the desk and the commands. Nothing here writes."""

from collections.abc import Sequence

from sqlalchemy import case, select
from sqlalchemy.orm import Session, joinedload

from analysis.models import LIVE, Flag, LadderMove, RelationshipState, Rung, Severity
from survey.db import row_by_id
from survey.models import Client

_BY_SEVERITY = case({Severity.SEVERE: 0, Severity.HIGH: 1, Severity.MODERATE: 2}, value=Flag.severity)


def flags(session: Session, *, live: bool = True) -> Sequence[Flag]:
    """The live flags, or all that were ever raised, with client and owner loaded; the most urgent first."""
    statement = (
        select(Flag)
        .options(joinedload(Flag.client), joinedload(Flag.owner))
        .order_by(Flag.status.in_(LIVE).desc(), _BY_SEVERITY, Flag.risk.desc(), Flag.raised_at, Flag.id)
    )
    return session.scalars(statement.where(Flag.status.in_(LIVE)) if live else statement).all()


def client_states(session: Session, rung: Rung | None = None) -> Sequence[tuple[Client, RelationshipState]]:
    """Every scored client with where it stands, by name."""
    statement = (
        select(Client, RelationshipState)
        .join(RelationshipState, RelationshipState.client_id == Client.id)
        .order_by(Client.name, Client.id)
    )
    if rung is not None:
        statement = statement.where(RelationshipState.rung == rung)
    return [(client, state) for client, state in session.execute(statement)]


def client_by_id(session: Session, client_id: int) -> Client:
    """The client. Raises NotFoundError as `row_by_id`."""
    return row_by_id(session, Client, client_id, f"There is no client {client_id}.")


def ladder_moves(session: Session, client_id: int) -> list[LadderMove]:
    """The client's moves on the ladder, oldest first."""
    return list(
        session.scalars(
            select(LadderMove).where(LadderMove.client_id == client_id).order_by(LadderMove.moved_at, LadderMove.id)
        )
    )
