"""The desk: questionnaires as JSON files, out and in. For managers; anybody at the desk may take one along."""

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from survey import auth, clock
from survey.auth import current_user_id
from survey.db import db, transaction
from survey.errors import ConflictError, InvalidInputError
from survey.models import Questionnaire
from survey.questionnaires import drafts, exchange, overview
from survey.questionnaires.document import Document
from survey.speech import capitalised
from survey.views import builder

blueprint = auth.guard(Blueprint("questionnaire_files", __name__, url_prefix="/desk/questionnaires"))

NEW = "new"  # in the choice of what a file becomes


@blueprint.get("/<int:questionnaire_id>/export.json")
def export(questionnaire_id: int) -> ResponseReturnValue:
    """The version in force, `?version=2`, or `?draft`."""
    row = drafts.find(db.session, questionnaire_id)
    version = request.args.get("version", type=int)
    document = exchange.content(db.session, row, version, draft="draft" in request.args)
    name = exchange.file_name(f"{row.name} v{version}" if version else row.name)
    headers = {"Content-Disposition": f"attachment; filename={name}"}
    return Response(exchange.export(document), mimetype="application/json", headers=headers)


@blueprint.get("/import")
def choose() -> ResponseReturnValue:
    return _page(into=request.args.get("into", NEW))


@blueprint.post("/import")
def bring_in() -> ResponseReturnValue:
    """A file becomes a new questionnaire, or the draft of one there is: nobody is asked it before it is published."""
    sent, into = request.files.get("file"), request.form.get("into", NEW)
    name = request.form.get("name", "").strip()
    try:
        document = exchange.read(sent.read() if sent else b"")
    except InvalidInputError as error:
        return _page(name, into, problem=str(error) if sent and sent.filename else "Choose a JSON file first.")
    try:
        with transaction():
            row = _bring_in(document, name or _name_of(sent.filename if sent else None), into)
            place = url_for("questionnaires.show", questionnaire_id=row.id)
    except (ConflictError, InvalidInputError) as error:
        return _page(name or _name_of(sent.filename if sent else None), into, name_problem=str(error))
    return redirect(place, code=303)


def _bring_in(document: Document, name: str, into: str) -> Questionnaire:
    session, now = db.session, clock.now()
    if into == NEW:
        row = exchange.bring_in(session, document, name, now)
        flash(f"{row.name} is here as a draft. Look through it, and publish it when it is right.", "good")
        return row
    row = drafts.find(session, int(into) if into.isascii() and into.isdigit() else 0, lock=True)
    edit = exchange.put_into(session, row, document, current_user_id(), now)
    if edit is None:
        flash("The file is what the draft is already.", "info")
    builder.tell_edit(row, edit)
    return row


def _name_of(file_name: str | None) -> str:
    """What a questionnaire is called after its file: `after-a-job.json` → "After a job"."""
    stem = (file_name or "").rpartition("/")[2].removesuffix(".json").replace("-", " ").replace("_", " ").strip()
    return capitalised(stem)


def _page(name: str = "", into: str = NEW, problem: str = "", name_problem: str = "") -> ResponseReturnValue:
    page = render_template(
        "desk/questionnaires/import.html",
        name=name,
        into=into,
        choices=overview.questionnaires(db.session),
        problem=problem,
        name_problem=name_problem,
    )
    return page, 422 if problem or name_problem else 200
