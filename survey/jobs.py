"""Step 1: a job is closed. Records what a source system says about its jobs, once, and what changed about them since.

What a source tells us, and what it means:

- no `completed_at`: the job is open; if we knew it as closed, it was opened again, and its survey is withdrawn unless
  it was answered
- the `completed_at` of a closing that we know: nothing new, not even when the job is open again by now (an old export
  read once more)
- another `completed_at` on a job that is open: a new closing, so a new resolution; one before the last closing is stale
- another `completed_at` on a job that is closed: when it lies after the moment at which we recorded the last closing,
  it cannot be that closing, so the job was opened and closed again in between; otherwise it corrects the time
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey import invitations
from survey.clock import as_utc
from survey.errors import ConflictError, InvalidInputError
from survey.models import Client, Contact, Exclusion, Firm, Job, Resolution, ResolutionStaff
from survey.register import Register

Staff = Sequence[tuple[str, float]]
DECISIVE = frozenset({"kind", "exclusion", "contact"})  # a change of these may change whether we ask


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """One job as its source describes it. Empty fields say nothing: they never erase what is known."""

    source: str
    external_id: str
    client: str
    contact_email: str
    completed_at: datetime | None  # None: still open
    client_ref: str = ""
    contact_name: str = ""
    contact_role: str = ""
    contact_language: str = ""
    contact_timezone: str = ""
    kind: str = ""
    summary: str = ""
    staff: tuple[tuple[str, float], ...] = ()
    opened_at: datetime | None = None
    promised_at: datetime | None = None
    value: Decimal | None = None
    currency: str = ""
    exclusion: Exclusion | None = None


@dataclass(frozen=True)
class RecordedJob:
    """What became of a record: the job, its latest closing, and whether anything was new."""

    job: Job
    resolution: Resolution | None
    created: bool
    changed: bool


def record_job(session: Session, record: JobRecord, now: datetime) -> RecordedJob:
    """Record one job; idempotent by (source, external_id). See the module for what a repeated record means.

    Raises:
        InvalidInputError: a required field is empty.
    """
    return record_jobs(session, [record], now)[0]


def record_jobs(session: Session, records: Sequence[JobRecord], now: datetime) -> list[RecordedJob]:
    """Record many jobs with a handful of queries; results in the order of the records.

    Writers of jobs take turns on the firm's row, so that two processes with the same file neither fail on a UNIQUE
    constraint nor make a client twice. (SQLite has one writer at a time anyway.)

    Raises:
        InvalidInputError: a required field is empty; nothing is recorded.
    """
    for record in records:
        _require_fields(record)
    session.execute(select(Firm.id).with_for_update(key_share=True))
    register = Register.load(
        session,
        jobs=[(record.source, record.external_id) for record in records],
        clients=[(record.client_ref, record.client) for record in records],
        emails=[normal_email(record.contact_email) for record in records],
    )
    recorded = [_record(session, register, record, now) for record in records]
    session.flush()
    return recorded


def _require_fields(record: JobRecord) -> None:
    for field in ("source", "external_id", "client", "contact_email"):
        if not getattr(record, field).strip():
            raise InvalidInputError(f"{field} is empty.", field)


def normal_email(email: str) -> str:
    """An address as we keep it and compare it."""
    return email.strip().lower()


def _record(session: Session, register: Register, record: JobRecord, now: datetime) -> RecordedJob:
    client = register.client(session, record.client_ref.strip(), record.client.strip(), now)
    contact = _contact(session, register, client, record, now)
    job = register.jobs.get((record.source, record.external_id))
    if job is None:
        job = _create(session, register, record, client, contact, now)
        client.add_evidence()
        return RecordedJob(job, job.resolutions[-1] if job.resolutions else None, created=True, changed=True)
    changed = _update(job, record, client, contact)
    closing_changed = _follow_closing(session, job, record, now)
    if changed or closing_changed:
        job.updated_at = now
        client.add_evidence()
    if changed & DECISIVE and job.resolutions:
        invitations.reconsider(session, job.resolutions[-1], now)
    latest = job.resolutions[-1] if job.resolutions else None
    return RecordedJob(job, latest, created=False, changed=bool(changed) or closing_changed)


def _contact(session: Session, register: Register, client: Client, record: JobRecord, now: datetime) -> Contact:
    contact = register.contact(session, client, normal_email(record.contact_email), now)
    _fill(
        contact,
        name=record.contact_name,
        role=record.contact_role,
        language=record.contact_language,
        timezone=record.contact_timezone,
    )
    return contact


def _fill(row: object, **values: Any) -> set[str]:
    """Set what is given and differs; an empty value says nothing. Returns the names of what changed."""
    changed = {name for name, value in values.items() if value not in (None, "") and getattr(row, name) != value}
    for name in changed:
        setattr(row, name, values[name])
    return changed


def _create(
    session: Session, register: Register, record: JobRecord, client: Client, contact: Contact, now: datetime
) -> Job:
    job = Job(
        source=record.source,
        external_id=record.external_id,
        client=client,
        contact=contact,
        is_open=True,
        created_at=now,
        updated_at=now,
        resolutions=[],
        **_described(record),
    )
    session.add(job)
    register.jobs[record.source, record.external_id] = job
    if record.completed_at:
        _close(job, record.completed_at, now, record.staff)
    return job


def _described(record: JobRecord) -> dict[str, Any]:
    return {
        "kind": record.kind,
        "summary": record.summary,
        "opened_at": record.opened_at,
        "promised_at": record.promised_at,
        "value": record.value,
        "currency": record.currency,
        "exclusion": record.exclusion,
    }


def _update(job: Job, record: JobRecord, client: Client, contact: Contact) -> set[str]:
    changed = _fill(job, **_described(record))
    if job.contact is not contact:
        if job.client is not client:
            job.client.add_evidence()
            job.client = client
        job.contact = contact
        changed.add("contact")
    return changed


def _follow_closing(session: Session, job: Job, record: JobRecord, now: datetime) -> bool:
    completed_at = record.completed_at
    last = job.resolutions[-1] if job.resolutions else None
    if completed_at is None:
        if not job.is_open:
            reopen_job(session, job, now)
            return True
        return False
    if last is None:
        _close(job, completed_at, now, record.staff)
        return True
    if any(resolution.completed_at == as_utc(completed_at) for resolution in job.resolutions):
        return False
    if job.is_open:
        if completed_at < last.completed_at:
            return False
        _close(job, completed_at, now, record.staff)
        return True
    if completed_at > last.recorded_at:
        reopen_job(session, job, now)
        _close(job, completed_at, now, record.staff)
        return True
    return _correct(session, job, completed_at, now)


def _correct(session: Session, job: Job, completed_at: datetime, now: datetime) -> bool:
    """Correct the time of the last closing; a time before the closing before it is stale and ignored."""
    last = job.resolutions[-1]
    if len(job.resolutions) > 1 and completed_at <= job.resolutions[-2].completed_at:
        return False
    last.completed_at = as_utc(completed_at)
    invitations.reconsider(session, last, now)
    return True


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
    resolution = _close(job, completed_at, now, staff)
    job.updated_at = now
    job.client.add_evidence()
    session.flush()
    return resolution


def _close(job: Job, completed_at: datetime, now: datetime, staff: Staff) -> Resolution:
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


def exclude_job(session: Session, job: Job, exclusion: Exclusion | None, now: datetime) -> None:
    """Mark a job as one never to survey, or take the mark back (None). A survey not yet sent is decided again."""
    if job.exclusion is exclusion:
        return
    job.exclusion, job.updated_at = exclusion, now
    job.client.add_evidence()
    if job.resolutions:
        invitations.reconsider(session, job.resolutions[-1], now)
    session.flush()
