"""What stands around the words: the rating and the language."""

import pytest

from analysis.text.analyser import Comment, Reading, TextAnalyser


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
    ],
)
def test_language(analyser: TextAnalyser, text: str, language: str) -> None:
    """Five neighbours of English are named; what cannot be told is unknown."""
    assert read(analyser, text).language == language


def test_other_languages_are_read_in_beta(analyser: TextAnalyser) -> None:
    """The sentiment alone, and marked so that it raises nothing by itself."""
    reading = read(analyser, "Der Techniker war sehr unfreundlich und die Rechnung ist viel zu hoch.")
    assert (reading.language, reading.sentiment, reading.aspects) == ("de", "negative", ())
    assert reading.abstained == "language"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("…?!", "no language"),
        ("非常好的服务", "language"),
        ("The bill was wrong.", ""),
    ],
)
def test_what_cannot_be_read_is_said(analyser: TextAnalyser, text: str, why: str) -> None:
    """Neutral is then no verdict, and the reading says why."""
    reading = read(analyser, text)
    assert reading.abstained == why
    assert (reading.sentiment == "neutral") is bool(why)


def test_grave_is_not_the_same_as_negative(analyser: TextAnalyser) -> None:
    """A lost database weighs more than a slow answer."""
    slow, grave = (
        read(analyser, text)
        for text in ("You were a bit slow to answer.", "You lost all of our data and nobody called.")
    )
    assert grave.severity > slow.severity + 0.3


def test_each_sentence_has_its_own_reading(analyser: TextAnalyser) -> None:
    """What was good and what was bad stand apart, with their places."""
    text = "Tom was kind and quick. The invoice was wrong again."
    found = [(text[one.start : one.end], one.sentiment) for one in analyser.analyse([Comment(text)])[0].sentences]
    assert found == [("Tom was kind and quick.", "positive"), ("The invoice was wrong again.", "negative")]


def test_the_question_decides_what_nothing_means(analyser: TextAnalyser) -> None:
    """Praise under one question, blame under another."""
    readings = analyser.analyse(
        [Comment("Nothing", question) for question in ("What could we do better?", "What was good?", "")]
    )
    assert [reading.sentiment for reading in readings] == ["positive", "negative", "neutral"]


@pytest.mark.parametrize("name", ["Pavel", "Maria", "Youssef"])
def test_a_name_in_a_complaint_is_no_praise(analyser: TextAnalyser, name: str) -> None:
    """The models hear praise wherever somebody is named; it takes a clause with a good word in it."""
    complaint = read(analyser, f"Your engineer {name} was rude and left early.")
    both = read(analyser, f"{name} was great, but the job is half done.")
    assert complaint.intents["praise"] < 0.5 <= both.intents["praise"]


@pytest.mark.parametrize(
    "fancy",
    [
        "𝓣𝓮𝓻𝓻𝓲𝓫𝓵𝓮 𝓼𝓮𝓻𝓿𝓲𝓬𝓮, they were rude.",
        "Ｔｅｒｒｉｂｌｅ ｓｅｒｖｉｃｅ, they were rude.",
        "𝐓𝐞𝐫𝐫𝐢𝐛𝐥𝐞 𝐬𝐞𝐫𝐯𝐢𝐜𝐞, they were rude.",
    ],
)
def test_letters_of_another_shape_are_letters(analyser: TextAnalyser, fancy: str) -> None:
    """Phones and websites offer them; the words are the same, and so are the places of what is marked."""
    plain, shaped = read(analyser, "Terrible service, they were rude."), read(analyser, fancy)
    assert (shaped.sentiment, shaped.score, shaped.evidence) == (plain.sentiment, plain.score, plain.evidence)
    assert shaped.text == fancy
