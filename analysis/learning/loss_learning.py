"""The weights of the chance of loss: as shipped, or refit to this firm and accepted by a person."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.learning.outcomes import rescore
from analysis.learning.proposals import Proposals
from analysis.models import LIVE, Calibration, CalibrationKind, Flag, FlagStatus, RelationshipState
from analysis.relationships.loss import FITTED, LossWeights, shipped, weights_from
from analysis.relationships.record import again, record_from
from survey.models import Client

losses = Proposals(Calibration, "proposal", Calibration.kind == CalibrationKind.LOSS, rescore)

LEAST_LOSSES = 20  # five for each number that is fitted; fewer say more of chance than of the firm
MOST_NAMED = 10
AT_ONCE = 500


def loss_weights_in_force(session: Session) -> LossWeights:
    """The weights that scoring uses now. Those that were fitted to another version's features are left aside."""
    accepted = losses.current(session)
    return loss_weights_of(accepted) if accepted is not None and fits(accepted) else shipped()


def loss_weights_of(row: Calibration) -> LossWeights:
    """The weights kept in a row, by its name: l<id>."""
    return weights_from({**row.weights, "version": f"l{row.id}"})


def fits(row: Calibration) -> bool:
    """Whether these weights are for the features that the present version has."""
    return row.base == shipped().version and set(row.weights["fitted"]) == set(FITTED)


def missing(lost: int) -> str:
    """What is missing before the weights can be refit, as a sentence; "" when nothing."""
    return "" if lost >= LEAST_LOSSES else f"Not enough yet: {lost} of {LEAST_LOSSES} losses."


@dataclass(frozen=True)
class Shift:
    """What other weights would make of one client: the risk, and whether a flag would stand."""

    client_id: int
    before: float
    after: float
    flagged: bool
    would_be: bool


def effect(session: Session, before: LossWeights, after: LossWeights) -> dict[str, Any]:
    """Whose risk would change most and which flags would come or go, by what every client was last scored with."""
    shifts = list(_shifts(session, before, after))
    named = sorted(shifts, key=lambda shift: (-abs(shift.after - shift.before), shift.client_id))[:MOST_NAMED]
    return {
        "scored": len(shifts),
        "moved": sum(1 for shift in shifts if abs(shift.after - shift.before) >= 0.05),
        "changes": [
            {"client_id": s.client_id, "before": round(s.before, 4), "after": round(s.after, 4)} for s in named
        ],
        "raised": [shift.client_id for shift in shifts if shift.would_be and not shift.flagged],
        "cleared": [shift.client_id for shift in shifts if shift.flagged and not shift.would_be],
    }


def _shifts(session: Session, before: LossWeights, after: LossWeights) -> Iterable[Shift]:
    live = {flag.client_id: flag for flag in session.scalars(select(Flag).where(Flag.status.in_(LIVE)))}
    rows = session.execute(
        select(RelationshipState.client_id, RelationshipState.inputs)
        .join(Client, Client.id == RelationshipState.client_id)
        .where(Client.internal.is_(False))
        .order_by(RelationshipState.client_id)
        .execution_options(yield_per=AT_ONCE)
    )
    for client_id, document in rows:
        record = record_from(document)
        if record is None:
            continue
        flag = live.get(client_id)
        severity = flag.severity.value if flag else None
        now, then = (again(record, weights, severity, anew=True) for weights in (before, after))
        kept = flag is not None and (flag.status is FlagStatus.ACKNOWLEDGED or then.judgement.flagged)
        new = flag is None and then.judgement.flagged and not now.judgement.flagged
        yield Shift(client_id, now.loss.risk, then.loss.risk, flag is not None, kept or new)
