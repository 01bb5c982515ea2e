"""How a comment is cut into stretches that a page can mark."""

from hypothesis import given
from hypothesis import strategies as st

from analysis.desk.highlight import Stretch, stretches

TEXT = "Nobody called back. Nice office."


def test_a_comment_without_marks_is_one_stretch() -> None:
    """Words that nobody marked come back whole."""
    assert stretches(TEXT) == [Stretch(TEXT)]


def test_an_empty_comment_has_no_stretches() -> None:
    """Nothing to mark is nothing to show."""
    assert stretches("", [{"start": 0, "end": 4, "weight": -1}]) == []


def test_evidence_is_marked_by_its_direction() -> None:
    """A negative weight marks against the firm, a positive one for it, a large one strongly."""
    cut = stretches(TEXT, [{"start": 0, "end": 18, "weight": -0.8}, {"start": 20, "end": 24, "weight": 0.4}])
    assert [(piece.text, piece.tone, piece.strong) for piece in cut] == [
        ("Nobody called back", "negative", True),
        (". ", "", False),
        ("Nice", "positive", False),
        (" office.", "", False),
    ]


def test_slight_evidence_is_marked_only_where_there_is_nothing_better() -> None:
    """Too many marks say nothing; a comment with only slight evidence still shows it."""
    slight = {"start": 20, "end": 24, "weight": 0.2}
    assert [piece.tone for piece in stretches(TEXT, [slight, {"start": 0, "end": 6, "weight": -0.9}])] == [
        "negative",
        "",
    ]
    assert "positive" in {piece.tone for piece in stretches(TEXT, [slight])}


def test_evidence_decides_where_it_and_the_aspect_disagree() -> None:
    """The aspect names what the words are about; the evidence says which way they speak."""
    aspect = {"aspect": "communication", "sentiment": "positive", "start": 0, "end": 18}
    cut = stretches(TEXT, [{"start": 0, "end": 18, "weight": -0.8}], [aspect])
    assert (cut[0].text, cut[0].tone, cut[0].aspects) == ("Nobody called back", "negative", ("communication",))
    assert cut[0].why == "Speaks strongly against you (weight 0.8 of 1). Communication: positive."


def test_what_only_an_aspect_marks_says_so() -> None:
    """No weight is made up where no evidence was found, and unmarked words need no reason."""
    cut = stretches(TEXT, [], [{"aspect": "own_aspect", "sentiment": "negative", "start": 0, "end": 18}])
    assert [piece.why for piece in cut] == ["Speaks against you. Own aspect: negative.", ""]


def test_marks_both_ways_on_the_same_words_are_mixed() -> None:
    """Overlapping evidence in both directions is shown as mixed."""
    cut = stretches("so so", [{"start": 0, "end": 5, "weight": -0.3}, {"start": 0, "end": 5, "weight": 0.3}])
    assert [piece.tone for piece in cut] == ["mixed"]


def test_offsets_count_characters_not_bytes() -> None:
    """An emoji and an umlaut before the mark do not shift it."""
    cut = stretches("😀ä bad", [{"start": 3, "end": 6, "weight": -1}])
    assert cut[-1].text == "bad"


spans = st.lists(
    st.fixed_dictionaries(
        {"start": st.integers(-5, 60), "end": st.integers(-5, 60), "weight": st.floats(-1, 1, allow_nan=False)}
    ),
    max_size=6,
)


@given(st.text(max_size=40), spans)
def test_the_stretches_joined_are_the_comment(text: str, evidence: list[dict[str, float]]) -> None:
    """Whatever the marks, no character of the client's is lost, doubled or moved."""
    assert "".join(piece.text for piece in stretches(text, evidence)) == text


def test_marks_hold_whole_words() -> None:
    """What nobody sees inside a word ends no mark there, nor does an accent, or the colour of an emoji's skin."""
    hidden = "The se\u200brver is do\u200bwn ag\u200bain"
    cut = stretches(hidden, [{"start": 18, "end": 23, "weight": -0.6}])
    assert [piece.text for piece in cut if piece.tone] == ["do\u200bwn ag\u200bain"]
    assert stretches("cafe\u0301 no", [{"start": 0, "end": 4, "weight": 1}])[0].text == "cafe\u0301"
    assert stretches("👎🏽 no", [{"start": 0, "end": 1, "weight": -1}])[0].text == "👎🏽"
    assert stretches("👩‍💻 no", [{"start": 0, "end": 2, "weight": 1}])[0].text == "👩‍💻"


def test_marks_leave_out_the_spaces_around_them() -> None:
    """A line under a space marks nothing."""
    assert [piece.text for piece in stretches("It was late .", [{"start": 6, "end": 12, "weight": -1}])] == [
        "It was ",
        "late",
        " .",
    ]


def test_no_mark_is_without_words() -> None:
    """The full stop that evidence leaves of a subject's sentence, and the space between two sentences of one piece of
    evidence, are no marks of their own: nobody stops there by keyboard."""
    text = "Great if you wait. Cold room."
    subjects = [
        {"aspect": "timeliness", "sentiment": "negative", "start": 0, "end": 18},
        {"aspect": "facilities", "sentiment": "negative", "start": 19, "end": 29},
    ]
    cut = stretches(text, [{"start": 9, "end": 29, "weight": -0.6}], subjects)
    assert [piece.text for piece in cut] == ["Great if ", "you wait. ", "Cold room."]


def test_slight_evidence_within_a_subject_is_one_mark() -> None:
    """ "Shame it" and "cost twice" say the same of the price: one mark, and one stop by keyboard."""
    subject = {"aspect": "price_billing", "sentiment": "negative", "start": 0, "end": 25}
    cut = stretches("Shame it cost far too much", [{"start": 0, "end": 8, "weight": -0.4}], [subject])
    assert [(piece.text, piece.weight) for piece in cut] == [("Shame it cost far too much", -0.4)]


def test_evidence_of_several_sentences_does_not_mark_the_one_that_says_the_opposite() -> None:
    """Praise amid two complaints is not marked as a complaint; one sentence's own evidence stays."""
    text = "The room was cold. The screens are nice. The ladder fell."
    alone = [
        {"start": 0, "end": 18, "sentiment": "negative"},
        {"start": 19, "end": 40, "sentiment": "positive"},
        {"start": 41, "end": 57, "sentiment": "negative"},
    ]
    cut = stretches(text, [{"start": 0, "end": 57, "weight": -0.8}], sentences=alone)
    assert [piece.text for piece in cut if piece.tone] == ["The room was cold.", "The ladder fell."]
    cut = stretches(text, [{"start": 23, "end": 40, "weight": -0.8}], sentences=alone)
    assert [piece.text for piece in cut if piece.tone] == ["screens are nice."]


@given(
    st.text(max_size=60),
    st.lists(st.tuples(st.integers(-5, 70), st.integers(-5, 70), st.floats(-1, 1)), max_size=6),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.sampled_from(["negative", "positive"])), max_size=4),
)
def test_whatever_is_marked_no_word_is_lost(
    text: str, marks: list[tuple[int, int, float]], said: list[tuple[int, int, str]]
) -> None:
    """Joined together the stretches are the comment, whatever stands in it and wherever the marks are."""
    evidence = [{"start": start, "end": end, "weight": weight} for start, end, weight in marks]
    sentences = [{"start": start, "end": end, "sentiment": sentiment} for start, end, sentiment in said]
    assert "".join(piece.text for piece in stretches(text, evidence, sentences=sentences)) == text
