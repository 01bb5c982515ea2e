"""The scanner gauntlet: machines on every link, in any order, before and after the person. No figure changes."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import Client, TestResponse

from survey import clock, tokens
from survey.db import db
from survey.front.app import Front
from survey.models import Invitation, InvitationState, SurveyEvent, SurveyEventKind
from survey.responses import answers_of, find_response
from tests.asgi import Loop
from tests.conftest import NOW, SECRET_KEY
from tests.factories import make_invitation, make_surveys
from tests.survey.gauntlet import (
    CHROME,
    EDGE,
    HEADERS,
    LIBRARIES,
    NAMED,
    OLD_SAFARI,
    READERS,
    SCRIPTED,
    TAPPED,
    Gauntlet,
    Scanner,
    machine_step,
)

LINKS, LOOKS = 100, 98  # of each link, which is about what is kept one by one
ANSWERING = 10  # of the links, whose person answers
VISITS = 100  # on each: 10,000; the last two of other kinds, of which `bench/gauntlet.py` sends as many
BUSY = slice(6, 14)


def sent_survey(session: Session) -> Invitation:
    return make_invitation(session, sent_at=NOW - timedelta(days=1), expires_at=NOW + timedelta(days=7))


def path_of(invitation: Invitation) -> str:
    return f"/s/{tokens.derive(SECRET_KEY, 'survey', invitation.seed)}"


def test_no_machine_visit_changes_a_figure(app: Flask, session: Session) -> None:
    """Ten thousand visits by scanners, previews, scripts, pressing machines and replaying proxies, on the application
    as it is served: what is stored is what the people said, and nothing where nobody said anything.
    """
    chance = random.Random(6)
    links = LINKS if db.engine.dialect.name == "sqlite" else LINKS // 5  # PostgreSQL counts alike, and takes longer
    most = links * VISITS
    paths = make_surveys(session, links, NOW - timedelta(minutes=1), SECRET_KEY, CHROME)
    session.commit()
    front = Front(app, app.wsgi_app)
    loop = Loop()
    client, scanner = Client(loop.around(front), TestResponse), Scanner(loop.around(front))
    runs = [Gauntlet(client, path, NOW, (CHROME, EDGE)[number % 2]) for number, path in enumerate(paths)]
    for run in runs:
        with clock.fixed_at(run.now):
            for number in range(LOOKS):
                address = run.path + ("", *(f"?csat={value}" for value in range(1, 6)))[number % 6]
                assert scanner.open(address, chance.choice(READERS), chance.choice(HEADERS)) == 200
        front.visits.flush()
        run.visits, run.now = LOOKS, run.now + timedelta(minutes=2)
    answering = [0.985, 0.993]  # of the visits, each person answers, and answers again
    while (done := sum(run.visits for run in runs)) < most:
        if answering and done >= answering[0] * most:
            answering.pop(0)
            for run in runs[:ANSWERING]:
                run.answer(chance.randint(1, 5), "In my own words")
        machine_step(chance.choice(runs[BUSY]), chance)
    front.close()
    loop.close()

    session.expire_all()
    seen = select(func.count()).where(SurveyEvent.kind == SurveyEventKind.OPENED)
    assert (session.scalar(seen) or 0) > links * LOOKS * 0.95
    rows = session.scalars(select(Invitation).order_by(Invitation.id)).all()
    assert [answers_of(find_response(session, row)) for row in rows] == [run.said for run in runs]
    assert {row.state for row in rows[:ANSWERING]} == {InvitationState.ANSWERED}
    assert {row.state for row in rows[ANSWERING:]} == {InvitationState.SENT}


@pytest.mark.parametrize("agent", [CHROME, EDGE, OLD_SAFARI])
def test_whoever_shares_a_scanners_name_taps_once_more(client: FlaskClient, session: Session, agent: str) -> None:
    """The company's scanner calls itself as the person's browser does and swept: one tap more, no word lost."""
    link = sent_survey(session)
    gauntlet = Gauntlet(client, path_of(link), NOW, agent)
    for value in range(1, 6):
        gauntlet.fetch(value, agent, "GET", TAPPED)
    gauntlet.answer(2, "It leaks again, and nobody called.")

    assert answers_of(find_response(session, link)) == {"csat": 2, "comment": "It leaks again, and nobody called."}


def test_the_machine_that_repeats_what_the_person_posted(client: FlaskClient, session: Session) -> None:
    """Microsoft's: the same POST again is answered as before, changes nothing; older and other values are refused."""
    link = sent_survey(session)
    gauntlet = Gauntlet(client, path_of(link), NOW)
    gauntlet.answer(5, "Fine")
    gauntlet.answer(1, "It broke again")
    version = link.client.evidence_version
    first, second = gauntlet.posted

    for agent in (CHROME, EDGE, *NAMED, *LIBRARIES):
        gauntlet.replay(0, agent)
        gauntlet.replay(1, agent)
        gauntlet.replay(1, agent, csat="3")
    with clock.fixed_at(gauntlet.now):
        again, old = gauntlet.person.send(second), gauntlet.person.send(first)

    assert again.status_code == 303
    assert old.status_code == 409
    assert answers_of(find_response(session, link)) == {"csat": 1, "comment": "It broke again"}
    assert link.client.evidence_version == version


def test_the_link_that_no_person_can_see(client: FlaskClient, session: Session) -> None:
    """It is on the page, out of sight, out of the keyboard's way and of the screen reader's, and stores nothing."""
    gauntlet = Gauntlet(client, path_of(sent_survey(session)), NOW)
    page = gauntlet.person.get()

    assert f'<a href="{gauntlet.path}/all-links" hidden aria-hidden="true" tabindex="-1">' in page.text
    shown = gauntlet.person.get("/all-links")
    assert shown.status_code == 200
    assert f'href="{gauntlet.path}"' in shown.text
    assert shown.headers["Referrer-Policy"] == "no-referrer"


class AnyOrder(RuleBasedStateMachine):
    """Machines, replays and one person's answers in any order: what is stored is exactly what the person said."""

    fresh: Callable[[], tuple[Gauntlet, Callable[[], dict[str, Any]]]]

    def __init__(self) -> None:
        super().__init__()
        self.gauntlet, self.stored = type(self).fresh()

    @rule(number=st.integers(0, 99), agent=st.sampled_from(READERS), fetch=st.sampled_from(HEADERS))
    def look(self, number: int, agent: str, fetch: dict[str, str]) -> None:
        self.gauntlet.fetch(number, agent, "GET", fetch)

    @rule(value=st.integers(1, 5), fetch=st.sampled_from(SCRIPTED))
    def press(self, value: int, fetch: dict[str, str]) -> None:
        self.gauntlet.press_by_script(value, fetch)

    @rule(value=st.integers(1, 5))
    def press_as_a_person_would_but_for_the_sweep(self, value: int) -> None:
        self.gauntlet.press_after_sweep(value)

    @rule(number=st.integers(0, 9), agent=st.sampled_from((CHROME, EDGE)), changed=st.sampled_from(("", "1", "5")))
    def replay(self, number: int, agent: str, changed: str) -> None:
        self.gauntlet.replay(number, agent, **({"csat": changed} if changed else {}))

    @rule(value=st.integers(1, 5), words=st.sampled_from(("", "Late", "Kind")))
    def answer(self, value: int, words: str) -> None:
        self.gauntlet.answer(value, words)

    @invariant()
    def only_the_person_counts(self) -> None:
        assert self.stored() == self.gauntlet.said


def test_any_order_of_machines_and_one_person(client: FlaskClient, session: Session) -> None:
    """Whatever the order, the stored answers are the person's."""

    def fresh() -> tuple[Gauntlet, Callable[[], dict[str, Any]]]:
        link = sent_survey(session)
        gauntlet = Gauntlet(client, path_of(link), NOW, CHROME)
        return gauntlet, lambda: dict(answers_of(find_response(session, link)))

    machine = type("AnyOrderHere", (AnyOrder,), {"fresh": staticmethod(fresh)})
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=6, stateful_step_count=8, deadline=None, suppress_health_check=slow),
    )
