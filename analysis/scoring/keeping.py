"""Keeps what was worked out of clients: their states, their moves on the ladder, the month's risks, their flags."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Insert, bindparam, insert, select, update
from sqlalchemy.orm import Session

from analysis.flags import flagging
from analysis.models import LIVE, Flag, LadderMove, RelationshipState, RiskReading
from analysis.scoring.scorer import Scored
from survey.db import Base
from survey.firms import get_firm
from survey.models import Client

_IDS: BindParameter[list[int]] = bindparam("ids", expanding=True)
_LIVE = select(Flag).where(Flag.client_id.in_(_IDS), Flag.status.in_(LIVE))
_SCORED = select(RelationshipState.client_id, RelationshipState.scored_at).where(RelationshipState.client_id.in_(_IDS))


def locked(session: Session, ids: Collection[int]) -> list[Client]:
    """Those of these clients whom nobody is acting on, locked."""
    return list(
        session.scalars(
            select(Client)
            .where(Client.id.in_(ids))
            .order_by(Client.id)
            .with_for_update(skip_locked=True, of=Client)
            .execution_options(populate_existing=True)
        )
    )


def keep(session: Session, clients: Collection[Client], scored: Iterable[Scored], now: datetime) -> int:
    """Keep what holds still of what was worked out at `now` of these clients, who are locked; returns of how many.

    Whoever changed since stays due. An internal client is not judged; their flag goes.
    """
    ids = [client.id for client in clients]
    firm, by_client = get_firm(session), {one.client_id: one for one in scored}
    live = session.scalars(_LIVE, {"ids": ids})
    flags = {flag.client_id: flag for flag in live}
    known = dict(session.connection().execute(_SCORED, {"ids": ids}).all())
    kept: list[Scored] = []
    done = 0
    for client in sorted(clients, key=lambda client: client.id):
        flag, one = flags.get(client.id), by_client.get(client.id)
        if client.internal:
            if flag is not None:
                flagging.clear(client, flag, "The client was marked as internal.", now)
            done += 1
        elif one is not None and _holds(one, client, known.get(client.id), flag):
            kept.append(one)
            client.scored_version = one.version
            if one.found is not None:
                flagging.apply(session, firm, client, flag, one.found, now)
            else:
                flagging.release(client)
    _write(session, kept)
    session.flush()
    return done + len(kept)


def _holds(one: Scored, client: Client, scored_at: datetime | None, flag: Flag | None) -> bool:
    """Whether nothing that the client was judged by has changed since."""
    stands = (one.flag.id, one.flag.severity) if one.flag else None
    return (
        one.version == client.evidence_version
        and one.scored_at == scored_at
        and stands == ((flag.id, flag.severity) if flag else None)
    )


def _write(session: Session, kept: Collection[Scored]) -> None:
    """Many rows at once: through objects it would take as long as working them out."""
    new = [_state(one) for one in kept if one.scored_at is None]
    old = [_state(one) for one in kept if one.scored_at is not None]
    moves = [move for one in kept for move in one.moves]
    readings = [one.reading for one in kept if one.reading is not None]
    if new:
        session.execute(_insert(RelationshipState), new)
    if old:
        session.execute(update(RelationshipState), old)
    if moves:
        session.execute(_insert(LadderMove), moves)
    if readings:
        session.execute(_insert(RiskReading), readings)
    written = {one.client_id for one in kept}
    for found in list(session.identity_map.values()):
        if isinstance(found, RelationshipState) and found.client_id in written:
            session.expire(found)


def _insert(table: type[Base]) -> Insert:
    """For rows of the same columns; without this, each change between None and a value begins a statement anew."""
    return insert(table).execution_options(render_nulls=True)


def _state(one: Scored) -> dict[str, Any]:
    return {"client_id": one.client_id, "evidence_version": one.version, **one.state}
