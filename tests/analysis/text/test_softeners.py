"""What is said a bit is not worse than what is said outright. Every sentence was written for these tests."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.text.analyser import Comment, TextAnalyser
from analysis.text.fast import words
from analysis.text.softeners import all_softer, bare, milder, softened, softer


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("the lift was a bit slow", "the lift was  slow"),
        ("a little bit damp, and slightly cold", "damp, and  cold"),
        ("the invoice was kind of odd", "the invoice was  odd"),
        ("we waited a bit", "we waited a bit"),
        ("a bit of a mess", "a bit of a mess"),
        ("rather than wait we left", "rather than wait we left"),
        ("it wasn't the least bit slow, not a bit dear", "it wasn't the least bit slow, not a bit dear"),
        ("", ""),
    ],
)
def test_what_softens_is_left_out(text: str, left: str) -> None:
    """Where it only says how much; not where it is what is said, or is denied."""
    assert " ".join(bare(text).split()) == " ".join(left.split())
    assert (softened(words(text)).by < 0) == (left != text)


def test_one_soft_sentence_of_many_softens_little() -> None:
    """It is the mean over the sentences."""
    alone, among = softened(words("It was a bit slow.")), softened(words("It was a bit slow. He was rude. I am cross."))
    assert among.by == pytest.approx(alone.by / 3)


def test_the_likelier_side_loses() -> None:
    """The chances sum to 1, whichever side is meant, one by one or together."""
    chances = [[0.8, 0.1, 0.1], [0.1, 0.3, 0.6]]
    together = all_softer(np.array(chances, np.float32), np.array([-0.25, -0.25], np.float32))
    for one, many in zip(chances, together, strict=True):
        assert softer(one, -0.25) == pytest.approx(many.tolist(), abs=1e-6)
        assert sum(softer(one, -0.25)) == pytest.approx(1)
    assert together[0, 0] < 0.8
    assert together[1, 2] < 0.6


def test_severity_falls_and_stays_within_its_bounds() -> None:
    """Nothing wrong stays nothing wrong."""
    found = milder(np.array([0.0, 0.5, 1.0], np.float32), np.full(3, -0.25, np.float32))
    assert found.tolist() == pytest.approx([0.0, 0.36, 1.0])


@pytest.mark.parametrize(
    "text", ["The queue was {}slow.", "Your portal is {}confusing.", "The tea was {}cold and the room {}dark."]
)
def test_what_is_said_a_bit_is_no_worse(analyser: TextAnalyser, text: str) -> None:
    """A softened complaint has a higher score and is less severe, a softened verdict keeps its side."""
    outright, *soft = analyser.analyse(
        [Comment(text.replace("{}", by)) for by in ("", "a bit ", "slightly ", "somewhat ")]
    )
    assert outright.sentiment == "negative"
    for reading in soft:
        assert outright.score < reading.score
        assert reading.severity < outright.severity


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=80))
def test_any_text(text: str) -> None:
    """Whatever stands there, something is left of it, and nothing is said louder."""
    assert softened(words(text)).by <= 0
    assert len(bare(text)) <= len(text)
