"""What the desk's pages about jobs and surveys read, one page at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload, selectinload

from survey.errors import NotFoundError
from survey.models import (
    Answer,
    Client,
    Contact,
    Exclusion,
    Invitation,
    InvitationState,
    Job,
    Resolution,
    SurveyResponse,
)
from survey.paging import PAGE_SIZE, Page
from survey.users import User

LONGEST_SEARCH_WORDS = 5
SUGGESTIONS = 20
NO_SURVEY = "none"  # in the filter by survey: nothing decided yet
OPEN = "open"  # in the filter by survey: the job is open

_CLOSED_AT = Resolution.completed_at
JOB_SORTS: Mapping[str, InstrumentedAttribute[Any]] = {
    "completed": _CLOSED_AT,
    "client": Client.name,
    "value": Job.value,
    "kind": Job.kind,
}


@dataclass(frozen=True, kw_only=True)
class JobSearch:
    """What the list of jobs is asked for; every empty field means "all"."""

    words: str = ""
    survey: str = ""  # a value of InvitationState, "none" or "open"
    kind: str = ""
    spellings: Sequence[str] = ()  # how jobs write the kind
    exclusion: str = ""  # a value of Exclusion, or "any"
    sort: str = "-completed"
    number: int = 1

    @property
    def narrowed(self) -> bool:
        return bool(self.words or self.survey or self.kind or self.exclusion)


@dataclass(frozen=True)
class JobRow:
    """One line of the list: the job, its latest closing and that closing's survey."""

    job: Job
    resolution: Resolution | None
    invitation: Invitation | None


def search_jobs(session: Session, search: JobSearch) -> Page[JobRow]:
    """Jobs with client and contact loaded, newest closing first unless sorted otherwise.

    The page's ids come first: sorting thousands of whole rows costs several times what sorting their ids does.
    """
    # A later closing has a higher sequence, so the latest one has the highest.
    latest = select(func.max(Resolution.sequence)).where(Resolution.job_id == Job.id).correlate(Job).scalar_subquery()
    is_latest = and_(Resolution.job_id == Job.id, Resolution.sequence == latest)
    conditions = _job_conditions(search)
    found = select(Job.id).join(Job.client).where(*conditions)
    if search.survey in set(InvitationState):
        found = found.join(Resolution, is_latest).join(Invitation, Invitation.resolution_id == Resolution.id)
    elif search.survey:
        found = found.outerjoin(Resolution, is_latest).outerjoin(Invitation, Invitation.resolution_id == Resolution.id)
    total = session.scalar(select(func.count()).select_from(found.subquery() if conditions else Job)) or 0
    key = search.sort.removeprefix("-")
    column = JOB_SORTS.get(key, _CLOSED_AT)
    falling = search.sort.startswith("-") or key not in JOB_SORTS
    if column is _CLOSED_AT and not search.survey:
        found = found.outerjoin(Resolution, is_latest)
    found = (
        found.order_by((column.desc() if falling else column.asc()).nulls_last(), Job.id.desc())
        .limit(PAGE_SIZE)
        .offset((search.number - 1) * PAGE_SIZE)
    )
    ids = list(session.scalars(found))
    rows = session.execute(
        select(Job, Resolution, Invitation)
        .outerjoin(Resolution, is_latest)
        .outerjoin(Invitation, Invitation.resolution_id == Resolution.id)
        .where(Job.id.in_(ids))
        .options(joinedload(Job.client), joinedload(Job.contact))
    )
    by_id = {job.id: JobRow(job, resolution, invitation) for job, resolution, invitation in rows}
    return Page([by_id[job_id] for job_id in ids], search.number, total)


def _job_conditions(search: JobSearch) -> list[ColumnElement[bool]]:
    conditions = [
        or_(*(column.icontains(word, autoescape=True) for column in (Client.name, Job.external_id, Job.summary)))
        for word in search.words.split()[:LONGEST_SEARCH_WORDS]
    ]
    if search.survey == OPEN:
        conditions.append(Job.is_open.is_(True))
    elif search.survey == NO_SURVEY:
        conditions += [Job.is_open.is_(False), Invitation.id.is_(None)]
    elif search.survey in set(InvitationState):
        conditions += [Invitation.state == InvitationState(search.survey), Job.is_open.is_(False)]
    if search.kind:
        conditions.append(Job.kind.in_(search.spellings))
    if search.exclusion in set(Exclusion):
        conditions.append(Job.exclusion == Exclusion(search.exclusion))
    elif search.exclusion:
        conditions.append(Job.exclusion.is_not(None))
    return conditions


def get_job(session: Session, job_id: int) -> Job:
    """A job with client, contact, closings, staff and invitations loaded.

    Raises:
        NotFoundError: there is none.
    """
    job = session.scalar(
        select(Job)
        .where(Job.id == job_id)
        .options(
            joinedload(Job.client).selectinload(Client.contacts),
            joinedload(Job.contact),
            selectinload(Job.resolutions).selectinload(Resolution.staff),
            selectinload(Job.resolutions).selectinload(Resolution.invitation),
        )
    )
    if job is None:
        raise NotFoundError("There is no such job.")
    return job


def responses_to(session: Session, job: Job) -> dict[int, SurveyResponse]:
    """Resolution id → what its contact answered, with answers and steps of the promise loaded."""
    found = session.scalars(
        select(SurveyResponse)
        .where(SurveyResponse.resolution_id.in_([resolution.id for resolution in job.resolutions]))
        .options(selectinload(SurveyResponse.answers), selectinload(SurveyResponse.touchpoints))
        .order_by(SurveyResponse.submitted_at)
    )
    return {response.resolution_id: response for response in found}


@dataclass(frozen=True)
class SurveyRow:
    """One line of the list of surveys; `rating` is the CSAT, 1…5, where there is one."""

    invitation: Invitation
    job: Job
    rating: int | None


_NEWEST_FIRST = Invitation.decided_at.desc()
_ORDER: Mapping[InvitationState, ColumnElement[Any]] = {
    InvitationState.SCHEDULED: Invitation.due_at.asc(),
    InvitationState.HELD: Invitation.expires_at.asc(),
    InvitationState.SENT: Invitation.sent_at.desc(),
    InvitationState.ANSWERED: Invitation.answered_at.desc(),
}


def search_surveys(session: Session, state: InvitationState | None, words: str, number: int) -> Page[SurveyRow]:
    """Invitations in `state` (None: all) with job, client and contact loaded, in the order that helps to act."""
    wanted = select(Invitation.id).where(*([Invitation.state == state] if state else []))
    if words:
        wanted = (
            wanted.join(Invitation.resolution)
            .join(Resolution.job)
            .join(Client, Client.id == Invitation.client_id)
            .join(Contact, Contact.id == Invitation.contact_id)
            .where(*_survey_conditions(words))
        )
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    order = _ORDER.get(state, _NEWEST_FIRST) if state else _NEWEST_FIRST
    wanted = wanted.order_by(order.nulls_last(), Invitation.id.desc())
    ids = list(session.scalars(wanted.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)))
    found = session.scalars(
        select(Invitation)
        .where(Invitation.id.in_(ids))
        .options(
            joinedload(Invitation.client),
            joinedload(Invitation.contact),
            joinedload(Invitation.resolution).joinedload(Resolution.job),
        )
    )
    by_id, ratings = {invitation.id: invitation for invitation in found}, _ratings(session, ids)
    rows = [SurveyRow(by_id[key], by_id[key].resolution.job, ratings.get(key)) for key in ids]
    return Page(rows, number, total)


def _survey_conditions(words: str) -> list[ColumnElement[bool]]:
    columns = (Client.name, Contact.name, Contact.email, Job.external_id, Job.summary, Invitation.reason)
    return [
        or_(*(column.icontains(word, autoescape=True) for column in columns))
        for word in words.split()[:LONGEST_SEARCH_WORDS]
    ]


def _ratings(session: Session, invitation_ids: Sequence[int]) -> dict[int, int]:
    rows = session.execute(
        select(SurveyResponse.invitation_id, Answer.number)
        .join(Answer, Answer.response_id == SurveyResponse.id)
        .where(SurveyResponse.invitation_id.in_(invitation_ids), Answer.question == "csat")
    )
    return {row[0]: row[1] for row in rows if row[0] is not None and row[1] is not None}


def get_invitation(session: Session, invitation_id: int) -> Invitation:
    """An invitation by its id, locked for this transaction where the database locks rows.

    Raises:
        NotFoundError: there is none.
    """
    invitation = session.get(Invitation, invitation_id, with_for_update=True)
    if invitation is None:
        raise NotFoundError("There is no such survey.")
    return invitation


def get_contact(session: Session, contact_id: int) -> Contact:
    """A contact with its client loaded.

    Raises:
        NotFoundError: there is none.
    """
    contact = session.get(Contact, contact_id, options=[joinedload(Contact.client)])
    if contact is None:
        raise NotFoundError("There is no such contact.")
    return contact


def suggest_clients(session: Session, words: str) -> list[Client]:
    """A few clients whose name or reference contains `words`, by name."""
    found = or_(Client.name.icontains(words, autoescape=True), Client.ref.icontains(words, autoescape=True))
    return list(session.scalars(select(Client).where(found).order_by(Client.name).limit(SUGGESTIONS)))


def suggest_contacts(session: Session, client_name: str) -> list[Contact]:
    """The contacts of the client of that name, those who are still there, newest first."""
    statement = (
        select(Contact)
        .join(Contact.client)
        .where(func.lower(Client.name) == client_name.strip().lower(), Contact.left_at.is_(None))
        .order_by(Contact.id.desc())
        .limit(SUGGESTIONS)
    )
    return list(session.scalars(statement))


def names_of(session: Session, user_ids: set[int | None]) -> dict[int, str]:
    """User id → display name, for the people who held, sent or cancelled something."""
    return {user.id: user.display_name for user in session.scalars(select(User).where(User.id.in_(user_ids - {None})))}
