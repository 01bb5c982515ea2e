"""One client, one moment: signals, risk, health, rung, and whether a flag stands. The whole rule, in story order."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from analysis.relationships import alive, ladder, loss, record, rhythm, risk, scores, signals
from analysis.relationships import health as health_rule
from analysis.relationships.evidence import Evidence, Signal
from analysis.relationships.health import Health
from analysis.relationships.ladder import Before, Standing
from analysis.relationships.ladder_rules import DEFAULT_RULES, LadderRules
from analysis.relationships.looks import Looks
from analysis.relationships.loss import Loss, LossWeights
from analysis.relationships.record import Context, Record
from analysis.relationships.risk import Judgement
from analysis.relationships.satisfaction import Satisfaction, satisfaction
from analysis.relationships.signals import DEFAULT_WEIGHTS, Weights
from analysis.relationships.usual import FirmUsual

LEAST_LOSS, LEAST_STRENGTH = 0.1, 0.5  # what is weaker in both is no reason to call anybody


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
    record: Record
    weights: LossWeights
    satisfied: Satisfaction

    @property
    def reasons(self) -> list[dict[str, Any]]:
        """The signals worth naming as a flag's reasons, for a JSON column; the strongest in any case."""
        telling = [s for s in self.signals if s.loss >= LEAST_LOSS or s.points >= LEAST_STRENGTH]
        return [signal.as_dict() for signal in telling or self.signals[:1]]

    def kept(self) -> dict[str, Any]:
        """For a JSON column: what was known, by which weights, and what followed. `record.again` repeats it."""
        return {
            **self.record.as_dict(),
            "weights": self.weights.as_dict(),
            "model": self.model,
            "said": {
                "risk": self.loss.risk,
                "low": self.loss.low,
                "high": self.loss.high,
                "baseline": self.loss.baseline,
                "too_little": self.loss.too_little,
                "alarm": self.alarm,
                "severity": self.judgement.severity,
            },
        }


def assess(
    evidence: Evidence,
    firm: FirmUsual,
    now: datetime,
    before: Before,
    weights: Weights = DEFAULT_WEIGHTS,
    rules: LadderRules = DEFAULT_RULES,
    loss_weights: LossWeights | None = None,
) -> Assessment:
    """Everything there is to say about one client at `now`. `loss_weights`: None is as shipped.

    A client who has lapsed is not flagged anew: the time to act is over, and the ladder says so. A flag that is live
    by then stays until its evidence has aged or a person closes it.
    """
    own = rhythm.rhythm(evidence, now)
    lapsed = ladder.has_lapsed(evidence, own, now, rules)
    ratings = scores.rated_responses(evidence, firm)
    found = signals.find(evidence, firm, own, now, lapsed=lapsed, weights=weights, ratings=ratings)
    loss_weights = loss_weights or loss.shipped()
    satisfied = satisfaction(evidence, firm, now)
    likely = loss.assess_loss(evidence, firm, found, now, loss_weights, satisfied)
    old = alive.is_old_news(evidence, now)
    value_year = sum(job.value for job in evidence.jobs if now - job.completed_at <= timedelta(days=365))
    context = Context(before.live_severity, value_year / firm.value_high if firm.value_high > 0 else 0.0, lapsed, old)
    alarm, judged = record.judge(found, likely.warns, context, weights)
    return Assessment(
        signals=likely.signals,
        points=sum(signal.loss for signal in likely.signals),
        risk=likely.risk,
        health=health_rule.health(evidence, ratings, found, own, lapsed, now),
        standing=ladder.stand(evidence, own, judged.severity, now, before, rules),
        judgement=judged,
        clears_if=risk.clears_if(likely.signals, now, weights, loss=likely.warns) if judged.flagged else "",
        value_year=value_year,
        model=risk.model_name(weights, loss_weights.version),
        loss=likely,
        alarm=alarm,
        record=record.recorded(now, likely, found, context, weights),
        weights=loss_weights,
        satisfied=satisfied,
    )


def stood(
    evidence: Evidence,
    firm: FirmUsual,
    now: datetime,
    before: Before,
    weights: Weights = DEFAULT_WEIGHTS,
    rules: LadderRules = DEFAULT_RULES,
    loss_weights: LossWeights | None = None,
    looks: Looks | None = None,
) -> tuple[Standing, str | None]:
    """Only where the client stood on the ladder at `now`, and how severe a flag would have stood: for replaying a
    history quickly. `looks`: those at a history that this evidence is the first part of."""
    looks = looks or Looks(evidence, firm, weights, loss_weights)
    own, live, severity = looks.rhythm(now), before.live_severity is not None, None
    lapsed = ladder.has_lapsed(evidence, own, now, rules)
    if (live or not lapsed) and not looks.are_calm(evidence, own, live, now):
        context = Context(before.live_severity, 0.0, lapsed, alive.is_old_news(evidence, now))
        ratings = looks.ratings(now)
        found = signals.find(evidence, firm, own, now, lapsed=lapsed, weights=weights, ratings=ratings)
        warns = loss.warned(evidence, looks.filter.at(evidence, now), found, now, loss_weights)
        severity = record.judge(found, warns, context, weights)[1].severity
    return ladder.stand(evidence, own, severity, now, before, rules), severity
