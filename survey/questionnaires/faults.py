"""What is wrong with a questionnaire's document, in words for whoever wrote it. Pure."""

import re
from typing import Any

from survey.speech import capitalised

_SAID = {
    "extra_forbidden": "a questionnaire has no such field",
    "missing": "this is missing",
    "string_pattern_mismatch": "write it with a to z, 0 to 9 and _, a letter first, at most 30 of them",
    "string_type": "this should be a text, in quotes",
    "dict_type": 'this should be one text for each language, such as {"en": "…"}',
    "model_type": "this should be an object, { … }",
    "list_type": "this should be a list, [ … ]",
}


def in_words(error: Any) -> str:
    """One of pydantic's errors, by its place; questions and options are counted from 1."""
    place = ".".join(str(part + 1 if isinstance(part, int) else part) for part in error["loc"])
    message = _SAID.get(error["type"], "") or re.sub(r"^Value error, ", "", str(error["msg"]))
    message = re.sub("^Input should", "this should", message).replace("Input", "this")
    return f"{place}: {message}" if place else message


def as_sentence(message: str) -> str:
    """A fault on its own: with a capital, and an end."""
    return f"{capitalised(message)}{'' if message.endswith(('.', '?')) else '.'}"
