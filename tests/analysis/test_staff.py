"""Fairness to staff: shares, a minimum, intervals, contested ratings, the client's own word."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from analysis.desk.staff import person_page, staff_page
from analysis.models import RatingContest, Verdict
from analysis.relationships.staff import LEAST_RATINGS, StaffRating, staff_scores
from analysis.scoring import contests
from survey import clock
from survey.errors import ConflictError, InvalidInputError, NotFoundError
from survey.models import SurveyResponse
from survey.people import create_person
from tests.conftest import NOW
from tests.factories import make_contact, make_job, make_resolution, make_response


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    """The pages are looked at on the day on which the rows were made."""
    with clock.fixed_at(NOW):
        yield


def _text(response: Any) -> str:
    return " ".join(response.get_data(as_text=True).split())


def _ratings(name: str, *csats: int, **values: Any) -> list[StaffRating]:
    return [
        StaffRating(
            **{
                "name": name,
                "share": 1.0,
                "csat": csat,
                "kind": "Repair",
                "client_id": number % 7,
                "response_id": number,
                "at": NOW,
                **values,
            }
        )
        for number, csat in enumerate(csats)
    ]


def _rated(session: Session, csat: int, staff: dict[str, float] | None = None, **answers: int) -> SurveyResponse:
    done = make_resolution(session, make_job(session, make_contact(session)), staff=staff or {"Ana Xu": 1.0})
    return make_response(session, done, csat=csat, submitted_at=NOW - timedelta(days=1), **answers)


def test_others_on_the_same_work_whatever_the_case_it_is_written_in() -> None:
    """What everybody else gets on a kind of job counts for every way of writing that kind."""
    mine, theirs = _ratings("Ana", *[3] * 12), [*_ratings("Bo", *[2] * 12), *_ratings("Cy", *[5] * 12, kind="Advice")]
    shouted = [replace(rating, kind="REPAIR") for rating in mine]
    [same, *_rest] = staff_scores([*mine, *theirs])
    [other, *_rest] = staff_scores([*shouted, *theirs])
    assert same.others == other.others
    assert other.others is not None
    assert other.others < 3


def test_no_score_below_the_minimum_and_what_is_missing() -> None:
    """Shares added up, not jobs; and several clients, not one who answers often."""
    [ana, bo] = staff_scores([*_ratings("Ana", *[5] * 30, share=0.3), *_ratings("Bo", *[5] * 30, client_id=1)])
    assert (ana.score, ana.missing_ratings, ana.missing_clients) == (None, 1, 0)
    assert (bo.score, bo.missing_ratings, bo.missing_clients) == (None, 0, 4)


def test_scores_are_drawn_to_the_firm_and_carry_intervals() -> None:
    """Few ratings more than many; the interval holds the score and narrows with more ratings."""
    many, few = staff_scores([*_ratings("Many", *[5, 5, 4, 5] * 30), *_ratings("Some", *[3, 4, 2, 3] * 3)])
    assert many.score is not None
    assert few.score is not None
    assert 3.0 < few.score.value < many.score.value
    assert few.score.low < few.score.value < few.score.high
    assert few.score.high - few.score.low > many.score.high - many.score.low
    assert few.compared == "below"


def test_everybody_is_in_the_order_of_the_alphabet() -> None:
    """Nobody is ranked."""
    scores = staff_scores([*_ratings("zoe", *[5] * 20), *_ratings("Ana", *[2] * 20), *_ratings("Bo", 3)])
    assert [one.name for one in scores] == ["Ana", "Bo", "zoe"]


def test_a_rating_about_the_price_does_not_count_against_the_person() -> None:
    """Only a low one is asked about; about a person, or not said, it counts."""
    [ana] = staff_scores([*_ratings("Ana", *[5] * 12), *_ratings("Ana", 1, about=3)])
    assert (ana.ratings, ana.not_about) == (12, 1)
    assert staff_scores([*_ratings("Ana", *[5] * 12), *_ratings("Ana", 1, about=1)])[0].ratings == 13
    assert staff_scores([*_ratings("Ana", *[5] * 12), *_ratings("Ana", 1)])[0].ratings == 13


def test_contested_ratings_are_shown_with_and_without() -> None:
    """Undecided it counts; set aside it does not; both figures stand beside the score."""
    others = _ratings("Ana", *[5, 4, 5] * 5)
    [waits] = staff_scores([*others, *_ratings("Ana", 1, contest="open")])
    [aside] = staff_scores([*others, *_ratings("Ana", 1, contest="set_aside")])
    assert waits.score is not None
    assert waits.with_all == waits.score
    assert waits.without is not None
    assert waits.without.value > waits.score.value
    assert aside.score is not None
    assert aside.score.value > waits.score.value
    assert (waits.contested, aside.set_aside) == (1, 1)


def test_shares_are_those_of_the_closing(session: Session) -> None:
    """Two people on one job share its rating."""
    _rated(session, 4, {"Ana Xu": 0.7, "Bo Li": 0.3}, about=2)
    page = staff_page(session, NOW)
    assert [(one.name, one.weight) for one in page.scores] == [("Ana Xu", 0.7), ("Bo Li", 0.3)]
    assert page.without_score == 2


def test_a_contest_needs_a_reason_a_rating_and_a_second_person(session: Session) -> None:
    """Who contests does not decide; who is rated does not either; decided is decided, and undone within a day."""
    response = _rated(session, 1)
    mara = create_person(session, "mara@brightside.example", "manager", NOW, name="Mara Doyle")
    ana = create_person(session, "ana@brightside.example", "manager", NOW, name="Ana Xu")
    ines = create_person(session, "ines@brightside.example", "manager", NOW, name="Ines")
    with pytest.raises(InvalidInputError):
        contests.contest_rating(session, response.id, "Ana Xu", " ", mara.id, NOW)
    with pytest.raises(NotFoundError):
        contests.contest_rating(session, response.id, "Bo Li", "Not there.", mara.id, NOW)
    made = contests.contest_rating(session, response.id, "Ana Xu", "The part came late.", mara.id, NOW)
    assert made.due_at - made.contested_at == contests.REVIEW_IN
    with pytest.raises(ConflictError):
        contests.contest_rating(session, response.id, "Ana Xu", "Again.", ines.id, NOW)
    for person in (mara, ana):
        with pytest.raises(ConflictError):
            contests.review(session, made, Verdict.SET_ASIDE, "Right.", person.id, NOW)
    contests.review(session, made, Verdict.SET_ASIDE, "The supplier confirms it.", ines.id, NOW)
    assert person_page(session, "Ana Xu", NOW).score.set_aside == 1
    with pytest.raises(ConflictError):
        contests.undo_review(session, made, mara.id, NOW)
    with pytest.raises(ConflictError):
        contests.withdraw(session, made, mara.id, NOW)
    contests.undo_review(session, made, ines.id, NOW)
    contests.withdraw(session, made, mara.id, NOW)
    assert person_page(session, "Ana Xu", NOW).ratings[0].contest is None


def test_the_pages_contest_decide_and_take_back(manager: FlaskClient, admin: FlaskClient, session: Session) -> None:
    """One manager contests, another person decides; errors come back at their form."""
    session.commit()
    response = _rated(session, 1)
    url = "/desk/staff/people/Ana%20Xu"
    assert manager.post(url, data={"response": response.id, "reason": ""}).status_code == 422
    assert manager.post(url, data={"response": response.id, "reason": "The part came late."}).status_code == 303
    made = session.query(RatingContest).one()
    own = _text(manager.get("/desk/staff"))
    assert "Somebody other than the person who contested it" in own
    assert f"{LEAST_RATINGS - 1} more ratings and 4 more clients needed" in own
    review = f"/desk/staff/contests/{made.id}/review"
    assert admin.post(review, data={"note": "Right."}).status_code == 422
    assert admin.post(review, data={"verdict": "set_aside", "note": ""}).status_code == 422
    assert admin.post(review, data={"verdict": "set_aside", "note": "Right."}).status_code == 303
    assert "Set aside" in _text(manager.get(url))
    assert admin.post(f"/desk/staff/contests/{made.id}/undo").status_code == 303
    assert manager.post(f"/desk/staff/contests/{made.id}/withdraw").status_code == 303
    assert "waiting for a decision" not in _text(manager.get("/desk/staff"))


def test_overdue_reviews_are_said_to_be(manager: FlaskClient, session: Session) -> None:
    """Past its deadline a contest still waits, and says so."""
    response = _rated(session, 1)
    contests.contest_rating(session, response.id, "Ana Xu", "Late part.", None, NOW - timedelta(days=500))
    assert "Overdue since" in _text(manager.get("/desk/staff"))


def test_staff_pages_are_not_for_viewers(viewer: FlaskClient) -> None:
    """They are about persons."""
    assert viewer.get("/desk/staff").status_code == 403
    assert 'href="/desk/staff"' not in _text(viewer.get("/desk/clients"))
