"""Which words made the verdict, with a judge whose mind is known: each listed word adds its own say."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from analysis.text.met_words import Array
from analysis.text.occlusion import ENOUGH, Bounds, Case, Without, explain
from analysis.text.passages import clauses, sentences

SAYS = {"awful": -3.0, "rude": -2.0, "late": -1.5, "lovely": 2.5, "kind": 1.0}


def judge(texts: Sequence[str]) -> Array:
    """P(negative) and P(positive) from the sum of what the words say."""
    sums = np.array([sum(SAYS.get(word.strip(".,!"), 0.0) for word in text.lower().split()) for text in texts])
    negative, positive = 1 / (1 + np.exp(1.5 + 2 * sums)), 1 / (1 + np.exp(1.5 - 2 * sums))
    return np.stack([negative, np.maximum(0, 1 - negative - positive), positive], axis=1)


def case(text: str, direction: int = 0) -> Case:
    parts = clauses(text, sentences(text))
    whole = judge([text])[0]
    return Case(0, text, direction, parts, judge([text[a:b] for a, b in parts]), whole, whole)


def without(text: str) -> Without:
    """The judge of what is left of one text."""

    def left(_owners: Sequence[int], spans: Sequence[Bounds]) -> Array:
        return judge([f"{text[:a]} {text[b:]}" for a, b in spans])

    return left


def first(text: str, direction: int = 0) -> str:
    span = explain([case(text, direction)], without(text))[0][0]
    return text[span.start : span.end]


@pytest.mark.parametrize(
    ("text", "direction", "reason"),
    [
        ("We came on Monday and the room was awful and large.", 0, "awful"),
        ("The technician was kind and truly lovely to us.", 2, "lovely"),
        ("Bad day. The man at the desk was rude to all of us. It rained.", 0, "rude"),
    ],
)
def test_the_smallest_span_that_is_enough_is_the_reason(text: str, direction: int, reason: str) -> None:
    """Not the whole sentence when a word of it decides."""
    assert first(text, direction) == reason


def test_two_reasons_need_a_wider_span() -> None:
    """Where each word alone would be enough for the verdict, the reason holds both."""
    text = "The desk was awful, and the driver was awful too."
    span = first(text)
    assert span.count("awful") == 2


def test_removing_the_first_span_changes_the_verdict() -> None:
    """The promise of an explanation, kept for every text with a verdict that is not on the edge."""
    texts = [
        "They were late and rude. I was not pleased.",
        "Awful. Awful! Awful, really awful people.",
        "The staff were lovely but the driver was awful and rude and late.",
    ]
    for text in texts:
        span = explain([case(text)], without(text))[0][0]
        left = text[: span.start] + " " + text[span.end :]
        assert judge([text])[0, 0] - judge([left])[0, 0] >= ENOUGH
        assert span.weight <= -ENOUGH


def test_what_speaks_against_the_verdict_has_the_other_sign() -> None:
    """A kind word in a complaint is shown as what it is."""
    text = "The lady at the desk was lovely, but the driver was awful and rude."
    weights = {text[span.start : span.end]: span.weight for span in explain([case(text)], without(text))[0]}
    assert weights["The lady at the desk was lovely"] > 0
    assert min(weights.values()) < 0


def test_spans_do_not_overlap_and_nothing_to_explain_is_nothing() -> None:
    """Every highlight stands apart; no case, no span."""
    text = "Late, rude people. Awful place, but a kind girl. Lovely tea! Late again."
    spans = sorted((span.start, span.end) for span in explain([case(text)], without(text))[0])
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert explain([], without("")) == []
