"""Comments on the desk: the list and its filters, corrections, subjects over time; over HTTP."""

import csv
import json
from datetime import timedelta
from io import StringIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.models import AnswerAnalysis, Correction
from analysis.reading.corrections import correct
from survey import clock
from survey.models import Client, SurveyResponse
from tests.analysis.desk_rows import COMMENT, make_hurt_client
from tests.conftest import NOW
from tests.factories import make_response

NAMES = ("Alder", "Birch", "Cedar")


def _text(response: object) -> str:
    return " ".join(response.get_data(as_text=True).split())  # type: ignore[attr-defined]


@pytest.fixture
def readings(session: Session) -> dict[str, AnswerAnalysis]:
    """Three comments: Alder's today, Birch's a month ago (read as positive), Cedar's two months ago (unsure)."""
    for number, name in enumerate(NAMES):
        make_hurt_client(session, name, NOW - timedelta(days=30 * number))
    found = session.execute(
        select(Client.name, AnswerAnalysis)
        .join(AnswerAnalysis, AnswerAnalysis.client_id == Client.id)
        .where(Client.name.in_(NAMES))
    )
    made = {row.name: row.AnswerAnalysis for row in found}
    made["Birch"].sentiment = "positive"
    made["Birch"].intents = {"praise": 0.9, "leaving": 0.1}
    made["Birch"].aspects = [{"aspect": "price_billing", "sentiment": "negative", "start": 0, "end": 6}]
    made["Cedar"].abstained = "unsure"
    made["Cedar"].severity = 0.2
    session.flush()
    return made


def _shown(client: FlaskClient, query: str) -> list[str]:
    page = client.get(f"/desk/comments?{query}").get_data(as_text=True)
    return [name for name in NAMES if f">{name}</a>" in page]


def test_every_filter_narrows_the_list(
    manager: FlaskClient, session: Session, readings: dict[str, AnswerAnalysis]
) -> None:
    """Words, sentiment, subject and how it is spoken of, intent, client, days, corrected, unsure."""
    birch = readings["Birch"]
    correct(session, birch.answer, birch, sentiment="neutral", aspects=birch.aspects, user_id=None, now=NOW)
    for query, expected in {
        "": NAMES,
        "q=nobody+call": NAMES,
        "q=nobody+refund": (),
        "sentiment=mixed": ("Alder", "Cedar"),
        "sentiment=positive": (),
        "sentiment=neutral": ("Birch",),
        "aspect=staff_attitude": ("Alder", "Cedar"),
        "aspect=staff_attitude&mood=negative": (),
        "mood=negative": ("Birch",),
        "intent=praise": ("Birch",),
        "intent=leaving": ("Alder", "Cedar"),
        "client=ald": ("Alder",),
        "since=2026-03-01": ("Alder",),
        "until=2026-02-06": ("Birch", "Cedar"),
        "until=2026-02-05": ("Cedar",),
        "only=corrected": ("Birch",),
        "only=unsure": ("Cedar",),
    }.items():
        assert _shown(manager, query) == list(expected), query


def test_what_makes_no_sense_is_as_if_left_out(manager: FlaskClient, readings: dict[str, AnswerAnalysis]) -> None:
    """Made-up values in the address break nothing and narrow nothing; a made-up subject finds nothing."""
    junk = "sentiment=sad&mood=odd&intent=x&only=y&since=2026-99-99&until=0001-01-01&page=-3&q=%00%22"
    assert _shown(manager, junk.replace("%00", "")[: -len("&q=%22")]) == list(NAMES)
    page = _text(manager.get("/desk/comments?aspect=%3Cb%3E%22own%27&q=%22+OR+%28"))
    assert "No comment fits" in page
    assert "<b>" not in page
    assert manager.get("/desk/comments?page=99").status_code == 200


def test_a_comment_shows_its_marks_reasons_and_verdicts(
    manager: FlaskClient, readings: dict[str, AnswerAnalysis]
) -> None:
    """In words, not only in colour; the filter in force is a chip that takes it away."""
    page = _text(manager.get("/desk/comments?client=Alder&sentiment=mixed"))
    for words in (
        "1 comment<",
        "Mixed",
        "Serious · severity 0.8",
        "May leave",
        "Attitude of staff",
        "Speaks strongly against you (weight 0.8 of 1).",
        "Mona Costa about",
        "Server move",
        'href="/desk/comments?sentiment=mixed">Client: Alder',
    ):
        assert words in page, words
    assert "Complains" not in page.split("comments panel")[1], "an intent below one half is not said"
    assert "Unsure" in _text(manager.get("/desk/comments?client=Cedar")).split("comments panel")[1]


@pytest.mark.parametrize(
    ("abstained", "language", "verdict", "why"),
    [
        ("language", "unknown", False, "Not read: not a language that is read here"),
        ("no language", "unknown", False, "Not read: there are no words in it"),
        ("language", "es", True, "Unsure: Spanish is read in beta quality"),
        ("unsure", "en", True, "Unsure"),
    ],
)
def test_what_was_not_read_has_no_verdict(
    manager: FlaskClient,
    readings: dict[str, AnswerAnalysis],
    session: Session,
    abstained: str,
    language: str,
    verdict: bool,
    why: str,
) -> None:
    """“Neutral” beside words that nobody read would be a verdict; what is read in beta has one, and says so."""
    for reading in readings.values():
        reading.abstained, reading.language, reading.sentiment = abstained, language, "neutral"
    session.flush()
    page = _text(manager.get("/desk/comments"))
    assert (">Neutral</span>" in page.replace("</svg>", ">")) is verdict
    assert f"{why}</span>" in page


def test_a_long_comment_leaves_room_for_the_others(
    manager: FlaskClient, readings: dict[str, AnswerAnalysis], session: Session
) -> None:
    """It scrolls in itself, by keyboard too; a short one does not."""
    assert "quote-long" not in _text(manager.get("/desk/comments"))
    next(iter(readings.values())).answer.text = "On and on. " * 120
    session.flush()
    page = _text(manager.get("/desk/comments"))
    assert page.count("quote-long") == 1
    assert 'tabindex="0" role="group" aria-label="A long comment, 1,320 characters"' in page


def test_comments_nobody_read_yet_and_none_at_all(manager: FlaskClient, session: Session) -> None:
    """An empty desk says what will appear; a new comment is there before it is read, with nothing to correct."""
    assert "No comments yet" in _text(manager.get("/desk/comments"))
    make_response(session, csat=4, comment="Just arrived <b>here</b>")
    page = _text(manager.get("/desk/comments"))
    assert "Just arrived &lt;b&gt;here&lt;/b&gt;" in page
    assert "Not read yet" in page
    assert "Wrong?" not in page


def test_long_lists_come_in_pages_and_downloads_whole(manager: FlaskClient, session: Session) -> None:
    """Twenty-five to a page, filters kept; the file has them all, and no formula of a client's."""
    for number in range(26):
        make_response(session, csat=3, comment=f"=1+{number} slow", submitted_at=NOW - timedelta(days=number))
    page = _text(manager.get("/desk/comments?q=slow"))
    assert "1–25 of 26" in page
    assert "q=slow&amp;page=2" in page
    assert "26–26 of 26" in _text(manager.get("/desk/comments?q=slow&page=2"))
    response = manager.get("/desk/comments/comments.csv?q=slow")
    rows = list(csv.DictReader(StringIO(response.get_data().decode("utf-8-sig"))))
    assert response.mimetype == "text/csv"
    assert len(rows) == 26
    assert rows[0]["comment"] == "'=1+0 slow"
    assert rows[0]["date"] == "2026-03-10"


def _fields(reading: AnswerAnalysis, **values: str) -> dict[str, str]:
    return {"sentiment": reading.sentiment, "next": "/desk/comments?only=corrected", **values}


def test_a_manager_corrects_and_takes_it_back(
    manager: FlaskClient, session: Session, readings: dict[str, AnswerAnalysis]
) -> None:
    """Back to where they were, with an undo; the list says who said what, and what it was."""
    alder = readings["Alder"]
    url = f"/desk/comments/readings/{alder.id}/correct"
    fields = _fields(alder, sentiment="negative", add="timeliness", add_mood="negative", note="Ironic")
    response = manager.post(url, data={**fields, "mood:staff_attitude:positive": "none"})
    assert (response.status_code, response.location) == (303, "/desk/comments?only=corrected")
    done = session.scalars(select(Correction)).one()
    assert (done.sentiment, [item["aspect"] for item in done.aspects or []]) == ("negative", ["timeliness"])
    page = _text(manager.get(response.location))
    assert "Corrected by Manager: was mixed · “Ironic”" in page
    assert f"/desk/comments/corrections/{done.id}/undo?next=" in page
    assert manager.post(url, data={**fields, "mood:staff_attitude:positive": "none"}).status_code == 303
    assert "Nothing was changed" in _text(manager.get("/desk/comments"))
    flag_page = _text(manager.get(f"/desk/clients/{alder.client_id}"))
    assert "Corrected by Manager: was mixed" in flag_page
    manager.post(f"/desk/comments/corrections/{done.id}/undo")
    session.expire_all()
    assert session.scalars(select(Correction)).one().undone_at is not None
    assert "Corrected by" not in _text(manager.get("/desk/comments"))


def test_bad_corrections_change_nothing(
    manager: FlaskClient, session: Session, readings: dict[str, AnswerAnalysis]
) -> None:
    """Made-up sentiments, moods and subjects, a missing comment, a place outside the desk to go back to."""
    alder = readings["Alder"]
    url = f"/desk/comments/readings/{alder.id}/correct"
    for bad in (
        {"sentiment": "sad"},
        {"add": "weather", "add_mood": "negative"},
        {"add": "timeliness", "add_mood": ""},
        {"mood:staff_attitude:positive": "angry"},
        {},
    ):
        assert manager.post(url, data=_fields(alder, **bad)).status_code == 303, bad
    assert session.scalars(select(Correction)).all() == []
    response = manager.post(url, data=_fields(alder, next="//evil.example", sentiment="neutral"))
    assert response.location == "/desk/comments"
    assert manager.post("/desk/comments/readings/999999/correct").status_code == 404
    assert manager.post("/desk/comments/corrections/999999/undo").status_code == 404


def test_viewers_see_and_change_nothing(viewer: FlaskClient, readings: dict[str, AnswerAnalysis]) -> None:
    """They read every page and have nothing to press; strangers are sent to sign in."""
    page = _text(viewer.get("/desk/comments"))
    assert COMMENT[:20] in page
    assert "Wrong?" not in page
    for path in ("trends", "corrections"):
        assert viewer.get(f"/desk/comments/{path}").status_code == 200
    assert viewer.post(f"/desk/comments/readings/{readings['Alder'].id}/correct").status_code == 403
    assert viewer.post("/desk/comments/corrections/1/undo").status_code == 403


def test_strangers_see_nothing(client: FlaskClient) -> None:
    """Every address of these pages asks for a sign-in."""
    for path in ("", "/trends", "/corrections", "/comments.csv", "/corrections.jsonl"):
        response = client.get(f"/desk/comments{path}")
        assert (response.status_code, response.location.startswith("/login")) == (303, True), path


def test_the_page_of_corrections_counts_and_exports(
    app: Flask, manager: FlaskClient, session: Session, readings: dict[str, AnswerAnalysis]
) -> None:
    """The table with its warning, the list with undo, the file to train on; the command prints the same."""
    assert "No corrections yet" in _text(manager.get("/desk/comments/corrections"))
    alder = readings["Alder"]
    correct(session, alder.answer, alder, sentiment="negative", aspects=[], note="Ironic", user_id=None, now=NOW)
    page = _text(manager.get("/desk/comments/corrections"))
    for words in (
        "are not a random sample",
        "not how often the model is right",
        "Note: Ironic",
        "Undo",
        "No subject",
        "lexicon-1",
    ):
        assert words in page, words
    assert "No corrections here" in _text(manager.get("/desk/comments/corrections?model=other&page=7"))
    exported = manager.get("/desk/comments/corrections.jsonl").get_data(as_text=True)
    assert [json.loads(line)["label"] for line in exported.splitlines()] == ["negative"]
    run = app.test_cli_runner().invoke
    assert run(args=["text", "corrections", "--json"]).output == exported
    assert "1 corrected comments" in run(args=["text", "corrections"]).output


def test_subjects_over_time_lead_to_their_comments(
    manager: FlaskClient, session: Session, readings: dict[str, AnswerAnalysis]
) -> None:
    """Each row is a link to the list; too few are said to be too few; a span that is not offered is the usual one."""
    for response in session.scalars(select(SurveyResponse)):
        response.submitted_at = NOW - timedelta(days=1)
    for number in range(5):
        make_hurt_client(session, f"Other {number}")
    with clock.fixed_at(NOW):
        for span in ("", "?months=6", "?months=36", "?months=x"):
            assert manager.get(f"/desk/comments/trends{span}").status_code == 200
        page = _text(manager.get("/desk/comments/trends"))
    assert "aspect=staff_attitude&amp;since=" in page
    assert "too few to say" in page
    assert 'class="spark"' in page
