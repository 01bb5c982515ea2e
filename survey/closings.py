"""The closings of a job: done, opened again, done again. Each closing is a resolution and asks once."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from survey import invitations
from survey.clock import as_utc
from survey.errors import ConflictError, InvalidInputError
from survey.models import Exclusion, Job, Resolution, ResolutionStaff

Staff = Sequence[tuple[str, float]]


def reopen_job(session: Session, job: Job, now: datetime, user_id: int | None = None) -> None:
    """The job is open again; its unanswered survey is withdrawn. `user_id`: the manager who said so, if any.

    Raises:
        ConflictError: the job is open already.
    """
    if job.is_open:
        raise ConflictError("The job is open already.")
    job.is_open, job.updated_at = True, now
    last = job.resolutions[-1]
    last.reopened_at = now
    invitations.withdraw(session, last, now)
    if last.invitation is not None and user_id is not None:
        last.invitation.changed_by_id = user_id
    job.client.add_evidence()
    session.flush()


def stay_closed(session: Session, job: Job, now: datetime) -> None:
    """The job was opened again by mistake: its last closing holds. What became of the survey is the caller's.

    Raises:
        ConflictError: the job is closed already.
    """
    if not job.is_open or not job.resolutions:
        raise ConflictError("The job is closed already.")
    job.is_open, job.updated_at = False, now
    job.resolutions[-1].reopened_at = None
    job.client.add_evidence()
    session.flush()


def close_job(
    session: Session, job: Job, completed_at: datetime, now: datetime, staff: Staff | None = None
) -> Resolution:
    """The job is done: a new resolution, which asks once. `staff`: names and shares; None keeps the last closing's.

    Raises:
        ConflictError: the job is closed already, or the time lies before its last closing.
        InvalidInputError: a share is not positive.
    """
    if not job.is_open and job.resolutions:
        raise ConflictError("The job is closed already. Open it again first.")
    if job.resolutions and completed_at <= job.resolutions[-1].completed_at:
        raise ConflictError("The job was last closed later than that.")
    if staff is None:
        staff = [(person.name, person.share) for person in job.resolutions[-1].staff] if job.resolutions else []
    resolution = add_closing(job, completed_at, now, staff)
    job.updated_at = now
    job.client.add_evidence()
    session.flush()
    return resolution


def add_closing(job: Job, completed_at: datetime, now: datetime, staff: Staff) -> Resolution:
    """The next resolution of a job, with its staff as they are at this moment."""
    shares = normal_shares(staff)
    job.is_open = False
    resolution = Resolution(
        sequence=len(job.resolutions) + 1,
        completed_at=as_utc(completed_at),
        recorded_at=now,
        staff=[ResolutionStaff(name=name, share=share) for name, share in shares.items()],
    )
    job.resolutions.append(resolution)
    return resolution


def correct_closing(session: Session, job: Job, completed_at: datetime, now: datetime) -> bool:
    """Correct the time of the last closing; a time before the closing before it is stale and ignored."""
    last = job.resolutions[-1]
    if len(job.resolutions) > 1 and completed_at <= job.resolutions[-2].completed_at:
        return False
    last.completed_at = as_utc(completed_at)
    invitations.reconsider(session, last, now)
    return True


def exclude_job(session: Session, job: Job, exclusion: Exclusion | None, now: datetime) -> None:
    """Mark a job as one never to survey, or take the mark back (None). A survey not yet sent is decided again."""
    if job.exclusion is exclusion:
        return
    job.exclusion, job.updated_at = exclusion, now
    job.client.add_evidence()
    if job.resolutions:
        invitations.reconsider(session, job.resolutions[-1], now)
    session.flush()


def normal_shares(staff: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Shares that add up to 1, one for each name; shares of a repeated name are added up.

    Raises:
        InvalidInputError: a share is not positive.
    """
    shares: dict[str, float] = {}
    for name, share in staff:
        if not share > 0:
            raise InvalidInputError(f"The share of {name} is {share:g}; a share is more than 0.", "staff")
        shares[name.strip()] = shares.get(name.strip(), 0.0) + share
    total = sum(shares.values())
    return {name: share / total for name, share in shares.items()}
