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

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey import invitations
from survey.clock import as_utc
from survey.closings import add_closing, close_job, correct_closing, exclude_job, normal_shares, reopen_job
from survey.db import insert_or_ignore
from survey.errors import InvalidInputError
from survey.firms import default_values
from survey.models import Client, Contact, Exclusion, Firm, Job, Resolution
from survey.register import NewJob, Register
from survey.repairs import handover

__all__ = ["close_job", "exclude_job", "normal_shares", "reopen_job"]  # the rest is defined here

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


@dataclass(frozen=True)
class Recorded:
    """What one record of many changed."""

    created: bool
    changed: bool


def record_job(session: Session, record: JobRecord, now: datetime) -> RecordedJob:
    """Record one job; idempotent by (source, external_id). See the module for what a repeated record means.

    Raises:
        InvalidInputError: a required field is empty, or a share is not positive.
    """
    recorded = record_jobs(session, [record], now)[0]
    job = session.scalars(
        select(Job).where(Job.source == record.source.strip(), Job.external_id == record.external_id.strip())
    ).one()
    latest = job.resolutions[-1] if job.resolutions else None
    return RecordedJob(job, latest, recorded.created, recorded.changed)


def record_jobs(session: Session, records: Sequence[JobRecord], now: datetime) -> list[Recorded]:
    """Record many jobs with a handful of queries; results in the order of the records.

    Writers of jobs take turns on the firm's row, so that two processes with the same file neither fail on a UNIQUE
    constraint nor make a client twice. (SQLite has one writer at a time anyway.)

    Raises:
        InvalidInputError: a required field is empty, or a share is not positive; nothing is recorded.
    """
    for record in records:
        _require_fields(record)
    _take_turns(session)
    register = Register.load(
        session,
        jobs=[_key(record) for record in records],
        clients=[(record.client_ref, record.client) for record in records],
        emails=[normal_email(record.contact_email) for record in records],
    )
    recorded = [_record(session, register, record, now) for record in records]
    register.insert_new_jobs(session, now)
    session.flush()
    return recorded


def _take_turns(session: Session) -> None:
    lock = select(Firm.id).with_for_update(key_share=True)
    if session.scalar(lock) is None:
        insert_or_ignore(session, Firm, [default_values()])
        session.scalar(lock)


def _key(record: JobRecord) -> tuple[str, str]:
    return record.source.strip(), record.external_id.strip()


def _require_fields(record: JobRecord) -> None:
    for field in ("source", "external_id", "client", "contact_email"):
        if not getattr(record, field).strip():
            raise InvalidInputError(f"{field} is empty.", field)


def normal_email(email: str) -> str:
    """An address as we keep it and compare it."""
    return email.strip().lower()


def _record(session: Session, register: Register, record: JobRecord, now: datetime) -> Recorded:
    client = register.client(session, record.client_ref.strip(), record.client.strip(), now)
    contact = _contact(session, register, client, record, now)
    job = register.job(session, _key(record), now)
    if job is None:
        register.add_job(_new_job(record, client, contact))
        client.add_evidence()
        return Recorded(created=True, changed=True)
    changed = _update(job, record, client, contact)
    closing_changed = _follow_closing(session, job, record, now)
    if changed or closing_changed:
        job.updated_at = now
        client.add_evidence()
    if changed & DECISIVE and job.resolutions:
        invitations.reconsider(session, job.resolutions[-1], now)
    return Recorded(created=False, changed=bool(changed) or closing_changed)


def _contact(session: Session, register: Register, client: Client, record: JobRecord, now: datetime) -> Contact:
    contact = register.contact(session, client, normal_email(record.contact_email), now)
    if record.contact_role:
        contact.take_role(record.contact_role, now)
    _fill(
        contact,
        name=record.contact_name,
        role=record.contact_role,
        language=record.contact_language,
        timezone=record.contact_timezone,
    )
    if contact.wrong_at is not None:
        return handover.instead_of(session, [contact.id]).get(contact.id, contact)
    return contact


def _fill(row: object, **values: Any) -> set[str]:
    """Set what is given and differs; an empty value says nothing. Returns the names of what changed."""
    changed = {name for name, value in values.items() if value not in (None, "") and getattr(row, name) != value}
    for name in changed:
        setattr(row, name, values[name])
    return changed


def _new_job(record: JobRecord, client: Client, contact: Contact) -> NewJob:
    source, external_id = _key(record)
    completed_at = as_utc(record.completed_at) if record.completed_at else None
    return NewJob(source, external_id, client, contact, completed_at, normal_shares(record.staff), _described(record))


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
    if job.contact is not contact and job.contact_chosen_at is None:
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
        add_closing(job, completed_at, now, record.staff)
        return True
    if any(resolution.completed_at == as_utc(completed_at) for resolution in job.resolutions):
        return False
    if job.is_open:
        if completed_at < last.completed_at:
            return False
        add_closing(job, completed_at, now, record.staff)
        return True
    if completed_at > last.recorded_at:
        reopen_job(session, job, now)
        add_closing(job, completed_at, now, record.staff)
        return True
    return correct_closing(session, job, completed_at, now)
