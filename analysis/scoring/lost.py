"""Who was lost, as the firm's own ladder and its people say: lapsed, or closed as lost with no job since."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis.models import Flag, LadderMove, Outcome, OutcomeResult, RelationshipState, Rung
from survey.models import Client

_GONE = (OutcomeResult.LOST, OutcomeResult.TOO_LATE)


@dataclass(frozen=True)
class Loss:
    """A client who is gone: their last job, and when it was known that they were."""

    last_job_at: datetime
    known_at: datetime


def losses(session: Session) -> Mapping[int, Loss]:
    """The clients who are lost by now, by client id. One who has come back is not among them."""
    lapsed = (
        select(RelationshipState.client_id, RelationshipState.last_job_at, func.max(LadderMove.moved_at))
        .join(LadderMove, LadderMove.client_id == RelationshipState.client_id)
        .join(Client, Client.id == RelationshipState.client_id)
        .where(
            Client.internal.is_(False),
            RelationshipState.rung == Rung.LAPSED,
            RelationshipState.last_job_at.is_not(None),
            LadderMove.to_rung == Rung.LAPSED,
        )
        .group_by(RelationshipState.client_id, RelationshipState.last_job_at)
    )
    said = (
        select(Flag.client_id, RelationshipState.last_job_at, func.min(Outcome.at))
        .join(Outcome, Outcome.flag_id == Flag.id)
        .join(RelationshipState, RelationshipState.client_id == Flag.client_id)
        .join(Client, Client.id == Flag.client_id)
        .where(
            Client.internal.is_(False),
            Outcome.result.in_(_GONE),
            RelationshipState.last_job_at.is_not(None),
            Outcome.at >= RelationshipState.last_job_at,
        )
        .group_by(Flag.client_id, RelationshipState.last_job_at)
    )
    found: dict[int, Loss] = {}
    for statement in (lapsed, said):
        for client_id, last_job_at, known_at in session.execute(statement):
            before = found.get(client_id)
            if last_job_at is not None and (before is None or known_at < before.known_at):
                found[client_id] = Loss(last_job_at, known_at)
    return found
