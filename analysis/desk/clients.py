"""The list of clients, and one client's page."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from analysis.models import LIVE, Flag, LadderMove, RelationshipState, Rung
from analysis.relationships.health import START
from survey.errors import NotFoundError
from survey.models import Answer, Client, Contact, Firm, Job, Resolution, SurveyResponse, Touchpoint
from survey.paging import PAGE_SIZE, Page
from survey.users import User

DECISION_MAKER = "decision-maker"


@dataclass(frozen=True, kw_only=True)
class ClientFilter:
    """Which clients to show. `owner`: all, mine or unassigned; `sort`: a key of SORTS, with "-" before it falling."""

    search: str = ""
    rung: Rung | None = None
    owner: str = "all"
    flagged: bool = False
    overlooked: bool = False  # looks bad, and is not flagged
    sort: str = "-risk"


@dataclass(frozen=True, kw_only=True)
class ClientRow:
    """One client as the list shows it. `state` is None until the relationship was scored for the first time."""

    client: Client
    state: RelationshipState | None
    flag: Flag | None


# By the value of ?sort=; "-" sorts falling. Clients without the value come last either way.
SORTS: dict[str, ColumnElement[Any]] = {
    "name": func.lower(Client.name),
    "health": RelationshipState.health.expression,
    "risk": RelationshipState.risk.expression,
    "value": RelationshipState.value_year.expression,
    "job": RelationshipState.last_job_at.expression,
    "answer": RelationshipState.last_answer_at.expression,
}
USUAL_SORT = "-risk"


def clients(session: Session, wanted: ClientFilter, user_id: int | None, number: int = 1) -> Page[ClientRow]:
    """One page of clients, the ones most at risk first unless asked otherwise."""
    statement = _filtered(wanted, user_id)
    total = session.scalar(statement.with_only_columns(func.count(Client.id)).order_by(None)) or 0
    column, falling = SORTS[wanted.sort.removeprefix("-")], wanted.sort.startswith("-")
    ordered = statement.order_by(
        column.is_(None), column.desc() if falling else column, func.lower(Client.name), Client.id
    )
    found = session.execute(ordered.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE))
    return Page([ClientRow(client=client, state=state, flag=flag) for client, state, flag in found], number, total)


def _filtered(wanted: ClientFilter, user_id: int | None) -> Select[Client, RelationshipState, Flag]:
    statement = (
        select(Client, RelationshipState, Flag)
        .outerjoin(RelationshipState, RelationshipState.client_id == Client.id)
        .outerjoin(Flag, (Flag.client_id == Client.id) & Flag.status.in_(LIVE))
        .outerjoin(Client.owner)
        .options(contains_eager(Client.owner).lazyload(User.roles))
    )
    if wanted.search:
        matches = Client.name.icontains(wanted.search, autoescape=True)
        statement = statement.where(matches | Client.ref.icontains(wanted.search, autoescape=True))
    if wanted.rung:
        statement = statement.where(RelationshipState.rung == wanted.rung)
    if wanted.owner == "mine":
        statement = statement.where(Client.owner_id == user_id)
    elif wanted.owner == "unassigned":
        statement = statement.where(Client.owner_id.is_(None))
    if wanted.flagged:
        statement = statement.where(Flag.id.is_not(None))
    if wanted.overlooked:
        looks_bad = RelationshipState.looks_bad != ""
        statement = statement.where(Flag.id.is_(None), looks_bad, Client.internal.is_(False))
    return statement


@dataclass(frozen=True, kw_only=True)
class PromiseStep:
    """One step of the service promise at one client: missed `missed` of the `told` times that they told us."""

    text: str
    told: int
    missed: int


@dataclass(frozen=True, kw_only=True)
class CallWho:
    """A contact, and why to call this one. `wants_contact`: said so in a survey, or None when never asked."""

    contact: Contact
    wants_contact: bool | None
    first: bool


@dataclass(frozen=True, kw_only=True)
class ClientPage:
    """All that the page of one client says beyond the timeline."""

    client: Client
    state: RelationshipState | None
    flag: Flag | None
    referred_by: Client | None
    moves: Sequence[LadderMove]
    contacts: list[CallWho]
    promise: list[PromiseStep]
    jobs: int
    answers: int
    value_total: Decimal

    @property
    def health_start(self) -> int:
        """Where every health begins, before the contributions."""
        return round(START)

    @property
    def largest_contribution(self) -> float:
        """The size of the largest contribution to health, for drawing the others beside it; at least 1."""
        parts = self.state.contributions if self.state else []
        return max([1.0, *(abs(float(part["amount"])) for part in parts)])


def client_page(session: Session, client_id: int) -> ClientPage:
    """What there is to know about one client.

    Raises:
        NotFoundError: there is no such client.
    """
    client = session.get(Client, client_id, options=[joinedload(Client.owner)])
    if client is None:
        raise NotFoundError(f"There is no client {client_id}.")
    jobs, value = session.execute(
        select(func.count(Job.id), func.coalesce(func.sum(Job.value), 0)).where(Job.client_id == client_id)
    ).one()
    answers = session.scalar(select(func.count(SurveyResponse.id)).where(SurveyResponse.client_id == client_id))
    return ClientPage(
        client=client,
        state=session.get(RelationshipState, client_id),
        flag=session.scalar(select(Flag).where(Flag.client_id == client_id, Flag.status.in_(LIVE))),
        referred_by=session.get(Client, client.referred_by_id) if client.referred_by_id else None,
        moves=session.scalars(
            select(LadderMove).where(LadderMove.client_id == client_id).order_by(LadderMove.moved_at.desc())
        ).all(),
        contacts=who_to_call(session, client_id),
        promise=promise_ledger(session, client_id),
        jobs=jobs,
        answers=answers or 0,
        value_total=value or Decimal(0),
    )


def who_to_call(session: Session, client_id: int) -> list[CallWho]:
    """The client's contacts, the one to call first: decision-makers, then who asked to be contacted, then the latest.

    Somebody who left, or who said "please do not contact me", is never the one to call first.
    """
    latest_job = (
        select(Job.contact_id, func.max(Resolution.completed_at).label("at"))
        .join(Resolution, Resolution.job_id == Job.id)
        .where(Job.client_id == client_id)
        .group_by(Job.contact_id)
        .subquery()
    )
    found = session.execute(
        select(Contact, latest_job.c.at)
        .outerjoin(latest_job, latest_job.c.contact_id == Contact.id)
        .where(Contact.client_id == client_id)
        .order_by(latest_job.c.at.is_(None), latest_job.c.at.desc(), Contact.id)
    ).all()
    wishes = _contact_wishes(session, client_id)
    ranked = sorted((contact for contact, _ in found), key=lambda contact: _rank(contact, wishes.get(contact.id)))
    return [
        CallWho(
            contact=contact,
            wants_contact=wishes.get(contact.id),
            first=position == 0 and contact.left_at is None and wishes.get(contact.id) is not False,
        )
        for position, contact in enumerate(ranked)
    ]


def _rank(contact: Contact, wish: bool | None) -> tuple[bool, bool, bool, bool]:
    return (contact.left_at is not None, wish is False, contact.role != DECISION_MAKER, wish is not True)


def _contact_wishes(session: Session, client_id: int) -> dict[int, bool]:
    """The latest answer of each contact to "may we contact you about this?"."""
    found = session.execute(
        select(SurveyResponse.contact_id, Answer.number)
        .join(Answer, Answer.response_id == SurveyResponse.id)
        .where(SurveyResponse.client_id == client_id, Answer.question == "contact_me", Answer.number.is_not(None))
        .order_by(Answer.answered_at)
    )
    return {contact_id: bool(number) for contact_id, number in found}


def promise_ledger(session: Session, client_id: int) -> list[PromiseStep]:
    """The service promise at this client, in the promise's own order; steps nobody told us about say 0 of 0."""
    firm = session.get(Firm, 1)
    counted = session.execute(
        select(
            Touchpoint.step,
            func.count(case((Touchpoint.value != 0, 1))),
            func.count(case((Touchpoint.value < 0, 1))),
        )
        .join(SurveyResponse, SurveyResponse.id == Touchpoint.response_id)
        .where(SurveyResponse.client_id == client_id)
        .group_by(Touchpoint.step)
    )
    told = {step: (count, missed) for step, count, missed in counted}
    steps = [(str(step["key"]), str(step["text"])) for step in (firm.promise if firm else [])]
    return [
        PromiseStep(text=text, told=told.get(key, (0, 0))[0], missed=told.get(key, (0, 0))[1]) for key, text in steps
    ]
