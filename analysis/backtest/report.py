"""The backtest as one document: our model and the naive rules on the same snapshots, with intervals by client."""

from collections.abc import Callable, Sequence
from datetime import datetime
from math import isfinite
from typing import Any

import numpy as np

from analysis.backtest import metrics
from analysis.backtest.metrics import DRAWS, OURS, Floats, Ranking, Table
from analysis.backtest.replay import NAIVE, Label, Snapshot, labels

NAIVE_FLAG = {"ewma_csat": -3.5, "days_since_job": 60.0}  # where a rule with a scale would raise its flag
NOBODY = "Nobody was lost in the weeks that count; nothing can be measured."
SILENT_NOTE = "with the 90 days after a last job, when the firm did not know yet, counted as lost"


def report(
    snapshots: Sequence[Snapshot],
    lost: dict[str, datetime],
    end: datetime,
    *,
    draws: int = DRAWS,
    advance: Callable[[int], None] = lambda _done: None,
) -> dict[str, Any]:
    """Everything that is measured, ready for JSON. Raises no error when nobody was lost: what cannot be said is null.

    `primary` counts the weeks up to each last job; `with_silence` those of the 90 days after it as well.
    """
    found = labels(snapshots, lost, end)
    return {
        "horizon_days": 90,
        "clients": len({snapshot.ref for snapshot in snapshots}),
        "weeks": len({snapshot.week for snapshot in snapshots}),
        "lost": len(set(lost) & {snapshot.ref for snapshot in snapshots}),
        "lost_unknown": sorted(set(lost) - {snapshot.ref for snapshot in snapshots}),
        "definition": (label_text := _definition()),
        "primary": measured(snapshots, found, lost, silent=False, draws=draws, advance=advance),
        "with_silence": {
            "definition": f"{label_text} Here {SILENT_NOTE}.",
            **measured(snapshots, found, lost, silent=True, draws=draws, advance=advance),
        },
    }


def _definition() -> str:
    return (
        "A client counts at each Monday from their first job to their last; lost at it means that their last job lies "
        "within the next 90 days. The last 90 days of the data are left out: nobody knows yet who is lost in them."
    )


def measured(
    snapshots: Sequence[Snapshot],
    found: Sequence[Label],
    lost: dict[str, datetime],
    *,
    silent: bool,
    draws: int = DRAWS,
    advance: Callable[[int], None] = lambda _done: None,
) -> dict[str, Any]:
    """One table of measures for our model and each naive rule."""
    table = metrics.tabulated(snapshots, found, silent=silent)
    document: dict[str, Any] = {"snapshots": len(table), "lost_snapshots": int(table.lost.sum())}
    if not table.lost.any() or table.lost.all():
        return document | {"models": {}, "why_none": NOBODY}
    document |= compared(table, draws=draws, advance=advance)
    for name, model in document["models"].items():
        model |= _warned(snapshots, lost, name, table)
    return document


def compared(
    table: Table, *, draws: int = DRAWS, advance: Callable[[int], None] = lambda _done: None
) -> dict[str, Any]:
    """AUC, top precision and calibration of every model, and ours against the best naive rule, drawn in pairs."""
    names = [OURS, *NAIVE]
    ones = np.ones(len(table))
    ranked = {name: Ranking(table.score[name], table) for name in names}
    aucs = {name: ranking.auc(ones) for name, ranking in ranked.items()}
    tops = {name: ranking.top_precision(ones) for name, ranking in ranked.items()}
    ours = metrics.calibration(table.score[OURS], table.lost, ones)

    def measure(weight: Floats) -> list[float]:
        advance(1)
        calibrated = metrics.calibration(table.score[OURS], table.lost, weight)
        return [
            *(ranking.auc(weight) for ranking in ranked.values()),
            *(ranking.top_precision(weight) for ranking in ranked.values()),
            calibrated.brier,
            calibrated.slope,
        ]

    drawn = metrics.resampled(table, measure, draws)
    count = len(names)
    best_auc = max(NAIVE, key=lambda name: aucs[name])
    best_top = max(NAIVE, key=lambda name: tops[name])
    models: dict[str, Any] = {}
    for at, name in enumerate(names):
        models[name] = {
            "label": NAIVE.get(name, "Clientele"),
            "auc": _with_interval(aucs[name], drawn[:, at]),
            "precision_top10": _with_interval(tops[name], drawn[:, count + at]),
        }
    models[OURS] |= {
        "brier": _with_interval(ours.brier, drawn[:, 2 * count]),
        "calibration_slope": _with_interval(ours.slope, drawn[:, 2 * count + 1]),
        "calibration_intercept": round(ours.intercept, 4),
        "reliability": [_rounded(row) for row in metrics.reliability(table.score[OURS], table.lost)],
    }
    base = float(table.lost.mean())
    return {
        "base_rate": round(base, 4),
        "brier_of_base_rate": round(base * (1 - base), 5),
        "models": models,
        "gain": {
            "best_naive_auc": best_auc,
            "auc": _with_interval(aucs[OURS] - aucs[best_auc], drawn[:, 0] - drawn[:, names.index(best_auc)]),
            "best_naive_precision": best_top,
            "precision_ratio": _with_interval(
                _ratio(tops[OURS], tops[best_top]),
                drawn[:, count] / np.maximum(drawn[:, count + names.index(best_top)], 1e-9),
            ),
        },
    }


def _warned(snapshots: Sequence[Snapshot], lost: dict[str, datetime], name: str, table: Table) -> dict[str, Any]:
    """Recall, precision and lead time of a rule's flags: ours, or the rule's own threshold."""
    if name == OURS:
        flagged, on = (lambda snapshot: snapshot.flagged), table.flagged
    else:
        least = NAIVE_FLAG.get(name, 1.0)
        flagged, on = (lambda snapshot: snapshot.naive[name] >= least), table.score[name] >= least
    warned = metrics.warnings_of(snapshots, lost, flagged)
    return {
        "recall": {"warned": warned.warned, "lost": warned.lost, "share": _share(warned.warned, warned.lost)},
        "median_lead_days": None if warned.median_days is None else round(warned.median_days, 1),
        "flagged_share": round(float(on.mean()), 4),
        "flag_precision": _share(int((on & table.lost).sum()), int(on.sum())),
    }


def _share(count: int, total: int) -> float | None:
    return round(count / total, 4) if total else None


def _ratio(over: float, under: float) -> float:
    return over / under if under > 0 else float("inf")


def _with_interval(value: float, drawn: Floats) -> dict[str, float | None]:
    low, high = metrics.interval(drawn)
    numbers = {"value": value, "low": low, "high": high}
    return {name: round(number, 4) if isfinite(number) else None for name, number in numbers.items()}


def _rounded(row: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in row.items()}
