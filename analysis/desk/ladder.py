"""How many stand on each rung, who climbed, who fell, and the net growth in clients by quarter."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from analysis.desk.quarters import CLIENTS, kind_of, label_of, quarter_starts
from analysis.models import LadderMove, RelationshipState, Rung
from survey.models import Answer, Client, Job, Resolution, SurveyResponse

QUARTERS = 6
LATEST_MOVES = 60


@dataclass(frozen=True, kw_only=True)
class Move:
    """One move and, for this quarter's climbs and falls, what preceded it: jobs done and the last scores until then."""

    move: LadderMove
    client: Client
    jobs: int
    csat: int | None
    nps: int | None


@dataclass(frozen=True, kw_only=True)
class Quarter:
    """The moves of one quarter, counted. `net` is how many more clients the firm had at its end than at its start."""

    label: str
    start: datetime
    became: int
    won_back: int
    fell: int

    @property
    def net(self) -> int:
        return self.became + self.won_back - self.fell


@dataclass(frozen=True, kw_only=True)
class LadderPage:
    """`became` and `fell` are this quarter's; `moves` the latest of all kinds; `quarters` newest first."""

    standing: dict[Rung, int]
    quarters: list[Quarter]
    became: list[Move]
    fell: list[Move]
    moves: list[Move]

    @property
    def total(self) -> int:
        return sum(self.standing.values())

    @property
    def most(self) -> int:
        """How many stand on the fullest rung, at least 1."""
        return max(1, *self.standing.values())


def ladder_page(session: Session, now: datetime) -> LadderPage:
    """The ladder as it stands at `now`."""
    counted = session.execute(
        select(RelationshipState.rung, func.count(RelationshipState.client_id)).group_by(RelationshipState.rung)
    )
    standing = dict(counted.all())
    starts = quarter_starts(now, QUARTERS)
    recent = session.execute(_moves(now).where(LadderMove.moved_at >= starts[0])).all()
    told = [(move, client) for move, client in recent if _is_climb(move) or _is_fall(move)]
    before = _preceded(session, [move.id for move, _ in told])
    latest = session.execute(_moves(now).where(LadderMove.moved_at >= starts[-1]).limit(LATEST_MOVES)).all()
    return LadderPage(
        standing={rung: standing.get(rung, 0) for rung in Rung},
        quarters=_quarters(session, starts, now),
        became=[_described(move, client, before) for move, client in told if _is_climb(move)],
        fell=[_described(move, client, before) for move, client in told if _is_fall(move)],
        moves=[_described(move, client, before) for move, client in latest],
    )


def _moves(now: datetime) -> Select[LadderMove, Client]:
    """Moves with their clients, the latest first, without each client's first finding."""
    return (
        select(LadderMove, Client)
        .join(Client, Client.id == LadderMove.client_id)
        .where(LadderMove.moved_at <= now, LadderMove.from_rung.is_not(None))
        .order_by(LadderMove.moved_at.desc(), LadderMove.id.desc())
    )


def _is_climb(move: LadderMove) -> bool:
    return not move.by_rules and kind_of(move.from_rung, move.to_rung) == "became"


def _is_fall(move: LadderMove) -> bool:
    return not move.by_rules and kind_of(move.from_rung, move.to_rung) == "fell"


def _quarters(session: Session, starts: list[datetime], now: datetime) -> list[Quarter]:
    """The counts of each quarter. Plain columns, because a busy firm has thousands of moves."""
    found = session.execute(
        select(LadderMove.from_rung, LadderMove.to_rung, LadderMove.moved_at).where(
            LadderMove.moved_at >= starts[-1],
            LadderMove.moved_at <= now,
            LadderMove.by_rules.is_(False),
            or_(LadderMove.from_rung.in_(CLIENTS), LadderMove.to_rung.in_(CLIENTS)),
        )
    )
    counts: Counter[tuple[datetime, str]] = Counter()
    for before, after, moved_at in found:
        start = next(start for start in starts if moved_at >= start)
        counts[start, kind_of(before, after)] += 1
    return [
        Quarter(
            label=label_of(start),
            start=start,
            became=counts[start, "became"],
            won_back=counts[start, "won_back"],
            fell=counts[start, "fell"],
        )
        for start in starts
    ]


@dataclass(frozen=True)
class _Before:
    jobs: dict[int, int]
    scores: dict[tuple[int, str], int]


def _preceded(session: Session, ids: list[int]) -> _Before:
    """For each move: jobs completed until then, and the last CSAT and NPS given until then."""
    jobs = session.execute(
        select(LadderMove.id, func.count(Resolution.id))
        .join(Job, Job.client_id == LadderMove.client_id)
        .join(Resolution, (Resolution.job_id == Job.id) & (Resolution.completed_at <= LadderMove.moved_at))
        .where(LadderMove.id.in_(ids))
        .group_by(LadderMove.id)
    )
    scores = session.execute(
        select(LadderMove.id, Answer.question, Answer.number)
        .join(
            SurveyResponse,
            (SurveyResponse.client_id == LadderMove.client_id) & (SurveyResponse.submitted_at <= LadderMove.moved_at),
        )
        .join(Answer, Answer.response_id == SurveyResponse.id)
        .where(LadderMove.id.in_(ids), Answer.question.in_(("csat", "nps")), Answer.number.is_not(None))
        .order_by(SurveyResponse.submitted_at)
    )
    return _Before(
        jobs=dict(jobs.all()),
        scores={(move_id, question): number for move_id, question, number in scores if number is not None},
    )


def _described(move: LadderMove, client: Client, before: _Before) -> Move:
    return Move(
        move=move,
        client=client,
        jobs=before.jobs.get(move.id, 0),
        csat=before.scores.get((move.id, "csat")),
        nps=before.scores.get((move.id, "nps")),
    )
