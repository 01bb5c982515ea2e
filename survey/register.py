"""The clients, contacts and jobs that a batch of records names: found with a few queries, made when unknown."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, tuple_
from sqlalchemy.orm import Session, selectinload

from survey.models import Client, Contact, Job, Resolution, ResolutionStaff

REF_LENGTH = 100


@dataclass(frozen=True)
class NewJob:
    """A job that the database does not have yet, with its first closing (`completed_at` None: still open)."""

    source: str
    external_id: str
    client: Client
    contact: Contact
    completed_at: datetime | None
    shares: dict[str, float]
    described: dict[str, Any]


@dataclass
class Register:
    """What the database knows about one batch. Lookups are dictionaries; what is made is added to them."""

    _jobs: dict[tuple[str, str], Job] = field(default_factory=dict)
    _new_jobs: dict[tuple[str, str], NewJob] = field(default_factory=dict)
    _by_ref: dict[str, Client] = field(default_factory=dict)
    _by_name: dict[str, list[Client]] = field(default_factory=lambda: defaultdict(list))
    _contacts: dict[tuple[int, str], Contact] = field(default_factory=dict)  # by id(client): new ones have no id yet

    @classmethod
    def load(
        cls,
        session: Session,
        *,
        jobs: Sequence[tuple[str, str]],
        clients: Sequence[tuple[str, str]],
        emails: Sequence[str],
    ) -> "Register":
        """Look up jobs by (source, external_id), clients by (ref, name) and contacts by lower-case address."""
        register = cls()
        register._load_jobs(session, jobs)
        for client in _clients(session, clients):
            register._know(client)
        for contact in session.scalars(
            select(Contact).where(Contact.email.in_(set(emails))).options(selectinload(Contact.client))
        ):
            register._know(contact.client)
            register._contacts[id(contact.client), contact.email] = contact
        return register

    def _load_jobs(self, session: Session, keys: Sequence[tuple[str, str]]) -> None:
        loads = (
            selectinload(Job.client),
            selectinload(Job.contact),
            selectinload(Job.resolutions).selectinload(Resolution.staff),
            selectinload(Job.resolutions).selectinload(Resolution.invitation),
        )
        found = session.scalars(select(Job).where(tuple_(Job.source, Job.external_id).in_(set(keys))).options(*loads))
        for job in found:
            self._jobs[job.source, job.external_id] = job
            self._know(job.client)

    def _know(self, client: Client) -> None:
        if self._by_ref.setdefault(client.ref, client) is client:
            namesakes = self._by_name[client.name.casefold()]
            if client not in namesakes:
                namesakes.append(client)

    def job(self, session: Session, key: tuple[str, str], now: datetime) -> Job | None:
        """The job of (source, external_id); None when it is new. One that came earlier in this batch is known."""
        if key in self._new_jobs:
            self.insert_new_jobs(session, now)
            self._load_jobs(session, [key])
        return self._jobs.get(key)

    def add_job(self, new: NewJob) -> None:
        """Remember a new job until `insert_new_jobs`."""
        self._new_jobs[new.source, new.external_id] = new

    def insert_new_jobs(self, session: Session, now: datetime) -> None:
        """Insert what is new with one statement for each table: a history of thousands of jobs takes seconds."""
        if not self._new_jobs:
            return
        session.flush()  # gives new clients and contacts their ids
        rows = [_job_row(new, now) for new in self._new_jobs.values()]
        made = session.execute(insert(Job).returning(Job.source, Job.external_id, Job.id), rows)
        closed = {
            job_id: new
            for source, external_id, job_id in made
            if (new := self._new_jobs[source, external_id]).completed_at
        }
        closings = [
            {"job_id": job_id, "sequence": 1, "completed_at": new.completed_at, "recorded_at": now}
            for job_id, new in closed.items()
        ]
        if closings:
            ids = session.execute(insert(Resolution).returning(Resolution.job_id, Resolution.id), closings)
            staff = [
                {"resolution_id": resolution_id, "name": name, "share": share}
                for job_id, resolution_id in ids
                for name, share in closed[job_id].shares.items()
            ]
            if staff:
                session.execute(insert(ResolutionStaff), staff)
        self._new_jobs.clear()

    def client(self, session: Session, ref: str, name: str, now: datetime) -> Client:
        """The client of a reference, else of a name in any case; made when there is none.

        A reference that is new meets a client of that name whose own reference was only made up from the name: it is
        the same client, and gets the reference.
        """
        client = (self._by_ref.get(ref) or self._adopted(ref, name)) if ref else self._namesake(name)
        if client is None:
            client = Client(ref=ref or self._free_ref(session, name), name=name, created_at=now, evidence_version=1)
            session.add(client)
            self._know(client)
        elif client.name != name and ref:
            client.name = name
            self._by_name[name.casefold()].append(client)
        return client

    def _namesake(self, name: str) -> Client | None:
        namesakes = [client for client in self._by_name[name.casefold()] if client.name.casefold() == name.casefold()]
        return min(namesakes, key=lambda client: (client.id is None, client.id or 0), default=None)

    def _adopted(self, ref: str, name: str) -> Client | None:
        client = self._namesake(name)
        if client is None or not re.fullmatch(re.escape(slug(name)) + r"(-\d+)?", client.ref):
            return None
        del self._by_ref[client.ref]
        client.ref = ref
        self._by_ref[ref] = client
        return client

    def _free_ref(self, session: Session, name: str) -> str:
        base, number = slug(name), 1
        while (ref := base if number == 1 else f"{base}-{number}") in self._by_ref or session.scalar(
            select(Client.id).where(Client.ref == ref)
        ):
            number += 1
        return ref

    def contact(self, session: Session, client: Client, email: str, now: datetime) -> Contact:
        """The client's contact with that address; made when there is none."""
        contact = self._contacts.get((id(client), email))
        if contact is None:
            contact = Contact(client=client, email=email, name="", role="", language="", timezone="", created_at=now)
            session.add(contact)
            self._contacts[id(client), email] = contact
        return contact


def _job_row(new: NewJob, now: datetime) -> dict[str, Any]:
    return {
        "source": new.source,
        "external_id": new.external_id,
        "client_id": new.client.id,
        "contact_id": new.contact.id,
        "is_open": new.completed_at is None,
        "created_at": now,
        "updated_at": now,
        **new.described,
    }


def _clients(session: Session, wanted: Sequence[tuple[str, str]]) -> Iterable[Client]:
    refs = {ref.strip() for ref, _name in wanted if ref.strip()}
    names = {name.strip() for _ref, name in wanted}
    found = {client.id: client for client in session.scalars(select(Client).where(Client.ref.in_(refs)))}
    found |= {client.id: client for client in session.scalars(select(Client).where(Client.name.in_(names)))}
    known_refs = {client.ref for client in found.values()}
    known_names = {client.name.casefold() for client in found.values()}
    missing = {
        name.strip().casefold()
        for ref, name in wanted
        if ref.strip() not in known_refs and name.strip().casefold() not in known_names
    }
    if missing:  # no database folds case like Python does, so the few that are new are compared here
        rows = session.execute(select(Client.id, Client.name))
        ids = {client_id for client_id, name in rows if name.casefold() in missing}
        found |= {client.id: client for client in session.scalars(select(Client).where(Client.id.in_(ids)))}
    return found.values()


def slug(name: str) -> str:
    """A reference made from a name: `Müller & Söhne` is `muller-sohne`."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:REF_LENGTH] or "client"
