"""Reads new answers, scores relationships, raises and clears flags. Batches; the worker commits each."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, or_, select, union
from sqlalchemy.orm import Session

from analysis.flags import flagging
from analysis.flags.mornings import next_morning
from analysis.learning.loss_learning import loss_weights_in_force
from analysis.learning.outcomes import weights_in_force
from analysis.models import LIVE, FirmLevels, Flag, LadderMove, RelationshipState, Rung
from analysis.reading import readings
from analysis.relationships.assessment import Assessment, assess
from analysis.relationships.evidence import Evidence
from analysis.relationships.ladder import Before
from analysis.relationships.ladder_rules import LadderRules
from analysis.relationships.past import Move, Yardstick, moved, replayed, suggested
from analysis.relationships.picture import picture
from analysis.relationships.unflagged import looks_bad
from analysis.scoring.evidence import load_evidence
from analysis.scoring.ladder_rules import rules_in_force, rules_of
from analysis.scoring.levels import Levels, levels_for_reading, levels_for_scoring
from analysis.scoring.monthly import Month
from analysis.scoring.replays import Helper, Pasts
from analysis.text.analyser import TextAnalyser
from survey.firms import get_firm
from survey.models import Client, Firm

_PASSING = (Rung.COOLING, Rung.LAPSED)


def analyse_batch(session: Session, analyser: TextAnalyser, now: datetime, limit: int = 200) -> int:
    """Read up to `limit` answers whose present text no version has read; returns how many, unread or confirmed anew.

    All in the session's transaction: the worker, which must not hold one while a model reads, takes the same steps.
    """
    words = readings.waiting(session, limit)
    known = readings.confirm_known(session, words, now)
    fresh = [item for item in words if item.answer_id not in known]
    found = analyser.analyse([item.comment for item in fresh])
    touched = readings.store(session, analyser.model, list(zip(fresh, found, strict=True)), now)
    readings.tell_clients(session, touched)
    return len(words)


def lock_due_clients(session: Session, now: datetime, limit: int = 100) -> Sequence[Client]:
    """Up to `limit` clients whose evidence changed or whose time came, locked; one being acted on is left for later."""
    return session.scalars(
        due_clients(now)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Client)
        .execution_options(populate_existing=True)
    ).all()


def score_clients(session: Session, clients: Sequence[Client], now: datetime, helper: Helper | None = None) -> int:
    """Score these clients, locked by `lock_due_clients`; returns how many.

    Each gets its state, its moves on the ladder, and its flag raised, brought up to date or cleared. Internal clients
    are left out.

    `now` must be read after the lock was taken: evidence later than `now` is not seen, and an outcome that was recorded
    while this waited for the lock would be overlooked and the client flagged again.
    """
    if not clients:
        return 0
    firm = get_firm(session)
    ids = [client.id for client in clients]
    scorer = Scorer(session, firm, now, ids, levels_for_scoring(session, now))
    if helper is not None:
        scorer.replay_with(helper)
    for client in clients:
        scorer.score(client)
    session.flush()
    return len(clients)


def due_clients(now: datetime) -> Select[Client]:
    """Those with news first, then those whose time came or who were judged by other levels; and whom to hide.

    Each arm reads an index of its own: asked twice a second, it must not look at every client.
    """
    newest = select(func.max(FirmLevels.id)).scalar_subquery()
    news = select(Client.id).where(Client.evidence_version != Client.scored_version)
    aged = select(RelationshipState.client_id).where(RelationshipState.rescore_at <= now)
    moved = select(RelationshipState.client_id).where(RelationshipState.levels_version < newest)
    hide = select(Flag.client_id).join(Client, Client.id == Flag.client_id)
    hide = hide.where(Flag.status.in_(LIVE), Client.internal.is_(True))
    return (
        select(Client)
        .where(Client.id.in_(union(news, aged, moved, hide)), or_(Client.internal.is_(False), Client.id.in_(hide)))
        .order_by(Client.evidence_version == Client.scored_version, Client.id)
    )


class Scorer:
    """What one batch shares: evidence, states, live flags, the firm's usual levels and the weights in force."""

    def __init__(
        self, session: Session, firm: Firm, now: datetime, ids: Sequence[int], levels: Levels | None = None
    ) -> None:
        self.session, self.firm, self.now = session, firm, now
        self.levels = levels or levels_for_reading(session, now)
        self.rules = rules_in_force(session)
        self.by = Yardstick(
            self.levels.usual, weights_in_force(session), self.rules.rules, loss_weights_in_force(session)
        )
        self.pasts: Pasts = {}
        self.month = Month(session, ids, now)
        self.evidence = load_evidence(session, firm, ids, now)
        self.rescore_at = next_morning(firm.timezone, now)
        states = session.scalars(select(RelationshipState).where(RelationshipState.client_id.in_(ids)))
        self.states = {state.client_id: state for state in states}
        flags = session.scalars(select(Flag).where(Flag.client_id.in_(ids), Flag.status.in_(LIVE)))
        self.flags = {flag.client_id: flag for flag in flags}
        moved = select(LadderMove.client_id, LadderMove.from_rung).where(LadderMove.client_id.in_(ids))
        moves = session.execute(moved.order_by(LadderMove.id)).all()
        self.came_from = {move.client_id: move.from_rung for move in moves}
        self.moved: dict[int, datetime] = {}
        self.was = {move.client_id: move.from_rung for move in moves if move.from_rung not in _PASSING}

    def replay_with(self, helper: Helper) -> None:
        """Replay the pasts of all who were never scored, shared with the helper."""
        new = {number: known for number, known in self.evidence.items() if number not in self.states}
        self.pasts = helper.replay(new, self.by, self.now)

    def score(self, client: Client) -> None:
        flag = self.flags.get(client.id)
        if client.internal:
            if flag is not None:
                flagging.clear(client, flag, "The client was marked as internal.", self.now)
            return
        evidence, state = self.evidence[client.id], self.states.get(client.id)
        before = self._history(client) if state is None else self._before(state)
        found = self._assess(client.id, evidence, before)
        by_rules = state is not None and self._moved_by_rules(client.id, evidence, before, found, state)
        if before.rung != found.standing.rung:
            severity = found.judgement.severity
            move = moved(before.rung, found.standing, evidence, severity, self.now, self.by.rules)
            self._write(client, move, by_rules=by_rules)
        self._save(client, state, found, evidence)
        self.month.keep(client.id, found)
        flagging.apply(self.session, self.firm, client, flag, found, self.now)

    def what_if(self, client_id: int, evidence: Evidence) -> Assessment | None:
        """Where the client would stand on this evidence; `None` when they have not been scored yet. Writes nothing."""
        state = self.states.get(client_id)
        return None if state is None else self._assess(client_id, evidence, self._before(state))

    def under(self, rules: LadderRules, client_id: int) -> Assessment | None:
        """Where the client would stand under other ladder rules; `None` when not scored yet. Writes nothing."""
        state = self.states.get(client_id)
        if state is None:
            return None
        return self._assess_by(rules, client_id, self.evidence[client_id], self._before(state))

    def _assess(self, client_id: int, evidence: Evidence, before: Before) -> Assessment:
        return self._assess_by(self.by.rules, client_id, evidence, before)

    def _assess_by(self, rules: LadderRules, client_id: int, evidence: Evidence, before: Before) -> Assessment:
        flag = self.flags.get(client_id)
        known = replace(before, live_severity=flag.severity.value if flag else None)
        return assess(evidence, self.by.usual, self.now, known, self.by.weights, rules, self.by.loss_weights)

    def _moved_by_rules(
        self, client_id: int, evidence: Evidence, before: Before, found: Assessment, state: RelationshipState
    ) -> bool:
        """Whether the client would have stayed under the rules that found the present rung."""
        if state.ladder_rules_id == self.rules.row_id or found.standing.rung == before.rung:
            return False
        old = rules_of(self.session, state.ladder_rules_id)
        return self._assess_by(old, client_id, evidence, before).standing.rung == before.rung

    def _before(self, state: RelationshipState) -> Before:
        was = self.was.get(state.client_id) if state.rung in _PASSING else state.rung
        return Before(state.rung.value, was.value if was else None, since=state.rung_since)

    def _history(self, client: Client) -> Before:
        """Where a history that came in at once ends; its moves are written with the dates they had."""
        past = self.pasts.get(client.id) or replayed(self.evidence[client.id], self.by, self.now)
        for move in past.moves:
            self._write(client, move)
        return past.before

    def _write(self, client: Client, move: Move, *, by_rules: bool = False) -> None:
        came_from = Rung(move.before) if move.before else None
        self.session.add(
            LadderMove(
                client_id=client.id,
                from_rung=came_from,
                to_rung=Rung(move.standing.rung),
                moved_at=move.at,
                reason=move.standing.reason[:300],
                evidence=[quote.as_dict() for quote in move.rests_on],
                next_step=move.next_step[:300],
                by_rules=by_rules,
            )
        )
        self.moved[client.id], self.came_from[client.id] = move.at, came_from

    def _save(self, client: Client, state: RelationshipState | None, found: Assessment, evidence: Evidence) -> None:
        came_from = self.came_from.get(client.id)
        look = looks_bad(evidence, found.record.found, self.now, lapsed=found.record.context.lapsed)
        values: dict[str, Any] = {
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
            "evidence_version": client.evidence_version,
            "scored_at": self.now,
            "rescore_at": self.rescore_at,
            "next_step": suggested(
                came_from, found.standing, evidence, found.judgement.severity, self.now, self.by.rules
            )[:300],
            "ladder_rules_id": self.rules.row_id,
            **flagging.estimate(found),
            "inputs": found.record.as_dict(),
            "picture": picture(evidence, self.by.usual, self.now),
            "looks_bad": look.text[:300],
            "looks_bad_at": look.at,
            "levels_version": self.levels.version,
        }
        if state is None:
            state = RelationshipState(client_id=client.id)
            self.session.add(state)
        if client.id in self.moved:
            state.rung_since = self.moved[client.id]
        for name, value in values.items():
            setattr(state, name, value)
        client.scored_version = client.evidence_version
