"""The firm's own texts as one JSON document: out of one installation, into another. Pure."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from emails.texts.built_in import TextKind
from emails.wording import Wording, cleaned
from survey.errors import InvalidInputError
from survey.languages import LANGUAGES

FORMAT = "clientele-email-texts/1"
FIELDS = ("kind", "language", "subject", "opening", "closing")


@dataclass(frozen=True)
class FileText:
    """One text of a file; `number` counts from 1. Either the text, or why it cannot be one."""

    number: int
    kind: TextKind = TextKind.SURVEY
    language: str = ""
    words: Wording | None = None
    problem: str = ""


def document(texts: Iterable[tuple[TextKind, str, Wording]]) -> dict[str, Any]:
    """The texts as `read` takes them."""
    return {
        "format": FORMAT,
        "texts": [{"kind": kind.value, "language": language, **dict(words.items())} for kind, language, words in texts],
    }


def read(data: bytes) -> list[FileText]:
    """The texts of a file, good and bad.

    Raises:
        InvalidInputError: it is not such a document at all.
    """
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise InvalidInputError("This is not a JSON document.") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT or not isinstance(found.get("texts"), list):
        raise InvalidInputError(f"This is not a document of texts: it says no “format”: “{FORMAT}”, or has no “texts”.")
    return [_text(number, item) for number, item in enumerate(found["texts"], start=1)]


def _text(number: int, item: object) -> FileText:
    if not isinstance(item, Mapping):
        return FileText(number, problem="It is not an object.")
    values = {name: item.get(name, "") for name in FIELDS}
    odd = [name for name, value in values.items() if not isinstance(value, str)]
    if odd:
        return FileText(number, problem=f"{odd[0]} is not text.")
    if values["kind"] not in set(TextKind):
        return FileText(number, problem=f"kind must be one of {', '.join(TextKind)}.")
    if values["language"] not in LANGUAGES:
        return FileText(number, problem=f"language must be one of {', '.join(LANGUAGES)}.")
    words = cleaned(values["subject"], values["opening"], values["closing"])
    return FileText(number, TextKind(values["kind"]), values["language"], words)
