"""A client's way up and down the ladder, replayed from a history that came in at once. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from analysis.relationships.assessment import stood
from analysis.relationships.evidence import Evidence, Quote
from analysis.relationships.history import Timeline
from analysis.relationships.ladder import Before, Standing, is_lower
from analysis.relationships.ladder_rules import DEFAULT_RULES, LadderRules
from analysis.relationships.looks import Looks
from analysis.relationships.loss import LossWeights
from analysis.relationships.moves import next_step, rests_on
from analysis.relationships.signals import DEFAULT_WEIGHTS, Weights
from analysis.relationships.usual import FirmUsual

HISTORY_STEP = timedelta(days=30)


@dataclass(frozen=True)
class Yardstick:
    """What every client is judged by: the firm's usual levels, and the weights and rules in force."""

    usual: FirmUsual
    weights: Weights = DEFAULT_WEIGHTS
    rules: LadderRules = DEFAULT_RULES
    loss_weights: LossWeights | None = None


@dataclass(frozen=True)
class Move:
    """One move on the ladder: from where, to where and why, what it rests on, and the step that it suggests."""

    at: datetime
    before: str | None
    standing: Standing
    rests_on: tuple[Quote, ...]
    next_step: str


@dataclass(frozen=True)
class Past:
    """Where a replayed history ends, and the moves on the way, oldest first."""

    before: Before
    moves: tuple[Move, ...] = ()


def replayed(evidence: Evidence, by: Yardstick, now: datetime) -> Past:
    """The ladder looked at every HISTORY_STEP from the first job on, so that moves have the dates they had."""
    before, looks, timeline = Before(), Looks(evidence, by.usual, by.weights, by.loss_weights), Timeline(evidence)
    moves: list[Move] = []
    moment = evidence.jobs[0].completed_at + timedelta(days=1) if evidence.jobs else now
    while moment < now:
        known = timeline.at(moment)
        standing, severity = stood(known, by.usual, moment, before, by.weights, by.rules, by.loss_weights, looks)
        if before.rung != standing.rung:
            moves.append(moved(before.rung, standing, known, severity, moment, by.rules))
        before = before.then(standing.rung, severity, moment)
        moment += HISTORY_STEP
    return Past(before, tuple(moves))


def moved(
    before: str | None, standing: Standing, evidence: Evidence, severity: str | None, at: datetime, rules: LadderRules
) -> Move:
    """The move to `standing`, told from what was known at that moment."""
    step = suggested(before, standing, evidence, severity, at, rules)
    return Move(at, before, standing, rests_on(standing.rung, evidence, at), step)


def suggested(
    before: str | None, standing: Standing, evidence: Evidence, severity: str | None, at: datetime, rules: LadderRules
) -> str:
    """What to do next for somebody who came here from the rung `before`."""
    return next_step(standing, evidence, at, severity=severity, fell=is_lower(before, standing.rung), rules=rules)
