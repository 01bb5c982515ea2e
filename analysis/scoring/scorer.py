"""Where clients stand, worked out from what is known of them; what is to be kept of it. Only reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BindParameter, bindparam, select
from sqlalchemy.orm import Session

from analysis.flags import flagging
from analysis.flags.mornings import next_morning
from analysis.learning.loss_learning import loss_weights_in_force
from analysis.learning.outcomes import weights_in_force
from analysis.models import LIVE, Flag, LadderMove, RelationshipState, Rung, Severity
from analysis.relationships.assessment import Assessment, assess
from analysis.relationships.evidence import Evidence
from analysis.relationships.ladder import Before
from analysis.relationships.ladder_rules import LadderRules
from analysis.relationships.past import Move, Yardstick, moved, replayed, suggested
from analysis.relationships.picture import picture
from analysis.relationships.unflagged import looks_bad
from analysis.scoring.evidence import load_evidence
from analysis.scoring.ladder_rules import RulesInForce, rules_in_force, rules_of
from analysis.scoring.levels import Levels, levels_for_reading
from analysis.scoring.monthly import months_known, reading_of
from survey.firms import get_firm
from survey.memory import uncollected
from survey.models import Firm

_PASSING = (Rung.COOLING, Rung.LAPSED)
# Written once, as `evidence_queries` are.
_IDS: BindParameter[list[int]] = bindparam("ids", expanding=True)
_STATES = select(
    RelationshipState.client_id,
    RelationshipState.rung,
    RelationshipState.rung_since,
    RelationshipState.ladder_rules_id,
    RelationshipState.scored_at,
).where(RelationshipState.client_id.in_(_IDS))
_FLAGS = select(Flag.client_id, Flag.id, Flag.severity).where(Flag.client_id.in_(_IDS), Flag.status.in_(LIVE))
_MOVES = (
    select(LadderMove.client_id, LadderMove.from_rung).where(LadderMove.client_id.in_(_IDS)).order_by(LadderMove.id)
)


@dataclass(frozen=True)
class Gauge:
    """What all clients are judged by at one moment: the firm's levels, the ladder's rules, the weights in force."""

    levels: Levels
    rules: RulesInForce
    by: Yardstick


def gauge(session: Session, levels: Levels) -> Gauge:
    """What is in force now, with these levels."""
    rules = rules_in_force(session)
    by = Yardstick(levels.usual, weights_in_force(session), rules.rules, loss_weights_in_force(session))
    return Gauge(levels, rules, by)


@dataclass(frozen=True)
class Stood:
    """Where a client was kept as standing, when they were scored the last time."""

    rung: Rung
    rung_since: datetime
    ladder_rules_id: int | None
    scored_at: datetime


@dataclass(frozen=True)
class LiveFlag:
    """The flag that stands."""

    id: int
    severity: Severity


@dataclass(frozen=True)
class Scored:
    """What is to be kept of one client: rows by their columns; `found` where a flag stands or stood. It was worked out
    from evidence of `version`, the state of `scored_at` and the live `flag`, and holds only as long as these do."""

    client_id: int
    version: int
    scored_at: datetime | None
    flag: LiveFlag | None
    state: dict[str, Any]
    moves: tuple[dict[str, Any], ...]
    reading: dict[str, Any] | None  # the first risk of the month
    found: Assessment | None


def judged(session: Session, versions: Mapping[int, int], by: Gauge, now: datetime) -> list[Scored]:
    """Judge these clients, given with the versions of their evidence. `now` must be read after the versions: what is
    later than `now` is not seen, and a newer version says that there is some."""
    with uncollected():
        scorer = Scorer(session, get_firm(session), now, list(versions), by)
        return [scorer.judge(client_id, version) for client_id, version in versions.items()]


class Scorer:
    """What one batch shares: evidence, states, live flags, and what all are judged by."""

    def __init__(
        self, session: Session, firm: Firm, now: datetime, ids: Sequence[int], by: Gauge | None = None
    ) -> None:
        self.session, self.now = session, now
        self.gauge = by or gauge(session, levels_for_reading(session, now))
        self.rules, self.by = self.gauge.rules, self.gauge.by
        self.rescore_at = next_morning(firm.timezone, now)
        self.evidence = load_evidence(session, firm, ids, now)
        self._read_this_month = months_known(session, ids, now)
        read = session.connection().execute
        states = read(_STATES, {"ids": list(ids)})
        self.states = {number: Stood(rung, since, rules, at) for number, rung, since, rules, at in states}
        flags = read(_FLAGS, {"ids": list(ids)})
        self.flags = {number: LiveFlag(flag_id, severity) for number, flag_id, severity in flags}
        moves = read(_MOVES, {"ids": list(ids)}).all()
        self._came_from = {move.client_id: move.from_rung for move in moves}
        self._was = {move.client_id: move.from_rung for move in moves if move.from_rung not in _PASSING}

    def judge(self, client_id: int, version: int) -> Scored:
        """What is to be kept of one client."""
        evidence, state, flag = self.evidence[client_id], self.states.get(client_id), self.flags.get(client_id)
        moves: list[Move] = []
        if state is None:  # a history that came in at once: its moves are written with the dates they had
            past = replayed(evidence, self.by, self.now)
            before, moves = past.before, list(past.moves)
        else:
            before = self._before(client_id, state)
        found = self._assess(client_id, evidence, before)
        by_rules = state is not None and self._moved_by_rules(client_id, evidence, before, found, state)
        severity = found.judgement.severity
        if before.rung != found.standing.rung:
            moves.append(moved(before.rung, found.standing, evidence, severity, self.now, self.by.rules))
        came_from = Rung(moves[-1].before) if moves and moves[-1].before else None
        came_from = came_from if moves else self._came_from.get(client_id)
        step = suggested(came_from, found.standing, evidence, severity, self.now, self.by.rules)
        since = moves[-1].at if moves else state.rung_since if state else self.now
        return Scored(
            client_id=client_id,
            version=version,
            scored_at=state.scored_at if state else None,
            flag=flag,
            state={**self._state(found, evidence), "rung_since": since, "next_step": step[:300]},
            moves=tuple(_row(client_id, move, by_rules=by_rules) for move in moves),
            reading=None if client_id in self._read_this_month else reading_of(client_id, found, self.now),
            found=found if flag is not None or severity is not None else None,
        )

    def what_if(self, client_id: int, evidence: Evidence) -> Assessment | None:
        """Where the client would stand on this evidence; `None` when they have not been scored yet. Writes nothing."""
        state = self.states.get(client_id)
        return None if state is None else self._assess(client_id, evidence, self._before(client_id, state))

    def under(self, rules: LadderRules, client_id: int) -> Assessment | None:
        """Where the client would stand under other ladder rules; `None` when not scored yet. Writes nothing."""
        state = self.states.get(client_id)
        if state is None:
            return None
        return self._assess_by(rules, client_id, self.evidence[client_id], self._before(client_id, state))

    def _assess(self, client_id: int, evidence: Evidence, before: Before) -> Assessment:
        return self._assess_by(self.by.rules, client_id, evidence, before)

    def _assess_by(self, rules: LadderRules, client_id: int, evidence: Evidence, before: Before) -> Assessment:
        flag = self.flags.get(client_id)
        known = replace(before, live_severity=flag.severity.value if flag else None)
        return assess(evidence, self.by.usual, self.now, known, self.by.weights, rules, self.by.loss_weights)

    def _moved_by_rules(
        self, client_id: int, evidence: Evidence, before: Before, found: Assessment, state: Stood
    ) -> bool:
        """Whether the client would have stayed under the rules that found the present rung."""
        if state.ladder_rules_id == self.rules.row_id or found.standing.rung == before.rung:
            return False
        old = rules_of(self.session, state.ladder_rules_id)
        return self._assess_by(old, client_id, evidence, before).standing.rung == before.rung

    def _before(self, client_id: int, state: Stood) -> Before:
        was = self._was.get(client_id) if state.rung in _PASSING else state.rung
        return Before(state.rung.value, was.value if was else None, since=state.rung_since)

    def _state(self, found: Assessment, evidence: Evidence) -> dict[str, Any]:
        look = looks_bad(evidence, found.record.found, self.now, lapsed=found.record.context.lapsed)
        return {
            "rung": Rung(found.standing.rung),
            "rung_reason": found.standing.reason[:300],
            "health": found.health.value,
            "risk": found.risk,
            "points": found.points,
            "signals": [signal.as_dict() for signal in found.signals],
            "contributions": [contribution.as_dict() for contribution in found.health.contributions],
            "value_year": Decimal(str(round(found.value_year, 2))),
            "last_job_at": evidence.jobs[-1].completed_at if evidence.jobs else None,
            "last_answer_at": evidence.responses[-1].at if evidence.responses else None,
            "model": found.model,
            "scored_at": self.now,
            "rescore_at": self.rescore_at,
            "ladder_rules_id": self.rules.row_id,
            **flagging.estimate(found),
            "inputs": found.record.as_dict(),
            "picture": picture(evidence, self.by.usual, self.now, found.satisfied),
            "looks_bad": look.text[:300],
            "looks_bad_at": look.at,
            "levels_version": self.gauge.levels.version,
        }


def _row(client_id: int, move: Move, *, by_rules: bool) -> dict[str, Any]:
    return {
        "client_id": client_id,
        "from_rung": Rung(move.before) if move.before else None,
        "to_rung": Rung(move.standing.rung),
        "moved_at": move.at,
        "reason": move.standing.reason[:300],
        "evidence": [quote.as_dict() for quote in move.rests_on],
        "next_step": move.next_step[:300],
        "by_rules": by_rules,
    }
