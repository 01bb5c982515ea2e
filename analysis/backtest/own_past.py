"""What is in this installation, as a past that a backtest replays."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis.backtest.history import History
from analysis.learning import firm_past
from analysis.learning.firm_past import MOST_CLIENTS
from survey.errors import InvalidInputError
from survey.models import Client, Job, Resolution, SurveyResponse

LEAST_JOBS, LEAST_DAYS = 20, 180


@dataclass(frozen=True)
class Material:
    """A history and who of it was lost, by client reference: the moment of their last job."""

    history: History
    lost: dict[str, datetime]


def own_counts(session: Session, now: datetime) -> dict[str, int]:
    """How much there is to replay: jobs, responses, clients, and days from the first job to the last."""
    jobs, clients, first, last = session.execute(
        select(
            func.count(Job.id.distinct()),
            func.count(Job.client_id.distinct()),
            func.min(Resolution.completed_at),
            func.max(Resolution.completed_at),
        )
        .join(Resolution, Resolution.job_id == Job.id)
        .join(Client, Client.id == Job.client_id)
        .where(Client.internal.is_(False), Resolution.completed_at <= now)
    ).one()
    answers = session.scalar(select(func.count()).select_from(SurveyResponse).where(SurveyResponse.submitted_at <= now))
    return {"jobs": jobs, "responses": answers or 0, "clients": clients, "days": (last - first).days if first else 0}


def why_not_own(counts: dict[str, int]) -> str:
    """Why this installation's own past cannot be replayed yet, or ""."""
    if counts["jobs"] >= LEAST_JOBS and counts["days"] >= LEAST_DAYS:
        return ""
    return (
        f"There are {counts['jobs']:,} finished jobs over {counts['days']:,} days here. A replay needs at least "
        f"{LEAST_JOBS} jobs over {LEAST_DAYS} days: 90 to learn from and 90 to see what became of it."
    )


def own_material(session: Session, now: datetime, advance: Callable[[int], None] = lambda _done: None) -> Material:
    """The firm's own past: each client by the reference and name that people know.

    Raises:
        InvalidInputError: no job was finished.
    """
    lived = firm_past.gather(session, now, advance)
    if lived is None:
        raise InvalidInputError("No job has been finished here; there is nothing to replay.")
    known = {str(row.id): row for row in session.execute(select(Client.id, Client.ref, Client.name))}
    clients = tuple(
        replace(past, ref=known[past.ref].ref, name=known[past.ref].name)
        for past in lived.history.clients
        if past.ref in known
    )
    lost = {known[ref].ref: at for ref, at in lived.lost.items() if ref in known}
    return Material(History(clients, 0), lost)


__all__ = ["MOST_CLIENTS", "Material", "own_counts", "own_material", "why_not_own"]
