"""The sender's own words, found in replies as mail programs write them."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emails.replies.stripping import LONGEST, own_words
from tests.emails.replies.letters import LETTERS, OUR_TEXT, Letter


@pytest.mark.parametrize("letter", LETTERS, ids=lambda letter: letter.name)
def test_only_the_senders_words_are_left(letter: Letter) -> None:
    """Quoted history, signatures and disclaimers go; every word of the sender's stays."""
    assert own_words(letter.text, letter.html) == letter.own


@pytest.mark.parametrize("letter", LETTERS, ids=lambda letter: letter.name)
def test_what_is_own_stays_when_read_again(letter: Letter) -> None:
    """The words found are own words: reading them once more changes nothing, and none of ours are in them."""
    assert own_words(letter.own) == letter.own
    assert "Choose the link" not in letter.own
    assert OUR_TEXT.splitlines()[0] not in letter.own


@given(st.text(max_size=400), st.text(max_size=400))
@settings(max_examples=60, deadline=None)
def test_no_text_is_too_strange(text: str, html: str) -> None:
    """Whatever comes in, something bounded comes out, without invisible characters."""
    found = own_words(text, html)
    assert len(found) <= LONGEST
    assert "\u200b" not in found
    assert found == found.strip()


@pytest.mark.parametrize(
    "text",
    [
        "On " * 30_000,
        ("On 1 " + "a" * 300 + "\n") * 1_500,
        "> " * 50_000,
        "From: " * 30_000,
        ("From: x\n") * 5_000,
        "-" * 100_000,
        ("mit freundlichen " * 5_000) + "\n" * 5_000,
        "<div>" * 50_000,
        ("This email is " * 9_000),
        "\n" * 60_000,
    ],
    ids=range(10),
)
def test_hostile_text_costs_no_time(text: str) -> None:
    """Sixty thousand characters made to confuse are read in well under a second."""
    started = time.perf_counter()
    own_words(text, text)
    assert time.perf_counter() - started < 1.5
