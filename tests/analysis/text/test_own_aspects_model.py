"""A firm's own aspects with the accurate tier's real embeddings."""

import pytest

from analysis.text.accurate import AccurateModel
from analysis.text.own_aspects import OwnAspects
from survey.errors import InvalidInputError

EXAMPLES = {
    "parking": (
        "There was nowhere to park.",
        "The car park was full.",
        "Parking is easy right outside.",
        "I got a ticket because there are no visitor spaces.",
        "Plenty of parking spaces.",
    ),
    "pets": (
        "They were lovely with our dog.",
        "The cat was frightened by the noise.",
        "He left the gate open and the dog ran off.",
        "Good with animals.",
    ),
}
ABOUT = {
    "parking": (
        "parking was a nightmare",
        "the car park is too small",
        "free parking out front",
        "could not find a parking space anywhere",
    ),
    "pets": ("my dog loved him", "they let the cat out", "the technician is afraid of dogs", "he petted the dog"),
}
OTHER = (
    "the invoice was wrong again",
    "nobody called us back",
    "she explained everything",
    "the repair took three weeks",
    "I will look for another firm",
    "lovely office and friendly people",
    "the website is slow",
    "always on time",
)


@pytest.fixture(scope="module")
def model() -> AccurateModel:
    return AccurateModel()


def test_unseen_clauses_are_found(model: AccurateModel) -> None:
    """At least three of four clauses in words of their own are found, and taken for nothing else."""
    own = OwnAspects(EXAMPLES, model.embed)
    for name, clauses in ABOUT.items():
        found = [[mention for mention, _ in clause] for clause in own.mentions(clauses)]
        assert sum(name in mentioned for mentioned in found) >= 3, found
        assert all(set(mentioned) <= {name} for mentioned in found), found


def test_other_talk_is_left_alone(model: AccurateModel) -> None:
    """What the built-in aspects are about is not the firm's own."""
    assert not any(OwnAspects(EXAMPLES, model.embed).mentions(OTHER))


def test_unrelated_examples_are_refused(model: AccurateModel) -> None:
    """Four sentences about four things are no aspect."""
    mixed = ("Nobody called back.", "The price is fair.", "The office is clean.", "He knows his job.")
    with pytest.raises(InvalidInputError, match="too little in common"):
        OwnAspects({"mixed": mixed}, model.embed)
