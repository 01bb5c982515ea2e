"""What words and pairs of words alone say of intents. Every sentence was written for these tests."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.text.analyser import INTENTS
from analysis.text.fast import words
from analysis.text.wording import SHARE, Wording, beside, bucket


@pytest.fixture(scope="module")
def wording() -> Wording:
    return Wording()


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("we are leaving you for another firm", "leaving"),
        ("please ring me tomorrow", "callback"),
        ("i want to make a complaint", "complaint"),
        ("i will post a review of this everywhere", "review_threat"),
    ],
)
def test_plain_words_are_heard(wording: Wording, text: str, intent: str) -> None:
    """Words that are said with an intent speak for it more than what is said without."""
    said, usual = wording.read([words(text), words("the lamp in the hall was mended on tuesday")])
    assert said[INTENTS.index(intent)] > usual[INTENTS.index(intent)] + 1


def test_a_text_is_read_as_alone(wording: Wording) -> None:
    """Neighbours leave no trace."""
    texts = [words("we are leaving"), [], words("thank you, Jo")]
    assert np.allclose(wording.read(texts), np.concatenate([wording.read([text]) for text in texts]))


def test_no_text_at_all(wording: Wording) -> None:
    """No texts have no logits."""
    assert wording.read([]).shape == (0, len(INTENTS))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=12), max_size=60))
def test_any_words_are_worth_one_together(wording: Wording, text: list[str]) -> None:
    """Whatever stands there, long or strange: a finite reading, and a vector of length 1."""
    places, worth = wording.weighed(text)
    assert len(set(places)) == len(places)
    assert float(worth @ worth) == pytest.approx(1, abs=1e-4)
    assert np.isfinite(wording.read([text])).all()


def test_words_alone_have_their_share() -> None:
    """Only the intents move, and as far as the share says."""
    logits = {"intents": np.zeros((1, 2), np.float32), "mixed": np.ones((1, 1), np.float32)}
    mixed = beside(logits, np.full((1, 2), 2.0, np.float32))
    assert mixed["intents"].tolist() == [[pytest.approx(2 * SHARE)] * 2]
    assert mixed["mixed"] is logits["mixed"]


def test_a_bucket_is_the_same_in_every_process() -> None:
    """It is a checksum, not Python's hash, which differs from process to process."""
    assert bucket("not", "again", 65_536) == bucket("not", "again", 65_536) == 41_312
