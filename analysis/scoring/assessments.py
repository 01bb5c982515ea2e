"""Reads new answers, scores relationships, raises and clears flags. Batches; the worker commits each."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Integer, Select, bindparam, func, or_, select, union
from sqlalchemy.orm import Session

from analysis.models import LIVE, FirmLevels, Flag, RelationshipState
from analysis.reading import readings
from analysis.scoring.keeping import keep
from analysis.scoring.levels import levels_for_scoring
from analysis.scoring.scorer import gauge, judged
from analysis.text.analyser import TextAnalyser
from survey.models import Client


def _due_clients() -> Select[Client]:
    """Those with news first, then those whose time came or who were judged by other levels.

    Each arm reads an index of its own: asked twice a second, it must not look at every client, nor at every flag. An
    internal client is due only while a flag of theirs stands.
    """
    newest = select(func.max(FirmLevels.id)).scalar_subquery()
    news = select(Client.id).where(Client.evidence_version != Client.scored_version)
    aged = select(RelationshipState.client_id).where(RelationshipState.rescore_at <= bindparam("now"))
    moved = select(RelationshipState.client_id).where(RelationshipState.levels_version < newest)
    flagged = select(Flag.id).where(Flag.client_id == Client.id, Flag.status.in_(LIVE)).exists()
    return (
        select(Client)
        .where(Client.id.in_(union(news, aged, moved)), or_(Client.internal.is_(False), flagged))
        .order_by(Client.evidence_version == Client.scored_version, Client.id)
        .limit(bindparam("limit", type_=Integer))
    )


# Written once: to build them for each client who answers takes longer than the database does.
_LOCKED = _due_clients().with_for_update(skip_locked=True, of=Client).execution_options(populate_existing=True)
DUE = _due_clients().with_only_columns(Client.id, Client.evidence_version)


def analyse_batch(session: Session, analyser: TextAnalyser, now: datetime, limit: int = 200) -> int:
    """Read up to `limit` answers whose present text no version has read; returns how many, unread or confirmed anew.

    All in the session's transaction: the worker, which must not hold one while a model reads, takes the same steps.
    """
    words = readings.waiting(session, limit)
    known = readings.confirm_known(session, words, now)
    fresh = [item for item in words if item.answer_id not in known]
    found = analyser.analyse([item.comment for item in fresh])
    touched = readings.store(session, analyser.model, list(zip(fresh, found, strict=True)), now)
    readings.tell_clients(session, touched)
    return len(words)


def lock_due_clients(session: Session, now: datetime, limit: int = 100) -> Sequence[Client]:
    """Up to `limit` clients whose evidence changed or whose time came, locked; one being acted on is left for later."""
    return session.scalars(_LOCKED, {"now": now, "limit": limit}).all()


def score_clients(session: Session, clients: Sequence[Client], now: datetime) -> int:
    """Score these clients, locked by `lock_due_clients`; returns how many.

    Each gets its state, its moves on the ladder, and its flag raised, brought up to date or cleared. Internal clients
    are left out.

    `now` must be read after the lock was taken: evidence later than `now` is not seen, and an outcome that was recorded
    while this waited for the lock would be overlooked and the client flagged again.
    """
    if not clients:
        return 0
    by = gauge(session, levels_for_scoring(session, now))
    versions = {client.id: client.evidence_version for client in clients if not client.internal}
    return keep(session, clients, judged(session, versions, by, now), now)


def due_versions(session: Session, now: datetime, limit: int) -> dict[int, int]:
    """Up to `limit` clients who are due, with the versions of their evidence; the first ones first."""
    return dict(session.execute(DUE, {"now": now, "limit": limit}).all())
