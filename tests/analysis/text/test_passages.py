"""Sentences, clauses and phrases, and their places in the original text."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.text.fast import bounds, words
from analysis.text.passages import clauses, sentences
from analysis.text.phrases import mentioned

PIECES = st.sampled_from(["not", "but", ", ", "“", "İ", "\ud800", "\n", ". ", "!", "😀", "call back", "3.50", "e.g. "])
TEXTS = st.text(max_size=200) | st.lists(PIECES, max_size=40).map("".join)


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in clauses(text, sentences(text))]


def test_a_turn_begins_a_clause() -> None:
    """What is said before and after "but" stands apart."""
    assert cut("The staff were lovely but the bill was wrong.") == ["The staff were lovely", "but the bill was wrong."]


def test_sentences_are_cut_before_clauses() -> None:
    """A full stop ends both, and the space around is nobody's."""
    assert cut("Good.  Slow to answer, and rather dear!") == ["Good.", "Slow to answer", "and rather dear!"]


def test_one_word_is_no_clause() -> None:
    """ "Sadly, ..." is not cut off from what is sad."""
    assert cut("Sadly, nobody came.") == ["Sadly, nobody came."]


@settings(max_examples=150, deadline=None)
@given(text=TEXTS)
def test_every_place_is_in_the_text(text: str) -> None:
    """Sentences, clauses, words and phrases lie in order, within the text, whatever it holds."""
    spans = sentences(text)
    for found in (spans, clauses(text, spans), bounds(text)):
        assert all(0 <= start < end <= len(text) for start, end in found)
        assert all(before[1] <= after[0] for before, after in pairwise(found))
    assert len(words(text)) == len(bounds(text))
    assert all(0 <= start < end <= len(text) for _, start, end in mentioned(text))


def test_ten_thousand_characters_have_a_bounded_number_of_clauses() -> None:
    """However many commas there are, what is read alone stays bounded."""
    text = "bad work, " * 1000
    assert len(clauses(text, sentences(text))) <= 60


def test_the_longest_phrase_counts() -> None:
    """ "Call back" is follow-up, and is not found again inside itself."""
    text = "Nobody would call back about the invoice."
    assert {(aspect, text[start:end]) for aspect, start, end in mentioned(text)} == {
        ("follow_up", "call back"),
        ("price_billing", "invoice"),
    }
