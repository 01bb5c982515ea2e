"""What words and pairs of words alone say of intents and aspects. Every sentence was written for these tests."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.text.analyser import INTENTS
from analysis.text.fast import FastModel, words
from analysis.text.wording import SHARES, Wording, beside, bucket


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
    said, usual = wording.read([words(text), words("the lamp in the hall was mended on tuesday")])["intents"]
    assert said[INTENTS.index(intent)] > usual[INTENTS.index(intent)] + 1


def test_a_text_is_read_as_alone(wording: Wording) -> None:
    """Neighbours leave no trace."""
    texts = [words("we are leaving"), [], words("thank you, Jo")]
    together, alone = wording.read(texts), [wording.read([text]) for text in texts]
    for head, said in together.items():
        assert np.allclose(said, np.concatenate([one[head] for one in alone]))


def test_no_text_at_all(wording: Wording) -> None:
    """No texts have no logits."""
    assert wording.read([])["intents"].shape == (0, len(INTENTS))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=12), max_size=60))
def test_any_words_are_worth_one_together(wording: Wording, text: list[str]) -> None:
    """Whatever stands there, long or strange: a finite reading, and a vector of length 1."""
    places, worth = wording.weighed(text)
    assert len(set(places)) == len(places)
    assert float(worth @ worth) == pytest.approx(1, abs=1e-4)
    assert all(np.isfinite(said).all() for said in wording.read([text]).values())


def test_plain_words_name_what_they_are_about(wording: Wording) -> None:
    """Of the aspects that each scheme codes, in the order of its head in the networks."""
    facts = FastModel().facts
    said = wording.read(
        [words("far too expensive, and the price went up"), words("we waited an hour for the appointment")]
    )
    for head, aspect, row in (("fabsa", "price_billing", 0), ("nhs_fft", "timeliness", 1)):
        at = facts["schemes"][head].index(aspect)
        assert said[f"aspects:{head}"].shape[1] == facts["heads"][f"aspects:{head}"]
        assert said[f"aspects:{head}"][row, at] > said[f"aspects:{head}"][1 - row, at] + 1


def test_words_alone_have_their_share() -> None:
    """Only what they know of moves, and as far as the share says."""
    logits = {name: np.zeros((1, 2), np.float32) for name in ("intents", "aspects:a", "aspects:b")}
    mixed = beside(logits, {name: np.full((1, 2), 2.0, np.float32) for name in ("intents", "aspects:a")})
    assert mixed["intents"].tolist() == [[pytest.approx(2 * SHARES["intents"])] * 2]
    assert mixed["aspects:a"].tolist() == [[pytest.approx(2 * SHARES["aspects"])] * 2]
    assert mixed["aspects:b"] is logits["aspects:b"]


def test_a_bucket_is_the_same_in_every_process() -> None:
    """It is a checksum, not Python's hash, which differs from process to process."""
    assert bucket("not", "again", 65_536) == bucket("not", "again", 65_536) == 41_312
