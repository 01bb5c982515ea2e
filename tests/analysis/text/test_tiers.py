"""Which texts are read twice."""

from analysis.text.tiers import sure


def test_a_short_text_is_read_again_sooner_than_a_long_one() -> None:
    """It costs less; and nothing is so sure of no words that it breaks."""
    needed = [sure(words) for words in (0, 1, 8, 16, 32, 2000)]
    assert needed == sorted(needed, reverse=True)
    assert needed[1] < 1
