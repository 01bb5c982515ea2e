"""What a comment speaks of, and the judgement passed on each. Every sentence was written for these tests."""

import pytest

from analysis.text.analyser import Comment, Reading, TextAnalyser


def read(analyser: TextAnalyser, text: str) -> Reading:
    return analyser.analyse([Comment(text)])[0]


@pytest.mark.parametrize(
    ("text", "aspect", "sentiment"),
    [
        ("The receptionist was rude.", "reception", "negative"),
        ("Nobody told us what was happening.", "communication", "negative"),
        ("They arrived on time.", "timeliness", "positive"),
        ("We waited far too long.", "timeliness", "negative"),
        ("Far too expensive.", "price_billing", "negative"),
        ("Great value and fair prices.", "price_billing", "positive"),
        ("Very friendly staff.", "staff_attitude", "positive"),
        ("The technician was incompetent.", "expertise", "negative"),
        ("Very knowledgeable people.", "expertise", "positive"),
        ("They never called back.", "follow_up", "negative"),
        ("The portal is confusing.", "digital", "negative"),
        ("It was easy to book an appointment.", "booking", "positive"),
        ("Easy to use.", "ease_of_use", "positive"),
        ("The workmanship was superb.", "quality_of_work", "positive"),
    ],
)
def test_aspects(analyser: TextAnalyser, text: str, aspect: str, sentiment: str) -> None:
    """What is spoken of is named, with the direction it has there."""
    assert (aspect, sentiment) in {(mention.aspect, mention.sentiment) for mention in read(analyser, text).aspects}


def test_each_aspect_has_its_own_direction(analyser: TextAnalyser) -> None:
    """In a mixed comment each aspect keeps the judgement that was passed on it."""
    reading = read(analyser, "The staff were lovely, but the invoice was wrong and overpriced.")
    found = {mention.aspect: mention.sentiment for mention in reading.aspects}
    assert found["staff_attitude"] == "positive"
    assert found["price_billing"] == "negative"
