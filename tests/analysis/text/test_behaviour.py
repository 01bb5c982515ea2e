"""What counts as a miss in a behaviour case, with an analyser whose every answer is known."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from analysis.text.analyser import Comment, Reading
from analysis.text.behaviour import check, failure_rates, failures, load, parse


class Told:
    """Reads a text as it is told: "negative -0.5" is negative with a score of −0.5."""

    model = "told-1"

    def __init__(self) -> None:
        self.calls = 0

    def analyse(self, comments: Sequence[Comment]) -> list[Reading]:
        self.calls += 1
        readings = []
        for comment in comments:
            sentiment, score = comment.text.split()[:2]
            readings.append(Reading(comment.text, "en", sentiment, float(score), {}, (), {}, (), self.model))
        return readings


def verdict(text: str, expect: str) -> dict[str, Any]:
    return {"capability": "verdicts", "kind": "verdict", "text": text, "expect": expect}


def invariant(*texts: str) -> dict[str, Any]:
    return {"capability": "swaps", "kind": "invariant", "texts": list(texts)}


def direction(text: str, other: str, expect: str) -> dict[str, Any]:
    return {"capability": "degrees", "kind": "direction", "text": text, "other": other, "expect": expect}


@pytest.mark.parametrize(
    ("document", "right"),
    [
        (verdict("negative -1", "negative"), True),
        (verdict("mixed 0", "negative"), False),
        (verdict("mixed 0", "negative or mixed"), True),
        (verdict("positive 1", "negative or mixed"), False),
        (verdict("mixed 0", "not negative"), True),
        (verdict("negative -1", "not negative"), False),
        (invariant("positive 0.50", "positive 0.59", "positive 0.51"), True),
        (invariant("positive 0.50", "positive 0.61", "positive 0.51"), False),
        (invariant("positive 0.50", "neutral 0.50"), False),
        (direction("negative -0.5", "negative -0.6", "lower"), True),
        (direction("negative -0.5", "negative -0.5 still", "lower"), True),
        (direction("negative -0.5", "negative -0.4", "lower"), False),
        (direction("neutral 0", "positive 0.3", "higher"), True),
        (direction("neutral 0", "neutral -0.1", "higher"), False),
    ],
)
def test_check(document: dict[str, Any], right: bool) -> None:
    """A verdict is one of those allowed, a swap moves nothing, and a degree never moves the wrong way."""
    assert check(parse(document), Told()) is right


def test_failure_rates_come_from_one_batch() -> None:
    """Every capability has its failed and its total, and the analyser is asked once."""
    documents = [
        verdict("negative -1", "negative"),
        verdict("neutral 0", "negative"),
        invariant("positive 1", "positive 1 too", "positive 1 as well"),
        direction("negative 0", "negative 1", "lower"),
    ]
    cases = [parse(document) for document in documents]
    told = Told()
    assert failure_rates(cases, told) == {"verdicts": (1, 2), "swaps": (0, 1), "degrees": (1, 1)}
    assert told.calls == 1
    assert failures(cases, told) == [cases[1], cases[3]]
    assert failure_rates([], told) == {}


def test_a_verdict_case_carries_its_question_and_rating() -> None:
    """The analyser is given what stands around the words."""
    case = parse({**verdict("positive 1", "positive"), "question": "Would you come back?", "rating": 4})
    assert case.comments == (Comment("positive 1", "Would you come back?", 4),)


@pytest.mark.parametrize(
    "document",
    [
        verdict("positive 1", "happy"),
        verdict("positive 1", ""),
        invariant("positive 1"),
        invariant("positive 1", "positive 1"),
        direction("negative 0", "negative 1", "sideways"),
        {"capability": "verdicts", "kind": "guess", "text": "positive 1"},
        {"kind": "verdict", "text": "positive 1", "expect": "positive"},
        ["verdict"],
    ],
)
def test_a_line_that_is_no_case_is_named(document: object, tmp_path: Path) -> None:
    """A mistake in a file is found when it is loaded, with its line."""
    path = tmp_path / "cases.jsonl"
    path.write_text(json.dumps(verdict("mixed 0", "mixed")) + "\n" + json.dumps(document) + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"cases\.jsonl, line 2"):
        load(path)
