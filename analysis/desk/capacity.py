"""Relationships of each owner, follow-ups kept and scores, in periods of 30 days back from now."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis.models import LIVE, Flag, FollowUp, FollowUpKind, LadderMove, RelationshipState, Rung
from analysis.relationships.capacity import PERIOD_DAYS, Capacity, Load, Period, capacity
from survey.models import Answer, Client, SurveyResponse
from survey.users import User

PERIODS = 12
FLAG_ANSWERED_IN = timedelta(days=2)  # a flag is a follow-up: somebody should say within two days that they are on it
RELATIONSHIPS = frozenset({Rung.CLIENT, Rung.ADVOCATE, Rung.COOLING})
_ORDER = {Load.BROKEN: 0, Load.WATCH: 1, Load.STEADY: 2, Load.UNKNOWN: 3}


@dataclass(frozen=True)
class OwnerCapacity:
    """One owner, measured; `owner` is None for the clients that nobody looks after."""

    owner: User | None
    found: Capacity
    periods: list[Period]  # oldest first
    customers: int  # new and customers: not yet relationships, and not counted
    late_now: int


@dataclass
class _Tally:
    relationships: list[int] = field(default_factory=lambda: [0] * PERIODS)
    due: list[int] = field(default_factory=lambda: [0] * PERIODS)
    on_time: list[int] = field(default_factory=lambda: [0] * PERIODS)
    ratings: list[list[int]] = field(default_factory=lambda: [[] for _ in range(PERIODS)])
    late_now: int = 0
    customers: int = 0

    def periods(self) -> list[Period]:
        return [
            Period(
                relationships=self.relationships[i],
                due=self.due[i],
                on_time=self.on_time[i],
                ratings=len(self.ratings[i]),
                rating_sum=float(sum(self.ratings[i])),
                rating_squares=float(sum(number * number for number in self.ratings[i])),
            )
            for i in range(PERIODS)
        ]


class _Owners:
    """Who looked after a client at a moment: the present owner, walked back through the hand-overs."""

    def __init__(self, session: Session) -> None:
        rows = session.execute(select(Client.id, Client.owner_id).where(Client.internal.is_(False)))
        self.now: dict[int, int | None] = dict(rows.all())
        self.given: defaultdict[int, list[tuple[datetime, int | None]]] = defaultdict(list)
        handed = session.execute(
            select(FollowUp.client_id, FollowUp.at, FollowUp.details)
            .where(FollowUp.kind == FollowUpKind.ASSIGNED, FollowUp.flag_id.is_(None), FollowUp.undone_at.is_(None))
            .order_by(FollowUp.at, FollowUp.id)
        )
        for client_id, at, details in handed:
            self.given[client_id].append((at, details.get("owner_before")))

    def at(self, client_id: int, moment: datetime) -> int | None:
        for at, before in self.given.get(client_id, ()):
            if at > moment:
                return before
        return self.now.get(client_id)


def capacities(session: Session, now: datetime) -> list[OwnerCapacity]:
    """Every owner of at least one client, those who need relief first; then the clients of nobody."""
    owners = _Owners(session)
    tallies: defaultdict[int | None, _Tally] = defaultdict(_Tally)
    _count_relationships(session, owners, tallies, now)
    _count_promises(session, owners, tallies, now)
    _count_flags(session, owners, tallies, now)
    _count_ratings(session, owners, tallies, now)
    people = {user.id: user for user in session.scalars(select(User).where(User.id.in_(tallies.keys() - {None})))}
    found = [
        OwnerCapacity(
            people.get(owner_id or 0),
            capacity(tally.periods(), tally.late_now),
            tally.periods(),
            tally.customers,
            tally.late_now,
        )
        for owner_id, tally in tallies.items()
        if tally.relationships[-1] or tally.customers or any(tally.due)
    ]
    return sorted(found, key=_by_need)


def _by_need(one: OwnerCapacity) -> tuple[bool, int, str]:
    return one.owner is None, _ORDER[one.found.load], one.owner.display_name.casefold() if one.owner else ""


def _period_of(moment: datetime, now: datetime) -> int | None:
    """The index of the period, oldest 0; None before the first one."""
    back = (now - moment).total_seconds() / (PERIOD_DAYS * 86_400)
    return PERIODS - 1 - int(back) if 0 <= back < PERIODS else None


def _count_relationships(
    session: Session, owners: _Owners, tallies: defaultdict[int | None, _Tally], now: datetime
) -> None:
    moves: Sequence[tuple[int, Rung, datetime]] = [
        (client_id, rung, at)
        for client_id, rung, at in session.execute(
            select(LadderMove.client_id, LadderMove.to_rung, LadderMove.moved_at).order_by(
                LadderMove.moved_at, LadderMove.id
            )
        )
    ]
    standing: dict[int, Rung] = {}
    place = 0
    for index in range(PERIODS):
        end = now - timedelta(days=PERIOD_DAYS * (PERIODS - 1 - index))
        while place < len(moves) and moves[place][2] <= end:
            standing[moves[place][0]] = moves[place][1]
            place += 1
        for client_id, rung in standing.items():
            if rung in RELATIONSHIPS and client_id in owners.now:
                tallies[owners.at(client_id, end)].relationships[index] += 1
    below = session.execute(
        select(Client.owner_id, func.count())
        .join(RelationshipState, RelationshipState.client_id == Client.id)
        .where(RelationshipState.rung.in_((Rung.NEW, Rung.CUSTOMER)), Client.internal.is_(False))
        .group_by(Client.owner_id)
    )
    for owner_id, count in below:
        tallies[owner_id].customers = count


def _count_promises(session: Session, owners: _Owners, tallies: defaultdict[int | None, _Tally], now: datetime) -> None:
    """Calls promised: on time when the client was spoken to by the moment promised."""
    rows = session.execute(
        select(FollowUp.client_id, FollowUp.user_id, FollowUp.due_at, FollowUp.done_at).where(
            FollowUp.kind == FollowUpKind.PROMISED_CALL,
            FollowUp.undone_at.is_(None),
            FollowUp.due_at <= now,
            FollowUp.due_at > now - timedelta(days=PERIOD_DAYS * PERIODS),
        )
    )
    for client_id, user_id, due_at, done_at in rows:
        if due_at is None:
            continue
        tally = tallies[user_id if user_id is not None else owners.at(client_id, due_at)]
        _count_due(tally, due_at, done_at, now)


def _count_flags(session: Session, owners: _Owners, tallies: defaultdict[int | None, _Tally], now: datetime) -> None:
    """Flags: on time when somebody took them on within two days. What cleared by itself before counts as nothing."""
    rows = session.execute(
        select(Flag.client_id, Flag.owner_id, Flag.raised_at, Flag.acknowledged_at, Flag.closed_at, Flag.status).where(
            Flag.raised_at <= now - FLAG_ANSWERED_IN,
            Flag.raised_at > now - FLAG_ANSWERED_IN - timedelta(days=PERIOD_DAYS * PERIODS),
        )
    )
    for client_id, owner_id, raised_at, taken_at, closed_at, status in rows:
        due_at = raised_at + FLAG_ANSWERED_IN
        if status not in LIVE and taken_at is None and closed_at is not None and closed_at <= due_at:
            continue
        tally = tallies[owner_id if owner_id is not None else owners.at(client_id, due_at)]
        _count_due(tally, due_at, taken_at or closed_at, now)


def _count_due(tally: _Tally, due_at: datetime, done_at: datetime | None, now: datetime) -> None:
    index = _period_of(due_at, now)
    if index is not None:
        tally.due[index] += 1
        tally.on_time[index] += done_at is not None and done_at <= due_at
    tally.late_now += done_at is None


def _count_ratings(session: Session, owners: _Owners, tallies: defaultdict[int | None, _Tally], now: datetime) -> None:
    rows = session.execute(
        select(SurveyResponse.client_id, SurveyResponse.submitted_at, Answer.number)
        .join(Answer, Answer.response_id == SurveyResponse.id)
        .where(
            Answer.question == "csat",
            Answer.number.is_not(None),
            SurveyResponse.submitted_at <= now,
            SurveyResponse.submitted_at > now - timedelta(days=PERIOD_DAYS * PERIODS),
        )
    )
    for client_id, at, number in rows:
        index = _period_of(at, now)
        if number is not None and index is not None and client_id in owners.now:
            tallies[owners.at(client_id, at)].ratings[index].append(number)
