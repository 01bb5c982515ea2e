"""A firm made up for measuring its results: sent surveys, answers to two versions, what was seen on the links. By
number alone, the same on every machine; rows go in by the thousand, past the services."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from random import Random
from typing import Any, cast

from sqlalchemy import Connection, Table, insert, select
from sqlalchemy.orm import Session

from bench.large_firm import COMMENTS, KINDS, STAFF
from survey.db import Base
from survey.evidence import verdicts
from survey.firms import default_values
from survey.models import (
    Answer,
    Client,
    Contact,
    Firm,
    Invitation,
    InvitationState,
    Job,
    Questionnaire,
    QuestionnaireVersion,
    Resolution,
    ResolutionStaff,
    ResponseOrigin,
    SurveyEvent,
    SurveyEventKind,
    SurveyResponse,
    Touchpoint,
)
from survey.promise import DEFAULT_PROMISE
from survey.questionnaires import library
from survey.tallies import tally_of

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAYS = 690  # inside the twelve months asked for and the twelve before
AT_ONCE = 2_000
ASKED_EACH = 15  # invitations of a client
LANGUAGES = ("en", "en", "en", "de", "fr", "es")
PERSON = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile Safari/604.1"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537"
SCANNER = "Mozilla/5.0 (compatible; BarracudaSentinel/1.0 bot)"
CLICKED = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-User": "?1"}
EARLIER_SHARE, SILENT_SHARE, WAITING_SHARE = 0.5, 1 / 3, 0.02
Rows = dict[type[Base], list[dict[str, Any]]]


@dataclass(frozen=True)
class Size:
    """How much was made."""

    invitations: int
    responses: int
    answers: int
    events: int


def build(connection: Connection, responses: int) -> Size:
    """Fill an empty database with a firm of so many responses and half as many more invitations. Commits as it goes."""
    made = _Maker(responses)
    first: Rows = {Firm: [default_values()]}
    for rows in chain((first, _questionnaire()), made.batches()):
        by_table = {cast("Table", model.__table__): batch for model, batch in rows.items()}
        for table in Base.metadata.sorted_tables:
            if batch := by_table.get(table):
                connection.execute(insert(table), batch)
        connection.commit()
    with Session(connection) as session:
        opened = session.scalars(select(SurveyEvent.invitation_id).distinct()).all()
        for start in range(0, len(opened), AT_ONCE):
            verdicts.keep(session, opened[start : start + AT_ONCE])
            session.commit()
    return Size(made.asked, made.responses, made.answers, made.events)


def _questionnaire() -> Rows:
    """The first questionnaire in two versions."""
    document, began = library.document(library.FIRST).as_dict(), NOW - timedelta(days=2 * DAYS)
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    version = {"questionnaire_id": 1, "document": document, "digest": digest, "changes": []}
    return {
        Questionnaire: [
            {"id": 1, "name": "After a job", "draft": document, "revision": 1, "created_at": began, "changed_at": began}
        ],
        QuestionnaireVersion: [
            {**version, "id": number, "number": number, "published_at": began + number * timedelta(days=DAYS / 2)}
            for number in (1, 2)
        ],
    }


class _Maker:
    """Numbers the rows of every table as it makes them."""

    def __init__(self, responses: int) -> None:
        self.random = Random(20261122)
        self.wanted = responses
        self.asked = self.responses = self.answers = self.events = 0

    def batches(self) -> Iterator[Rows]:
        rows: Rows = defaultdict(list)
        total, clients = self.wanted * 3 // 2, 0
        answering = set(self.random.sample(range(total), self.wanted))
        for number in range(total):
            at = NOW - timedelta(days=DAYS * (1 - number / total), minutes=self.random.randrange(600))
            if number % ASKED_EACH == 0:
                clients += 1
                self._client(rows, clients, at)
            self._job(rows, number + 1, self.random.randint(1, clients), at, number in answering)
            if (number + 1) % AT_ONCE == 0:
                yield rows
                rows = defaultdict(list)
        yield rows

    def _client(self, rows: Rows, number: int, at: datetime) -> None:
        rows[Client].append({"id": number, "ref": f"C{number:06}", "name": f"Client {number:06}", "created_at": at})
        rows[Contact].append(
            {"id": number, "client_id": number, "name": f"Person {number}", "email": f"p{number}@client.example",
             "language": self.random.choice(LANGUAGES), "created_at": at}
        )  # fmt: skip

    def _job(self, rows: Rows, number: int, client: int, at: datetime, answers: bool) -> None:
        kind = self.random.choice(KINDS)
        rows[Job].append(
            {"id": number, "source": "bench", "external_id": f"J{number}", "client_id": client, "contact_id": client,
             "kind": kind, "summary": f"{kind} {number}", "opened_at": at - timedelta(days=2), "created_at": at,
             "updated_at": at}
        )  # fmt: skip
        rows[Resolution].append({"id": number, "job_id": number, "sequence": 1, "completed_at": at, "recorded_at": at})
        rows[ResolutionStaff].append({"resolution_id": number, "name": self.random.choice(STAFF), "share": 1.0})
        version = 1 if number < self.wanted * 3 // 2 * EARLIER_SHARE else 2
        sent_at = at + timedelta(hours=18)
        answered_at = sent_at + timedelta(hours=self.random.uniform(1, 90)) if answers else None
        self._ask(rows, number, client, version, sent_at, answered_at)
        if answered_at is not None:
            self._respond(rows, number, client, version, answered_at)
            self._walk(rows, number, answered_at)
        else:
            self._silent(rows, number, sent_at)

    def _ask(
        self, rows: Rows, number: int, client: int, version: int, sent_at: datetime, answered_at: datetime | None
    ) -> None:
        state = InvitationState.ANSWERED if answered_at else InvitationState.EXPIRED
        sent: datetime | None = sent_at
        if not answered_at and self.random.random() < WAITING_SHARE:
            state, sent = self.random.choice((InvitationState.SKIPPED, InvitationState.HELD)), None
        delivered = sent + timedelta(seconds=20) if sent and self.random.random() < 0.97 else None
        self.asked += 1
        rows[Invitation].append(
            {"id": number, "resolution_id": number, "contact_id": client, "client_id": client, "state": state,
             "due_at": sent_at, "expires_at": sent_at + timedelta(days=7), "decided_at": sent_at,
             "verdicts": [{"rule": rule, "passed": True, "why": "It is as it should be."} for rule in range(9)],
             "seed": f"{number:032x}", "token_hash": f"{number:064x}", "sent_at": sent, "delivered_at": delivered,
             "answered_at": answered_at, "version_id": version if sent else None}
        )  # fmt: skip

    def _respond(self, rows: Rows, number: int, client: int, version: int, at: datetime) -> None:
        random = self.random
        self.responses += 1
        self.given: list[tuple[str, int | None, bool]] = []
        csat = min(5, max(1, round(4.3 + random.gauss(0.0, 0.8))))
        self._value(rows, at, "csat", number=csat)
        if random.random() < 0.35:
            pool = COMMENTS[:4] if csat > 3 else COMMENTS[3:]
            self._value(rows, at, "comment", text=f"{random.choice(pool)[0]} ({number})")
        for question, share, values in (
            ("would_return", 0.6, (1, 1, 1, 1, 0)),
            ("nps", 0.6, tuple(min(10, max(0, 2 * csat - less)) for less in (0, 1, 1, 2))),
            ("contact_me", 0.35, (0, 0, 0, 0, 1)),
            ("about", 0.6 if csat < 4 else 0.0, (1, 2, 3, 4, 5)),
        ):
            if random.random() < share:
                self._value(rows, at, question, number=random.choice(values))
        told = DEFAULT_PROMISE if random.random() < 0.4 else ()
        steps = {step.key: random.choice((1, 1, 1, 1, 0, -1)) for step in told}
        rows[Touchpoint] += [
            {"response_id": self.responses, "resolution_id": number, "step": step, "value": value}
            for step, value in steps.items()
        ]
        rows[SurveyResponse].append(
            {"id": self.responses, "resolution_id": number, "contact_id": client, "client_id": client,
             "invitation_id": number, "origin": ResponseOrigin.SURVEY, "language": random.choice(LANGUAGES),
             "version_id": version, "submitted_at": at, "tally": tally_of(self.given, steps.items())}
        )  # fmt: skip

    def _value(self, rows: Rows, at: datetime, question: str, **value: Any) -> None:
        self.answers += 1
        self.given.append((question, value.get("number"), False))
        rows[Answer].append(
            {"id": self.answers, "response_id": self.responses, "question": question, "number": None, "text": None,
             "answered_at": at, **value}
        )  # fmt: skip

    def _walk(self, rows: Rows, number: int, at: datetime) -> None:
        """What is seen of somebody who answers: a scanner first for some, then page after page."""
        if self.random.random() < 0.4:
            self._sweep(rows, number, at - timedelta(hours=20))
        self._visit(rows, number, SurveyEventKind.OPENED, at, CHROME, page="rating", offered={"csat": 5})
        pages = ("rating", "return", "recommend", "promise", "contact", "done")
        for place, page in enumerate(pages[: self.random.choice((1, 2, 3, 4, 6, 6))]):
            self._visit(rows, number, SurveyEventKind.SHOWN, at + timedelta(seconds=9 * place), CHROME, page=page)
        press = {"kind": "person", "reasons": ["Somebody tapped the button."], "fetch": CLICKED, "waited": 8.0}
        self._event(rows, number, SurveyEventKind.CONFIRMED, at, CHROME, {"changed": ["csat"], "press": press})

    def _silent(self, rows: Rows, number: int, sent_at: datetime) -> None:
        """Of those who did not answer: machines alone, somebody who clicked one rating, several, or nobody."""
        drawn = self.random.random()
        if drawn < 0.55:
            self._sweep(rows, number, sent_at)
        if 0.35 < drawn < 0.75:
            at = sent_at + timedelta(hours=self.random.uniform(1, 50))
            for times in range(2 if drawn > 0.7 else 1):
                self._visit(
                    rows, number, SurveyEventKind.OPENED, at + timedelta(hours=times), PERSON, page="rating",
                    offered={"csat": 4 - times},
                )  # fmt: skip
                self._visit(rows, number, SurveyEventKind.SHOWN, at + timedelta(hours=times), PERSON, page="rating")

    def _sweep(self, rows: Rows, number: int, at: datetime) -> None:
        for rating in (1, 3, 5):
            self._visit(
                rows, number, SurveyEventKind.OPENED, at + timedelta(seconds=rating), SCANNER, page="rating",
                offered={"csat": rating},
            )  # fmt: skip

    def _visit(self, rows: Rows, number: int, kind: SurveyEventKind, at: datetime, agent: str, **details: Any) -> None:
        fetch = CLICKED if agent == CHROME else {}
        seen = {"method": "GET", "fetch": fetch, "after": 3_600, "agent": "browser", "offered": {}, **details}
        self._event(rows, number, kind, at, agent, seen)

    def _event(
        self, rows: Rows, number: int, kind: SurveyEventKind, at: datetime, agent: str, details: dict[str, Any]
    ) -> None:
        self.events += 1
        rows[SurveyEvent].append(
            {"invitation_id": number, "kind": kind, "at": at, "user_agent": agent, "details": details}
        )
