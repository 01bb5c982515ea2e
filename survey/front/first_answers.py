"""First answers that come at the same time, stored in one transaction: one wait for the disk for all of them.

Each row is what `survey.responses.submit` would have written after `survey.evidence.held.weigh`; a test compares them.
What is not plain (an error, a machine, a second answer, a confidential one, one to a question that is not asked, words
that do not fit the rating) is left out.
"""

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from flask import Flask
from sqlalchemy import BindParameter, Table, bindparam, insert, update
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from survey import clock, tokens
from survey.db import transaction
from survey.evidence.presses import judged
from survey.evidence.records import AGENT_LENGTH, visits_of
from survey.evidence.visits import Kind, Visit
from survey.front.asked import Asked, find_many
from survey.front.documents import Documents
from survey.front.visits import Visits, write
from survey.languages import DEFAULT, translator
from survey.logs import log
from survey.models import (
    Answer,
    Client,
    Firm,
    Invitation,
    InvitationState,
    ResponseOrigin,
    SurveyEvent,
    SurveyEventKind,
    SurveyResponse,
    Touchpoint,
)
from survey.pages import language_for
from survey.promise import promise_steps
from survey.questionnaires import answering, confidential, logic, mismatch
from survey.questionnaires.answering import Sent
from survey.questionnaires.document import LEADS, Confidentiality, Document
from survey.questionnaires.logic import Setting

MOST_AT_ONCE = 128
GATHER = 0.002  # seconds that a few more are waited for, where several came at once before
LONGEST_WAIT = 15.0  # seconds; then Flask is asked, for which an answer that is stored already changes nothing


# On the tables, made once: the mapper would look at every row.
_RESPONSES, _INVITATIONS, _CLIENTS = (cast("Table", model.__table__) for model in (SurveyResponse, Invitation, Client))
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_ADD_RESPONSE = insert(_RESPONSES).returning(_RESPONSES.c.id, sort_by_parameter_order=True)
_ADD_ANSWER, _ADD_STEP, _ADD_EVENT = (
    insert(cast("Table", model.__table__)) for model in (Answer, Touchpoint, SurveyEvent)
)
_MARK_ANSWERED = (
    update(_INVITATIONS)
    .where(_INVITATIONS.c.id.in_(_IDS))
    .values(state=InvitationState.ANSWERED, answered_at=bindparam("at"))
)
_ADD_EVIDENCE = (
    update(_CLIENTS)
    .where(_CLIENTS.c.id.in_(_IDS))
    .values(evidence_version=_CLIENTS.c.evidence_version + bindparam("count"))
)


@dataclass
class Posted:
    """A form that was sent. `following`: the page that comes next; None: not stored here."""

    token: str
    form: MultiDict[str, str]
    user_agent: str
    fetch: Mapping[str, str]
    offered: Mapping[str, str]  # what the address carries
    languages: Sequence[str]  # wanted, best first, the one chosen on the page in front
    done: threading.Event = field(default_factory=threading.Event)
    following: str | None = None


@dataclass(frozen=True)
class _Plain:
    """A form that can be stored as it is."""

    posted: Posted
    asked: Asked
    document: Document
    sent: Sent
    press: Mapping[str, Any]
    following: str


class Writer:
    """One thread that stores what the others were sent. Before it is started, each stores its own."""

    def __init__(self, app: Flask, documents: Documents, visits: Visits, firm: Callable[[], Firm]) -> None:
        self._app = app
        self._documents = documents
        self._visits = visits
        self._firm = firm
        self._posted: queue.SimpleQueue[Posted] = queue.SimpleQueue()
        self._started = False

    def start(self) -> None:
        """Begin to store, in a thread."""
        self._started = True
        threading.Thread(target=self._run, name="first answers", daemon=True).start()

    def store(self, posted: Posted) -> str | None:
        """The page that follows once the answer is on the disk; None if it was not stored here."""
        if not self._started:
            self.take([posted])
        else:
            self._posted.put(posted)
        posted.done.wait(LONGEST_WAIT)
        return posted.following

    def _run(self) -> None:
        together = 1
        while True:
            batch = [self._posted.get()]
            if together > 1:  # those who were answered together send their next together
                time.sleep(GATHER)
            self.take(batch)
            together = len(batch)

    def take(self, batch: list[Posted]) -> None:
        """Store these and whatever else waits, and wake those who sent them."""
        while len(batch) < MOST_AT_ONCE and not self._posted.empty():
            batch.append(self._posted.get())
        stored: Sequence[_Plain] = ()
        try:
            stored = self._store(batch)
        except Exception:  # noqa: BLE001  each is asked again on its own, by Flask, which says what is wrong
            log.exception("first answers not stored together", count=len(batch))
        for one in stored:
            one.posted.following = one.following
        for posted in batch:
            posted.done.set()

    def _store(self, batch: Sequence[Posted]) -> Sequence[_Plain]:
        seen = self._visits.take()
        try:
            with self._app.app_context(), transaction() as session:
                if seen:
                    write(session, seen)
                now = clock.now()
                plain = self._plain(session, batch, now)
                if plain:
                    _insert(session, plain, now)
        except BaseException:
            self._visits.give_back(seen)
            raise
        return plain

    def _plain(self, session: Session, batch: Sequence[Posted], now: datetime) -> list[_Plain]:
        by_link = {tokens.fingerprint(posted.token): posted for posted in reversed(batch)}  # of two, the first
        found = find_many(session, by_link, now)
        visits = visits_of(session, [asked.row.id for asked in found.values()])
        firm = self._firm()
        checked = (
            self._checked(by_link[link], asked, visits[asked.row.id], firm, now) for link, asked in found.items()
        )
        return [one for one in checked if one is not None]

    def _checked(
        self, posted: Posted, asked: Asked, visits: Sequence[Visit], firm: Firm, now: datetime
    ) -> _Plain | None:
        document = self._documents.of(asked.row.version_id)
        promise = [step.key for step in promise_steps(firm.promise)]
        sent = answering.read(document, promise, posted.form, translator(DEFAULT))
        questions = answering.questions_of(document)
        if sent.errors or not any(questions[name].type in LEADS for name in sent.answers if name in questions):
            return None
        if confidential.of_document(document):
            return None
        press, verdict = judged(posted.user_agent[:AGENT_LENGTH], posted.fetch, visits, now)
        if verdict.kind is Kind.MACHINE:
            return None
        language = language_for(
            document, [*posted.languages[:1], asked.row.language, *posted.languages[1:], firm.language]
        )
        offer = answering.offered(document, posted.offered)
        lead = logic.lead_of(document, logic.leading(document, offer, sent.answers))
        if mismatch.better_fit(sent.answers, lead.key, language) is not None:
            return None
        answers = {name: value for name, value in sent.answers.items() if value != ""}
        if logic.unasked(document, answers, sent.steps):
            return None
        setting = Setting(asked.row.kind, language, sent.steps, promise)
        following = logic.page_after(lead.key, logic.pages(document, answers, setting, lead), answers, setting)
        return _Plain(posted, asked, document, sent, {**press.details, **verdict.as_dict()}, following)


def _insert(session: Session, plain: Sequence[_Plain], now: datetime) -> None:
    rows = [one.asked.row for one in plain]
    responses = session.scalars(
        _ADD_RESPONSE,
        [
            {
                "resolution_id": row.resolution_id,
                "contact_id": row.contact_id,
                "client_id": row.client_id,
                "invitation_id": row.id,
                "origin": ResponseOrigin.SURVEY,
                "language": row.language,
                "version_id": row.version_id,
                "submitted_at": now,
            }
            for row in rows
        ],
    ).all()
    answers, steps, events = [], [], []
    for one, response_id in zip(plain, responses, strict=True):
        for name, value in one.sent.answers.items():
            if value != "":
                answers.append(_answer(one.document, response_id, name, value, now))
        resolution = one.asked.row.resolution_id
        steps += [
            {"response_id": response_id, "resolution_id": resolution, "step": step, "value": value}
            for step, value in one.sent.steps.items()
        ]
        events.append(_event(one, now))
    session.execute(_ADD_ANSWER, answers)
    if steps:
        session.execute(_ADD_STEP, steps)
    session.execute(_ADD_EVENT, events)
    session.execute(_MARK_ANSWERED, {"ids": [row.id for row in rows], "at": now})
    times: dict[int, list[int]] = {}
    for client_id, count in Counter(row.client_id for row in rows).items():
        times.setdefault(count, []).append(client_id)
    for count, clients in sorted(times.items()):
        session.execute(_ADD_EVIDENCE, {"ids": clients, "count": count})


def _answer(document: Document, response_id: int, name: str, value: int | str, now: datetime) -> dict[str, Any]:
    question = document.by_key.get(name.partition(".")[0])
    return {
        "response_id": response_id,
        "question": name,
        "number": value if isinstance(value, int) else None,
        "text": None if isinstance(value, int) else value,
        "answered_at": now,
        "managers_only": question is not None and question.confidentiality is Confidentiality.MANAGERS,
    }


def _event(one: _Plain, now: datetime) -> dict[str, Any]:
    named = [name for name, value in one.sent.answers.items() if value != ""]
    changed = sorted([*named, *(f"step_{step}" for step in one.sent.steps)])
    return {
        "invitation_id": one.asked.row.id,
        "kind": SurveyEventKind.CONFIRMED,
        "at": now,
        "user_agent": one.posted.user_agent[:AGENT_LENGTH],
        "details": {"changed": changed, "press": dict(one.press)},
    }
