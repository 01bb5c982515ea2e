"""Answers kept apart from who gave them. What may be shown of them, and how: `survey.results`."""

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from survey.errors import InvalidInputError
from survey.models import ConfidentialAnswer
from survey.questionnaires.document import Confidentiality, Document


def of_document(document: Document) -> dict[str, list[str]]:
    """The confidential questions: key → the names of their answers (`key`, and `key.value` for each option)."""
    return {
        question.key: [question.key, *(f"{question.key}.{option.value}" for option in question.options)]
        for question in document.questions
        if question.confidentiality is Confidentiality.CONFIDENTIAL
    }


def for_managers(document: Document) -> set[str]:
    """The keys of the questions whose answers only managers may read."""
    return {q.key for q in document.questions if q.confidentiality is Confidentiality.MANAGERS}


def code(token: str, name: str) -> str:
    """Under what an answer is kept: only the survey's link leads to it, and the database does not hold the link."""
    return hashlib.sha256(f"confidential:{token}:{name}".encode("utf-8", "surrogatepass")).hexdigest()


def read(session: Session, token: str, apart: Mapping[str, Collection[str]]) -> dict[str, int | str]:
    """What the owner of this link answered confidentially."""
    names = {code(token, name): name for group in apart.values() for name in group}
    if not names or not token:
        return {}
    rows = session.scalars(select(ConfidentialAnswer).where(ConfidentialAnswer.code.in_(list(names))))
    return {names[row.code]: row.text or "" if row.number is None else row.number for row in rows}


def keep(session: Session, token: str, version_id: int | None, answers: Mapping[str, int | str], now: datetime) -> None:
    """Keep, change or ("") take away confidential answers.

    Raises:
        InvalidInputError: there are some, but no link to keep them under.
    """
    if not answers:
        return
    if not token or version_id is None:
        raise InvalidInputError("a confidential answer can only be given on the survey’s own page")
    codes = [code(token, name) for name in answers]
    session.execute(delete(ConfidentialAnswer).where(ConfidentialAnswer.code.in_(codes)))
    for name, value in answers.items():
        if value == "":
            continue
        number, text = (value, None) if isinstance(value, int) else (None, value)
        session.add(
            ConfidentialAnswer(
                code=code(token, name),
                version_id=version_id,
                question=name,
                number=number,
                text=text,
                month=f"{now:%Y-%m}",
            )
        )
    session.flush()
