"""What the desk draws of a backtest: gain curves, the weekly ten, lead times, reliability; with intervals."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np

from analysis.backtest import metrics, ten
from analysis.backtest.metrics import BINS, OURS, SEED, Floats, Table
from analysis.backtest.replay import NAIVE, Label, Snapshot
from analysis.relationships.intervals import wilson

DRAWS = 200
SHARES = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)  # of the list, where gain is read
LEAD_EDGES = (0, 15, 30, 45, 60, 75, 90)  # days


def curves(
    snapshots: Sequence[Snapshot], labels: Sequence[Label], lost: Mapping[str, datetime], listed: set[ten.Place]
) -> dict[str, Any]:
    """Ready for JSON. `listed`: our weekly ten. Empty where nothing can be measured."""
    table = metrics.tabulated(snapshots, labels)
    if not table.lost.any() or table.lost.all():
        return {}
    names = [OURS, *NAIVE]
    among = ten.findable(snapshots, labels, lost)
    found = {
        name: ten.found_by(listed if name == OURS else ten.weekly_ten(snapshots, labels, name), lost, among)
        for name in names
    }
    best = max(NAIVE, key=lambda name: len(found[name].leads))
    return {
        "ten": {
            "lost": len(among),
            "models": {name: _early(found[name]) for name in names},
            "best_naive": best,
            "more_than_best": _more(found[OURS], found[best], among),
        },
        "gain": {name: _gain(table.score[name], table) for name in names},
        "reliability": _reliability(table),
    }


def _early(found: ten.Found) -> dict[str, Any]:
    """How many were found (Wilson), how early in the median (bootstrap by client), and the histogram of days."""
    leads = np.array(found.leads, dtype=np.float64)
    counts, _ = np.histogram(leads, LEAD_EDGES)
    interval = wilson(len(leads), len(found.days)) or (0.0, 0.0)
    return {
        "found": len(leads),
        "share": round(len(leads) / len(found.days), 4),
        "low": round(interval[0], 4),
        "high": round(interval[1], 4),
        "median_days": _median(leads),
        "days": [
            {"from": low, "to": high, "clients": int(count)}
            for (low, high), count in zip(pairwise(LEAD_EDGES), counts, strict=True)
        ],
    }


def _median(leads: Floats) -> dict[str, float] | None:
    if not len(leads):
        return None
    random = np.random.default_rng(SEED)
    drawn = np.median(leads[random.integers(0, len(leads), (DRAWS, len(leads)))], axis=1)
    low, high = metrics.interval(drawn)
    return {"value": round(float(np.median(leads)), 1), "low": round(low, 1), "high": round(high, 1)}


def _more(ours: ten.Found, other: ten.Found, among: Sequence[str]) -> dict[str, float]:
    """How many more of the lost ours found, with the bootstrap's interval by client."""
    gain = np.array([(ours.days[ref] is not None) - (other.days[ref] is not None) for ref in among], dtype=np.float64)
    random = np.random.default_rng(SEED)
    low, high = metrics.interval(gain[random.integers(0, len(gain), (DRAWS, len(gain)))].sum(axis=1))
    return {"value": float(gain.sum()), "low": low, "high": high}


def _gain(score: Floats, table: Table) -> list[dict[str, float]]:
    """Looking at the highest `share` of the rows, which share of the lost ones is seen; equals are seen in part."""
    order = np.argsort(-score, kind="stable")
    value, lost = score[order], table.lost[order].astype(np.float64)
    starts = np.flatnonzero(np.concatenate([[True], value[1:] != value[:-1]]))
    client = table.client[order]

    def read(weight: Floats) -> Floats:
        seats = np.concatenate([[0.0], np.cumsum(np.add.reduceat(weight, starts))])
        hits = np.concatenate([[0.0], np.cumsum(np.add.reduceat(weight * lost, starts))])
        found: Floats = np.interp(SHARES, seats / seats[-1], hits / max(hits[-1], 1e-12))
        return found

    whole = read(np.ones(len(order)))
    drawn = np.array([read(weight[client]) for weight in _weights(table)])
    return [
        {"share": share, "found": round(float(whole[at]), 4), **_interval(drawn[:, at])}
        for at, share in enumerate(SHARES)
    ]


def _reliability(table: Table) -> list[dict[str, float]]:
    """`metrics.reliability` with the interval of what happened, by client."""
    risk = table.score[OURS]
    band = np.clip(np.digitize(risk, BINS) - 1, 0, len(BINS) - 2)
    shares = []
    for weight in _weights(table):
        each = weight[table.client]
        seats = np.bincount(band, each, minlength=len(BINS) - 1)
        hits = np.bincount(band, each * table.lost, minlength=len(BINS) - 1)
        shares.append(np.where(seats > 0, hits / np.maximum(seats, 1e-12), np.nan))
    drawn = dict(zip(BINS, np.array(shares).T, strict=False))
    return [
        {**{name: round(value, 4) for name, value in row.items()}, **_interval(drawn[row["from"]])}
        for row in metrics.reliability(risk, table.lost)
    ]


def _weights(table: Table) -> list[Floats]:
    """How often each client is drawn, in each draw."""
    random = np.random.default_rng(SEED)
    count = int(table.client.max(initial=-1)) + 1
    return [np.bincount(random.integers(0, count, count), minlength=count).astype(np.float64) for _ in range(DRAWS)]


def _interval(drawn: Floats) -> dict[str, float]:
    low, high = metrics.interval(drawn)
    return {"low": round(low, 4), "high": round(high, 4)}
