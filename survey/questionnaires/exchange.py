"""Questionnaires as JSON files: out of one place, into another. A file holds one document; its schema is published."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey.errors import InvalidInputError, NotFoundError
from survey.languages import LANGUAGES
from survey.models import Questionnaire, QuestionnaireEdit
from survey.questionnaires import drafts, publishing
from survey.questionnaires.document import Document, read_document, schema
from survey.questionnaires.versions import document_of, newest

LARGEST = 1024 * 1024  # bytes; the longest document that validates has some 700,000
_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")  # no database keeps these in a text
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


def export(document: Document) -> str:
    """The file: JSON as people read it, in UTF-8; the same document is always the same text."""
    return json.dumps(_in_order(document.as_dict()), ensure_ascii=False, indent=1) + "\n"


def schema_text() -> str:
    """The JSON Schema of a file."""
    return json.dumps(schema(), ensure_ascii=False, indent=1) + "\n"


def file_name(name: str) -> str:
    """`after-a-job.json`."""
    return f"{_NOT_IN_NAMES.sub('-', name.casefold()).strip('-') or 'questionnaire'}.json"


def read(data: bytes) -> Document:
    """The document in a file.

    Raises:
        InvalidInputError: what is wrong, with its place: a line of the file, or a part of the document.
    """
    if len(data) > LARGEST:
        raise InvalidInputError(f"This file has {len(data):,} bytes; a questionnaire has at most {LARGEST:,}.")
    try:
        raw = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise InvalidInputError("This file is not in UTF-8. Save it as UTF-8, and try again.") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        if not data.strip():
            raise InvalidInputError("This file is empty.") from None
        raise InvalidInputError(f"This is not JSON: {error.msg.lower().removesuffix(' at')} at {place}.") from None
    except (RecursionError, ValueError) as error:
        said = (
            str(error) if isinstance(error, InvalidInputError) else "it is nested too deeply, or a number is too long"
        )
        raise InvalidInputError(f"This is not a questionnaire: {said}.") from None
    if not isinstance(raw, dict):
        raise InvalidInputError("This is JSON, but not a questionnaire: it must be one object, { … }.")
    if wrong := next(_not_storable(raw, ()), None):
        raise InvalidInputError(f"{wrong}: has characters that no text may have.")
    return read_document(raw)


def find(session: Session, reference: str) -> Questionnaire:
    """One questionnaire by its number or its name, whatever the case.

    Raises:
        NotFoundError: there is none.
    """
    rows = session.scalars(select(Questionnaire)).all()
    found = next((row for row in rows if row.name.casefold() == reference.strip().casefold()), None)
    if found is None and reference.isascii() and reference.isdigit():
        found = next((row for row in rows if row.id == int(reference)), None)
    if found is None:
        raise NotFoundError(f"There is no questionnaire “{reference}”. “flask questionnaires list” names them all.")
    return found


def content(session: Session, questionnaire: Questionnaire, version: int | None = None, *, draft: bool) -> Document:
    """The draft, a version, or (neither asked for) the version in force; of one never published, its draft.

    Raises:
        NotFoundError: there is no such version.
    """
    if version is not None:
        return document_of(publishing.version_by_number(session, questionnaire, version))
    current = None if draft else newest(session, questionnaire.id)
    return document_of(current) if current else drafts.draft_of(questionnaire)


def bring_in(session: Session, document: Document, name: str, now: datetime) -> Questionnaire:
    """A new questionnaire with this draft; published only when somebody does so.

    Raises:
        InvalidInputError: it has no name, or another one has it.
    """
    return drafts.create(session, name, document, now)


def put_into(
    session: Session, questionnaire: Questionnaire, document: Document, user_id: int | None, now: datetime
) -> QuestionnaireEdit | None:
    """Make it the draft of a questionnaire there is; it can be taken back. None: the draft was that already.

    Raises:
        ConflictError: the questionnaire is archived.
    """
    return drafts.change(session, questionnaire, questionnaire.revision, lambda _draft: document, user_id, now)


def _in_order(value: Any) -> Any:
    """Languages and ratings in their order, which a database may not keep."""
    if isinstance(value, list):
        return [_in_order(part) for part in value]
    if not isinstance(value, dict):
        return value
    names = list(value)
    if set(names) <= set(LANGUAGES):
        names = [code for code in LANGUAGES if code in value]
    elif all(name.isdigit() for name in names):
        names.sort(reverse=True)
    return {name: _in_order(value[name]) for name in names}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidInputError(f"“{twice[:60]}” is there twice in one object: which one counts?")
    return found


def _no_constant(name: str) -> Any:
    raise InvalidInputError(f"This is not JSON: {name} is no number.")


def _not_storable(value: Any, place: tuple[str, ...]) -> Iterator[str]:
    """The places of texts that can't be stored, as `read_document` names places: questions are counted from 1."""
    if isinstance(value, str) and _NOT_STORABLE.search(value):
        yield ".".join(place)
    elif isinstance(value, dict):
        for name, part in value.items():
            shown = _NOT_STORABLE.sub("�", name)
            if shown != name:
                yield ".".join((*place, shown))
            yield from _not_storable(part, (*place, shown))
    elif isinstance(value, list):
        for number, part in enumerate(value, 1):
            yield from _not_storable(part, (*place, str(number)))
