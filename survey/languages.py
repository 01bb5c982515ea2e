"""The languages that clients read, and the words of their pages in each.

The English sentence in a template is the key: `_("Stop our questions?")`. `locales/<language>.po` holds the others;
Babel reads them as they are, so there is nothing to compile. A test finds every sentence that lacks one. Values are
put in by name, `_("Ask %(who)s", who=name)`, and are never looked at as a format themselves.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Protocol

from babel import Locale
from babel.messages.pofile import read_po

from survey.config import ROOT

DEFAULT = "en"
LANGUAGES: Mapping[str, str] = {
    "en": "English",
    "es": "Español",
    "fr": "Français",
    "de": "Deutsch",
    "pt": "Português",
    "nl": "Nederlands",
}
LOCALES = ROOT / "locales"


class Translator(Protocol):
    def __call__(self, sentence: str, **values: object) -> str: ...


def choose(wanted: Iterable[str]) -> str:
    """The first of `wanted` that we have, by its first part ("pt-BR" is "pt"); else English."""
    found = (primary(tag) for tag in wanted)
    return next((language for language in found if language in LANGUAGES), DEFAULT)


def primary(tag: str) -> str:
    """The language of a tag (RFC 5646): "pt-BR" is "pt"."""
    return tag.strip().lower().replace("_", "-").partition("-")[0]


@lru_cache(maxsize=64)
def direction(language: str) -> str:
    """How a page in `language` runs, as HTML's `dir` says it: "ltr" or "rtl"."""
    return str(Locale.parse(language).text_direction)


def translator(language: str) -> Translator:
    """What `_` is in a template: the sentence in `language`, with its values; the English one where there is none."""
    sentences = _catalogue(language)

    def translate(sentence: str, **values: object) -> str:
        text = sentences.get(sentence, sentence)
        return text % values if values else text

    return translate


@lru_cache(maxsize=16)
def _catalogue(language: str) -> Mapping[str, str]:
    path = LOCALES / f"{language}.po"
    if language == DEFAULT or language not in LANGUAGES or not path.exists():
        return {}
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    return {str(message.id): str(message.string) for message in catalogue if message.id and message.string}
