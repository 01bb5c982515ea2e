"""Drafts: what managers change of a questionnaire before it is published, by whom, and the way back.

Every change gives a whole, valid document, and says which revision of the draft its author saw: two people at once
never overwrite each other unawares.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from survey.db import row_by_id
from survey.errors import ConflictError, InvalidInputError
from survey.firms import get_firm
from survey.models import Questionnaire, QuestionnaireEdit, QuestionnaireVersion
from survey.promise import promise_steps
from survey.questionnaires.cautions import giving_away
from survey.questionnaires.changes import Steps, differences
from survey.questionnaires.document import Document, read_document
from survey.questionnaires.references import wrong
from survey.questionnaires.versions import document_of, newest
from survey.speech import capitalised

KEPT_EDITS = 50  # of each questionnaire
LONGEST_NAME = 120
LONGEST_WHAT = 300


class ChangedMeanwhileError(ConflictError):
    """Somebody changed the draft after its author opened the page. `revision` is the draft's now."""

    def __init__(self, message: str, revision: int) -> None:
        super().__init__(message)
        self.revision = revision


def find(session: Session, questionnaire_id: int, *, lock: bool = False) -> Questionnaire:
    """One questionnaire.

    Raises:
        NotFoundError: there is none.
    """
    return row_by_id(session, Questionnaire, questionnaire_id, "There is no such questionnaire.", lock=lock)


def draft_of(questionnaire: Questionnaire) -> Document:
    """The draft as a document."""
    return read_document(questionnaire.draft)


def create(session: Session, name: str, document: Document, now: datetime) -> Questionnaire:
    """A new questionnaire, not published yet.

    Raises:
        InvalidInputError: it has no name, or another one has it.
    """
    made = Questionnaire(
        name=_free_name(session, name), draft=document.as_dict(), revision=1, created_at=now, changed_at=now
    )
    session.add(made)
    session.flush()
    return made


def rename(session: Session, questionnaire: Questionnaire, name: str, now: datetime) -> None:
    """Give it another name.

    Raises:
        InvalidInputError: it has no name, or another one has it.
    """
    if name.strip() != questionnaire.name:
        questionnaire.name = _free_name(session, name, questionnaire.id)
        questionnaire.changed_at = now
        session.flush()


def _free_name(session: Session, name: str, own_id: int | None = None) -> str:
    name = " ".join(name.split())
    if not name:
        raise InvalidInputError("Give it a name; only the desk shows it.", "name")
    if len(name) > LONGEST_NAME:
        raise InvalidInputError(f"At most {LONGEST_NAME} characters.", "name")
    taken = session.scalars(select(Questionnaire).where(Questionnaire.id != (own_id or 0)))
    if any(one.name.casefold() == name.casefold() for one in taken):
        raise InvalidInputError("Another questionnaire has this name.", "name")
    return name


def usual_name(session: Session, title: str) -> str:
    """What a questionnaire is called that begins with one of the library: its title, or a free name made from it."""
    taken = {one.casefold() for one in session.scalars(select(Questionnaire.name))}
    return copy_name(session, title) if title.casefold() in taken else title


def copy_name(session: Session, name: str) -> str:
    """A free name for a copy: "After a job, copy", "After a job, copy 2"."""
    taken = {one.casefold() for one in session.scalars(select(Questionnaire.name))}
    base = name[: LONGEST_NAME - len(", copy 999")]
    names = [f"{base}, copy", *(f"{base}, copy {number}" for number in range(2, len(taken) + 3))]
    return next(one for one in names if one.casefold() not in taken)


def change(
    session: Session,
    questionnaire: Questionnaire,
    revision: int,
    edit: Callable[[Document], Document],
    user_id: int | None,
    now: datetime,
    *,
    moved: str = "",
) -> QuestionnaireEdit | None:
    """Replace the draft by what `edit` makes of it; None if that is the same. `revision` is what the author saw,
    `moved` the question that it moves.

    Raises:
        ChangedMeanwhileError: the draft is another by now.
        ConflictError: the questionnaire is archived.
        InvalidInputError: `edit` says why it can't be.
    """
    session.refresh(questionnaire, with_for_update=True)
    if questionnaire.archived_at is not None:
        raise ConflictError("This questionnaire is archived. Take it out of the archive to change it.")
    if questionnaire.revision != revision:
        raise ChangedMeanwhileError(_meanwhile(session, questionnaire, revision, user_id), questionnaire.revision)
    before = draft_of(questionnaire)
    after = read_document(edit(before).as_dict())
    if after == before:
        return None
    return _replace(session, questionnaire, after, differences(before, after, steps(session), moved), user_id, now)


def steps(session: Session) -> Steps:
    """The texts of the firm's service promise by key, as managers read them."""
    firm = get_firm(session)
    return {step.key: step.text_in(firm.language) for step in promise_steps(firm.promise)}


def _replace(
    session: Session,
    questionnaire: Questionnaire,
    after: Document,
    what: Sequence[str],
    user_id: int | None,
    now: datetime,
) -> QuestionnaireEdit:
    sentence = " ".join(what)
    made = QuestionnaireEdit(
        questionnaire_id=questionnaire.id,
        revision=questionnaire.revision + 1,
        before=questionnaire.draft,
        what=sentence if len(sentence) <= LONGEST_WHAT else sentence[: LONGEST_WHAT - 1] + "…",
        edited_at=now,
        edited_by_id=user_id,
    )
    session.add(made)
    questionnaire.draft = after.as_dict()
    questionnaire.revision += 1
    questionnaire.changed_at = now
    session.flush()
    old = QuestionnaireEdit.revision <= questionnaire.revision - KEPT_EDITS
    session.execute(
        delete(QuestionnaireEdit).where(QuestionnaireEdit.questionnaire_id == questionnaire.id, old),
        execution_options={"synchronize_session": "fetch"},
    )
    return made


def last_edit(session: Session, questionnaire: Questionnaire) -> QuestionnaireEdit | None:
    """The newest change of the draft that can be taken back."""
    return session.scalar(
        select(QuestionnaireEdit)
        .where(QuestionnaireEdit.questionnaire_id == questionnaire.id)
        .order_by(QuestionnaireEdit.revision.desc())
        .limit(1)
    )


def since_published(session: Session, questionnaire: Questionnaire) -> list[Document]:
    """What the draft was before each change since it was last published, oldest first."""
    version = newest(session, questionnaire.id)
    edits = select(QuestionnaireEdit.before).where(QuestionnaireEdit.questionnaire_id == questionnaire.id)
    if version is not None:
        edits = edits.where(QuestionnaireEdit.edited_at > version.published_at)
    return [read_document(before) for before in session.scalars(edits.order_by(QuestionnaireEdit.revision))]


def conditions_wrong(session: Session, questionnaire: Questionnaire) -> dict[str, list[str]]:
    """Question → what is wrong with when it is shown, in sentences."""
    document, found = draft_of(questionnaire), dict[str, list[str]]()
    if any(condition.question for question in document.questions for condition in question.show_if):
        version = newest(session, questionnaire.id)
        before = [*([document_of(version)] if version else []), *since_published(session, questionnaire)]
        for key, text in [*giving_away(document), *((one.key, one.text) for one in wrong(document, before))]:
            found.setdefault(key, []).append(capitalised(text))
    return found


def undo(session: Session, questionnaire: Questionnaire, edit_id: int, now: datetime) -> str:
    """Take back the newest change of the draft; what it was, as a sentence.

    Raises:
        ConflictError: that change is taken back already, or another one came after it.
    """
    session.refresh(questionnaire, with_for_update=True)
    newest_edit = last_edit(session, questionnaire)
    if newest_edit is None or newest_edit.id < edit_id:
        raise ConflictError("This has been taken back already.")
    if newest_edit.id != edit_id:
        raise ConflictError(f"Something else was changed since: {newest_edit.what} Take that back first.")
    questionnaire.draft = newest_edit.before
    questionnaire.revision += 1
    questionnaire.changed_at = now
    what = newest_edit.what
    session.delete(newest_edit)
    session.flush()
    return what


def discard(
    session: Session, questionnaire: Questionnaire, revision: int, user_id: int | None, now: datetime
) -> QuestionnaireEdit | None:
    """Make the draft what is published.

    Raises:
        ConflictError: nothing is published yet, or as `change` does.
    """
    version = newest(session, questionnaire.id)
    if version is None:
        raise ConflictError("Nothing has been published yet, so there is nothing to go back to.")
    return restore(session, questionnaire, version, revision, user_id, now)


def restore(
    session: Session,
    questionnaire: Questionnaire,
    version: QuestionnaireVersion,
    revision: int,
    user_id: int | None,
    now: datetime,
) -> QuestionnaireEdit | None:
    """Make the draft what a version asked; it is published again only when somebody does so. Raises as `change`."""
    return change(session, questionnaire, revision, lambda _draft: document_of(version), user_id, now)


def _meanwhile(session: Session, questionnaire: Questionnaire, revision: int, user_id: int | None) -> str:
    """Who changed what since `revision`."""
    since = session.scalars(
        select(QuestionnaireEdit)
        .where(QuestionnaireEdit.questionnaire_id == questionnaire.id, QuestionnaireEdit.revision > revision)
        .order_by(QuestionnaireEdit.revision.desc())
        .limit(3)
    ).all()
    if not since:
        return "A change of this questionnaire was taken back since you opened this page."
    who = since[0].edited_by
    name = "You" if since[0].edited_by_id == user_id else who.display_name if who else "Somebody"
    where = " in another window" if name == "You" else ""
    told = " ".join(edit.what for edit in reversed(since))
    return f"{name} changed this questionnaire{where} since you opened this page: {told}"
