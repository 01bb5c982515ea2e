"""A firm's own aspects, by examples, on an embedder that counts words: deterministic, and no model."""

import hashlib
from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest

from analysis.text.examples import LONGEST, MOST, cleaned
from analysis.text.own_aspects import Array, OwnAspects, background
from survey.errors import InvalidInputError

PARKING = ("There was no parking.", "Parking is hard here.", "The parking was full.", "Free parking, great!")
DOGS = ("He was kind to our dog.", "My dog ran off.", "The dog was afraid of him.")
RARE = {"parking", "dog", "harness", "piano"}


def embed(texts: Sequence[str], stretch: float = 0.0) -> Array:
    """Words as places, rare ones weighing more; `stretch` moves everything nearer together, as fine-tuning may."""
    rows = np.zeros((len(texts), 512), np.float32)
    for row, text in zip(rows, texts, strict=True):
        row[0] = stretch
        for word in "".join(c if c.isalnum() else " " for c in text.lower()).split():
            place = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big") % 511
            row[1 + place] += 3.0 if word in RARE else 1.0
    unit: Array = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return unit


def test_clauses_about_an_aspect_are_found_and_others_are_not() -> None:
    """Each clause gets the aspects it speaks of, in the order of the clauses."""
    own = OwnAspects({"parking": PARKING, "dogs": DOGS}, embed)
    found = own.mentions(["the parking is a nightmare", "my dog liked the man", "the price was fair", " "])
    assert [[name for name, _ in clause] for clause in found] == [["parking"], ["dogs"], [], []]
    assert all(0.5 <= strength <= 1 for clause in found for _, strength in clause)


def test_nearer_to_the_examples_is_stronger() -> None:
    """An example itself is stronger than a clause that shares one word with them."""
    own = OwnAspects({"parking": PARKING}, embed)
    [[(_, same)], [(_, loose)]] = own.mentions(["The parking was full.", "parking nightmare again for everybody"])
    assert same > loose


def test_the_strongest_aspect_of_a_clause_comes_first() -> None:
    """A clause may be about two; the order says which more."""
    own = OwnAspects({"parking": PARKING, "dogs": DOGS}, embed)
    [found] = own.mentions(["my dog ran off, no parking"])
    assert [strength for _, strength in found] == sorted((strength for _, strength in found), reverse=True)


def test_another_embedding_space_needs_no_other_constants() -> None:
    """When every text moves nearer to every other, the same clauses are found."""
    clauses = ["the parking is a nightmare", "nobody called me back", "the price was fair", "parking"]
    for stretch in (0.0, 2.0, 6.0):
        own = OwnAspects({"parking": PARKING}, partial(embed, stretch=stretch))
        assert [bool(found) for found in own.mentions(clauses)] == [True, False, False, True]


def test_generic_talk_about_service_is_about_nothing_of_the_firms_own() -> None:
    """Of the background itself at most one sentence in a hundred is taken for the aspect."""
    own = OwnAspects({"dogs": DOGS}, embed)
    assert sum(map(bool, own.mentions(background()))) <= len(background()) / 100 + 1


def test_examples_with_nothing_in_common_are_refused_in_plain_words() -> None:
    """They would find everything or nothing; the error names the aspect."""
    mixed = ("The man plays piano.", "Blue roses by Friday.", "Zebra crossing", "Seven cheap lamps")
    with pytest.raises(InvalidInputError, match="too little in common") as caught:
        OwnAspects({"parking": PARKING, "mixed": mixed}, embed)
    assert caught.value.field == "mixed"


@pytest.mark.parametrize(
    ("sentences", "message"),
    [
        (("One.", "Two."), "at least 3"),
        (("Parking!", "PARKING!", " parking! "), "at least 3"),
        ([f"Parking place {n}" for n in range(MOST + 1)], "too many"),
        (("Parking.", "More parking.", "p" * (LONGEST + 1)), "too long"),
    ],
)
def test_too_few_too_many_and_too_long_examples_are_refused(sentences: Sequence[str], message: str) -> None:
    """Three to fifty different sentences of at most 300 characters."""
    with pytest.raises(InvalidInputError, match=message) as caught:
        OwnAspects({"parking": sentences}, embed)
    assert caught.value.field == "parking"
    with pytest.raises(InvalidInputError, match=message):
        cleaned(sentences)


def test_the_version_names_the_examples() -> None:
    """Readings with other examples are another version's; the order of the aspects does not matter."""
    one = OwnAspects({"parking": PARKING, "dogs": DOGS}, embed).version
    assert one == OwnAspects({"dogs": DOGS, "parking": PARKING}, embed).version
    assert one != OwnAspects({"parking": PARKING[1:], "dogs": DOGS}, embed).version


def test_without_aspects_nothing_is_embedded() -> None:
    """A firm that added none pays nothing."""

    def refuse(_texts: Sequence[str]) -> Array:
        raise AssertionError("embedded for nothing")

    assert OwnAspects({}, refuse).mentions(["anything"]) == [[]]
