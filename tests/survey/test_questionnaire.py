"""The wording and the order of the survey's pages."""

import pytest

from survey.questionnaire import clean_text, comment_prompt, follow_ups, next_page, rating

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


def test_pages_come_in_order_and_skip_what_is_answered() -> None:
    """The next page is the first later one without an answer; at the end, the summary."""
    answers: dict[str, int | str] = {"csat": 4}
    assert next_page("rating", answers, [], PROMISE) == "return"
    assert next_page("rating", {**answers, "would_return": 1}, [], PROMISE) == "recommend"
    assert next_page("return", {**answers, "nps": 1}, PROMISE, PROMISE) == "contact"
    assert next_page("recommend", answers, ["greeted"], PROMISE) == "promise"
    assert next_page("contact", answers, [], PROMISE) == "done"
    assert next_page("done", answers, [], PROMISE) == "done"


def test_the_scale_not_asked_first_comes_later() -> None:
    """Whoever answered 0–10 first is asked for the five words in its place, and goes on from there."""
    assert follow_ups({"nps": 9}, has_promise=True) == ("return", "overall", "promise", "contact")
    assert next_page("overall", {"nps": 9, "csat": 4}, [], PROMISE) == "promise"


def test_what_it_was_about_is_asked_after_a_low_rating_only() -> None:
    """First of the optional pages, by CSAT or, without one, by NPS."""
    low: tuple[dict[str, int | str], ...] = ({"csat": 2}, {"csat": 1, "nps": 10}, {"nps": 3})
    assert all(next_page("rating", answers, [], PROMISE) == "about" for answers in low)
    assert next_page("about", {"csat": 2, "about": 3}, [], PROMISE) == "return"
    assert "about" not in follow_ups({"csat": 3}, has_promise=True)


def test_a_firm_without_a_promise_is_not_asked_about_it() -> None:
    """No steps, no page."""
    assert follow_ups({"csat": 4}, has_promise=False) == ("return", "recommend", "contact")


def test_text_is_cleaned() -> None:
    """Line ends become one kind; characters that PostgreSQL refuses or nobody sees are dropped; the words stay."""
    assert clean_text(" a\x00b\r\nc\rd\te\x1b ") == "ab\nc\nd\te"
