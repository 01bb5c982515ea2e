"""What a proposed set of weights would change: sign by sign, and for whom."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.learning.outcomes import weights_in_force, weights_of
from analysis.models import LIVE, Calibration, Flag, RelationshipState
from analysis.relationships.risk import DEFAULT_THRESHOLDS, probability
from analysis.relationships.signals import LABELS, Weights
from survey.models import Client

UNCHANGED = 0.005


@dataclass(frozen=True, kw_only=True)
class Change:
    """One weight now and as proposed."""

    label: str
    before: float
    after: float

    @property
    def direction(self) -> str:
        """more, less or same: how much the sign counts under the proposal."""
        if abs(self.after - self.before) < UNCHANGED:
            return "same"
        return "more" if self.after > self.before else "less"


@dataclass(frozen=True, kw_only=True)
class ProposalPage:
    """A proposal beside the weights in force. `raised` would be flagged in addition, `cleared` no longer."""

    proposal: Calibration
    changes: list[Change]
    shift_before: float
    shift_after: float
    raised: list[Client]
    cleared: list[Client]

    @property
    def loss(self) -> tuple[float, float]:
        """The mean log loss of the judged flags under the old and the new weights; lower is better."""
        return float(self.proposal.report["loss_before"]), float(self.proposal.report["loss_after"])


def proposal_page(session: Session, proposal: Calibration) -> ProposalPage:
    """What `proposal` would change, were it accepted now."""
    before, after = weights_in_force(session), weights_of(proposal)
    names = sorted({*before.multipliers, *after.multipliers}, key=lambda name: LABELS.get(name, name))
    changes = [Change(label=LABELS.get(name, name), before=before.of(name), after=after.of(name)) for name in names]
    raised, cleared = _effect(session, before, after)
    return ProposalPage(
        proposal=proposal,
        changes=sorted(changes, key=lambda change: -abs(change.after - change.before)),
        shift_before=before.intercept,
        shift_after=after.intercept,
        raised=raised,
        cleared=cleared,
    )


def _effect(session: Session, before: Weights, after: Weights) -> tuple[list[Client], list[Client]]:
    """Who would be flagged in addition and who no longer, from the signals as they were last read."""
    flagged = set(session.scalars(select(Flag.client_id).where(Flag.status.in_(LIVE))))
    found = session.execute(
        select(RelationshipState, Client)
        .join(Client, Client.id == RelationshipState.client_id)
        .where(Client.internal.is_(False))
        .order_by(Client.name)
    )
    raised, cleared = [], []
    for state, client in found:
        now = probability(_points(state, before, before), before)
        then = probability(_points(state, before, after), after)
        kept = state.risk >= DEFAULT_THRESHOLDS.loss_clear_below  # by the chance of loss, whatever the alarm
        if client.id in flagged and then < DEFAULT_THRESHOLDS.clear_below and not kept:
            cleared.append(client)
        elif client.id not in flagged and then >= DEFAULT_THRESHOLDS.raise_at > now:
            raised.append(client)
    return raised, cleared


def _points(state: RelationshipState, before: Weights, after: Weights) -> float:
    """The state's points with the old multipliers taken out and the new ones put in."""
    signals: Sequence[dict[str, object]] = state.signals
    total = 0.0
    for signal in signals:
        name, multiplier = str(signal["signal"]), before.of(str(signal["signal"]))
        strength = float(str(signal.get("strength", signal["points"])))
        total += strength / multiplier * after.of(name) if multiplier > 0 else 0.0
    return total
