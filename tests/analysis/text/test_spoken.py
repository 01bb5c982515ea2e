"""Words remembered piece by piece are those that reading the whole text anew would give."""

from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.text import fast
from analysis.text.neutral import Neutral
from analysis.text.spoken import Spoken

PIECES = (
    *("The", "the", "May", "April", "Will", "Great", "Good", "Paul", "Smith", "Priya", "Sam", "Sam-Sam", "Sam's", "Dr"),
    *("Dr.", "Miss", "miss", "Dr.Smith", "O'Brien", "ORG600", "she", "came", "ended", "was", "don’t", "invoice.", ","),
    *(
        "...",
        "-",
        "(",
        '"Great',
        "Nice!",
        "5",
        "12",
        "job",
        "no",
        "ref:7.",
        "ref:7",
        "boxes",
        "020/",
        "#4",
        "30-year-old",
        "years",
        "old",
        "Grace",
        "1234",
        "07700",
        "+44",
        "x@y.z",
        "www.a.b",
        "http://x",
        "🙂",
        "👍🏽",
    ),
    *(":)", ":(", "=/", "<3", "_Paul_", "é", "SAM", "a" * 40),
)
SPACES = (" ", " ", " ", "  ", "       ", "\n", "\t", "\u00a0")

NEUTRAL = Neutral({"the", "was", "great", "good", "nice", "invoice", "came"}.__contains__)
SPOKEN = Spoken(NEUTRAL)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(SPACES)), max_size=8))
def test_the_words_are_those_of_the_whole_text(said: list[tuple[str, str]]) -> None:
    """Names, titles, numbers, addresses and faces beside each other, in any order, with any space."""
    text = "".join(piece + space for piece, space in said)
    assert SPOKEN(text) == fast.words(NEUTRAL(text))
    assert SPOKEN(text) == fast.words(NEUTRAL(text)), "and the second time"


@settings(max_examples=15, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_read(text: str) -> None:
    """Whatever the letters."""
    assert SPOKEN(text) == fast.words(NEUTRAL(text))


def test_a_full_name_is_one_name() -> None:
    """However its parts are met, and a first name is no verb."""
    assert SPOKEN("Paul Smith came.") == ["sam", "came", "."]
    assert SPOKEN("Great, but May came") == ["great", ",", "but", "sam", "came"]


def test_a_piece_has_no_reference_that_the_text_has_not() -> None:
    """What stands after it says whether "12" counts something."""
    assert SPOKEN("My order:12 boxes came") == ["my", "order", ":", "12", "boxes", "came"]
    assert SPOKEN("Sam called 07700 900123 about order 12.") == ["sam", "called", "000", "about", "order", "000", "."]
