"""The versions of the firm's own texts: what is in force, saving, restoring, and the way back to the built-in text."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, joinedload

from emails.texts.built_in import TextKind, built_in
from emails.texts.models import EmailDraft, EmailText
from emails.wording import Wording
from survey.db import insert_or_ignore
from survey.errors import ConflictError, NotFoundError
from survey.languages import LANGUAGES
from survey.models import Firm

NOTHING = Wording("", "", "")  # of a version: back to the built-in text


def text_kind(kind: str, language: str) -> TextKind:
    """The kind named in an address or a file.

    Raises:
        NotFoundError: there is no such kind, or we have no such language.
    """
    if kind not in set(TextKind) or language not in LANGUAGES:
        raise NotFoundError("There is no such email text.")
    return TextKind(kind)


def texts_in_force(session: Session) -> dict[tuple[TextKind, str], EmailText]:
    """The newest version of every text that has one, by kind and language; it may say "back to the built-in text"."""
    newest = select(func.max(EmailText.id)).group_by(EmailText.kind, EmailText.language)
    rows = session.scalars(select(EmailText).where(EmailText.id.in_(newest)).options(joinedload(EmailText.by)))
    return {(row.kind, row.language): row for row in rows}


def wording_of(texts: Mapping[tuple[TextKind, str], EmailText], kind: TextKind, language: str) -> Wording:
    """The words to send: the firm's own where there are any, else ours."""
    row = texts.get((kind, language))
    return built_in(kind, language) if row is None or row.is_built_in else row.wording


def history(session: Session, kind: TextKind, language: str) -> Sequence[EmailText]:
    """Every version, the newest first."""
    query = select(EmailText).where(EmailText.kind == kind, EmailText.language == language)
    return session.scalars(query.options(joinedload(EmailText.by)).order_by(EmailText.version.desc())).all()


def version_of(session: Session, kind: TextKind, language: str, version: int) -> Wording:
    """The words of one version; 0 is the built-in text.

    Raises:
        NotFoundError: there is no such version.
    """
    if version == 0:
        return built_in(kind, language)
    query = select(EmailText).where(EmailText.kind == kind, EmailText.language == language)
    row = session.scalars(query.where(EmailText.version == version)).one_or_none()
    if row is None:
        raise NotFoundError("There is no such version of this text.")
    return built_in(kind, language) if row.is_built_in else row.wording


def save_text(
    session: Session,
    kind: TextKind,
    language: str,
    words: Wording,
    user_id: int | None,
    now: datetime,
    *,
    expected: int | None = None,
    restored: int | None = None,
) -> EmailText:
    """Put a checked text in force, as a version of its own. `expected`: the version that it was written upon.

    Raises:
        ConflictError: it is in force already, or somebody saved another version meanwhile.
    """
    session.execute(select(Firm.id).with_for_update())  # one after the other: versions have no gaps and no doubles
    versions = history(session, kind, language)
    latest = versions[0].version if versions else 0
    if expected is not None and expected != latest:
        raise ConflictError(
            f"Version {latest} was saved while you were writing. Compare it with yours, then save again."
        )
    before = NOTHING if not versions else versions[0].wording
    if words == built_in(kind, language):
        words = NOTHING
    if words == before:
        raise ConflictError("This text is in force already: nothing has changed.")
    row = EmailText(
        kind=kind,
        language=language,
        version=latest + 1,
        subject=words.subject,
        opening=words.opening,
        closing=words.closing,
        restored=restored,
        at=now,
        by_id=user_id,
    )
    session.add(row)
    session.flush()
    return row


def restore(
    session: Session, kind: TextKind, language: str, version: int, user_id: int | None, now: datetime
) -> EmailText:
    """Put an earlier version in force again, as a new one; 0 is the built-in text.

    Raises:
        NotFoundError: there is no such version.
        ConflictError: it says what is in force already.
    """
    words = version_of(session, kind, language, version)
    return save_text(session, kind, language, words, user_id, now, restored=version)


def keep_draft(
    session: Session, kind: TextKind, language: str, words: Wording, user_id: int, now: datetime
) -> EmailDraft:
    """What somebody is writing, so that previews show it and nothing is lost."""
    key = {"user_id": user_id, "kind": kind, "language": language}
    fields = {**dict(words.items()), "at": now}
    if not insert_or_ignore(session, EmailDraft, [{**key, **fields}]):
        session.execute(update(EmailDraft).filter_by(**key).values(fields))
    return session.get_one(EmailDraft, (user_id, kind, language), populate_existing=True)


def draft_of(session: Session, kind: TextKind, language: str, user_id: int) -> EmailDraft | None:
    """What this person wrote and did not save, if anything."""
    return session.get(EmailDraft, (user_id, kind, language))


def drop_draft(session: Session, kind: TextKind, language: str, user_id: int) -> None:
    """It was saved, or is not wanted."""
    draft = draft_of(session, kind, language, user_id)
    if draft is not None:
        session.delete(draft)
        session.flush()
