"""The weights of the chance of loss: in force, as shipped, as proposed; and whom a proposal would change."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.desk.proposal import Change
from analysis.learning import refits
from analysis.learning.loss_learning import fits, loss_weights_in_force, loss_weights_of, losses
from analysis.learning.refits import Readiness
from analysis.models import Calibration
from analysis.relationships.loss import FITTED, shipped
from analysis.relationships.signals import LABELS
from survey.models import Client

FEATURE_WORDS = {"satisfaction": "What they say: ratings and words", "silence": "Silence against their habit"}
MOST_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Moved:
    """A client whose risk would change."""

    client: Client
    before: float
    after: float


@dataclass(frozen=True, kw_only=True)
class LossProposal:
    """A proposal with what it would change, as of the day that it was worked out."""

    row: Calibration
    weights: list[Change]
    changes: list[Moved]
    raised: list[Client]
    cleared: list[Client]

    @property
    def report(self) -> dict[str, Any]:
        return self.row.report


@dataclass(frozen=True, kw_only=True)
class LossPage:
    """What the page says about the loss weights. `aside`: accepted ones that a new version's features put aside."""

    version: str
    own: Calibration | None
    aside: Calibration | None
    proposal: LossProposal | None
    ready: Readiness


def loss_page(session: Session) -> LossPage:
    """The weights in force, the proposal that waits, and whether a refit can be asked for."""
    current, waiting = losses.current(session), losses.waiting(session)
    stale = current is not None and not fits(current)
    return LossPage(
        version=loss_weights_in_force(session).version,
        own=None if stale else current,
        aside=current if stale else None,
        proposal=proposed(session, waiting) if waiting else None,
        ready=refits.readiness(session),
    )


def proposed(session: Session, row: Calibration) -> LossProposal:
    """One proposal beside what was in force when it was worked out."""
    report = row.report
    before, after = report["before"], row.weights
    names = [*FITTED, *(name for name in after["fitted"] if name not in FITTED)]
    weights = [
        Change(
            label=feature_words(name),
            before=float(before["fitted"].get(name, 0.0)),
            after=float(after["fitted"].get(name, 0.0)),
        )
        for name in names
    ]
    start = Change(label="Everybody’s start", before=float(before["intercept"]), after=float(after["intercept"]))
    ids = {change["client_id"] for change in report["changes"]} | {*report["raised"], *report["cleared"]}
    clients = {client.id: client for client in session.scalars(select(Client).where(Client.id.in_(ids)))}
    return LossProposal(
        row=row,
        weights=[*weights, start],
        changes=[
            Moved(client=clients[change["client_id"]], before=float(change["before"]), after=float(change["after"]))
            for change in report["changes"]
            if change["client_id"] in clients
        ],
        raised=[clients[client_id] for client_id in report["raised"] if client_id in clients],
        cleared=[clients[client_id] for client_id in report["cleared"] if client_id in clients],
    )


def feature_words(name: str) -> str:
    """What the model reads, as people say it."""
    return FEATURE_WORDS.get(name) or LABELS.get(name) or name.replace("_", " ").capitalize()


def loss_document(session: Session) -> dict[str, Any]:
    """What is in force and what waits, as `flask learning refit --json` prints it."""
    page = loss_page(session)
    return {
        "in_force": loss_weights_in_force(session).as_dict(),
        "shipped": shipped().as_dict(),
        "set_aside": page.aside.id if page.aside else None,
        "lost": page.ready.lost,
        "needed": page.ready.needed,
        "missing": page.ready.missing,
        "proposal": loss_proposal(session, page.proposal.row) if page.proposal else None,
    }


def loss_proposal(session: Session, row: Calibration) -> dict[str, Any]:
    """One proposal, as the command prints it."""
    found = proposed(session, row)
    return {
        "id": row.id,
        "status": row.status.value,
        "base": row.base,
        "proposed_at": row.proposed_at.isoformat(),
        "decided_at": row.decided_at.isoformat() if row.decided_at else None,
        "weights": loss_weights_of(row).as_dict(),
        "report": row.report,
        "changes": [
            {"id": moved.client.id, "client": moved.client.name, "before": moved.before, "after": moved.after}
            for moved in found.changes
        ],
        "raised": [{"id": client.id, "client": client.name} for client in found.raised],
        "cleared": [{"id": client.id, "client": client.name} for client in found.cleared],
    }
