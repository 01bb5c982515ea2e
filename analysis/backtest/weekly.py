"""The desk as it would have stood each Monday: who was flagged or on the list of ten, and why, as known then. Pure."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analysis.backtest.firm import Firm
from analysis.backtest.history import History
from analysis.backtest.replay import Snapshot, look
from analysis.backtest.ten import Place
from analysis.relationships import loss
from analysis.relationships.evidence import Signal
from analysis.relationships.loss import LossWeights

REASONS, QUOTES = 4, 2
LONGEST = 300  # characters of one quote


@dataclass(frozen=True)
class Week:
    """One Monday. `everybody`: [client's place, risk, flagged]; `shown`: who was flagged or listed, most urgent first:
    client (their place), risk, low, high, flagged, ten, severity, reasons (the contract's)."""

    at: datetime
    everybody: list[list[Any]]
    shown: list[dict[str, Any]]


def weeks(
    history: History,
    snapshots: Sequence[Snapshot],
    listed: set[Place],
    weights: LossWeights | None = None,
    advance: Callable[[int], None] = lambda _done: None,
) -> list[Week]:
    """Each week of `snapshots` with the reasons of those shown. The past is gone through once more for these alone."""
    weights = weights or loss.shipped()
    place = {past.ref: number for number, past in enumerate(history.clients)}
    by_week: dict[datetime, list[Snapshot]] = defaultdict(list)
    for snapshot in snapshots:
        by_week[snapshot.week].append(snapshot)
    firm = Firm(history)
    standing: dict[str, str | None] = {}
    found = []
    for week in sorted(by_week):
        usual = firm.at(week)
        asked_from, asked_to = firm.heard or (None, None)
        before, standing = standing, {}
        shown = []
        for snapshot in by_week[week]:
            ten = (week, snapshot.ref) in listed
            if not (snapshot.flagged or ten):
                continue
            evidence = history.clients[place[snapshot.ref]].known_at(week, asked_from, asked_to)
            _, judged, assessed = look(evidence, usual, week, weights, before.get(snapshot.ref))
            standing[snapshot.ref] = judged.severity
            shown.append(_shown(snapshot, place[snapshot.ref], ten, judged.severity, assessed.signals))
        everybody = [[place[s.ref], round(s.risk, 6), int(s.flagged)] for s in by_week[week]]
        found.append(Week(week, everybody, sorted(shown, key=_urgency)))
        advance(1)
    return found


def _shown(snapshot: Snapshot, client: int, ten: bool, severity: str | None, why: Sequence[Signal]) -> dict[str, Any]:
    told = sorted((signal for signal in why if signal.loss > 0 or signal.points > 0), key=_weight, reverse=True)
    return {
        "client": client,
        "risk": round(snapshot.risk, 4),
        "low": round(snapshot.low, 4),
        "high": round(snapshot.high, 4),
        "flagged": snapshot.flagged,
        "ten": ten,
        "severity": severity if snapshot.flagged else None,
        "reasons": [_reason(signal) for signal in told[:REASONS]],
    }


def _weight(signal: Signal) -> tuple[float, float, str]:
    return signal.loss + signal.points, signal.loss, signal.name


def _reason(signal: Signal) -> dict[str, Any]:
    said: dict[str, Any] = signal.as_dict()
    said["evidence"] = [{**quote, "text": quote["text"][:LONGEST]} for quote in said["evidence"][:QUOTES]]
    return said


def _urgency(row: Mapping[str, Any]) -> tuple[Any, ...]:
    order = {"severe": 0, "high": 1, "moderate": 2}
    return (not row["flagged"], order.get(row["severity"] or "", 3), -row["risk"], row["client"])
