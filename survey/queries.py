"""What the pages, the API and the commands of this package read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from survey.errors import NotFoundError
from survey.models import Contact, Invitation, InvitationState, Job, Resolution, SurveyResponse

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows by ascending id, and the id after which the next page starts (None: this is the last)."""

    items: Sequence[T]
    next_after: int | None


def find_job(session: Session, source: str, external_id: str) -> Job:
    """A job by its source's names, with client, contact, closings, staff and invitations loaded.

    Raises:
        NotFoundError: there is no such job.
    """
    job = session.scalar(
        select(Job)
        .where(Job.source == source, Job.external_id == external_id)
        .options(
            joinedload(Job.client),
            joinedload(Job.contact),
            selectinload(Job.resolutions).selectinload(Resolution.staff),
            selectinload(Job.resolutions).selectinload(Resolution.invitation),
        )
    )
    if job is None:
        raise NotFoundError(f"There is no job {external_id} from {source}.")
    return job


def list_invitations(
    session: Session, *, state: InvitationState | None = None, after: int = 0, limit: int | None = None
) -> Page[Invitation]:
    """Invitations with their job, client and contact loaded, oldest decision first."""
    statement = (
        select(Invitation)
        .where(Invitation.id > after)
        .options(
            joinedload(Invitation.resolution).joinedload(Resolution.job),
            joinedload(Invitation.client),
            joinedload(Invitation.contact),
        )
        .order_by(Invitation.id)
    )
    if state is not None:
        statement = statement.where(Invitation.state == state)
    return _page(session, statement, limit)


def list_responses(session: Session, *, after: int = 0, limit: int | None = None) -> Page[SurveyResponse]:
    """Responses with answers, touchpoints, job, client and contact loaded, first recorded first."""
    statement = (
        select(SurveyResponse)
        .where(SurveyResponse.id > after)
        .options(
            joinedload(SurveyResponse.resolution).joinedload(Resolution.job).joinedload(Job.client),
            joinedload(SurveyResponse.contact).joinedload(Contact.client),
            selectinload(SurveyResponse.answers),
            selectinload(SurveyResponse.touchpoints),
        )
        .order_by(SurveyResponse.id)
    )
    return _page(session, statement, limit)


def _page(session: Session, statement: Select[T], limit: int | None) -> Page[T]:
    if limit is None:
        return Page(session.scalars(statement).all(), None)
    rows = session.scalars(statement.limit(limit + 1)).all()
    items = rows[:limit]
    return Page(items, items[-1].id if len(rows) > limit else None)  # type: ignore[attr-defined]


def count_invitations(session: Session) -> dict[InvitationState, int]:
    """How many invitations stand where; states without any are left out."""
    rows = session.execute(select(Invitation.state, func.count()).group_by(Invitation.state))
    return {state: number for state, number in rows}  # noqa: C416 - rows are not tuples to mypy
