"""What lexicons get wrong, measured: several hundred sentences of our own, and how many the analyser in use misses.

The cases are in `data/behaviour.jsonl` and independent of whatever an analyser was made from: none of them may be
trained on, or tuned to one by one.
"""

from pathlib import Path

import pytest

from analysis.text.analyser import TextAnalyser
from analysis.text.behaviour import Case, failures, load

CASES = load(Path(__file__).parent / "data" / "behaviour.jsonl")
OVERALL = 0.12  # Share of all cases that may fail
BOUNDS = {  # Share of a capability's cases that may fail
    "plain words": 0.00,
    "negation near": 0.00,
    "negation far": 0.34,
    "negated neutral": 0.00,
    "but contrast": 0.05,
    "balanced contrast": 0.20,
    "used to and now": 0.35,
    "other firms": 0.25,
    "before and now compared": 0.10,
    "litotes": 0.10,
    "intensifiers": 0.30,
    "reducers": 0.30,
    "blaming questions": 0.20,
    "real questions": 0.00,
    "sarcasm with a cue": 0.25,
    "thanks in a complaint": 0.10,
    "third party": 0.50,
    "solved problems": 0.20,
    "person in a bad visit": 0.10,
    "typos": 0.20,
    "emoji": 0.00,
    "capitals": 0.10,
    "empty answers": 0.00,
    "nothing and everything": 0.10,
    "rating beside words": 0.00,
    "phone and reference numbers": 0.00,
    "addresses and links": 0.15,
    "names": 0.00,
    "gender": 0.10,
    "religion": 0.00,
    "nationality and origin": 0.00,
    "age": 0.10,
    "disability and orientation": 0.20,
    "one word": 0.00,
    "bad facts": 0.15,
    "good facts": 0.55,
    "wishes and conditionals": 0.15,
    "neutral facts": 0.10,
    "polite understatement": 0.25,
    "number ratings": 0.00,
    "long text with one bad sentence": 0.30,
    "hedged praise": 0.00,
    "promises and the future": 0.20,
    "quoted voices": 0.60,
    "leaving": 0.15,
}


@pytest.fixture(scope="module")
def missed(analyser: TextAnalyser) -> list[Case]:
    """The cases that the analyser in use misses."""
    return failures(CASES, analyser)


def test_there_are_enough_cases() -> None:
    """The suite stays as large and as broad as it was promised to be, and says nothing twice."""
    assert len(CASES) >= 300
    assert len({case.capability for case in CASES}) >= 25
    assert sum(case.capability == "names" for case in CASES) >= 40
    assert len({(case.kind, case.comments) for case in CASES}) == len(CASES)


def test_every_capability_has_a_bound() -> None:
    """No capability is left out of the table, and none stays in it that has gone."""
    assert set(BOUNDS) == {case.capability for case in CASES}


def test_failures_overall(missed: list[Case]) -> None:
    """Of all cases together, no more fail than the bound says."""
    assert len(missed) / len(CASES) <= OVERALL


@pytest.mark.parametrize("capability", BOUNDS)
def test_failures_of_a_capability(capability: str, missed: list[Case]) -> None:
    """No capability is much worse than the whole lets on; the sentences that were missed are shown."""
    total = sum(case.capability == capability for case in CASES)
    wrong = [[comment.text for comment in case.comments] for case in missed if case.capability == capability]
    assert len(wrong) / total <= BOUNDS[capability], wrong
