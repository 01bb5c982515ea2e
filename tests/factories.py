"""Rows for tests, with sensible values for all that a test does not care about. Each adds and flushes, none commits."""

import itertools
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from survey import tokens
from survey.models import (
    Answer,
    Client,
    Contact,
    Invitation,
    InvitationState,
    Job,
    Resolution,
    ResolutionStaff,
    ResponseOrigin,
    SurveyEvent,
    SurveyEventKind,
    SurveyResponse,
)
from survey.questionnaires.versions import version_for
from tests.conftest import NOW

_numbers = itertools.count(1)


def make_client(session: Session, **values: Any) -> Client:
    number = next(_numbers)
    client = Client(**{"ref": f"C{number:04}", "name": f"Client {number}", "created_at": NOW, **values})
    session.add(client)
    session.flush()
    return client


def make_contact(session: Session, client: Client | None = None, **values: Any) -> Contact:
    client = client or make_client(session)
    number = next(_numbers)
    defaults = {
        "name": f"Person {number}",
        "email": f"person{number}@client{client.id}.example",
        "role": "decision-maker",
        "language": "en",
        "timezone": "Europe/Berlin",
        "created_at": NOW,
    }
    contact = Contact(client=client, **{**defaults, **values})
    session.add(contact)
    session.flush()
    return contact


def make_job(session: Session, contact: Contact | None = None, **values: Any) -> Job:
    contact = contact or make_contact(session)
    number = next(_numbers)
    defaults = {
        "source": "test",
        "external_id": f"J{number}",
        "kind": "Repair",
        "summary": f"Repair {number}",
        "opened_at": NOW - timedelta(days=3),
        "created_at": NOW,
        "updated_at": NOW,
    }
    job = Job(client_id=contact.client_id, contact=contact, **{**defaults, **values})
    session.add(job)
    session.flush()
    return job


def make_resolution(session: Session, job: Job | None = None, **values: Any) -> Resolution:
    job = job or make_job(session)
    completed_at: datetime = values.pop("completed_at", NOW - timedelta(days=1))
    staff = values.pop("staff", {"Ana Xu": 1.0})
    sequence = values.pop("sequence", len(job.resolutions) + 1)
    resolution = Resolution(job=job, sequence=sequence, completed_at=completed_at, recorded_at=completed_at, **values)
    resolution.staff = [ResolutionStaff(name=name, share=share) for name, share in staff.items()]
    session.add(resolution)
    session.flush()
    return resolution


def make_invitation(session: Session, resolution: Resolution | None = None, **values: Any) -> Invitation:
    resolution = resolution or make_resolution(session)
    seed = tokens.new_seed()
    defaults = {
        "state": InvitationState.SENT,
        "due_at": resolution.completed_at + timedelta(days=1),
        "expires_at": resolution.completed_at + timedelta(days=8),
        "verdicts": [],
        "decided_at": resolution.completed_at,
        "seed": seed,
        "token_hash": tokens.fingerprint(tokens.derive("only-for-tests-0123456789", "survey", seed)),
        "sent_at": resolution.completed_at + timedelta(days=1),
    }
    invitation = Invitation(
        resolution=resolution,
        contact_id=resolution.job.contact_id,
        client_id=resolution.job.client_id,
        **{**defaults, **values},
    )
    session.add(invitation)
    session.flush()
    return invitation


def make_surveys(session: Session, count: int, now: datetime, secret_key: str, agent: str) -> list[str]:
    """`count` surveys of as many clients, sent a day before `now`, whose page was shown to a browser `agent` a minute
    ago; made in bulk, in a database without any. Returns their paths.
    """
    version = version_for(session, "", now)
    done, sent = now - timedelta(days=2), now - timedelta(days=1)
    ids, seeds = range(1, count + 1), [tokens.new_seed() for _ in range(count)]
    links = [tokens.derive(secret_key, "survey", seed) for seed in seeds]
    known: dict[str, Any] = {"created_at": done}
    sending = {"state": InvitationState.SENT, "due_at": sent, "sent_at": sent, "decided_at": sent, "verdicts": []}
    sending |= {"expires_at": now + timedelta(days=7), "version_id": version.id}
    details = {"page": "rating", "method": "GET", "fetch": {}, "offered": {}, "agent": "browser", "after": 86_000}
    looked = {"kind": SurveyEventKind.SHOWN, "at": now - timedelta(minutes=1), "user_agent": agent, "details": details}
    email = {"language": "en", **known}
    job = {"source": "bulk", "kind": "Repair", "summary": "Till printer", "updated_at": done, **known}
    closed = {"sequence": 1, "completed_at": done, "recorded_at": done}
    for table, rows in (
        (Client, [{"id": n, "ref": f"C{n}", "name": f"Client {n}", **known} for n in ids]),
        (Contact, [{"id": n, "client_id": n, "email": f"p{n}@client.example", **email} for n in ids]),
        (Job, [{"id": n, "external_id": f"J{n}", "client_id": n, "contact_id": n, **job} for n in ids]),
        (Resolution, [{"id": n, "job_id": n, **closed} for n in ids]),
        (ResolutionStaff, [{"resolution_id": n, "name": "Ana Xu", "share": 1.0} for n in ids]),
        (
            Invitation,
            [
                {"id": n, "resolution_id": n, "contact_id": n, "client_id": n, "seed": seed, **sending}
                | {"token_hash": tokens.fingerprint(link)}
                for n, seed, link in zip(ids, seeds, links, strict=True)
            ],
        ),
        (SurveyEvent, [{"invitation_id": n, **looked} for n in ids]),
    ):
        session.execute(insert(table), rows)
    return [f"/s/{link}" for link in links]


def make_response(session: Session, resolution: Resolution | None = None, **values: Any) -> SurveyResponse:
    """A response with answers from keyword arguments: csat=2, nps=9, comment="…"."""
    resolution = resolution or make_resolution(session)
    at = values.pop("submitted_at", NOW)
    response = SurveyResponse(
        resolution=resolution,
        contact_id=resolution.job.contact_id,
        client_id=resolution.job.client_id,
        origin=ResponseOrigin.SURVEY,
        submitted_at=at,
    )
    for question, value in values.items():
        number, text = (value, None) if isinstance(value, int) else (None, value)
        response.answers.append(Answer(question=question, number=number, text=text, answered_at=at))
    session.add(response)
    session.flush()
    return response
