"""The wording and the order of the survey's pages."""

from typing import Any

import pytest

from survey.questionnaire import comment_prompt
from survey.questionnaires import logic
from survey.questionnaires.answering import clean_text
from survey.questionnaires.logic import rating
from tests.survey.questionnaire_documents import AFTER_JOB, document, question

PROMISE = ["greeted", "explained"]


def test_the_question_about_words_fits_the_rating() -> None:
    """An unhappy client is asked what to put right, a happy one what was good."""
    assert "put right" in comment_prompt(1)
    assert "excellent" in comment_prompt(5)
    assert comment_prompt(None) not in {comment_prompt(value) for value in range(1, 6)}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, None),
        ({"csat": 3, "nps": 10}, 3),
        ({"nps": 6}, 2),
        ({"nps": 7}, 4),
        ({"nps": 9}, 5),
        ({"comment": "x"}, None),
    ],
)
def test_rating_comes_from_csat_else_nps(answers: dict[str, int | str], expected: int | None) -> None:
    """The five-word scale counts first; 0–10 stands in by promoter, passive, detractor."""
    assert rating(answers) == expected


def following(page: str, answers: dict[str, int | str], **setting: Any) -> str:
    """The page after `page` of the questionnaire after a job, led by what was answered first."""
    lead = logic.lead_of(AFTER_JOB, logic.leading(AFTER_JOB, answers))
    known = logic.Setting(promise=PROMISE, **setting) if "promise" not in setting else logic.Setting(**setting)
    return logic.page_after(page, logic.pages(AFTER_JOB, answers, known, lead), answers, known)


def test_pages_come_in_order_and_skip_what_is_answered() -> None:
    """The next page is the first later one without an answer; at the end, the summary."""
    answers: dict[str, int | str] = {"csat": 4}
    assert following("csat", answers) == "would_return"
    assert following("csat", {**answers, "would_return": 1}) == "nps"
    assert following("would_return", {**answers, "nps": 1}, steps={"greeted": 1}) == "contact_me"
    assert following("nps", answers) == "promise"
    assert following("contact_me", answers) == "done"
    assert following("done", answers) == "done"


def test_the_scale_not_asked_first_comes_next() -> None:
    """Whoever answered 0–10 first is asked for the five words, and goes on from there."""
    assert following("nps", {"nps": 9}) == "csat"
    assert following("csat", {"nps": 9, "csat": 4}) == "would_return"


def test_what_it_was_about_is_asked_after_a_low_rating_only() -> None:
    """First of the optional pages, by CSAT or, without one, by NPS."""
    low: tuple[dict[str, int | str], ...] = ({"csat": 2}, {"csat": 1, "nps": 10})
    assert all(following("csat", answers) == "about" for answers in low)
    assert following("csat", {"nps": 3}) == "about"
    assert following("about", {"csat": 2, "about": 3}) == "would_return"
    assert following("csat", {"csat": 3}) == "would_return"


def test_a_firm_without_a_promise_is_not_asked_about_it() -> None:
    """No steps, no page."""
    assert following("nps", {"csat": 4, "nps": 5}, promise=()) == "contact_me"


def test_answers_that_no_longer_fit_are_named() -> None:
    """What follows from an answer goes with it, and so does what follows from that; other conditions do not count."""
    plain = document(
        question("a", show_if=[{"question": "rating", "at_most": 2}]),
        question("b", show_if=[{"question": "a", "one_of": [1]}]),
        question("c", show_if=[{"language": ["de"]}]),
        question("d", show_if=[{"job_kind": ["Repair"]}]),
    )
    answers: dict[str, int | str] = {"csat": 1, "a": 1, "b": 0, "c": 1, "d": 1}
    assert logic.unasked(plain, answers, {}) == set()
    assert logic.unasked(plain, {**answers, "a": 0}, {}) == {"b"}
    assert logic.unasked(plain, {**answers, "csat": 5}, {}) == {"a", "b"}


def test_text_is_cleaned() -> None:
    """Line ends become one kind; characters that PostgreSQL refuses or nobody sees are dropped; the words stay."""
    assert clean_text(" a\x00b\r\nc\rd\te\x1b ") == "ab\nc\nd\te"
