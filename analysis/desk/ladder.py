"""How many stand on each rung, who climbed, who fell, and the net growth in clients by quarter."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis.models import LadderMove, RelationshipState, Rung
from survey.models import Answer, Client, Job, Resolution, SurveyResponse

QUARTERS = 6
LATEST_MOVES = 60
BELOW = frozenset({Rung.NEW, Rung.CUSTOMER})
CLIENTS = frozenset({Rung.CLIENT, Rung.ADVOCATE})
FALLEN = frozenset({Rung.COOLING, Rung.LAPSED})


@dataclass(frozen=True, kw_only=True)
class Move:
    """One move and what preceded it: jobs done until then and the last scores given until then."""

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
    found = session.execute(
        select(LadderMove, Client)
        .join(Client, Client.id == LadderMove.client_id)
        .where(LadderMove.moved_at >= starts[-1], LadderMove.moved_at <= now)
        .order_by(LadderMove.moved_at.desc(), LadderMove.id.desc())
    ).all()
    recent = [(move, client) for move, client in found if move.moved_at >= starts[0]]
    latest = [(move, client) for move, client in found if move.from_rung is not None][:LATEST_MOVES]
    preceded = _preceded(session, {move.id for move, _ in (*recent, *latest)})
    described = {move.id: _described(move, client, preceded) for move, client in (*recent, *latest)}
    return LadderPage(
        standing={rung: standing.get(rung, 0) for rung in Rung},
        quarters=_quarters([move for move, _ in found], starts),
        became=[described[move.id] for move, _ in recent if is_climb(move)],
        fell=[described[move.id] for move, _ in recent if is_fall(move)],
        moves=[described[move.id] for move, _ in latest],
    )


def is_climb(move: LadderMove) -> bool:
    """A customer became a client. The first rung a client is ever given is a finding, not a climb."""
    return move.from_rung in BELOW and move.to_rung in CLIENTS


def is_won_back(move: LadderMove) -> bool:
    """A client who was drifting away is a client again."""
    return move.from_rung in FALLEN and move.to_rung in CLIENTS


def is_fall(move: LadderMove) -> bool:
    """A client started to drift away or is gone. From cooling to lapsed is the same fall going on."""
    return move.from_rung in CLIENTS and move.to_rung in FALLEN


def quarter_starts(now: datetime, count: int) -> list[datetime]:
    """The first moments (UTC) of this quarter and of the `count` − 1 before it, newest first."""
    index = now.year * 4 + (now.month - 1) // 3
    return [datetime(i // 4, i % 4 * 3 + 1, 1, tzinfo=UTC) for i in range(index, index - count, -1)]


def _quarters(moves: Sequence[LadderMove], starts: list[datetime]) -> list[Quarter]:
    quarters = []
    ends: list[datetime | None] = [None, *starts[:-1]]
    for start, end in zip(starts, ends, strict=True):
        inside = [move for move in moves if move.moved_at >= start and (end is None or move.moved_at < end)]
        quarters.append(
            Quarter(
                label=f"Q{(start.month + 2) // 3} {start.year}",
                start=start,
                became=sum(map(is_climb, inside)),
                won_back=sum(map(is_won_back, inside)),
                fell=sum(map(is_fall, inside)),
            )
        )
    return quarters


@dataclass(frozen=True)
class _Before:
    jobs: dict[int, int]
    scores: dict[tuple[int, str], int]


def _preceded(session: Session, move_ids: Iterable[int]) -> _Before:
    """For each move: jobs completed until then, and the last CSAT and NPS given until then."""
    ids = list(move_ids)
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
