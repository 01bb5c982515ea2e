"""Refits the weights of the chance of loss to the firm's own past. Loads NumPy: for the worker and the commands."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from analysis.backtest import refit
from analysis.backtest.history import mondays
from analysis.backtest.refit import Refitted
from analysis.backtest.replay import labels, replay
from analysis.backtest.stages import Progress
from analysis.learning import firm_past
from analysis.learning.firm_past import Lived
from analysis.learning.loss_learning import effect, loss_weights_in_force, losses, missing
from analysis.models import Calibration, CalibrationKind
from analysis.relationships.loss import LossWeights, shipped

MOST_SNAPSHOTS = 150_000
READING, REPLAYING, FITTING = "read the past", "replay weeks", "fit and check"
NO_BETTER = "On clients that they were not fitted to, your own weights judge no better than those in force."


@dataclass(frozen=True)
class Material:
    """What a refit is made from: read in one transaction, so that none is open while it is fitted."""

    lived: Lived | None
    in_force: LossWeights


@dataclass(frozen=True)
class Found:
    """What came of fitting: the weights and their report, or `why` nothing is worth proposing."""

    refitted: Refitted | None
    report: dict[str, Any]
    why: str


def gather(session: Session, now: datetime, progress: Progress) -> Material:
    """Everything that is known of the firm's past."""
    step = _counter(progress, READING, firm_past.client_count(session))
    return Material(firm_past.gather(session, now, step), loss_weights_in_force(session))


def fit(material: Material, progress: Progress) -> Found:
    """Replay the past, fit, and measure on clients held out. No transaction needs to be open."""
    lived = material.lived
    if lived is None:
        return Found(None, {}, missing(0))
    weeks = mondays(lived.history.first, lived.history.last)
    every = max(1, -(-len(weeks) * len(lived.history.clients) // MOST_SNAPSHOTS))
    step = _counter(progress, REPLAYING, len(weeks[::every]))
    snapshots = list(replay(lived.history, material.in_force, step, every))
    found = labels(snapshots, lived.lost, lived.known_until)
    lost = {s.ref for s, label in zip(snapshots, found, strict=True) if label.at_risk and label.lost}
    why = missing(len(lost))
    if why:
        return Found(None, {"lost": len(lost)}, why)
    base = shipped()
    checking = _counter(progress, FITTING, refit.FOLDS + 1 + refit.DRAWS)
    refitted = refit.refit(snapshots, found, base, material.in_force, checking)
    report = {
        "clients": len({s.ref for s, label in zip(snapshots, found, strict=True) if label.at_risk}),
        "lost": len(lost),
        "from": lived.history.first.isoformat(),
        "to": lived.known_until.isoformat(),
        "every": every,
        "before": material.in_force.as_dict(),
        **refitted.report,
    }
    better = refitted.report["gain"]["brier"]["value"] < 0
    return Found(refitted if better else None, report, "" if better else NO_BETTER)


def keep(session: Session, found: Found, now: datetime) -> Calibration | None:
    """Keep what was found as the proposal that waits, with what it would change; None where nothing is proposed."""
    if found.refitted is None:
        return None
    weights = replace(found.refitted.weights, version="")
    changes = effect(session, loss_weights_in_force(session), weights)
    row = Calibration(
        kind=CalibrationKind.LOSS,
        base=shipped().version,
        weights=weights.as_dict(),
        report={**found.report, **changes},
    )
    return losses.propose(session, row, now)


def _counter(progress: Progress, stage: str, total: int) -> Callable[[int], None]:
    done = 0

    def step(more: int) -> None:
        nonlocal done
        done += more
        progress(stage, done, total)

    return step
