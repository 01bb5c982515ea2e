"""Published questionnaires: which version a job's client is asked, and publishing one."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from survey.db import insert_or_ignore
from survey.models import Questionnaire, QuestionnaireUse, QuestionnaireVersion
from survey.questionnaires import library
from survey.questionnaires.document import Document, read_document

EVERY_OTHER_KIND = ""
MOST_DOCUMENTS = 256  # kept read

_documents: dict[str, Document] = {}  # by digest; a version never changes


def version_for(session: Session, kind: str, now: datetime) -> QuestionnaireVersion:
    """What is asked about a job of this kind: the newest version of its questionnaire, of the one for every other kind,
    or of the first questionnaire, which is made when there is none yet (not by a page that only reads)."""
    uses = session.scalars(
        select(QuestionnaireUse).where(QuestionnaireUse.kind.in_({kind.casefold(), EVERY_OTHER_KIND}))
    ).all()
    for use in sorted(uses, key=lambda use: use.kind == EVERY_OTHER_KIND):
        if found := newest(session, use.questionnaire_id):
            return found
    return first_version(session, now)


def first_version(session: Session, now: datetime) -> QuestionnaireVersion:
    """The newest version of the oldest questionnaire."""
    oldest = session.scalar(
        select(Questionnaire)
        .where(Questionnaire.archived_at.is_(None), Questionnaire.versions.any())
        .order_by(Questionnaire.id)
        .limit(1)
    )
    found = newest(session, oldest.id) if oldest else None
    return found or _make_first(session, now)


def newest(session: Session, questionnaire_id: int) -> QuestionnaireVersion | None:
    """The version that is in force; None: it was never published."""
    return session.scalar(
        select(QuestionnaireVersion)
        .where(QuestionnaireVersion.questionnaire_id == questionnaire_id)
        .order_by(QuestionnaireVersion.number.desc())
        .limit(1)
        .options(joinedload(QuestionnaireVersion.questionnaire))
    )


def publish(
    session: Session, questionnaire: Questionnaire, changes: Sequence[str], user_id: int | None, now: datetime
) -> QuestionnaireVersion:
    """Make the draft the version in force. `changes` say what differs from the one before.

    Raises:
        InvalidInputError: the draft is no questionnaire yet.
    """
    document = read_document(questionnaire.draft).as_dict()
    before = newest(session, questionnaire.id)
    version = QuestionnaireVersion(
        questionnaire=questionnaire,
        number=before.number + 1 if before else 1,
        document=document,
        digest=digest_of(document),
        changes=list(changes),
        published_at=now,
        published_by_id=user_id,
    )
    session.add(version)
    session.flush()
    return version


def document_of(version: QuestionnaireVersion | None) -> Document:
    """What a version asks. A survey without one is from before there were versions."""
    if version is None:
        return library.document(library.FIRST)
    found = _documents.get(version.digest)
    if found is None:
        if len(_documents) >= MOST_DOCUMENTS:
            _documents.clear()
        found = _documents[version.digest] = read_document(version.document)
    return found


def digest_of(document: dict[str, Any]) -> str:
    """The SHA-256 of a document, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(document, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _make_first(session: Session, now: datetime) -> QuestionnaireVersion:
    document = library.document(library.FIRST).as_dict()
    name = library.title(library.FIRST)
    if session.info.get("reading"):
        return QuestionnaireVersion(document=document, digest=digest_of(document), number=1, changes=[])
    row = {"name": name, "draft": document, "revision": 1, "created_at": now, "changed_at": now}
    insert_or_ignore(session, Questionnaire, [row])
    questionnaire = session.scalars(select(Questionnaire).where(Questionnaire.name == name).with_for_update()).one()
    return newest(session, questionnaire.id) or publish(session, questionnaire, [], None, now)
