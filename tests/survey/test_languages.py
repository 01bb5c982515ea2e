"""The words of the clients' pages: every sentence in every language, with the same values in it."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from emails.scales import SCALES
from emails.texts.built_in import PARAGRAPHS, SUGGESTIONS
from survey.config import ROOT
from survey.languages import DEFAULT, LANGUAGES, LOCALES, choose, direction, translator
from survey.promise import DEFAULT_PROMISE
from survey.questionnaires import library
from survey.questionnaires.words import ENDS, RATING_WORDS, STEP_WORDS, YES_NO_WORDS

OTHERS = [language for language in LANGUAGES if language != DEFAULT]
_VALUE = re.compile(r"%\((\w+)\)s")


@cache
def sentences() -> list[str]:
    """Every sentence that a template, or what a client's page is made from, asks a translation for."""
    places = {"templates": [("**.html", "jinja2"), ("**.txt", "jinja2")], "survey": [("**.py", "python")]}
    names = {"_": None, "translate": None}
    found = [
        message
        for folder, methods in places.items()
        for _file, _line, message, *_ in extract_from_dir(ROOT / folder, method_map=methods, keywords=names)
    ]
    shown = {str(message) for message in found}
    return sorted({*shown, *_looked_up_by_value()})


def _looked_up_by_value() -> Iterator[str]:
    """What a template asks a translation for without writing it out: scales, and the built-in texts of emails."""
    for words in (RATING_WORDS, YES_NO_WORDS, STEP_WORDS):
        yield from words.values()
    for ends in ENDS.values():
        yield from ends
    for scale in SCALES.values():
        yield from scale.sentences()
    for texts in PARAGRAPHS.values():
        for paragraphs in texts.values():
            yield from paragraphs
    yield from SUGGESTIONS.values()


def translated(language: str) -> Mapping[str, str]:
    """What the language's own file says."""
    with (LOCALES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    return {str(message.id): str(message.string) for message in catalogue if message.id and message.string}


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_is_there_in_every_language(language: str) -> None:
    """A page is never half English; no translation is left over, and each names the same values."""
    assert [sentence for sentence in sentences() if sentence not in translated(language)] == []
    assert [sentence for sentence in translated(language) if sentence not in sentences()] == []
    for sentence in sentences():
        assert set(_VALUE.findall(translator(language)(sentence))) == set(_VALUE.findall(sentence)), sentence


def _in_french() -> Iterator[str]:
    yield from translated("fr").values()
    for name in library.names():
        yield from (words.get("fr", "") for q in library.document(name).questions for _where, words in q.wordings())
    yield from (step.texts["fr"] for step in DEFAULT_PROMISE)


def test_french_punctuation_does_not_begin_a_line() -> None:
    """Before ? ! : ; and inside « » stands a space at which a narrow screen does not break the line."""
    assert [text for text in _in_french() if re.search(r"[^\W\d_%] ?[?!;](?=\s|$)| [?!;:»](?=\W|$)|« ", text)] == []


@pytest.mark.parametrize("language", OTHERS)
def test_the_word_for_email_is_never_broken_at_its_hyphen(language: str) -> None:
    """A narrow screen would end a line with "E-" and begin the next with "Mail"; its hyphen, U+2011, keeps them."""
    assert [text for text in translated(language).values() if re.search(r"\be-mail", text, re.IGNORECASE)] == []


def test_the_templates_ask_for_something() -> None:
    """The check above looks at real sentences."""
    assert "Stop our questions?" in sentences()


def test_every_language_has_a_file_and_no_other() -> None:
    """A language is added by adding its file and its name."""
    assert {Path(path).stem for path in LOCALES.glob("*.po")} == set(OTHERS)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [(["de-AT"], "de"), (["ja", "pt_BR"], "pt"), (["", "FR"], "fr"), ([], "en"), (["../de"], "en")],
)
def test_the_first_language_that_we_have_is_chosen(wanted: list[str], expected: str) -> None:
    """A regional tag is its language; what we do not have is passed over."""
    assert choose(wanted) == expected


def test_values_are_put_in_and_never_read_as_a_format() -> None:
    """A name with a percent sign in it stays as it is."""
    sentence = "We will not ask you about %(client)s any more."
    assert translator("de")(sentence, client="100 %(x)s GmbH") == "Wir fragen Sie nicht mehr zu 100 %(x)s GmbH."
    assert translator("en")("100 % sure") == "100 % sure"


@pytest.mark.parametrize(("language", "expected"), [*((one, "ltr") for one in LANGUAGES), ("ar", "rtl"), ("he", "rtl")])
def test_a_page_runs_the_way_of_its_language(language: str, expected: str) -> None:
    """Left to right in the languages we have; a language that runs the other way needs no new page."""
    assert direction(language) == expected
