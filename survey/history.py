"""Answers from another tool: a firm's history, analysed and scored like any answer."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session, selectinload

from survey.errors import ClienteleError, InvalidInputError, NotFoundError
from survey.models import Answer, Client, Contact, Job, Resolution, ResponseOrigin, SurveyResponse
from survey.questionnaires import library
from survey.questionnaires.answering import checked

IMPORT_LENGTH = 20_000  # characters of a comment from another tool
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True, kw_only=True)
class ImportedResponse:
    """One answer from another tool: who said what, when, about which job."""

    source: str
    external_id: str
    contact_email: str
    submitted_at: datetime
    csat: int | None = None
    nps: int | None = None
    ces: int | None = None
    comment: str = ""
    language: str = ""

    def answers(self) -> dict[str, int | str]:
        """The answers given, checked.

        Raises:
            InvalidInputError: a value outside its scale, or no answer at all.
        """
        named = {"csat": self.csat, "nps": self.nps, "ces": self.ces, "comment": self.comment}
        known = {key: value for key, value in named.items() if value is not None}
        given = checked(library.document(library.FIRST), known, IMPORT_LENGTH)
        given = {key: value for key, value in given.items() if value != ""}
        if not given:
            raise InvalidInputError("there is no answer in it")
        return given


@dataclass(frozen=True)
class ImportResult:
    """What became of one record: new, already there (`new` is False), or refused with `error`."""

    new: bool
    error: ClienteleError | None = None


def import_response(session: Session, record: ImportedResponse, now: datetime) -> bool:
    """Take one answer over from another tool; True if it is new. One per (resolution, contact) is kept, the first.

    Raises:
        InvalidInputError: a value outside its scale, an address that is none, no answer at all.
        NotFoundError: no such job, or it was never closed.
    """
    result = import_responses(session, [record], now)[0]
    if result.error:
        raise result.error
    return result.new


def import_responses(session: Session, records: Sequence[ImportedResponse], now: datetime) -> list[ImportResult]:
    """`import_response` for many records with a handful of queries; results in the order of the records."""
    history = _History(session, records, now)
    results = [history.take(record) for record in records]
    session.flush()
    return results


class _History:
    """The rows that a batch of imported answers touches, loaded at once."""

    def __init__(self, session: Session, records: Sequence[ImportedResponse], now: datetime) -> None:
        self.session, self.now = session, now
        wanted = {(record.source, record.external_id) for record in records}
        self.jobs: dict[tuple[str, str], Job] = {}
        self.contacts: dict[tuple[int, str], Contact] = {}
        self.taken: set[tuple[int, int]] = set()
        for chunk in _chunks(sorted(wanted)):
            self._load(chunk)

    def _load(self, keys: list[tuple[str, str]]) -> None:
        jobs = self.session.scalars(
            select(Job)
            .where(tuple_(Job.source, Job.external_id).in_(keys))
            .options(selectinload(Job.resolutions), selectinload(Job.client).selectinload(Client.contacts))
        ).all()
        for job in jobs:
            self.jobs[job.source, job.external_id] = job
            self.contacts |= {(job.client_id, contact.email): contact for contact in job.client.contacts}
        rows = self.session.execute(
            select(SurveyResponse.resolution_id, SurveyResponse.contact_id)
            .join(Resolution, SurveyResponse.resolution_id == Resolution.id)
            .where(Resolution.job_id.in_([job.id for job in jobs]))
        )
        self.taken |= {(resolution_id, contact_id) for resolution_id, contact_id in rows}

    def take(self, record: ImportedResponse) -> ImportResult:
        try:
            answers = record.answers()
            resolution = self._resolution(record)
            contact = self._contact(resolution.job, record)
        except ClienteleError as error:
            return ImportResult(new=False, error=error)
        if (resolution.id, contact.id) in self.taken:
            return ImportResult(new=False)
        self.taken.add((resolution.id, contact.id))
        response = SurveyResponse(
            resolution_id=resolution.id,
            contact_id=contact.id,
            client_id=resolution.job.client_id,
            origin=ResponseOrigin.IMPORT,
            language=record.language or contact.language,
            submitted_at=record.submitted_at,
        )
        for question, value in answers.items():
            number, text = (value, None) if isinstance(value, int) else (None, value)
            response.answers.append(
                Answer(question=question, number=number, text=text, answered_at=record.submitted_at)
            )
        self.session.add(response)
        resolution.job.client.add_evidence()
        return ImportResult(new=True)

    def _resolution(self, record: ImportedResponse) -> Resolution:
        job = self.jobs.get((record.source, record.external_id))
        if job is None:
            raise NotFoundError(f"there is no job {record.external_id} from {record.source}")
        if not job.resolutions:
            raise NotFoundError(f"job {record.external_id} from {record.source} was never closed")
        earlier = [resolution for resolution in job.resolutions if resolution.completed_at <= record.submitted_at]
        return max(earlier or job.resolutions, key=lambda resolution: resolution.completed_at)

    def _contact(self, job: Job, record: ImportedResponse) -> Contact:
        email = record.contact_email.strip().lower()
        if not _ADDRESS.fullmatch(email) or len(email) > 254:
            raise InvalidInputError(f"{record.contact_email!r} is not an email address", "contact_email")
        contact = self.contacts.get((job.client_id, email))
        if contact is None:  # somebody else at this client answered for the job's contact
            contact = Contact(client_id=job.client_id, email=email, language=record.language, created_at=self.now)
            self.session.add(contact)
            self.session.flush()
            self.contacts[job.client_id, email] = contact
        return contact


def _chunks(keys: list[tuple[str, str]], size: int = 500) -> Iterator[list[tuple[str, str]]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]
