"""What results keep at hand: the verdict on each link and each response's tally say what the rows themselves say."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey.distinct import distinct_words
from survey.errors import ConflictError
from survey.evidence import held, verdicts
from survey.evidence.links import on_link
from survey.evidence.queries import unconfirmed
from survey.evidence.records import VISIT_LIMIT, record_visit, sent_moments, visits_of
from survey.front.visits import Look, told, write
from survey.history import ImportedResponse, import_response
from survey.models import (
    Answer,
    HeldAnswer,
    Invitation,
    Job,
    LinkSeen,
    LinkVerdict,
    SurveyEventKind,
    SurveyResponse,
    Touchpoint,
)
from survey.responses import add_reply, find_response, submit
from survey.results.funnel import load_funnel
from survey.results.page import Choice, ask
from survey.tallies import counted, tally_of
from tests.conftest import NOW
from tests.factories import make_invitation, make_job
from tests.survey.gauntlet import CHROME, HEADLESS, TAPPED
from tests.survey.results.rows import SCANNER

AGENTS = (CHROME, HEADLESS, SCANNER)


def sent(session: Session) -> Invitation:
    return make_invitation(session, sent_at=NOW - timedelta(days=1), expires_at=NOW + timedelta(days=7))


def tally_in_rows(session: Session, response_id: int) -> str:
    answers = select(Answer.question, Answer.number, Answer.managers_only).where(Answer.response_id == response_id)
    steps = select(Touchpoint.step, Touchpoint.value).where(Touchpoint.response_id == response_id)
    return tally_of(
        [(row[0], row[1], row[2]) for row in session.execute(answers)],
        [(row[0], row[1]) for row in session.execute(steps)],
    )


class AnyOrder(RuleBasedStateMachine):
    """Visits, answers, changes, "not a person" and its way back, replies, the worker: in any order."""

    fresh: Callable[[], tuple[Session, Invitation]]

    def __init__(self) -> None:
        super().__init__()
        self.session, self.link = type(self).fresh()
        self.now = NOW

    def later(self, seconds: int) -> Any:
        self.now += timedelta(seconds=seconds)
        return self.now

    @rule(
        kind=st.sampled_from((SurveyEventKind.OPENED, SurveyEventKind.SHOWN, SurveyEventKind.TRAPPED)),
        agent=st.sampled_from(AGENTS), value=st.integers(1, 5), gap=st.sampled_from((5, 90)),
    )  # fmt: skip
    def visit(self, kind: SurveyEventKind, agent: str, value: int, gap: int) -> None:
        details = {"method": "GET", "fetch": TAPPED, "page": "rating", "offered": {"csat": value}}
        record_visit(self.session, self.link, kind, self.later(gap), agent, **details)

    @rule(agent=st.sampled_from(AGENTS), value=st.integers(1, 5), times=st.sampled_from((1, VISIT_LIMIT // 2 + 1)))
    def look_at_the_front(self, agent: str, value: int, times: int) -> None:
        at = self.later(30)
        after = int((at - NOW + timedelta(days=1)).total_seconds())
        self.session.flush()
        look = Look(self.link.id, at, agent, told(agent, TAPPED.items(), "rating", [("csat", value)], after))
        write(self.session, [look] * times)

    @rule()
    def the_worker_judges(self) -> None:
        verdicts.renew(self.session, self.now)

    @rule(csat=st.integers(1, 5), words=st.sampled_from(("", "Late")), step=st.sampled_from((None, 1, -1)))
    def answer(self, csat: int, words: str, step: int | None) -> None:
        steps = {} if step is None else {"greeted": step}
        submit(self.session, self.link, {"csat": csat, "comment": words}, steps, self.later(20))

    @rule()
    def reply(self) -> None:
        add_reply(self.session, self.link, f"Thanks, at {self.now}", self.later(20))

    @precondition(lambda self: find_response(self.session, self.link) is not None)
    @rule()
    def no_person(self) -> None:
        response = find_response(self.session, self.link)
        assert response is not None
        try:
            held.not_a_person(self.session, response, None, self.later(20))
        except ConflictError:
            assert any(answer.question.startswith("reply") for answer in response.answers)

    @rule()
    def a_person_after_all(self) -> None:
        kept = select(HeldAnswer).where(HeldAnswer.invitation_id == self.link.id, HeldAnswer.outcome.is_(None))
        row = self.session.scalars(kept.limit(1)).first()
        if row is not None and find_response(self.session, self.link) is None:
            held.count(self.session, row, None, self.later(20))

    @invariant()
    def what_is_kept_is_what_the_rows_say(self) -> None:
        self.session.flush()
        visits = visits_of(self.session, [self.link.id])[self.link.id]
        found, row = on_link(visits, sent_moments(self.link)), self.session.get(LinkVerdict, self.link.id)
        assert (row is not None) == bool(visits)
        if row is not None:
            self.session.refresh(row)
            if not row.stale:
                assert (row.seen is LinkSeen.PERSON, tuple(row.pages.split())) == (found.by_person, found.pages)
                click = found.click and (found.click.question, found.click.value, found.click.at)
                assert (row.clicked and (row.clicked, row.clicked_value, row.clicked_at)) == click
        ours = select(SurveyResponse.id, SurveyResponse.tally).where(SurveyResponse.invitation_id == self.link.id)
        for number, tally in self.session.execute(ours):
            assert tally == tally_in_rows(self.session, number)


def test_what_is_kept_equals_what_the_rows_say(session: Session) -> None:
    """Whatever happens on a link, in whatever order."""
    machine = type("Here", (AnyOrder,), {"fresh": staticmethod(lambda: (session, sent(session)))})
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        machine, settings=settings(max_examples=6, stateful_step_count=10, deadline=None, suppress_health_check=slow)
    )


@pytest.mark.parametrize("agent", [CHROME, SCANNER])
def test_a_page_judges_what_the_worker_has_not(session: Session, agent: str) -> None:
    """The way and the unconfirmed clicks are the same before the worker has judged the links, and after."""
    link = sent(session)
    details = {"page": "rating", "method": "GET", "offered": {"csat": 5}, "fetch": TAPPED}
    record_visit(session, link, SurveyEventKind.OPENED, NOW - timedelta(hours=20), agent, **details)
    asking, tomorrow = ask(session, Choice(span="3"), NOW, managers=True), NOW + timedelta(days=1)
    before = load_funnel(session, asking), unconfirmed(session, tomorrow)

    assert verdicts.renew(session, NOW) == 1
    assert verdicts.renew(session, NOW) == 0
    assert (load_funnel(session, asking), unconfirmed(session, tomorrow)) == before
    assert before[0].machines_only == (agent == SCANNER)
    assert len(before[1]) == (agent == CHROME)


def test_an_imported_answer_is_tallied(session: Session) -> None:
    """History counts like any answer."""
    job = sent(session).resolution.job
    record = ImportedResponse(
        source=job.source, external_id=job.external_id, contact_email="new@client.example", submitted_at=NOW, csat=4,
        comment="Fine",
    )  # fmt: skip
    assert import_response(session, record, NOW)
    session.flush()
    assert session.scalars(select(SurveyResponse.tally)).all() == [
        tally_of([("csat", 4, False), ("comment", None, False)], [])
    ]


_NAMES = st.sampled_from(("csat", "nps", "about.3", "about.5", "comment", "odd name"))
_ANSWERS = st.dictionaries(_NAMES, st.tuples(st.one_of(st.none(), st.integers(-1, 10)), st.booleans()))
_STEPS = st.dictionaries(st.sampled_from(("greeted", "told next", "=!+")), st.sampled_from((-1, 0, 1)))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(_ANSWERS, _STEPS), min_size=1, max_size=6))
def test_tallies_add_up_to_the_answers(responses: list[tuple[dict[str, Any], dict[str, int]]]) -> None:
    """Many lines, one after the other, count each answer once; what was ticked at all, once for each response."""
    lines = [tally_of([(name, *said) for name, said in answers.items()], steps.items()) for answers, steps in responses]
    found = counted("\n".join(lines))
    for name in ("csat", "about.3", "odd name"):
        for hidden in (False, True):
            numbers = [answers[name][0] for answers, _ in responses if name in answers and answers[name][1] is hidden]
            told = {
                t.number: n for t, n in found.items() if (t.name, t.managers_only, t.is_step) == (name, hidden, False)
            }
            assert told == {number: numbers.count(number) for number in set(numbers)}
    for step in ("greeted", "=!+"):
        values = [steps[step] for _, steps in responses if step in steps]
        assert {t.number: n for t, n in found.items() if t.is_step and t.name == step} == {
            value: values.count(value) for value in set(values)
        }
    assert sum(n for t, n in found.items() if t.is_step and t.is_any) == sum(1 for _, steps in responses if steps)


def test_different_words_are_found_in_order(session: Session) -> None:
    """Each kind of job once; jobs without one have none."""
    assert distinct_words(session, Job.kind) == []
    for kind in ("Repair", "", "Advice", "Repair"):
        make_job(session, kind=kind)
    session.flush()
    assert distinct_words(session, Job.kind) == ["Advice", "Repair"]
