"""Weekly snapshots of a firm's past, each made of what was known then, and what happened afterwards."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from analysis.backtest.firm import Firm
from analysis.backtest.history import History, Past, mondays
from analysis.relationships import ladder, loss, rhythm, risk, signals
from analysis.relationships.evidence import Evidence, Signal, days_between
from analysis.relationships.loss import Inputs, Loss, LossWeights
from analysis.relationships.usual import FirmUsual

EWMA = 0.3
HORIZON = timedelta(days=90)
NAIVE = {
    "csat_low": "last CSAT ≤ 2",
    "detractor": "NPS detractor",
    "comment_negative": "last comment negative",
    "ewma_csat": "exponentially weighted CSAT",
    "days_since_job": "days since last job",
}
TYPICAL_CSAT = 4.4  # of a client who never rated: neither good nor bad news


@dataclass(frozen=True)
class Snapshot:
    """One client at one week: the model's word, the naive rules' (larger is worse), and what the model was made of."""

    week: datetime
    ref: str
    risk: float
    low: float
    high: float
    flagged: bool
    naive: Mapping[str, float]
    inputs: Inputs
    too_little: bool


@dataclass
class _Standing:
    """What is carried from week to week."""

    severity: str | None = None


def replay(
    history: History,
    weights: LossWeights | None = None,
    advance: Callable[[int], None] = lambda _done: None,
    every: int = 1,
) -> Iterator[Snapshot]:
    """Every client from their first job on, at each Monday 00:00 UTC, or every so many; `advance` is told of each.

    Nothing of a snapshot is made of anything later than its week: not the firm's usual levels, nor whether an ask was
    answered in the end, nor that a client was lost.
    """
    weights = weights or loss.shipped()
    firm = Firm(history)
    standings = {past.ref: _Standing() for past in history.clients}
    for week in mondays(history.first, max(history.last, _last_answer(history)))[::every]:
        usual = firm.at(week)
        heard = firm.heard
        asked_from, asked_to = heard or (None, None)
        for past in history.clients:
            if past.jobs[0].completed_at <= week:
                evidence = past.known_at(week, asked_from, asked_to)
                yield _snapshot(past, evidence, usual, week, weights, standings[past.ref])
        advance(1)


def week_count(history: History) -> int:
    """How many weeks `replay` goes through."""
    return len(mondays(history.first, max(history.last, _last_answer(history))))


def _last_answer(history: History) -> datetime:
    return max((r.at for past in history.clients for r in past.responses[-1:]), default=history.last)


def _snapshot(
    past: Past, evidence: Evidence, usual: FirmUsual, week: datetime, weights: LossWeights, standing: _Standing
) -> Snapshot:
    _, judged, assessed = look(evidence, usual, week, weights, standing.severity)
    standing.severity = judged.severity
    return Snapshot(
        week=week,
        ref=past.ref,
        risk=assessed.risk,
        low=assessed.low,
        high=assessed.high,
        flagged=judged.flagged,
        naive=naive_scores(evidence, week),
        inputs=assessed.inputs,
        too_little=bool(assessed.too_little),
    )


def look(
    evidence: Evidence, usual: FirmUsual, now: datetime, weights: LossWeights, severity: str | None
) -> tuple[tuple[Signal, ...], risk.Judgement, Loss]:
    """(the signals of the rules, whether a flag stands, the chance of loss) for one client."""
    own = rhythm.rhythm(evidence, now)
    lapsed = ladder.has_lapsed(evidence, own, now)
    found = signals.find(evidence, usual, own, now, lapsed=lapsed)
    assessed = loss.assess_loss(evidence, usual, found, now, weights)
    alarm = risk.probability(risk.total_points(found))
    judged = risk.judge(alarm, found, live_severity=severity, loss=assessed.warns)
    if lapsed and severity is None:
        judged = risk.Judgement(False, None)
    return found, judged, assessed


def naive_scores(evidence: Evidence, week: datetime) -> dict[str, float]:
    """What the rules that every product uses say, larger is worse."""
    rated = [r.numbers["csat"] for r in evidence.responses if "csat" in r.numbers]
    recommends = [r.numbers["nps"] for r in evidence.responses if "nps" in r.numbers]
    said = [r.reading for r in evidence.responses if r.reading is not None]
    smooth = float(rated[0]) if rated else TYPICAL_CSAT
    for csat in rated[1:]:
        smooth += EWMA * (csat - smooth)
    return {
        "csat_low": float(bool(rated) and rated[-1] <= 2),
        "detractor": float(bool(recommends) and recommends[-1] <= 6),
        "comment_negative": float(bool(said) and said[-1].sentiment == "negative"),
        "ewma_csat": -smooth,
        "days_since_job": days_between(evidence.jobs[-1].completed_at, week),
    }


@dataclass(frozen=True)
class Label:
    """`at_risk`: the snapshot counts. `lost`: the last job lies in the 90 days after it (or, `silent`, before it)."""

    at_risk: bool
    lost: bool
    silent: bool


def label(week: datetime, last_job_at: datetime | None, end: datetime) -> Label:
    """What a snapshot's label is.

    Lost: the client is in the list of the lost and their last job lies within the 90 days from `week` on. Such a
    client is at risk until that job. `silent` marks the 90 days after it, when the firm did not know yet: measured
    apart, as lost. Later they are no longer at risk. A client not in the list is at risk throughout, and not lost: one
    who ordered last shortly before the end of the data is not taken for lost. Weeks in the last 90 days count only for
    those whose end is known: whoever is left may yet be lost within the horizon, so all of those weeks are left out.
    """
    whole = week + HORIZON <= end
    if last_job_at is None:
        return Label(whole, False, False)
    if last_job_at >= week:
        return Label(whole, last_job_at <= week + HORIZON, False)
    silent = week - last_job_at <= HORIZON
    return Label(False, silent and whole, silent and whole)


def labels(snapshots: Sequence[Snapshot], lost: Mapping[str, datetime], end: datetime) -> list[Label]:
    """The label of each snapshot."""
    return [label(snapshot.week, lost.get(snapshot.ref), end) for snapshot in snapshots]
