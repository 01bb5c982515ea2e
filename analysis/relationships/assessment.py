"""One client, one moment: signals, risk, health, rung, and whether a flag stands. The whole rule, in story order."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from analysis.relationships import health as health_rule
from analysis.relationships import ladder, loss, rhythm, risk, signals
from analysis.relationships.evidence import Evidence, Signal
from analysis.relationships.health import Health
from analysis.relationships.ladder import Before, Standing
from analysis.relationships.ladder_rules import DEFAULT_RULES, LadderRules
from analysis.relationships.loss import Loss
from analysis.relationships.risk import Judgement
from analysis.relationships.signals import DEFAULT_WEIGHTS, Weights
from analysis.relationships.usual import FirmUsual


@dataclass(frozen=True)
class Assessment:
    """Where the client stands now."""

    signals: tuple[Signal, ...]
    points: float
    risk: float
    health: Health
    standing: Standing
    judgement: Judgement
    clears_if: str
    value_year: float
    model: str
    loss: Loss
    alarm: float  # 0…1: how much of what was said and done calls for an answer


def assess(
    evidence: Evidence,
    firm: FirmUsual,
    now: datetime,
    before: Before,
    weights: Weights = DEFAULT_WEIGHTS,
    rules: LadderRules = DEFAULT_RULES,
) -> Assessment:
    """Everything there is to say about one client at `now`.

    A client who has lapsed is not flagged anew: the time to act is over, and the ladder says so. A flag that is live
    by then stays until its evidence has aged or a person closes it.
    """
    own = rhythm.rhythm(evidence, now)
    lapsed = ladder.has_lapsed(evidence, own, now, rules)
    found = signals.find(evidence, firm, own, now, lapsed=lapsed, weights=weights)
    likely = loss.assess_loss(evidence, firm, found, now)
    alarm = risk.probability(risk.total_points(found), weights)
    value_year = sum(job.value for job in evidence.jobs if now - job.completed_at <= timedelta(days=365))
    large = value_year >= firm.value_high
    judged = risk.judge(alarm, found, live_severity=before.live_severity, large=large, loss=likely.warns)
    if lapsed and before.live_severity is None:
        judged = Judgement(False, None)
    return Assessment(
        signals=likely.signals,
        points=sum(signal.loss for signal in likely.signals),
        risk=likely.risk,
        health=health_rule.health(evidence, firm, found, own, lapsed, now),
        standing=ladder.stand(evidence, own, judged.severity, now, before, rules),
        judgement=judged,
        clears_if=risk.clears_if(likely.signals, now, weights, loss=likely.warns) if judged.flagged else "",
        value_year=value_year,
        model=risk.model_name(weights),
        loss=likely,
        alarm=alarm,
    )


def stood(
    evidence: Evidence,
    firm: FirmUsual,
    now: datetime,
    before: Before,
    weights: Weights = DEFAULT_WEIGHTS,
    rules: LadderRules = DEFAULT_RULES,
) -> tuple[Standing, str | None]:
    """Only where the client stood on the ladder at `now`, and how severe a flag would have stood: for replaying a
    history quickly."""
    own = rhythm.rhythm(evidence, now)
    lapsed = ladder.has_lapsed(evidence, own, now, rules)
    found = signals.find(evidence, firm, own, now, lapsed=lapsed, weights=weights)
    likely = loss.assess_loss(evidence, firm, found, now)
    alarm = risk.probability(risk.total_points(found), weights)
    severity = risk.judge(alarm, found, live_severity=before.live_severity, loss=likely.warns).severity
    if lapsed and before.live_severity is None:
        severity = None
    return ladder.stand(evidence, own, severity, now, before, rules), severity
