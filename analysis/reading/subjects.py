"""The firm's own subjects: added by example sentences, changed, archived, and all of that taken back."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.desk.words import ASPECT_WORDS
from analysis.models import OwnAspect
from analysis.text.examples import cleaned
from survey.db import row_by_id
from survey.errors import ConflictError, InvalidInputError

LONGEST_NAME = 40
MOST_SUBJECTS = 30

Examples = tuple[tuple[str, tuple[str, ...]], ...]  # (key, sentences), by key: comparable, so that a change is seen


def own_subjects(session: Session) -> Sequence[OwnAspect]:
    """All of them, archived ones last, by name."""
    return session.scalars(select(OwnAspect).order_by(OwnAspect.archived_at.is_not(None), OwnAspect.name)).all()


def own_names(session: Session) -> dict[str, str]:
    """What the firm calls each of its subjects, by key; archived ones too, for old readings name them."""
    return {row.key: row.name for row in own_subjects(session)}


def in_force(session: Session) -> Examples:
    """The examples of every subject that is read: not archived, and tried without a problem."""
    rows = session.scalars(
        select(OwnAspect)
        .where(OwnAspect.archived_at.is_(None), OwnAspect.tried_at.is_not(None))
        .order_by(OwnAspect.key)
    )
    return tuple((row.key, tuple(row.examples)) for row in rows if "problem" not in (row.trial or {}))


def subject_by_id(session: Session, subject_id: int) -> OwnAspect:
    """The subject, locked in a transaction that writes. Raises NotFoundError as `row_by_id`."""
    return row_by_id(session, OwnAspect, subject_id, "There is no such subject.", lock=True)


def add_subject(session: Session, name: str, sentences: Sequence[str], now: datetime) -> OwnAspect:
    """Add a subject; it is read once the worker has tried it.

    Raises:
        InvalidInputError: a name that is empty, too long or taken, examples that `cleaned` refuses, or there are
            MOST_SUBJECTS already; `field` is "name" or "examples".
    """
    name = _free_name(session, name, None)
    if sum(row.archived_at is None for row in own_subjects(session)) >= MOST_SUBJECTS:
        raise InvalidInputError(f"There are {MOST_SUBJECTS} subjects already: archive one first.", "name")
    row = OwnAspect(
        key=_free_key(session, name), name=name, examples=list(cleaned(sentences)), created_at=now, updated_at=now
    )
    session.add(row)
    session.flush()
    return row


def change_subject(session: Session, row: OwnAspect, name: str, sentences: Sequence[str], now: datetime) -> bool:
    """Give a subject another name or other examples; returns whether anything changed. The key stays.

    Raises:
        ConflictError: it is archived.
        InvalidInputError: as `add_subject`.
    """
    if row.archived_at is not None:
        raise ConflictError(f"“{row.name}” is archived. Bring it back first.")
    name, examples = _free_name(session, name, row), list(cleaned(sentences))
    if (name, examples) == (row.name, row.examples):
        return False
    row.previous = {"name": row.name, "examples": row.examples}
    _become(row, name, examples, now)
    session.flush()
    return True


def undo_change(session: Session, row: OwnAspect, changed_at: str, now: datetime) -> None:
    """Bring back what stood before the change of `changed_at` (its `updated_at` in ISO form).

    Raises:
        ConflictError: it was changed again, or taken back already.
    """
    if row.previous is None or row.updated_at.isoformat() != changed_at:
        raise ConflictError(f"“{row.name}” was changed again meanwhile; nothing is taken back.")
    name, examples = _free_name(session, str(row.previous["name"]), row), list(row.previous["examples"])
    row.previous = None
    _become(row, name, examples, now)
    session.flush()


def archive_subject(session: Session, row: OwnAspect, now: datetime) -> None:
    """No new comment is read for it; what was read keeps it.

    Raises:
        ConflictError: it is archived already.
    """
    if row.archived_at is not None:
        raise ConflictError(f"“{row.name}” is archived already.")
    row.archived_at = now
    session.flush()


def restore_subject(session: Session, row: OwnAspect, now: datetime) -> None:
    """Take it out of the archive; it is tried anew, on what was said meanwhile.

    Raises:
        ConflictError: it is not archived.
        InvalidInputError: another subject has its name by now.
    """
    if row.archived_at is None:
        raise ConflictError(f"“{row.name}” is not archived.")
    _free_name(session, row.name, row)
    row.archived_at, row.tried_at, row.trial, row.updated_at = None, None, None, now
    session.flush()


def _become(row: OwnAspect, name: str, examples: list[str], now: datetime) -> None:
    if examples != row.examples:
        row.tried_at, row.trial = None, None  # another name alone is no reason to try again
    row.name, row.examples, row.updated_at = name, examples, now


def _free_name(session: Session, name: str, mine: OwnAspect | None) -> str:
    name = " ".join(name.split())
    if not name:
        raise InvalidInputError("Give the subject a name.", "name")
    if len(name) > LONGEST_NAME:
        raise InvalidInputError(f"A name has at most {LONGEST_NAME} characters.", "name")
    if name.casefold() in {known.casefold() for known in ASPECT_WORDS.values()}:
        raise InvalidInputError(f"“{name}” is a subject that is read already.", "name")
    for other in own_subjects(session):
        if other is not mine and other.archived_at is None and other.name.casefold() == name.casefold():
            raise InvalidInputError(f"There is a subject “{other.name}” already.", "name")
    return name


def _free_key(session: Session, name: str) -> str:
    """What readings call it: letters a-z, digits and _, unlike any other subject's, built in or own."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^a-z0-9]+", "_", plain).strip("_") or "subject"
    taken = {*ASPECT_WORDS, *session.scalars(select(OwnAspect.key))}
    number, key = 1, stem
    while key in taken:
        number += 1
        key = f"{stem}_{number}"
    return key
