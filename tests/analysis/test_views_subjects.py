"""The page of subjects: who may do what, what is refused, and where the firm's own names appear."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.models import OwnAspect
from analysis.reading.analysers import taught
from analysis.tasks import read_answers, try_subject
from survey import runtime
from survey.config import ReadingMode
from survey.models import Answer
from tests.analysis.test_assessments import answer_last, make_history
from tests.analysis.test_own_subjects import MIXED, AbleAnalyser
from tests.analysis.text.test_own_aspects import DOGS, PARKING

PAGE = "/desk/settings/subjects"
FORM = {"name": "Parking & access", "examples": "\n".join(PARKING)}


def _text(response: object) -> str:
    return " ".join(response.get_data(as_text=True).split())  # type: ignore[attr-defined]


def _only(session: Session) -> OwnAspect:
    return session.scalars(select(OwnAspect)).one()


def _read_about_parking(manager: FlaskClient, session: Session) -> Answer:
    """A subject that is in force, and a comment that was read for it."""
    manager.post(f"{PAGE}/new", data=FORM)
    try_subject(AbleAnalyser)
    comment = answer_last(session, make_history(session), csat=1, comment="bad <parking>")
    session.commit()
    read_answers(lambda examples, _calibration: taught(AbleAnalyser(), examples))
    session.expire_all()
    return comment


def test_the_page_shows_what_is_read_anyway(viewer: FlaskClient) -> None:
    """Every built-in subject with its explanation; a viewer is offered nothing to do."""
    page = _text(viewer.get(PAGE))
    assert "Prices, quotes, invoices, fees, refunds" in page
    assert "None yet" in page
    assert "Add a subject" not in page
    assert "/desk/settings/people" not in page


@pytest.mark.parametrize("path", ["/new", "/1", "/1/undo", "/1/archive", "/1/restore"])
def test_viewers_change_nothing(viewer: FlaskClient, session: Session, path: str) -> None:
    """Neither by a form nor without one."""
    assert viewer.post(PAGE + path, data=FORM).status_code == 403
    assert session.scalars(select(OwnAspect)).all() == []


def test_viewers_see_no_form(viewer: FlaskClient) -> None:
    """The page to add one is for those who may."""
    assert viewer.get(f"{PAGE}/new").status_code == 403


def test_admins_find_the_page_among_the_settings(admin: FlaskClient) -> None:
    """The settings' tabs lead there."""
    assert PAGE in _text(admin.get("/desk/settings"))
    assert admin.get(f"{PAGE}/new").status_code == 200


def test_a_manager_adds_one_and_the_page_says_that_it_works(manager: FlaskClient, session: Session) -> None:
    """Until the worker has tried it the page looks again by itself; afterwards it stops."""
    response = manager.post(f"{PAGE}/new", data=FORM, follow_redirects=True)
    page = _text(response)
    assert "Parking &amp; access" in page
    assert "Working" in page
    assert 'hx-trigger="every 3s"' in page
    assert "flask text reanalyse" in page
    assert f"{PAGE}/{_only(session).id}/archive" in page
    try_subject(AbleAnalyser)
    page = _text(manager.get(PAGE))
    assert "no comments yet to try it on" in page
    assert "every 3s" not in page


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"name": "", "examples": "\n".join(PARKING)}, "Give the subject a name."),
        ({"name": "Parking", "examples": "No parking."}, "at least 3"),
        ({"name": "Booking", "examples": "\n".join(PARKING)}, "is a subject that is read already"),
        ({}, "Give the subject a name."),
        ({"name": "Parking", "examples": "\n".join(["a", "b", "p" * 301])}, "too long"),
    ],
)
def test_bad_input_comes_back_with_what_was_typed(
    manager: FlaskClient, session: Session, data: dict[str, str], message: str
) -> None:
    """Status 422, the reason at the field, nothing stored."""
    response = manager.post(f"{PAGE}/new", data=data)
    assert response.status_code == 422
    page = response.get_data(as_text=True)
    assert message in page
    assert all(line in page for line in data.get("examples", "").splitlines())
    assert session.scalars(select(OwnAspect)).all() == []


def test_a_change_and_its_undo(manager: FlaskClient, session: Session) -> None:
    """The form shows what is there; undo brings it back, and only once."""
    manager.post(f"{PAGE}/new", data=FORM)
    row = _only(session)
    assert "There was no parking." in _text(manager.get(f"{PAGE}/{row.id}"))
    assert manager.post(f"{PAGE}/{row.id}", data={**FORM, "examples": "x"}).status_code == 422
    changed = {"name": "Dogs", "examples": "\n".join(DOGS)}
    assert manager.post(f"{PAGE}/{row.id}", data=changed).status_code == 303
    row = _only(session)
    assert row.name == "Dogs"
    undo = {"at": row.updated_at.isoformat()}
    assert manager.post(f"{PAGE}/{row.id}/undo", query_string=undo).status_code == 303
    assert _only(session).name == "Parking & access"
    page = _text(manager.post(f"{PAGE}/{row.id}/undo", query_string=undo, follow_redirects=True))
    assert "nothing is taken back" in page
    assert manager.get(f"{PAGE}/999").status_code == 404


def test_archived_and_brought_back(manager: FlaskClient, session: Session) -> None:
    """Archived ones are listed apart; a second click says that it is done already."""
    manager.post(f"{PAGE}/new", data=FORM)
    row = _only(session)
    page = _text(manager.post(f"{PAGE}/{row.id}/archive", follow_redirects=True))
    assert "1 archived" in page
    assert "archived already" in _text(manager.post(f"{PAGE}/{row.id}/archive", follow_redirects=True))
    assert manager.get(f"{PAGE}/{row.id}").status_code == 303
    manager.post(f"{PAGE}/{row.id}/restore")
    assert _only(session).archived_at is None


def test_the_trial_shows_comments_in_the_clients_words(manager: FlaskClient, session: Session) -> None:
    """What was found, with the part that speaks of it marked and everything escaped."""
    _read_about_parking(manager, session)
    row = _only(session)
    row.tried_at = None
    session.commit()
    try_subject(AbleAnalyser)
    page = _text(manager.get(PAGE))
    assert "1 of the last 1 comments" in page
    assert "<mark>bad &lt;parking&gt;</mark>" in page


def test_a_subject_of_no_use_says_why(manager: FlaskClient, session: Session) -> None:
    """In plain words, beside its examples."""
    manager.post(f"{PAGE}/new", data={"name": "Mixed", "examples": "\n".join(MIXED)})
    try_subject(AbleAnalyser)
    assert "too little in common" in _text(manager.get(PAGE))


def test_the_firms_own_name_stands_wherever_subjects_are_named(manager: FlaskClient, session: Session) -> None:
    """On the comment, in its filter and chip, in the correction form, over time, and for archived ones too."""
    _read_about_parking(manager, session)
    name = "Parking &amp; access"
    page = _text(manager.get("/desk/comments"))
    assert f'<option value="parking_access" >{name}</option>' in page
    assert page.count(name) >= 3
    assert "Parking access" not in page
    assert f"About: {name}" in _text(manager.get("/desk/comments?aspect=parking_access"))
    assert name in _text(manager.get("/desk/comments/trends"))
    manager.post(f"{PAGE}/{_only(session).id}/archive")
    page = _text(manager.get("/desk/comments?aspect=parking_access"))
    assert f"About: {name}" in page


def test_a_person_may_add_the_firms_own_subject_to_a_comment(manager: FlaskClient, session: Session) -> None:
    """A correction takes it as any other subject."""
    manager.post(f"{PAGE}/new", data=FORM)
    answer_last(session, make_history(session), csat=1, comment="bad work")
    session.commit()
    read_answers(lambda examples, _calibration: taught(AbleAnalyser(), examples))
    sent = {"add": "parking_access", "add_mood": "negative"}
    assert manager.post("/desk/comments/readings/1/correct", data=sent).status_code == 303
    assert "1 comment" in _text(manager.get("/desk/comments?aspect=parking_access&mood=negative"))


def test_with_the_fast_reader_the_page_says_that_own_subjects_are_not_read(
    manager: FlaskClient, session: Session
) -> None:
    """No promise that the installation does not keep, and no endless waiting."""
    manager.post(f"{PAGE}/new", data=FORM)
    held = manager.application.extensions["clientele"]
    assert isinstance(held, runtime.Runtime)
    fast = held.settings.model_copy(update={"text_analyser": ReadingMode.FAST})
    manager.application.extensions["clientele"] = runtime.Runtime(
        settings=fast, tasks=held.tasks, counters=held.counters, checkers=held.checkers
    )
    page = _text(manager.get(PAGE))
    assert "not read at present" in page
    assert "Working" not in page
