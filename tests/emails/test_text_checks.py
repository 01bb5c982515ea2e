"""What is said of a text before it is saved."""

from dataclasses import replace

import pytest

from emails.texts.built_in import TextKind, built_in
from emails.texts.checks import LARGEST_LETTER, Finding, House, Level, check, own_hosts, stops
from emails.wording import Wording
from survey.languages import LANGUAGES

HOUSE = House(
    "#0f6b5c", "1 Harbour Street", own_hosts("https://feedback.brightside.example", "https://brightside.example")
)
GOOD = Wording("How did we do?", "Hello {first_name},", "{firm}")


def found(words: Wording, language: str = "en", house: House = HOUSE, size: int = 0) -> list[tuple[str, Level]]:
    return [(one.field, one.level) for one in check(words, language, house, size)]


def said(words: Wording, language: str = "en") -> str:
    return " ".join(one.text for one in check(words, language, HOUSE))


def test_nothing_is_said_of_a_good_text() -> None:
    """A plain text is left in peace."""
    assert check(GOOD, "en", HOUSE) == []


@pytest.mark.parametrize(
    ("changes", "field", "level"),
    [
        ({"subject": ""}, "subject", Level.ERROR),
        ({"opening": ""}, "opening", Level.ERROR),
        ({"subject": "x" * 151}, "subject", Level.ERROR),
        ({"subject": "x" * 79}, "subject", Level.WARNING),
        ({"subject": "See https://brightside.example"}, "subject", Level.ERROR),
        ({"opening": "Hello {nmae}"}, "opening", Level.ERROR),
        ({"opening": "x" * 20_001}, "opening", Level.ERROR),
        ({"closing": "Done by {staff}"}, "closing", Level.WARNING),
        ({"opening": "Dear Customer,"}, "opening", Level.ERROR),
        ({"opening": "See https://evil.example/x"}, "opening", Level.CONFIRM),
        ({"opening": "See www.notbrightside.example"}, "opening", Level.CONFIRM),
        ({"opening": "Hello {{first_name}}"}, "opening", Level.CONFIRM),
        ({"opening": "Hello %%FIRSTNAME%%"}, "opening", Level.CONFIRM),
        ({"opening": "abc\u202edef"}, "opening", Level.WARNING),
    ],
)
def test_each_fault_is_found(changes: dict[str, str], field: str, level: Level) -> None:
    """At its field, and as grave as it is."""
    assert found(replace(GOOD, **changes)) == [(field, level)]


@pytest.mark.parametrize(
    "link",
    ["https://brightside.example/about", "http://www.brightside.example", "https://help.brightside.example/a?b=c"],
)
def test_the_firms_own_pages_may_be_linked(link: str) -> None:
    """Its website, whatever stands in front of it."""
    assert found(replace(GOOD, closing=f"See {link}.")) == []


def test_an_unknown_place_is_named_with_the_nearest() -> None:
    """Somebody who slipped reads what they meant; where nothing is like it, all there are."""
    assert "{frist_name}. Did you mean {first_name}?" in said(replace(GOOD, opening="Hi {frist_name}"))
    assert "{closes_on}" in said(replace(GOOD, opening="Hi {zzz}"))


def test_what_may_be_missing_gets_words_in_the_texts_language() -> None:
    """A place with words instead is fine."""
    assert "{staff|unser Team}" in said(replace(GOOD, opening="Von {staff}"), "de")
    assert check(replace(GOOD, opening="Von {staff|uns}"), "de", HOUSE) == []


@pytest.mark.parametrize(
    ("language", "word"),
    [("de", "Kundin"), ("fr", "consommateur"), ("es", "comprador"), ("pt", "consumidor"), ("nl", "klant")],
)
def test_the_house_word_in_other_languages_is_a_hint(language: str, word: str) -> None:
    """A word for somebody who buys once is said, and nothing is forbidden."""
    assert found(replace(GOOD, opening=f"… {word} …"), language) == [("opening", Level.HINT)]
    assert found(replace(GOOD, opening=f"… {word} …"), "en") == []


def test_the_house_is_looked_at_too() -> None:
    """A missing address, buttons that nobody finds on white, or that vanish in the dark."""
    assert found(GOOD, house=replace(HOUSE, postal_address="")) == [("", Level.WARNING)]
    assert found(GOOD, house=replace(HOUSE, colour="#ffee00")) == [("", Level.WARNING)]
    assert found(GOOD, house=replace(HOUSE, colour="#101010")) == [("", Level.HINT)]


def test_a_letter_that_gmail_would_cut_is_refused() -> None:
    """Beyond 100 KB the way out would be cut off."""
    assert found(GOOD, size=LARGEST_LETTER + 1) == [("", Level.ERROR)]
    assert found(GOOD, size=LARGEST_LETTER) == []


def test_what_stops_a_text() -> None:
    """An error always, what must be confirmed until it is, a warning never."""
    assert stops([Finding("", Level.ERROR, "")], confirmed=True)
    assert stops([Finding("", Level.CONFIRM, "")], confirmed=False)
    assert not stops([Finding("", Level.CONFIRM, ""), Finding("", Level.WARNING, "")], confirmed=True)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", TextKind)
def test_our_own_texts_keep_our_rules(kind: TextKind, language: str) -> None:
    """What comes with the product passes every check without a word."""
    assert check(built_in(kind, language), language, HOUSE) == []
