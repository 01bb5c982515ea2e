"""The words of a question: placeholders that name the job, and nothing else. Pure.

`{staff}` stands for the first names of those who did the job; `{staff|our team}` says what stands there when there is
none. What a client or a manager wrote is never looked at as a template.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches

PLACEHOLDERS = {
    "staff": "first names of those who did the job",
    "kind": "kind of the job",
    "job": "what the job was about",
    "date": "day on which it was finished",
    "firm": "your firm’s name",
}
_BREAKING = re.compile(r"[^\S\u00a0\u202f]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_PLACEHOLDER = re.compile(r"\{([^{}|]*)(?:\|([^{}]*))?\}")


def clean_wording(text: str) -> str:
    """One line, without control characters. A space that does not break a line stays: French has one before a "?"."""
    return _BREAKING.sub(" ", _CONTROL.sub(" ", text)).strip()


def check_placeholders(text: str) -> None:
    """Do nothing if every placeholder is one of PLACEHOLDERS.

    Raises:
        ValueError: names the one that is not, and the nearest.
    """
    for name, _otherwise in _PLACEHOLDER.findall(text):
        if name not in PLACEHOLDERS:
            near = get_close_matches(name, PLACEHOLDERS, 1)
            meant = f"did you mean {{{near[0]}}}?" if near else f"there are {', '.join(PLACEHOLDERS)}"
            raise ValueError(f"there is no placeholder {{{name}}}; {meant}")


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with its placeholders filled in. One without a value takes its own way out, else nothing."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], "") or (found[2] or ""), text)
