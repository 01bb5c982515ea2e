"""Groups of sentences: found, named by their own words, recognised again, and called new with care."""

import random

import numpy as np
import pytest

from analysis.text.theme_names import name_groups
from analysis.text.theme_news import Said, new_ones
from analysis.text.themes import Group, find_themes, matched
from tests.analysis.theme_words import INVOICE, PARKING, UNRELATED, WordEmbedder

ALL = (*INVOICE, *PARKING, *UNRELATED)


def _find(sentences: tuple[str, ...], people: tuple[str, ...] = ()) -> list[Group]:
    return find_themes(sentences, range(len(sentences)), WordEmbedder().embed(sentences), people)


def _said(groups: list[Group], sentences: tuple[str, ...]) -> dict[str, set[str]]:
    return {group.name: {sentences[at] for at in group.members} for group in groups}


def test_two_clear_groups_are_found_and_named() -> None:
    """What is said once belongs nowhere; each group is called by a phrase that occurs in it."""
    found = _said(_find(ALL), ALL)
    assert len(found) == 2
    parking, invoice = (next(name for name in found if word in name.lower()) for word in ("parking", "invoice"))
    assert parking == "Parking space"
    assert found[parking] == set(PARKING)
    assert found[invoice] <= set(INVOICE)
    assert len(found[invoice]) >= 4


def test_few_sentences_have_no_themes() -> None:
    """Below thirty sentences groups would be chance."""
    assert _find((*INVOICE, *PARKING)) == []
    assert _find(()) == []


def test_the_order_does_not_matter() -> None:
    """The same sentences in any order give the same groups, names and examples."""
    shuffled = list(ALL)
    random.Random(7).shuffle(shuffled)
    one, other = _find(ALL), _find(tuple(shuffled))
    assert _said(one, ALL) == _said(other, tuple(shuffled))
    assert [ALL[group.example] for group in one] == [shuffled[group.example] for group in other]


def test_a_theme_is_the_same_after_another_week() -> None:
    """More comments move a group's middle a little: it continues the theme that it was."""
    later = (*ALL, "A van in our parking space once more", "The invoice is still wrong", "Heather moss by the lake")
    before, after = _find(ALL), _find(later)
    pairs = matched([group.centroid for group in after], [group.centroid for group in before])
    assert {after[new].name: before[old].name for new, old in pairs.items()} == {g.name: g.name for g in before}


def test_what_is_not_alike_is_not_matched() -> None:
    """Each known theme is continued once at most; a group that is like none is new."""
    a, b = np.eye(2, dtype=np.float32)
    near = np.array([0.95, 0.3122499], np.float32)
    assert matched([a, near], [a]) == {0: 0}
    assert matched([b], [a]) == {}
    assert matched([], [a]) == {}


def test_pasted_text_is_no_theme() -> None:
    """Six copies of one text are one thing said, however many clients sent it."""
    pasted = ("Please see the attached ticket about the boiler",) * 6
    assert "ticket" not in " ".join(group.name.lower() for group in _find((*ALL, *pasted)))


@pytest.mark.parametrize(
    ("sentences", "name"),
    [
        (("very good", "really very good", "very good indeed"), None),
        (("Easy to book", "it was easy to book", "so easy to book online"), "Easy to book"),
        (("Ask for Kwame Mensah", "Kwame Mensah fixed the boiler", "Kwame Mensah and the boiler"), "Boiler"),
        (("all good as usual", "good, as usual", "as usual"), "As usual"),
        (("we always ask for her", "always ask for him", "I always ask her"), "Always ask"),
        (("Ticket JX40 about the router", "the JX40 router", "a router like JX40"), "Router"),
        (("die Rechnung war falsch", "wieder eine falsche Rechnung", "unsere Rechnung fehlt"), "Rechnung"),
    ],
)
def test_names_are_words_that_say_something(sentences: tuple[str, ...], name: str | None) -> None:
    """No praise by itself, no names of people, no codes, no loose ends; nouns keep their capitals."""
    noise = tuple(f"{text} here" for text in UNRELATED)
    found = name_groups((*sentences, *noise), [range(len(sentences))], ("Kwame", "Mensah"))[0]
    assert (found.text if found else None) == name


def test_praise_does_not_make_another_name() -> None:
    """ "Customer service" and "excellent customer services" have one key, "poor customer service" another."""
    groups = [
        ("customer service", "the customer service"),
        ("excellent customer services",) * 2,
        ("poor customer service",) * 2,
    ]
    sentences = [text for group in groups for text in group]
    one, same, other = name_groups(sentences, [(0, 1), (2, 3), (4, 5)], ())
    assert one is not None
    assert same is not None
    assert other is not None
    assert one.key == same.key != other.key


def test_new_is_what_was_not_said_before() -> None:
    """Six of 80 after none of 900 is new; ten of 80 after a hundred of 900 is not; two are too few."""
    assert new_ones([Said(6, 0), Said(10, 100), Said(2, 0), Said(0, 50)], Said(80, 900)) == [True, False, False, False]


def test_much_more_than_before_is_new_too() -> None:
    """A theme that was rare and is said by many now counts as new."""
    assert new_ones([Said(20, 10)], Said(80, 900)) == [True]


def test_nothing_is_new_without_a_before() -> None:
    """A firm's first month has nothing to compare with."""
    assert new_ones([Said(6, 0), Said(9, 0)], Said(40, 0)) == [False, False]


def test_many_themes_ask_for_more() -> None:
    """Three of 80 after five of 900 may be chance among forty themes, and is not by itself."""
    weak = Said(3, 5)
    assert new_ones([weak], Said(80, 900)) == [True]
    assert not any(new_ones([weak, *[Said(4, 50)] * 39], Said(80, 900)))
    assert new_ones([], Said(80, 900)) == []
