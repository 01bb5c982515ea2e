"""The flagged list: who needs a call, in which order, and the sentence at its head."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from analysis.desk.reasons import Reason, reasons_of
from analysis.models import LIVE, Flag, FlagStatus, FollowUp, FollowUpKind, Outcome, RelationshipState, Severity
from analysis.relationships.budget import Place, Plan
from survey.models import Client
from survey.paging import PAGE_SIZE, Page
from survey.users import User

STATUSES = {"live": LIVE, "resolved": (FlagStatus.RESOLVED,), "cleared": (FlagStatus.CLEARED,)}


@dataclass(frozen=True, kw_only=True)
class AttentionFilter:
    """Which flags to show. `owner`: all, mine or unassigned; `status`: a key of STATUSES."""

    owner: str = "all"
    severity: Severity | None = None
    status: str = "live"
    search: str = ""


@dataclass(frozen=True, kw_only=True)
class AttentionRow:
    """One flag as the list shows it. `promise` is the promised call that has not been made yet."""

    flag: Flag
    value_year: Decimal
    promise: FollowUp | None
    outcome: Outcome | None
    place: Place | None = None  # of a live flag on the week's list

    @property
    def at_stake(self) -> float:
        """The value a year that would be lost, times the chance of it."""
        return self.flag.risk * float(self.value_year)

    @property
    def top(self) -> Reason | None:
        """The strongest reason; the list shows it in one line with the client's words."""
        return next(iter(reasons_of(self.flag.reasons)), None)

    @property
    def quote(self) -> str:
        """The client's words: of the strongest reason, or of the next one that quotes any."""
        return next((reason.quote for reason in reasons_of(self.flag.reasons) if reason.quote), "")

    @property
    def more(self) -> int:
        """How many reasons there are besides the strongest."""
        return max(0, len(self.flag.reasons) - 1)


@dataclass(frozen=True, kw_only=True)
class AttentionSummary:
    """The counts over all live flags, and what was checked to find them."""

    live: int
    severe: int
    mine: int
    unassigned: int
    promised: int
    overdue: int
    checked: int
    checked_at: datetime | None


def attention(
    session: Session, wanted: AttentionFilter, user_id: int | None, plan: Plan, number: int = 1
) -> Page[AttentionRow]:
    """One page of flags: live ones in the order of the week's plan, closed ones latest first."""
    statement = _filtered(wanted, user_id)
    first = (number - 1) * PAGE_SIZE
    if wanted.status == "live":
        fitting = set(session.scalars(statement.with_only_columns(Flag.id)))
        places = {call.flag_id: place for place, call in plan.calls if call.flag_id in fitting}
        total, shown = len(places), list(places)[first : first + PAGE_SIZE]
        found = sorted(
            session.execute(statement.where(Flag.id.in_(shown))).all(), key=lambda row: shown.index(row[0].id)
        )
    else:
        places = {}
        total = session.scalar(statement.with_only_columns(func.count(Flag.id)).order_by(None)) or 0
        ordered = statement.order_by(Flag.closed_at.desc(), Flag.id.desc())
        found = list(session.execute(ordered.limit(PAGE_SIZE).offset(first)).all())
    promises = open_promises(session, (flag.id for flag, *_ in found))
    rows = [
        AttentionRow(
            flag=flag,
            value_year=value or Decimal(0),
            promise=promises.get(flag.id),
            outcome=outcome,
            place=places.get(flag.id),
        )
        for flag, value, outcome in found
    ]
    return Page(rows, number, total)


def _filtered(wanted: AttentionFilter, user_id: int | None) -> Select[Flag, Decimal, Outcome]:
    statement = (
        select(Flag, RelationshipState.value_year, Outcome)
        .join(Flag.client)
        .outerjoin(RelationshipState, RelationshipState.client_id == Flag.client_id)
        .outerjoin(Outcome, Outcome.flag_id == Flag.id)
        .where(Flag.status.in_(STATUSES[wanted.status]))
        .options(contains_eager(Flag.client), joinedload(Flag.owner).lazyload(User.roles))
    )
    if wanted.owner == "mine":
        statement = statement.where(Flag.owner_id == user_id)
    elif wanted.owner == "unassigned":
        statement = statement.where(Flag.owner_id.is_(None))
    if wanted.severity:
        statement = statement.where(Flag.severity == wanted.severity)
    if wanted.search:
        statement = statement.where(Client.name.icontains(wanted.search, autoescape=True))
    return statement


def open_promises(session: Session, flag_ids: Iterable[int]) -> dict[int, FollowUp]:
    """For each flag the promised call that is due next and not yet made or undone."""
    pending = select(FollowUp).where(
        FollowUp.flag_id.in_(list(flag_ids)),
        FollowUp.kind == FollowUpKind.PROMISED_CALL,
        FollowUp.done_at.is_(None),
        FollowUp.undone_at.is_(None),
    )
    latest_first = session.scalars(pending.order_by(FollowUp.due_at.desc())).all()
    return {promise.flag_id: promise for promise in latest_first if promise.flag_id is not None}


def live_count(session: Session) -> int:
    """How many clients need a call."""
    return session.scalar(select(func.count(Flag.id)).where(Flag.status.in_(LIVE))) or 0


def summary(session: Session, user_id: int | None, now: datetime) -> AttentionSummary:
    """The sentence over the list: how many need a call, how many of them severe, and which promises are late."""
    live = Flag.status.in_(LIVE)
    counted = session.execute(
        select(
            func.count(Flag.id),
            func.count(case((Flag.severity == Severity.SEVERE, 1))),
            func.count(case((Flag.owner_id == user_id, 1))),
            func.count(case((Flag.owner_id.is_(None), 1))),
        ).where(live)
    ).one()
    promised = session.execute(
        select(func.count(FollowUp.id), func.count(case((FollowUp.due_at < now, 1))))
        .join(Flag, Flag.id == FollowUp.flag_id)
        .where(
            live,
            FollowUp.kind == FollowUpKind.PROMISED_CALL,
            FollowUp.done_at.is_(None),
            FollowUp.undone_at.is_(None),
        )
    ).one()
    checked = session.execute(select(func.count(RelationshipState.client_id), func.max(RelationshipState.scored_at)))
    count, latest = checked.one()
    return AttentionSummary(
        live=counted[0],
        severe=counted[1],
        mine=counted[2],
        unassigned=counted[3],
        promised=promised[0],
        overdue=promised[1],
        checked=count,
        checked_at=latest,
    )
