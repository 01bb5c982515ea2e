"""What came of the flags, and the weights that those outcomes suggest. Proposed by the machine, decided by people."""

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from analysis.learning.proposals import Proposals
from analysis.models import Calibration, CalibrationKind, Flag, FlagStatus, Outcome, OutcomeResult
from analysis.relationships.calibration import Labelled, missing, refit
from analysis.relationships.intervals import wilson
from analysis.relationships.signals import DEFAULT_WEIGHTS, LABELS, Weights
from survey.models import Client

INTERCEPT = "intercept"
_OF_POINTS = select(Calibration).where(Calibration.kind == CalibrationKind.POINTS)
REAL = (OutcomeResult.KEPT, OutcomeResult.LOST, OutcomeResult.TOO_LATE)
USEFUL = (OutcomeResult.KEPT, OutcomeResult.LOST)


def rescore(session: Session) -> None:
    """Have every client scored again: what is in force has changed."""
    session.execute(update(Client).values(evidence_version=Client.evidence_version + 1))


points = Proposals(Calibration, "proposal", Calibration.kind == CalibrationKind.POINTS, rescore)


@dataclass(frozen=True)
class Rate:
    """`count` of `total`, with a 95% Wilson interval. With no total all three shares are None."""

    count: int
    total: int
    share: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class SignalRecord:
    """How one signal did over the flags with an outcome in which it took part."""

    signal: str
    label: str
    right: Rate  # the danger was real: kept, lost or too late
    false_alarm: Rate


@dataclass(frozen=True)
class Scoreboard:
    """What came of the flags: of those with an outcome, how many were useful, false alarms, too late."""

    raised: int
    live: int
    cleared: int  # the evidence went away by itself
    judged: int  # have an outcome
    kept: int
    lost: int
    useful: Rate  # kept, or lost although warned in time
    false_alarm: Rate
    too_late: Rate
    signals: tuple[SignalRecord, ...]
    missing: str  # what is missing before a refit can be proposed, as a sentence; "" when nothing


def rate(count: int, total: int) -> Rate:
    """The share with its interval."""
    interval = wilson(count, total)
    if interval is None:
        return Rate(count, total, None, None, None)
    return Rate(count, total, count / total, *interval)


def scoreboard(session: Session) -> Scoreboard:
    """What came of all flags so far."""
    by_status = dict(session.execute(select(Flag.status, func.count()).group_by(Flag.status)).all())
    judged = _judged(session)
    results = Counter(result for _, result in judged)
    total = len(judged)
    return Scoreboard(
        raised=sum(by_status.values()),
        live=by_status.get(FlagStatus.OPEN, 0) + by_status.get(FlagStatus.ACKNOWLEDGED, 0),
        cleared=by_status.get(FlagStatus.CLEARED, 0),
        judged=total,
        kept=results[OutcomeResult.KEPT],
        lost=results[OutcomeResult.LOST],
        useful=rate(sum(results[result] for result in USEFUL), total),
        false_alarm=rate(results[OutcomeResult.FALSE_ALARM], total),
        too_late=rate(results[OutcomeResult.TOO_LATE], total),
        signals=_by_signal(judged),
        missing=missing(_labelled(session, judged)),
    )


def _by_signal(judged: list[tuple[Flag, OutcomeResult]]) -> tuple[SignalRecord, ...]:
    seen: dict[str, Counter[OutcomeResult]] = defaultdict(Counter)
    for flag, result in judged:
        for name in {str(reason["signal"]) for reason in flag.reasons}:
            seen[name][result] += 1
    records = []
    for name, results in seen.items():
        total = results.total()
        right = rate(sum(results[result] for result in REAL), total)
        wrong = rate(results[OutcomeResult.FALSE_ALARM], total)
        records.append(SignalRecord(name, LABELS.get(name, name), right, wrong))
    return tuple(sorted(records, key=lambda record: (-record.right.total, record.label)))


def fitted(session: Session) -> Calibration | None:
    """Refit from outcomes, as a row that nobody has kept; None when they are too few (`Scoreboard.missing` says)."""
    judged = _judged(session)
    in_force = weights_in_force(session)
    labelled = _labelled(session, judged)
    if missing(labelled):
        return None
    found = refit(labelled, in_force)
    return Calibration(
        kind=CalibrationKind.POINTS,
        weights={**found.weights.multipliers, INTERCEPT: found.weights.intercept},
        report={
            "outcomes": found.outcomes,
            "loss_before": round(found.loss_before, 4),
            "loss_after": round(found.loss_after, 4),
            "before": {**in_force.multipliers, INTERCEPT: in_force.intercept},
            "results": dict(Counter(result.value for _, result in judged)),
            "signals": [asdict(record) for record in _by_signal(judged)],
        },
    )


def propose(session: Session, now: datetime) -> Calibration | None:
    """Refit from outcomes and keep it as a proposal; None as `fitted`. One that still waits is superseded by it."""
    row = fitted(session)
    return points.propose(session, row, now) if row is not None else None


def weights_in_force(session: Session) -> Weights:
    """The weights that scoring uses now."""
    accepted = points.current(session)
    return weights_of(accepted) if accepted else DEFAULT_WEIGHTS


def weights_of(calibration: Calibration) -> Weights:
    """The weights kept in a calibration's row."""
    numbers = {name: float(value) for name, value in calibration.weights.items()}
    multipliers = {name: value for name, value in numbers.items() if name != INTERCEPT}
    return Weights(multipliers, numbers.get(INTERCEPT, 0.0), f"c{calibration.id}")


def _judged(session: Session) -> list[tuple[Flag, OutcomeResult]]:
    rows = session.execute(select(Flag, Outcome.result).join(Outcome, Outcome.flag_id == Flag.id).order_by(Outcome.id))
    return [(flag, result) for flag, result in rows]


def _labelled(session: Session, judged: list[tuple[Flag, OutcomeResult]]) -> list[Labelled]:
    """The flags' points as the rules gave them: the weights that each flag was judged with are taken out again."""
    versions = {weights.version: weights for weights in map(weights_of, session.scalars(_OF_POINTS))}
    labelled = []
    for flag, result in judged:
        weights = next((versions[part] for part in flag.model.split("+") if part in versions), DEFAULT_WEIGHTS)
        points = {str(reason["signal"]): _unweighted(reason, weights) for reason in flag.reasons}
        labelled.append(Labelled(points, result in REAL))
    return labelled


def _unweighted(reason: dict[str, Any], weights: Weights) -> float:
    multiplier = weights.of(str(reason["signal"]))
    strength = float(reason.get("strength", reason["points"]))  # flags of before the loss model have points alone
    return strength / multiplier if multiplier > 0 else 0.0
