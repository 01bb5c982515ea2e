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
