"""Fits the weights of the chance of loss to one firm's snapshots, and says on clients held out what that is worth."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from analysis.backtest import metrics
from analysis.backtest.metrics import Floats, Ranking, Table
from analysis.backtest.replay import Label, Snapshot
from analysis.relationships import loss
from analysis.relationships.loss import LossWeights
from analysis.relationships.loss_fit import LossRow, fit_loss

FOLDS = 5
DRAWS = 200
NOW, FITTED = "now", "fitted"


@dataclass(frozen=True)
class Refitted:
    """The weights fitted to everybody, and what each set is worth on clients that it was not fitted to."""

    weights: LossWeights
    report: dict[str, Any]


def refit(
    snapshots: Sequence[Snapshot],
    labels: Sequence[Label],
    shipped: LossWeights,
    in_force: LossWeights,
    advance: Callable[[int], None] = lambda _done: None,
) -> Refitted:
    """Fit to the weeks up to each last job, pulled to what is `shipped`; measured by FOLDS-fold cross-validation by
    client, so that no week of a client judges weights that were fitted to another week of the same client.

    `advance` is told of each fit and each draw: FOLDS + 1 + DRAWS in all.
    """
    kept = [(snapshot, label.lost) for snapshot, label in zip(snapshots, labels, strict=True) if label.at_risk]
    rows = [LossRow(s.inputs.features, s.inputs.offset, lost, s.ref) for s, lost in kept]
    folds = _folds(rows)
    said: dict[str, list[float]] = {NOW: [_risk(s, in_force) for s, _ in kept], FITTED: [0.0] * len(rows)}
    for fold in range(FOLDS):
        own = fit_loss([row for row in rows if folds[row.client] != fold], shipped)
        for at, (snapshot, _) in enumerate(kept):
            if folds[snapshot.ref] == fold:
                said[FITTED][at] = _risk(snapshot, own)
        advance(1)
    weights = fit_loss(rows, shipped)
    advance(1)
    table = _table(kept, said)
    return Refitted(weights, {"weeks": len(rows), **_measured(table, advance)})


def _folds(rows: Sequence[LossRow]) -> dict[str, int]:
    """Clients dealt to the folds in turn, the lost and the others apart, so that each fold has its share of both."""
    lost = {row.client for row in rows if row.lost}
    clients = sorted({row.client for row in rows}, key=lambda client: (client not in lost, client))
    return {client: number % FOLDS for number, client in enumerate(clients)}


def _risk(snapshot: Snapshot, weights: LossWeights) -> float:
    return loss.chance(snapshot.inputs, weights)


def _table(kept: Sequence[tuple[Snapshot, bool]], said: dict[str, list[float]]) -> Table:
    clients = {ref: number for number, ref in enumerate(sorted({s.ref for s, _ in kept}))}
    weeks = {week: number for number, week in enumerate(sorted({s.week for s, _ in kept}))}
    return Table(
        np.array([clients[s.ref] for s, _ in kept], dtype=np.int64),
        np.array([weeks[s.week] for s, _ in kept], dtype=np.int64),
        np.array([lost for _, lost in kept], dtype=bool),
        np.array([s.flagged for s, _ in kept], dtype=bool),
        {name: np.array(values, dtype=np.float64) for name, values in said.items()},
    )


def _measured(table: Table, advance: Callable[[int], None]) -> dict[str, Any]:
    """AUC, Brier score and calibration slope of both, and their difference, drawn in pairs by client."""
    ranked = {name: Ranking(score, table) for name, score in table.score.items()}

    def measure(weight: Floats) -> list[float]:
        found: list[float] = []
        for name, score in table.score.items():
            calibrated = metrics.calibration(score, table.lost, weight)
            found += [ranked[name].auc(weight), calibrated.brier, calibrated.slope]
        return found

    def drawn_once(weight: Floats) -> list[float]:
        advance(1)
        return measure(weight)

    whole = np.array(measure(np.ones(len(table))))
    drawn = metrics.resampled(table, drawn_once, DRAWS)
    names = ("auc", "brier", "slope")
    count = len(names)
    return {
        NOW: {name: _ranged(whole[at], drawn[:, at]) for at, name in enumerate(names)},
        FITTED: {name: _ranged(whole[count + at], drawn[:, count + at]) for at, name in enumerate(names)},
        "gain": {
            name: _ranged(whole[count + at] - whole[at], drawn[:, count + at] - drawn[:, at])
            for at, name in enumerate(names[:2])
        },
    }


def _ranged(value: float, drawn: Floats) -> dict[str, float | None]:
    low, high = metrics.interval(drawn)
    numbers = {"value": float(value), "low": low, "high": high}
    return {name: round(number, 5) if isfinite(number) else None for name, number in numbers.items()}
