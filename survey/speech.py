"""How names, days and kinds of work are said in a client's language. Pure."""

import re
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from itertools import takewhile

from babel.dates import format_date

_AND = {"en": "and", "es": "y", "fr": "et", "de": "und", "pt": "e", "nl": "en"}
_DAY = {
    "en": "EEEE d MMMM",
    "es": "EEEE d 'de' MMMM",
    "fr": "EEEE d MMMM",
    "de": "EEEE, d. MMMM",
    "pt": "EEEE, d 'de' MMMM",
    "nl": "EEEE d MMMM",
}
_YEAR = {"es": " 'de' y", "pt": " 'de' y"}
_NOUNS_KEEP_CAPITALS = frozenset({"de"})
_TITLES = {
    *("dr", "dra", "prof", "professor", "professora", "rev", "sir", "dame", "lord", "lady", "mr", "mrs", "ms", "miss"),
    *("mx", "herr", "frau", "sr", "sra", "srta", "mme", "mlle", "monsieur", "madame", "dhr", "mevr", "mw", "drs"),
}
_LIKE_Y = re.compile(r"h?i(?![aeiou])|y(?![aeiou])", re.IGNORECASE)  # "Ana e Inés", but "Ana y Ian"


def one_line(text: str) -> str:
    """`text` without line breaks and control characters: nothing in it can start a header of its own."""
    if text.isprintable():
        return " ".join(text.split())
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text).split())


def in_sentence(kind: str, language: str = "en") -> str:
    """A job's kind as it stands inside a sentence: "Printer repair" → "printer repair", "VPN issue" as it is."""
    first, space, rest = one_line(kind).partition(" ")
    if language in _NOUNS_KEEP_CAPITALS:
        return f"{first}{space}{rest}"
    return f"{first.lower() if first[1:].islower() or len(first) == 1 else first}{space}{rest}"


def listed(names: Iterable[str], language: str = "en") -> str:
    """Names as a person says them: "Ana", "Ana and Ben", "Ana, Ben and Cem"; "Ana y Ben"."""
    *others, last = [*names] or [""]
    if not others:
        return last
    joined = "e" if language == "es" and _LIKE_Y.match(last) else _AND.get(language, _AND["en"])
    return f"{', '.join(others)} {joined} {last}"


def first_name(name: str) -> str:
    """What a person is greeted by: the given name of "Ana Xu"; "Dr van Dam" for "Dr Jan van Dam".
    What begins with an initial ("J. Xu") and a single name are left whole.
    """
    words = one_line(name).split()
    titles = list(takewhile(lambda word: word.rstrip(".").casefold() in _TITLES, words))
    given = words[len(titles) :]
    if titles and given:
        family = [*takewhile(str.islower, given[-2::-1])][::-1]
        return " ".join([*titles, *family, given[-1]])
    return words[0] if given and not words[0].endswith(".") else " ".join(words)


def first_names(names: Iterable[str], language: str = "en") -> str:
    """What they are greeted by, each once, as a person says them: "Ana and Ben"."""
    return listed(dict.fromkeys(first_name(name) for name in names if name.strip()), language)


@lru_cache(maxsize=4096)
def said_day(day: date, language: str = "en", this_year: int | None = None) -> str:
    """A day: "Tuesday 10 March", "Dienstag, 10. März"; with its year where that is not `this_year`, if one is given."""
    year = "" if this_year in {None, day.year} else _YEAR.get(language, " y")
    return format_date(day, _DAY[language] + year, locale=language)


def capitalised(text: str) -> str:
    """With a capital at its beginning; the rest stays as it is."""
    return text[:1].upper() + text[1:]
