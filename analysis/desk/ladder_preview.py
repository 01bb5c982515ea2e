"""Who would move, were other ladder rules in force."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from analysis.models import RelationshipState, Rung
from analysis.relationships.ladder_rules import LadderRules
from analysis.scoring.scorer import Scorer
from survey.firms import get_firm
from survey.models import Client

LOOKED_AT = 1_000  # clients at most; of a larger firm every second, third, … one
AT_ONCE = 200


@dataclass(frozen=True)
class PreviewMove:
    """One client who would move, and the reason that would be written down."""

    client: Client
    before: Rung
    after: Rung
    reason: str


@dataclass(frozen=True)
class Preview:
    """`moves` would happen at the next scoring; `later` once the least stay on the present rung is over."""

    moves: list[PreviewMove]
    later: list[PreviewMove]
    before: dict[Rung, int]
    after: dict[Rung, int]
    looked_at: int
    total: int

    @property
    def is_sample(self) -> bool:
        return self.looked_at < self.total


def preview(session: Session, rules: LadderRules, now: datetime) -> Preview:
    """What `rules` would change today, beside the rules in force. Writes nothing."""
    total = session.scalar(_scored().with_only_columns(func.count()).order_by(None)) or 0
    every = max(1, -(-total // LOOKED_AT))
    clients = session.scalars(_scored().where(Client.id % every == 0)).all()
    moves: list[PreviewMove] = []
    later: list[PreviewMove] = []
    before, after = dict.fromkeys(Rung, 0), dict.fromkeys(Rung, 0)
    for client, old, new, held in _both(session, clients, rules, now):
        before[old.after] += 1
        after[new.after] += 1
        if new.after != old.after:
            moves.append(PreviewMove(client, old.after, new.after, new.reason))
        elif held is not None:
            later.append(PreviewMove(client, old.after, held, new.reason))
    return Preview(moves, later, before, after, len(clients), total)


def _scored() -> Select[Client]:
    return (
        select(Client)
        .join(RelationshipState, RelationshipState.client_id == Client.id)
        .where(Client.internal.is_(False))
        .order_by(func.lower(Client.name), Client.id)
    )


def _both(
    session: Session, clients: Sequence[Client], rules: LadderRules, now: datetime
) -> Iterator[tuple[Client, PreviewMove, PreviewMove, Rung | None]]:
    """Each client with where they stand now, where they would stand, and where they would only by and by."""
    firm = get_firm(session)
    for start in range(0, len(clients), AT_ONCE):
        batch = clients[start : start + AT_ONCE]
        scorer = Scorer(session, firm, now, [client.id for client in batch])
        for client in batch:
            old, new = scorer.under(scorer.rules.rules, client.id), scorer.under(rules, client.id)
            if old is None or new is None:
                continue
            stands, would = old.standing, new.standing
            held = Rung(would.later) if would.later and would.later != stands.later else None
            here = PreviewMove(client, Rung(stands.rung), Rung(stands.rung), stands.reason)
            yield client, here, PreviewMove(client, here.after, Rung(would.rung), would.reason), held
