"""What a ranking of clients is worth: discrimination, precision at the top, lead time, calibration; with intervals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from analysis.backtest.replay import NAIVE, Label, Snapshot

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TOP = 10
DRAWS = 400
SEED = 20260301
BINS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 1.0)
OURS = "model"


@dataclass(frozen=True)
class Table:
    """The snapshots of one or several firms as columns. `client` and `week` number clients and weeks; `lost` is the
    label; `score` holds what each rule says, larger is worse; `flagged` whether a flag of ours stood."""

    client: Ints
    week: Ints
    lost: NDArray[np.bool_]
    flagged: NDArray[np.bool_]
    score: dict[str, Floats]

    def __len__(self) -> int:
        return len(self.client)

    def joined(self, other: "Table") -> "Table":
        """Both firms' snapshots; the clients and weeks of the other are numbered anew."""
        clients, weeks = int(self.client.max(initial=-1)) + 1, int(self.week.max(initial=-1)) + 1
        return Table(
            np.concatenate([self.client, other.client + clients]),
            np.concatenate([self.week, other.week + weeks]),
            np.concatenate([self.lost, other.lost]),
            np.concatenate([self.flagged, other.flagged]),
            {name: np.concatenate([values, other.score[name]]) for name, values in self.score.items()},
        )


def tabulated(snapshots: Sequence[Snapshot], labels: Sequence[Label], *, silent: bool = False) -> Table:
    """The snapshots that count. `silent`: those of the 90 days after a last job too, as lost."""
    kept = [at for at, found in enumerate(labels) if found.at_risk or (silent and found.silent)]
    chosen = [snapshots[at] for at in kept]
    clients = {ref: number for number, ref in enumerate(sorted({s.ref for s in chosen}))}
    weeks = {week: number for number, week in enumerate(sorted({s.week for s in chosen}))}
    scores: dict[str, Floats] = {OURS: np.array([s.risk for s in chosen], dtype=np.float64)}
    for name in NAIVE:
        scores[name] = np.array([s.naive[name] for s in chosen], dtype=np.float64)
    return Table(
        np.array([clients[s.ref] for s in chosen], dtype=np.int64),
        np.array([weeks[s.week] for s in chosen], dtype=np.int64),
        np.array([labels[at].lost for at in kept], dtype=bool),
        np.array([s.flagged for s in chosen], dtype=bool),
        scores,
    )


class Ranking:
    """One rule's ranking of a table's snapshots, sorted once: a bootstrap asks for its worth hundreds of times."""

    def __init__(self, score: Floats, table: Table) -> None:
        self._lost = table.lost.astype(np.float64)
        _, self._place = np.unique(score, return_inverse=True)
        self._order = np.lexsort((-score, table.week))
        week, value = table.week[self._order], score[self._order]
        changes = np.concatenate([[True], (week[1:] != week[:-1]) | (value[1:] != value[:-1])])
        self._ties = np.flatnonzero(changes)  # where each group of equals begins
        owner = week[self._ties]
        self._first = np.flatnonzero(np.concatenate([[True], owner[1:] != owner[:-1]]))  # each week's first group
        self._sizes = np.diff(np.concatenate([self._first, [len(owner)]]))

    def auc(self, weight: Floats) -> float:
        """The chance that a lost client's snapshot ranks above another's, ties counted half (Hanley & McNeil 1982)."""
        bad = np.bincount(self._place, weight * self._lost)
        good = np.bincount(self._place, weight * (1.0 - self._lost))
        pairs = bad.sum() * good.sum()
        return float((bad * (np.cumsum(good) - good / 2)).sum() / pairs) if pairs > 0 else float("nan")

    def top_precision(self, weight: Floats, top: int = TOP) -> float:
        """The share of the lost among each week's `top` highest, averaged over weeks; equals share the last places.

        With weights (a bootstrap draw) a client drawn twice takes two places.
        """
        w = weight[self._order]
        seats = np.add.reduceat(w, self._ties)
        hits = np.add.reduceat(w * self._lost[self._order], self._ties)
        before = np.cumsum(seats) - seats
        before -= np.repeat(before[self._first], self._sizes)
        share = np.clip((top - before) / np.maximum(seats, 1e-12), 0.0, 1.0)
        taken, found = np.add.reduceat(share * seats, self._first), np.add.reduceat(share * hits, self._first)
        full = taken > 0
        return float((found[full] / taken[full]).mean()) if full.any() else float("nan")


@dataclass(frozen=True)
class Calibration:
    """Brier score, and the slope and intercept of the outcome on the log-odds (1 and 0 when calibrated: Cox 1958)."""

    brier: float
    slope: float
    intercept: float


def calibration(risk: Floats, lost: NDArray[np.bool_], weight: Floats) -> Calibration:
    """How the risks agree with what happened; the slope by Newton's method."""
    odds = np.log(risk / (1.0 - risk))
    design = np.stack([np.ones_like(odds), odds], axis=1)
    found = np.array([0.0, 1.0])
    for _ in range(25):
        chance = 1.0 / (1.0 + np.exp(-np.clip(design @ found, -30, 30)))
        slope = design.T @ (weight * (lost - chance))
        curve = (design * (weight * chance * (1.0 - chance))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(curve, slope)
        found = found + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-8:
            break
    brier = float((weight * (risk - lost) ** 2).sum() / weight.sum())
    return Calibration(brier, float(found[1]), float(found[0]))


def reliability(risk: Floats, lost: NDArray[np.bool_]) -> list[dict[str, float]]:
    """For each band of risk: how many snapshots, the mean risk said, and the share that was lost."""
    rows = []
    for low, high in pairwise(BINS):
        inside = (risk >= low) & ((risk < high) | (high == 1.0))
        if inside.any():
            rows.append(
                {
                    "from": low,
                    "to": high,
                    "snapshots": float(inside.sum()),
                    "said": float(risk[inside].mean()),
                    "happened": float(lost[inside].mean()),
                }
            )
    return rows


def resampled(table: Table, measure: Callable[[Floats], Sequence[float]], draws: int = DRAWS) -> Floats:
    """`measure` of the weights of each bootstrap draw of clients, (draws, measures): all of a client or nothing, since
    the weeks of one client are no independent witnesses (a cluster bootstrap: Field & Welsh 2007)."""
    random = np.random.default_rng(SEED)
    count = int(table.client.max(initial=-1)) + 1
    found = []
    for _ in range(draws):
        drawn = np.bincount(random.integers(0, count, count), minlength=count).astype(np.float64)
        found.append(list(measure(drawn[table.client])))
    return np.array(found, dtype=np.float64)


def interval(values: Floats) -> tuple[float, float]:
    """The middle 95% of the draws."""
    kept = values[np.isfinite(values)]
    return (float(np.quantile(kept, 0.025)), float(np.quantile(kept, 0.975))) if len(kept) else (float("nan"),) * 2


@dataclass(frozen=True)
class Warnings:
    """Of the clients who were lost: how many a flag stood for in the 90 days before their last job, and how many days
    before it the flag that stood then had been raised (the median)."""

    lost: int
    warned: int
    median_days: float | None
    lead_days: tuple[float, ...]


def warnings_of(
    snapshots: Sequence[Snapshot], lost: dict[str, datetime], flagged: Callable[[Snapshot], bool]
) -> Warnings:
    """How early the lost were flagged, by any rule. Only those count whose last job some week came before."""
    stood: dict[str, list[tuple[datetime, bool]]] = {}
    for snapshot in snapshots:
        last = lost.get(snapshot.ref)
        if last is not None and snapshot.week <= last:
            stood.setdefault(snapshot.ref, []).append((snapshot.week, flagged(snapshot)))
    leads = []
    for ref, weeks in stood.items():
        recent = [(week, on) for week, on in weeks if (lost[ref] - week).days <= 90]
        if any(on for _, on in recent):
            leads.append(_lead(weeks, lost[ref]))
    days = sorted(leads)
    return Warnings(len(stood), len(days), float(np.median(days)) if days else None, tuple(days))


def _lead(weeks: Sequence[tuple[datetime, bool]], last: datetime) -> float:
    """Days from the raising of the last flag that stood in the 90 days before `last`, at most a year."""
    raised: datetime | None = None
    latest: datetime | None = None
    before = False
    for week, on in weeks:
        if on and not before:
            raised = week
        if on:
            latest = raised
        before = on
    assert latest is not None
    return min(365.0, (last - latest).total_seconds() / 86_400)
