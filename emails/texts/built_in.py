"""The texts that clients get where the firm has written none. Pure.

English here; every paragraph is a sentence of `locales/<language>.po`, with the same places in it.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from emails.wording import Wording
from survey.languages import translator


class TextKind(StrEnum):
    """An email whose text a firm may write itself; the value is its `EmailKind`'s."""

    SURVEY = "survey"
    REMINDER = "reminder"


_GREETING = "Hello {first_name},"
_THANKS = "Thank you,\n{firm}"

PARAGRAPHS: Mapping[TextKind, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        TextKind.SURVEY: {
            "subject": ("How did we do with your {kind|recent job}?",),
            "opening": (_GREETING, "{staff|We} finished this for you. Were you well looked after?"),
            "closing": ("A person at {firm} reads every answer.", _THANKS),
        },
        TextKind.REMINDER: {
            "subject": ("May we still ask: how was your {kind|recent job}?",),
            "opening": (
                _GREETING,
                "A few days ago we asked how we did with the job below. "
                "If you have 20 seconds, your view would help us.",
            ),
            "closing": (_THANKS,),
        },
    }
)
SUGGESTIONS: Mapping[str, str] = MappingProxyType({"staff": "our team", "kind": "recent job", "job": "your job"})
"""What may stand in place of a value that is not known, in English; translated like the rest."""


@lru_cache(maxsize=32)
def built_in(kind: TextKind, language: str) -> Wording:
    """The text of `kind` in one of our languages."""
    translate = translator(language)
    fields = {
        field: "\n\n".join(translate(paragraph) for paragraph in paragraphs)
        for field, paragraphs in PARAGRAPHS[kind].items()
    }
    return Wording(**fields)


def suggestion(place: str, language: str) -> str:
    """What could stand in a place that has no value; "" where nothing is needed."""
    found = SUGGESTIONS.get(place, "")
    return translator(language)(found) if found else ""
