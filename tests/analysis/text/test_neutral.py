"""What must not move a verdict is the same to the models; what counts is not."""

import pytest

from analysis.text.neutral import Neutral

NEUTRAL = Neutral({"the", "was", "job", "grace", "order"}.__contains__)


@pytest.mark.parametrize(
    "texts",
    [
        ("Our 30-year-old neighbour", "Our 84-year-old neighbour", "Our 9-year-old neighbour"),
        ("He is 31 years old.", "She is 78 years old."),
        ("She is in her thirties", "He is in his seventies"),
        ("Job no 7 was late.", "Job no 13 was late.", "Job no 99281 was late."),
        ("Late again (ref: 4)", "Late again (ref: 5512)"),
        ("the call with Grace Baker was short", "the call with Priya Baker was short"),
    ],
)
def test_read_alike(texts: tuple[str, ...]) -> None:
    """Ages, references of any length, and names that are words too."""
    assert len({NEUTRAL(text) for text in texts}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I had to order 2 boxes", "I had to order 12 boxes"),
        ("The job took 2 days", "The job took 9 days"),
        ("Invoice: 12.50 instead of 9.50", "Invoice: 12.50 instead of 12.50"),
        ("5 of 5 stars, order complete", "1 of 5 stars, order complete"),
    ],
)
def test_read_apart(one: str, other: str) -> None:
    """What is counted, paid or given stays."""
    assert NEUTRAL(one) != NEUTRAL(other)


@pytest.mark.parametrize(
    "text",
    [
        "We waited two hours.",
        "It was late. It arrived broken.",
        "Price was fair",
        "Parts arrived late",
        "No one came",
        "Wi-Fi was down",
    ],
)
def test_who_begins_a_sentence_is_not_always_a_person(text: str) -> None:
    """Little words and surnames that are ordinary words stay what they are, whatever was done."""
    assert NEUTRAL(text) == text


@pytest.mark.parametrize("name", ["Will", "Grace", "Jo", "Priya", "Mohammed", "Ng"])
def test_somebody_who_begins_a_sentence_is_a_person(name: str) -> None:
    """Short names and names that are words are read as any other."""
    assert NEUTRAL(f"{name} was late") == "Sam was late"


def test_a_hyphen_makes_one_name_of_two_words() -> None:
    """Whatever the models know of the first."""
    knowing = Neutral({"mei", "siu", "was", "follow", "up"}.__contains__)
    assert knowing("Mei-Ling was late") == knowing("Siu-Ming was late") == "Sam was late"
    assert knowing("Follow-Up was late") == "Follow-Up was late"
