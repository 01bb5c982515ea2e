"""The desk: the questions of a questionnaire's draft are added, changed, moved, copied and taken out. For managers."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from survey import auth, clock
from survey.auth import current_user_id
from survey.db import db, transaction
from survey.errors import ConflictError, InvalidInputError, NotFoundError
from survey.forms.questionnaires import Asking, QuestionForm
from survey.kinds import job_kinds
from survey.models import Questionnaire
from survey.pages import FIRST
from survey.questionnaires import drafts, editing, publishing, retyping
from survey.questionnaires.conditions import subjects
from survey.questionnaires.describing import TYPE_WORDS
from survey.questionnaires.document import Document, Question, QuestionType
from survey.questionnaires.drafts import ChangedMeanwhileError, draft_of, find
from survey.views import builder
from survey.views.messages import posted

blueprint = auth.guard(
    Blueprint("questions", __name__, url_prefix="/desk/questionnaires/<int:questionnaire_id>/questions"), read="manager"
)


@blueprint.get("/pick")
def pick(questionnaire_id: int) -> ResponseReturnValue:
    """Which type of question to add; ready-made ones first."""
    row = find(db.session, questionnaire_id)
    document = draft_of(row)
    types = {
        kind: words
        for kind, words in TYPE_WORDS.items()
        if kind is not QuestionType.PROMISE or not document.asks_promise
    }
    return render_template(
        "desk/questionnaires/pick.html",
        **builder.frame(db.session, row),
        ready=[(one, one.text[document.language], TYPE_WORDS[one.type]) for one in editing.ready_made(document)],
        types=types,
        after=request.args.get("after", ""),
    )


@blueprint.post("/ready")
def add_ready(questionnaire_id: int) -> ResponseReturnValue:
    """Add a ready-made question, as the library has it."""
    key, after = request.form.get("key", ""), request.form.get("after") or None

    def edit(document: Document) -> Document:
        found = next((one for one in editing.ready_made(document) if one.key == key), None)
        if found is None:
            raise InvalidInputError("This question is asked already.")
        return editing.add(document, found, after or editing.usual_place(document, found))

    return builder.changed(questionnaire_id, edit, _back(questionnaire_id, key))


@blueprint.route("/new", methods=["GET", "POST"])
def new(questionnaire_id: int) -> ResponseReturnValue:
    """A question of the type `?type=`, after the question `?after=`."""
    kind = request.args.get("type", "")
    if kind not in list(QuestionType):
        return redirect(url_for(".pick", questionnaire_id=questionnaire_id), code=303)
    row = find(db.session, questionnaire_id)
    after = request.args.get("after", "")
    asking = _asking(db.session, row, QuestionType(kind), None, after)
    return _form_page(row, asking, lambda document, made: editing.add(document, made, after or None))


@blueprint.route("/<key>", methods=["GET", "POST"])
def edit(questionnaire_id: int, key: str) -> ResponseReturnValue:
    """One question, or what it would be with the type `?type=`. If it is gone meanwhile, saving adds it again."""
    row = find(db.session, questionnaire_id)
    document = draft_of(row)
    question = document.by_key.get(key)
    kind, wanted = question.type.value if question else request.form.get("type", ""), request.args.get("type", "")
    if kind not in list(QuestionType):
        raise NotFoundError("There is no such question in the draft.")
    if question and wanted in retyping.types_for(document, question):
        kind = wanted
    asking = _asking(db.session, row, QuestionType(kind), question, "")

    def save(document: Document, made: Question) -> Document:
        return editing.replace(document, key, made) if key in document.by_key else editing.add(document, made)

    return _form_page(row, asking, save)


@blueprint.get("/<key>/type")
def types(questionnaire_id: int, key: str) -> ResponseReturnValue:
    """Which other type the question may have, and what would go with each."""
    row = find(db.session, questionnaire_id)
    document = draft_of(row)
    if (question := document.by_key.get(key)) is None:
        raise NotFoundError("There is no such question in the draft.")
    versions = publishing.documents_of(db.session, row)
    return render_template(
        "desk/questionnaires/types.html",
        **builder.frame(db.session, row),
        question=question,
        words=TYPE_WORDS,
        ways=[retyping.way(document, question, kind, versions) for kind in retyping.types_for(document, question)],
    )


@blueprint.post("/<key>/move")
def move(questionnaire_id: int, key: str) -> ResponseReturnValue:
    """To the place `to`: "up", "down", or how many questions come before it."""
    to = request.form.get("to", "")

    def edit(document: Document) -> Document:
        at = [question.key for question in document.questions].index(_known(document, key))
        place = at - 1 if to == "up" else at + 1 if to == "down" else int(to) if to.isdecimal() else at
        return editing.move(document, key, place)

    return builder.changed(questionnaire_id, edit, _back(questionnaire_id, key), moved=key)


@blueprint.post("/<key>/duplicate")
def duplicate(questionnaire_id: int, key: str) -> ResponseReturnValue:
    """A copy right after it."""

    def edit(document: Document) -> Document:
        return editing.duplicate(document, _known(document, key))

    return builder.changed(questionnaire_id, edit, _back(questionnaire_id, key))


@blueprint.post("/<key>/delete")
def delete(questionnaire_id: int, key: str) -> ResponseReturnValue:
    """Out of the draft; what was published and answered stays."""

    def edit(document: Document) -> Document:
        return editing.remove(document, _known(document, key))

    return builder.changed(questionnaire_id, edit, url_for("questionnaires.show", questionnaire_id=questionnaire_id))


def _known(document: Document, key: str) -> str:
    if key not in document.by_key:
        raise ConflictError("This question has been taken out meanwhile.")
    return key


def _back(questionnaire_id: int, key: str) -> str:
    return url_for("questionnaires.show", questionnaire_id=questionnaire_id, _anchor=f"q-{key}")


def _asking(session: Session, row: Questionnaire, kind: QuestionType, question: Question | None, after: str) -> Asking:
    document, versions = draft_of(row), publishing.documents_of(session, row)
    before = question.key if question else _following(document, after)
    key = retyping.key_of(document, question, kind, versions) if question else ""
    published = [one.by_key[key] for one in versions if key in one.by_key]
    return Asking(
        document=document,
        kind=kind,
        subjects=subjects(document, before, drafts.steps(session)),
        question=question,
        key=key,
        is_published=bool(published),
        spent=retyping.types_by_key(versions),
        used_values={option.value for one in published for option in one.options},
        kinds=job_kinds(session),
    )


def _following(document: Document, key: str) -> str | None:
    """The question after the one named; None: it is the last, or there is none of that name."""
    keys = [question.key for question in document.questions]
    return next(iter(keys[keys.index(key) + 1 :]), None) if key in keys else None


def _form_page(
    row: Questionnaire, asking: Asking, save: Callable[[Document, Question], Document]
) -> ResponseReturnValue:
    """The form of a question; sent, it is saved, or comes back with everything that was typed."""
    form, meanwhile, status = QuestionForm.of(asking, builder.seen_revision() or row.revision, posted()), "", 200
    do = request.form.get("do", "")
    if do == "preview":
        return _look(row, form, save)
    if request.method == "POST" and not form.rearranged(do):
        status = 422
        if form.validate():
            try:
                return _save(row.id, form, save)
            except ChangedMeanwhileError as error:
                meanwhile, form.revision, status = str(error), error.revision, 409
            except ConflictError as error:
                meanwhile, status = str(error), 409
            except InvalidInputError as error:
                form.refuse(str(error), error.field)
    seen = builder.page_of(asking.document, asking.question.key) if asking.question else ""
    page = builder.frame(db.session, row) | {"page": seen, "form": form, "asking": asking, "meanwhile": meanwhile}
    if asking.question and asking.question.key in asking.document.by_key:
        page |= _around(row, asking.document, asking.question, asking.kind)
    return render_template("desk/questionnaires/question.html", **page), status


def _around(row: Questionnaire, document: Document, question: Question, kind: QuestionType) -> dict[str, Any]:
    """What the form of a question says beside it: what is wrong with when it is shown, and what another type means."""
    other = None
    if kind is not question.type:
        other = retyping.way(document, question, kind, publishing.documents_of(db.session, row))
    return {
        "wrong": drafts.conditions_wrong(db.session, row).get(question.key, []),
        "way": other,
        "was": TYPE_WORDS[question.type],
        "may_retype": bool(retyping.types_for(document, question)),
    }


def _look(
    row: Questionnaire, form: QuestionForm, save: Callable[[Document, Question], Document]
) -> ResponseReturnValue:
    """The client's page with the question as it stands in the form, or nothing (204) while it is none yet."""
    if not form.validate():
        return "", 204
    try:
        made = form.question()
        document = save(draft_of(row), made)
    except InvalidInputError:
        return "", 204

    def link(page: str, **_query: object) -> str:
        return url_for("questionnaires.preview", questionnaire_id=row.id, page=page or FIRST)

    return builder.painted(db.session, document, builder.page_of(document, made.key), link)


def _save(row_id: int, form: QuestionForm, save: Callable[[Document, Question], Document]) -> ResponseReturnValue:
    made = form.question()
    with transaction() as session:
        row = find(session, row_id)
        edit = drafts.change(
            session, row, form.revision, lambda document: save(document, made), current_user_id(), clock.now()
        )
    builder.tell_edit(row, edit)
    return redirect(_back(row_id, made.key), code=303)
