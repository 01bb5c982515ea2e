"""Who reads an answer: everybody at the desk, managers alone, or nobody with the name of the one who gave it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from analysis.backtest import stories
from analysis.backtest.history import History, Past
from analysis.backtest.replay import Snapshot
from analysis.models import AnswerAnalysis
from analysis.reading.themes import comments_said
from analysis.relationships.evidence import JobDone, Reading, Response
from analysis.relationships.words import MANAGERS_ONLY, quoted
from analysis.scoring.evidence import load_evidence
from survey import clock, tokens
from survey.api_output import ResponseOut
from survey.db import Base
from survey.firms import get_firm
from survey.models import ConfidentialAnswer, HeldAnswer, Invitation, SurveyEvent
from survey.responses import answers_of, find_response, submit
from tests.conftest import NOW, SECRET_KEY
from tests.factories import make_client, make_contact, make_invitation, make_job, make_resolution
from tests.survey.documents import EVERY_TYPE, make_version
from tests.survey.gauntlet import HEADLESS
from tests.survey.test_respond import Link, hidden_fields

SECRET = "The apprentice was shouted at"
UNSAID = "Nobody dares to say that it is cold"


@pytest.fixture
def link(session: Session, client: FlaskClient) -> Iterator[Link]:
    """A survey that asks everything."""
    version = make_version(session, EVERY_TYPE)
    job = make_job(session, make_contact(session, make_client(session, name="Harbour Café")))
    invitation = make_invitation(session, make_resolution(session, job), version=version, version_id=version.id)
    with clock.fixed_at(NOW):
        yield Link(client, session, invitation, f"/s/{tokens.derive(SECRET_KEY, 'survey', invitation.seed)}")


@pytest.fixture
def told(link: Link) -> Invitation:
    """Somebody told the managers something, and everybody something else."""
    link.post(csat="2", comment="It took two weeks")
    link.post("/manager_only", manager_only=SECRET)
    return link.invitation


def test_words_for_managers_are_shown_to_managers_alone(
    told: Invitation, viewer: FlaskClient, manager: FlaskClient
) -> None:
    """The job, the client, the comments, the search in them and their file: each with the words, or without."""
    places = [
        f"/desk/jobs/{told.resolution.job_id}",
        f"/desk/clients/{told.client_id}",
        "/desk/comments",
        "/desk/comments?q=apprentice",
        "/desk/comments/comments.csv",
        "/desk/comments/comments.csv?q=shouted",
    ]
    for place in places:
        seen, hidden = manager.get(place), viewer.get(place)
        assert (seen.status_code, hidden.status_code) == (200, 200), place
        assert SECRET in seen.text, place
        assert "shouted" not in hidden.text.replace("q=shouted", ""), place
    assert "It took two weeks" in viewer.get(places[0]).text
    assert "Is there something about {staff|our team}" in manager.get(places[0]).text
    assert "Is there something" not in viewer.get(places[0]).text
    assert "Only managers see this answer." in manager.get(places[0]).text


def test_words_for_managers_do_not_leave_by_the_api(link: Link, told: Invitation) -> None:
    """An API key has no role, so it gets what everybody may read."""
    response = find_response(link.session, told)
    assert response is not None

    given = ResponseOut.of(response).answers

    assert given == {"csat": 2, "comment": "It took two weeks"}


def test_words_for_managers_count_and_are_quoted_nowhere(link: Link, told: Invitation) -> None:
    """A flag's reason, and with it the alert that is emailed, names the answer and not its words; no theme is made of
    them."""
    response = find_response(link.session, told)
    assert response is not None
    answer = next(answer for answer in response.answers if answer.managers_only)
    reading = {"model": "m", "text_hash": "0" * 64, "language": "en", "sentiment": "negative", "score": -0.8}
    empty: dict[str, Any] = {"probabilities": {}, "aspects": [], "intents": {}, "evidence": [], "sentences": []}
    link.session.add(
        AnswerAnalysis(
            answer_id=answer.id,
            client_id=told.client_id,
            severity=0.0,
            abstained="",
            analysed_at=NOW,
            **reading,
            **empty,
        )
    )
    link.session.flush()

    (found,) = load_evidence(link.session, get_firm(link.session), [told.client_id], NOW)[told.client_id].responses
    (quote,) = quoted(found)

    assert found.reading is not None
    assert found.reading.score == -0.8
    assert (quote.text, quote.source) == (MANAGERS_ONLY, f"answer/{answer.id}")
    said = link.session.execute(comments_said(NOW.replace(year=2020), NOW)).all()
    assert [text for _id, text, _at in said] == ["It took two weeks"]


def test_a_replay_of_the_firms_own_past_quotes_no_words_for_managers() -> None:
    """Its stories are made by the worker, which reads everything, and are open to the whole desk."""
    at, words = NOW - timedelta(days=9), Reading(1, SECRET, "negative", -0.8, managers_only=True)
    answer = Response(1, 1, 1, at + timedelta(days=1), numbers={"csat": 2}, reading=words)
    past = Past("C1", "Harbour Café", (JobDone(1, 1, at),), (answer,), ())
    week = at + timedelta(days=7)
    seen = Snapshot(week, "C1", 0.9, 0.8, 1.0, flagged=True, naive={}, inputs=cast("Any", None), too_little=False)

    [story] = stories.told([stories.Case(stories.CAUGHT, "C1")], History((past,), 0), [seen], {"C1": NOW}, [])

    assert SECRET not in json.dumps(story)
    assert MANAGERS_ONLY in json.dumps(story)


def test_the_page_says_who_reads(link: Link) -> None:
    """Each question that is not for everybody says so, and the foot does not say otherwise."""
    link.post(csat="4")

    assert "Only the managers at Brightside IT can read this." in link.get("/manager_only").text
    assert link.get("/fair").text.count("Kept without your name") == 2
    assert "unless the question says otherwise" in link.get("/fair").text
    assert "Kept without your name" not in link.get("/nps").text


def test_the_end_says_again_who_reads(link: Link) -> None:
    """Beside each answer that is not for everybody, or 'somebody will read this' would seem to mean it."""
    link.post(csat="2", comment="It took two weeks")
    assert "Kept without your name" not in link.get("/done").text

    link.post("/manager_only", manager_only=SECRET)
    link.post("/fair", fair="1", unsaid=UNSAID)

    rows = link.get("/done").text.partition('<dl class="summary">')[2].partition("</dl>")[0].split("</div>")
    said = {words: next(row for row in rows if words in row) for words in ("It took two weeks", SECRET, UNSAID)}
    assert 'class="reads"' not in said["It took two weeks"]
    assert "Only the managers at Brightside IT can read this." in said[SECRET]
    assert "Kept without your name" in said[UNSAID]


def _rows(session: Session) -> Iterator[tuple[str, str]]:
    for table in Base.metadata.sorted_tables:
        for row in session.execute(select(*table.columns)).mappings():
            yield table.name, json.dumps(dict(row), default=str)


def test_nothing_leads_from_a_client_to_a_confidential_answer(link: Link, caplog: pytest.LogCaptureFixture) -> None:
    """Neither a row, nor an event, nor a line of the log holds the answer, its code or the link it is kept under; and
    its own row names nobody."""
    link.post(csat="2")
    link.post("/fair", fair="1", unsaid=UNSAID)
    link.session.flush()

    kept = link.session.scalars(select(ConfidentialAnswer)).all()
    assert {(row.question, row.number, row.text) for row in kept} == {("fair", 1, None), ("unsaid", None, UNSAID)}
    assert {column.name for column in ConfidentialAnswer.__table__.columns} == {
        "code",
        "version_id",
        "question",
        "number",
        "text",
        "month",
    }
    token = link.path.removeprefix("/s/")
    log = caplog.text
    assert "/s/<token>/<page>" in log
    for secret in (UNSAID, token, *(row.code for row in kept)):
        assert secret not in log
        elsewhere = [name for name, row in _rows(link.session) if secret in row and name != "confidential_answers"]
        assert elsewhere == [], secret
    changed = [event.details.get("changed") for event in link.session.scalars(select(SurveyEvent))]
    assert not any("fair" in (names or []) or "unsaid" in (names or []) for names in changed)


def test_only_the_link_changes_a_confidential_answer(link: Link) -> None:
    """Its owner sees and changes it; a replay and an old page do not."""
    link.post(csat="2")
    page = hidden_fields(link.get("/fair").text)
    old = {**page, "fair": "1", "unsaid": UNSAID}
    link.client.post(link.path + "/fair", data=old)
    assert UNSAID in link.get("/fair").text
    assert link.answers == {"csat": 2}

    link.post("/fair", fair="6", unsaid="")
    replay = link.client.post(link.path + "/fair", data=old)

    assert replay.status_code == 409
    kept = link.session.scalars(select(ConfidentialAnswer)).all()
    assert [(row.question, row.number) for row in kept] == [("fair", 6)]


def test_a_machine_changes_no_confidential_answer(link: Link) -> None:
    """A scanner that fills in a page whose answers are all confidential is asked to tap once more, as on any page, and
    nothing of what it chose is kept; its repeat of what is stored already is let through."""
    link.post(csat="2")
    link.post("/fair", fair="6")
    machine = {"User-Agent": HEADLESS}

    def pressed(value: str) -> TestResponse:
        fields = {**hidden_fields(link.get("/fair").text), "fair": value, "unsaid": ""}
        return link.client.post(link.path + "/fair", data=fields, headers=machine)

    refused, repeated = pressed("1"), pressed("6")

    assert (refused.status_code, repeated.status_code) == (409, 303)
    assert "again" in hidden_fields(refused.text)
    assert [row.number for row in link.session.scalars(select(ConfidentialAnswer))] == [6]
    assert link.session.scalars(select(HeldAnswer)).all() == []


def test_no_address_offers_a_confidential_answer(session: Session, client: FlaskClient) -> None:
    """What stands in a link is kept as evidence, with the name; so a confidential rating is neither offered by it nor
    asked first, and alone it is no answer."""
    mood = {"key": "mood", "type": "rating", "text": {"en": "How was the mood?"}, "confidentiality": "confidential"}
    asked = {"questions": [{"key": "csat", "type": "rating", "text": {"en": "How did we do?"}}, mood]}
    version = make_version(session, asked)
    invitation = make_invitation(session, version_id=version.id)
    link = Link(client, session, invitation, f"/s/{tokens.derive(SECRET_KEY, 'survey', invitation.seed)}")
    with clock.fixed_at(NOW):
        page = link.get(mood=2).text
        alone = link.post(mood=2)

    assert "How did we do?" in page
    assert "How was the mood?" not in page
    assert alone.status_code == 422
    assert link.session.scalars(select(ConfidentialAnswer)).all() == []
    assert {event.details.get("offered", {}).get("mood") for event in link.events} == {None}


def test_confidential_answers_tell_no_order(link: Link) -> None:
    """The table has no number that grows, and the time is kept as a month."""
    link.post(csat="2")
    link.post("/fair", fair="1")

    (row,) = link.session.scalars(select(ConfidentialAnswer)).all()
    assert row.month == "2026-03"
    if link.session.get_bind().dialect.name == "sqlite":
        made = link.session.scalar(text("SELECT sql FROM sqlite_master WHERE name = 'confidential_answers'"))
        assert "WITHOUT ROWID" in made


def test_what_no_longer_fits_is_taken_away(session: Session) -> None:
    """An answer to a question that the client would not be asked any more is neither shown nor counted."""
    invitation = make_invitation(session)
    submit(session, invitation, {"csat": 1, "about": 3, "nps": 3}, {}, NOW)
    assert answers_of(find_response(session, invitation)) == {"csat": 1, "about": 3, "nps": 3}

    submit(session, invitation, {"csat": 5}, {}, NOW)

    assert answers_of(find_response(session, invitation)) == {"csat": 5, "nps": 3}
    event = session.scalars(select(SurveyEvent).order_by(SurveyEvent.id.desc())).first()
    assert event is not None
    assert event.details["changed"] == ["about", "csat"]


def test_a_job_shows_the_answers_to_the_firms_own_questions(viewer: FlaskClient, link: Link) -> None:
    """Each with its question, in words; what was asked confidentially is not among them."""
    link.post(csat="4")
    link.post("/on_time", on_time="6")
    link.post("/reason", reason="3", other_reason="The <b>dog</b>")
    link.post("/fair", fair="1", unsaid=UNSAID)

    page = viewer.get(f"/desk/jobs/{link.invitation.resolution.job_id}").text

    for words in ("You came when you said you would.", "6 out of 7", "Why did you choose us?"):
        assert words in page
    assert "Something else: The &lt;b&gt;dog&lt;/b&gt;" in page
    assert "I was treated with respect." not in page
    assert UNSAID not in page
