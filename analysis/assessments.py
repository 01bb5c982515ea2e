"""Reads new answers, scores relationships, raises and clears flags. Batches; the worker commits each."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, exists, or_, select
from sqlalchemy.orm import Session

from analysis import flagging, readings
from analysis.evidence import load_evidence
from analysis.learning import weights_in_force
from analysis.models import LIVE, Flag, LadderMove, RelationshipState, Rung
from analysis.relationships.assessment import Assessment, assess, stood
from analysis.relationships.evidence import Evidence, as_of
from analysis.relationships.ladder import Before
from analysis.relationships.signals import Weights
from analysis.relationships.usual import FirmUsual
from analysis.text.analyser import TextAnalyser
from analysis.usual import load_firm_usual
from survey.firms import get_firm
from survey.models import Client, Firm

RESCORE_HOUR = time(5)  # before the morning's digest, in the firm's own time zone
HISTORY_STEP = timedelta(days=30)
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
        _due_clients(now)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Client)
        .execution_options(populate_existing=True)
    ).all()


def score_clients(session: Session, clients: Sequence[Client], now: datetime) -> int:
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
    scorer = Scorer(session, firm, now, ids)
    for client in clients:
        scorer.score(client)
    session.flush()
    return len(clients)


def _due_clients(now: datetime) -> Select[Client]:
    changed = or_(
        RelationshipState.client_id.is_(None),
        RelationshipState.evidence_version != Client.evidence_version,
        RelationshipState.rescore_at <= now,
    )
    hidden_flag = exists().where(Flag.client_id == Client.id, Flag.status.in_(LIVE))
    return (
        select(Client)
        .outerjoin(RelationshipState, RelationshipState.client_id == Client.id)
        .where(or_(and_(Client.internal.is_(False), changed), and_(Client.internal.is_(True), hidden_flag)))
        .order_by(Client.id)
    )


class Scorer:
    """What one batch shares: evidence, states, live flags, the firm's usual levels and the weights in force."""

    def __init__(self, session: Session, firm: Firm, now: datetime, ids: Sequence[int]) -> None:
        self.session, self.firm, self.now = session, firm, now
        self.usual: FirmUsual = load_firm_usual(session, now)
        self.weights: Weights = weights_in_force(session)
        self.evidence = load_evidence(session, firm, ids, now)
        self.rescore_at = next_morning(firm.timezone, now)
        states = session.scalars(select(RelationshipState).where(RelationshipState.client_id.in_(ids)))
        self.states = {state.client_id: state for state in states}
        flags = session.scalars(select(Flag).where(Flag.client_id.in_(ids), Flag.status.in_(LIVE)))
        self.flags = {flag.client_id: flag for flag in flags}
        passing = [state.client_id for state in self.states.values() if state.rung in _PASSING]
        moves = session.scalars(select(LadderMove).where(LadderMove.client_id.in_(passing)).order_by(LadderMove.id))
        self.moved: dict[int, datetime] = {}
        self.was = {move.client_id: move.from_rung for move in moves if move.from_rung not in _PASSING}

    def score(self, client: Client) -> None:
        flag = self.flags.get(client.id)
        if client.internal:
            if flag is not None:
                flagging.clear(client, flag, "The client was marked as internal.", self.now)
            return
        evidence, state = self.evidence[client.id], self.states.get(client.id)
        before = self._history(client, evidence) if state is None else self._before(state)
        found = self._assess(client.id, evidence, before)
        self._move(client, before.rung, found.standing.rung, found.standing.reason, self.now)
        self._save(client, state, found, evidence)
        flagging.apply(self.session, self.firm, client, flag, found, self.now)

    def what_if(self, client_id: int, evidence: Evidence) -> Assessment | None:
        """Where the client would stand on this evidence; `None` when they have not been scored yet. Writes nothing."""
        state = self.states.get(client_id)
        return None if state is None else self._assess(client_id, evidence, self._before(state))

    def _assess(self, client_id: int, evidence: Evidence, before: Before) -> Assessment:
        flag = self.flags.get(client_id)
        known = replace(before, live_severity=flag.severity.value if flag else None)
        return assess(evidence, self.usual, self.now, known, self.weights)

    def _before(self, state: RelationshipState) -> Before:
        was = self.was.get(state.client_id) if state.rung in _PASSING else state.rung
        return Before(state.rung.value, was.value if was else None, since=state.rung_since)

    def _history(self, client: Client, evidence: Evidence) -> Before:
        """Replay the ladder over a history that came in at once, so that its moves have the dates they had."""
        before = Before()
        if not evidence.jobs:
            return before
        moment = evidence.jobs[0].completed_at + timedelta(days=1)
        while moment < self.now:
            standing, severity = stood(as_of(evidence, moment), self.usual, moment, before, self.weights)
            self._move(client, before.rung, standing.rung, standing.reason, moment)
            before = before.then(standing.rung, severity, moment)
            moment += HISTORY_STEP
        return before

    def _move(self, client: Client, before: str | None, after: str, reason: str, at: datetime) -> None:
        if before != after:
            move = LadderMove(client_id=client.id, to_rung=Rung(after), moved_at=at, reason=reason[:300])
            move.from_rung = Rung(before) if before else None
            self.session.add(move)
            self.moved[client.id] = at

    def _save(self, client: Client, state: RelationshipState | None, found: Assessment, evidence: Evidence) -> None:
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
        }
        if state is None:
            state = RelationshipState(client_id=client.id)
            self.session.add(state)
        if client.id in self.moved:
            state.rung_since = self.moved[client.id]
        for name, value in values.items():
            setattr(state, name, value)


def next_morning(zone: str, now: datetime) -> datetime:
    """The next 05:00 in the firm's time zone, at least an hour away, in UTC."""
    local = now.astimezone(ZoneInfo(zone))
    morning = datetime.combine(local.date() + timedelta(days=1), RESCORE_HOUR, tzinfo=ZoneInfo(zone))
    return morning.astimezone(now.tzinfo)
