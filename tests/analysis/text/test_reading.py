"""What stands around the words: the rating and the language."""

import pytest

from analysis.text.analyser import Comment, Reading, TextAnalyser
from analysis.text.lexicon import LexiconAnalyser


def read(analyser: TextAnalyser, text: str, rating: float | None = None) -> Reading:
    return analyser.analyse([Comment(text, rating=rating)])[0]


def test_a_rating_moves_the_score_its_way(analyser: TextAnalyser) -> None:
    """The same words score higher under a high rating and lower under a low one."""
    text = "They came on Monday and changed the router."
    assert read(analyser, text, rating=1).score < read(analyser, text).score < read(analyser, text, rating=5).score


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The work was done well and they were very kind.", "en"),
        ("El servicio fue muy bueno y el técnico llegó a la hora.", "es"),
        ("Le technicien était très gentil et le travail est bien fait.", "fr"),
        ("Der Techniker war sehr freundlich und die Arbeit ist gut.", "de"),
        ("O serviço foi muito bom e os técnicos são simpáticos.", "pt"),
        ("De monteur was zeer vriendelijk en het werk is goed gedaan.", "nl"),
        ("Lorem ipsum dolor", "unknown"),
    ],
)
def test_language(analyser: TextAnalyser, text: str, language: str) -> None:
    """Five neighbours of English are named; what cannot be told is unknown."""
    assert read(analyser, text).language == language


def test_the_lexicon_reads_other_languages_with_little_confidence() -> None:
    """What is not English is said to be neutral, without aspects, whatever English words it seems to hold."""
    text = "Der Techniker war sehr freundlich und die Arbeit ist super, aber die Rechnung ist nicht fair."
    reading = read(LexiconAnalyser(), text)
    assert (reading.language, reading.sentiment, reading.aspects) == ("de", "neutral", ())
    assert max(reading.probabilities.values()) < 0.7
