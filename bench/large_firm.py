"""A large firm made up for measuring: clients, jobs, answers with their readings, invitations. By number alone, the
same on every machine; rows go in by the thousand, past the services, which would take an hour."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Any

from sqlalchemy import Connection, insert

from analysis.models import AnswerAnalysis
from survey.db import Base
from survey.firms import default_values
from survey.models import (
    Answer,
    Client,
    Contact,
    Firm,
    Invitation,
    InvitationState,
    Job,
    Resolution,
    ResolutionStaff,
    ResponseOrigin,
    SurveyResponse,
    Touchpoint,
)

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
YEARS = 3
JOBS_EACH, ANSWERS_EACH = 50, 15  # 1,000,000 and 300,000 for 20,000 clients
AT_ONCE = 250
KINDS = ("Repair", "Inspection", "Installation", "Maintenance", "Consulting", "Emergency call")
STAFF = tuple(f"Technician {number}" for number in range(1, 41))
STEPS = ("told_next", "kept_informed")
# (words, sentiment, score, aspect, its mood, intents)
COMMENTS: tuple[tuple[str, str, float, str, str, dict[str, float]], ...] = (
    ("Quick and friendly, thank you.", "positive", 0.8, "staff_attitude", "positive", {"praise": 0.8}),
    ("All good.", "positive", 0.6, "general", "positive", {"praise": 0.4}),
    ("Fine work, a fair price.", "positive", 0.7, "price_billing", "positive", {"praise": 0.5}),
    ("It was all right.", "neutral", 0.1, "general", "neutral", {}),
    ("Two visits, and nobody told us why.", "negative", -0.6, "communication", "negative", {"complaint": 0.7}),
    ("The invoice was wrong again.", "negative", -0.7, "price_billing", "negative", {"complaint": 0.8}),
    ("Please call me about this.", "negative", -0.3, "follow_up", "negative", {"callback": 0.9, "complaint": 0.5}),
    ("We look for somebody else.", "negative", -0.9, "competitor", "negative", {"leaving": 0.9, "complaint": 0.6}),
)  # fmt: skip


@dataclass(frozen=True)
class Size:
    """How much was made."""

    clients: int
    jobs: int
    answers: int


def build(connection: Connection, clients: int) -> Size:
    """Fill an empty database with a firm of so many clients. Commits as it goes."""
    connection.execute(insert(Firm), [default_values()])
    return fill(connection, clients, after=connection.commit)


def fill(
    connection: Connection, clients: int, jobs_each: int = JOBS_EACH, after: Callable[[], None] = lambda: None
) -> Size:
    """Give the firm so many clients; `after` is called after every AT_ONCE of them."""
    made = _Maker(clients, jobs_each)
    for rows in made.batches():
        for table, batch in rows.items():
            connection.execute(insert(table), batch)
        after()
    return Size(clients, made.jobs, made.answers)


def _parts(total: int, weights: list[float]) -> list[int]:
    """`total` shared out by `weights`, in whole numbers that add up to it."""
    scale = total / sum(weights)
    ends = [round(scale * reached) for reached in accumulate(weights)]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


class _Maker:
    """Numbers the rows of every table as it makes them."""

    def __init__(self, clients: int, jobs_each: int) -> None:
        self.random = Random(20261101)
        busy = [self.random.lognormvariate(0.0, 0.6) for _ in range(clients)]
        self.job_counts = _parts(jobs_each * clients, busy)
        willing = [count * self.random.choice((0.1, 0.3, 0.5)) for count in self.job_counts]
        self.answer_counts = _parts(round(ANSWERS_EACH / JOBS_EACH * jobs_each * clients), willing)
        self.jobs = self.answers = self.contacts = self.asked = self.rows_answered = 0

    def batches(self) -> Iterator[dict[type[Base], list[dict[str, Any]]]]:
        rows: dict[type[Base], list[dict[str, Any]]] = defaultdict(list)
        for number, (jobs, answers) in enumerate(zip(self.job_counts, self.answer_counts, strict=True), start=1):
            self._client(rows, number, jobs, min(jobs, answers))
            if number % AT_ONCE == 0:
                yield rows
                rows = defaultdict(list)
        yield rows

    def _client(self, rows: dict[type[Base], list[dict[str, Any]]], number: int, jobs: int, answers: int) -> None:
        random = self.random
        began = NOW - timedelta(days=random.choice((YEARS * 365, random.uniform(200, YEARS * 365))))
        ended = NOW if random.random() > 0.1 else began + (NOW - began) * random.uniform(0.3, 0.9)
        rows[Client].append({"id": number, "ref": f"C{number:06}", "name": f"Client {number:06}", "created_at": began})
        people = list(range(self.contacts + 1, self.contacts + 1 + random.choice((1, 1, 2, 3))))
        self.contacts = people[-1]
        for person in people:
            role = "decision-maker" if person == people[0] else ""
            email = f"p{person}@client-{number}.example"
            rows[Contact].append(
                {"id": person, "client_id": number, "name": f"Person {person}", "email": email, "role": role,
                 "created_at": began}
            )  # fmt: skip
        mood = random.gauss(0.0, 0.6)
        answered = set(random.sample(range(jobs), answers))
        moments = sorted(random.uniform(0.0, 1.0) for _ in range(jobs))
        for place, share in enumerate(moments):
            done_at = began + (ended - began) * share
            self._job(rows, number, random.choice(people), done_at)
            if place in answered:
                self._answer(rows, number, done_at + timedelta(hours=random.uniform(20, 90)), mood)
            elif random.random() < 0.5:
                self._invite(rows, number, done_at, InvitationState.EXPIRED)

    def _job(self, rows: dict[type[Base], list[dict[str, Any]]], client: int, contact: int, at: datetime) -> None:
        random = self.random
        self.jobs += 1
        self.contact, kind = contact, random.choice(KINDS)
        rows[Job].append(
            {"id": self.jobs, "source": "bench", "external_id": f"J{self.jobs}", "client_id": client,
             "contact_id": contact, "kind": kind, "summary": f"{kind} {self.jobs}",
             "opened_at": at - timedelta(days=2),
             "promised_at": at + timedelta(hours=random.gauss(18, 20)),
             "value": round(random.lognormvariate(5.5, 0.8), 2),
             "currency": "EUR", "created_at": at, "updated_at": at}
        )  # fmt: skip
        rows[Resolution].append(
            {"id": self.jobs, "job_id": self.jobs, "sequence": 1, "completed_at": at, "recorded_at": at,
             "reopened_at": at + timedelta(days=3) if random.random() < 0.01 else None}
        )  # fmt: skip
        rows[ResolutionStaff].append({"resolution_id": self.jobs, "name": random.choice(STAFF), "share": 1.0})

    def _invite(
        self, rows: dict[type[Base], list[dict[str, Any]]], client: int, at: datetime, state: InvitationState
    ) -> None:
        self.asked += 1
        asked_at = at + timedelta(hours=18)
        rows[Invitation].append(
            {"id": self.asked, "resolution_id": self.jobs, "contact_id": self.contact, "client_id": client,
             "state": state, "due_at": asked_at, "expires_at": asked_at + timedelta(days=7), "verdicts": [],
             "decided_at": at, "seed": f"{self.asked:032x}", "token_hash": f"{self.asked:064x}", "sent_at": asked_at}
        )  # fmt: skip

    def _answer(self, rows: dict[type[Base], list[dict[str, Any]]], client: int, at: datetime, mood: float) -> None:
        random = self.random
        self.answers += 1
        self._invite(rows, client, at - timedelta(hours=19), InvitationState.ANSWERED)
        rows[SurveyResponse].append(
            {"id": self.answers, "resolution_id": self.jobs, "contact_id": self.contact, "client_id": client,
             "invitation_id": self.asked, "origin": ResponseOrigin.SURVEY, "submitted_at": at}
        )  # fmt: skip
        csat = min(5, max(1, round(4.4 + 0.6 * mood + random.gauss(0.0, 0.7))))
        self._value(rows, at, "csat", number=csat)
        if random.random() < 0.6:
            self._value(rows, at, "nps", number=min(10, max(0, 2 * csat - random.choice((0, 1, 1, 2)))))
        if random.random() < 0.2:
            for step in STEPS:
                rows[Touchpoint].append(
                    {"response_id": self.answers, "resolution_id": self.jobs, "step": step,
                     "value": 1 if csat > 3 or random.random() < 0.5 else -1}
                )  # fmt: skip
        if random.random() < 0.45:
            self._comment(rows, client, at, csat)

    def _value(self, rows: dict[type[Base], list[dict[str, Any]]], at: datetime, question: str, **value: Any) -> None:
        self.rows_answered += 1
        values = {"number": None, "text": None, **value}
        rows[Answer].append(
            {"id": self.rows_answered, "response_id": self.answers, "question": question, "answered_at": at, **values}
        )

    def _comment(self, rows: dict[type[Base], list[dict[str, Any]]], client: int, at: datetime, csat: int) -> None:
        pool = COMMENTS[:4] if csat > 3 else COMMENTS[3:7] if csat > 1 else COMMENTS[4:]
        words, sentiment, score, aspect, mood, intents = self.random.choice(pool)
        self._value(rows, at, "comment", text=words)
        against = [{"start": 0, "end": len(words), "weight": score}]
        rows[AnswerAnalysis].append(
            {"id": self.rows_answered, "answer_id": self.rows_answered, "client_id": client,
             "model": "bench", "text_hash": hashlib.sha256(words.encode()).hexdigest(), "language": "en",
             "sentiment": sentiment, "score": score, "probabilities": {sentiment: 1.0},
             "aspects": [{"aspect": aspect, "sentiment": mood, "start": 0, "end": len(words)}], "intents": intents,
             "evidence": against, "sentences": [], "severity": 0.3 if score < 0 else 0.0,
             "abstained": "unsure" if self.random.random() < 0.05 else "", "analysed_at": at + timedelta(minutes=1)}
        )  # fmt: skip
