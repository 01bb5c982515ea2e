"""Questionnaires to begin from, each a document with its source. `after_job` is what is asked from the start."""

import json
from functools import lru_cache
from pathlib import Path

from survey.questionnaires.document import Document, read_document

FIRST = "after_job"
_FOLDER = Path(__file__).parent


def names() -> list[str]:
    """What the library has, in its order."""
    return list(_titles())


def title(name: str) -> str:
    """What a manager calls it: "After a job"."""
    return _titles()[name]


@lru_cache(maxsize=16)
def document(name: str) -> Document:
    """One of them.

    Raises:
        FileNotFoundError: there is none of that name.
    """
    return read_document(json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8")))


@lru_cache(maxsize=1)
def _titles() -> dict[str, str]:
    found: dict[str, str] = json.loads((_FOLDER / "titles.json").read_text(encoding="utf-8"))
    return found
