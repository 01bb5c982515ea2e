"""Subjects: those that are read anyway, and those that the firm adds by example sentences."""

from collections.abc import Callable
from typing import TypeVar

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from analysis.desk.subjects import found_in
from analysis.desk.words import ASPECT_MEANS
from analysis.forms import SubjectForm
from analysis.models import OwnAspect
from analysis.reading import subjects
from analysis.text.examples import FEWEST, LONGEST, MOST
from analysis.views import parts
from survey import auth, clock, runtime
from survey.config import ReadingMode
from survey.db import db, transaction
from survey.errors import ConflictError, InvalidInputError

Done = TypeVar("Done")

blueprint = Blueprint("subjects", __name__, url_prefix="/desk/settings/subjects")
auth.guard(blueprint)
parts.install(blueprint)


@blueprint.get("")
def index() -> ResponseReturnValue:
    rows = subjects.own_subjects(db.session)
    active = [row for row in rows if row.archived_at is None]
    reads_own = runtime.settings().text_analyser is not ReadingMode.FAST
    return render_template(
        "desk/settings/subjects.html",
        active_subjects=active,
        archived=[row for row in rows if row.archived_at is not None],
        found=found_in(db.session, active),
        means=ASPECT_MEANS,
        reads_own=reads_own,
        working=reads_own and any(row.tried_at is None for row in active),
    )


@blueprint.get("/new")
def new() -> ResponseReturnValue:
    return _form_page(SubjectForm())


@blueprint.post("/new")
def add() -> ResponseReturnValue:
    form = SubjectForm()
    row = _saved(form, lambda session: subjects.add_subject(session, form.called, form.sentences, clock.now()))
    if row is None:
        return _form_page(form)
    parts.flash_with_undo(f"“{row.name}” is added.", url_for(".archive", subject_id=row.id))
    return redirect(url_for(".index"), code=303)


@blueprint.get("/<int:subject_id>")
def edit(subject_id: int) -> ResponseReturnValue:
    row = subjects.subject_by_id(db.session, subject_id)
    if row.archived_at is not None:
        return redirect(url_for(".index"), code=303)
    return _form_page(SubjectForm(data={"name": row.name, "examples": "\n".join(row.examples)}), row)


@blueprint.post("/<int:subject_id>")
def change(subject_id: int) -> ResponseReturnValue:
    form = SubjectForm()

    def write(session: Session) -> tuple[OwnAspect, bool]:
        row = subjects.subject_by_id(session, subject_id)
        return row, subjects.change_subject(session, row, form.called, form.sentences, clock.now())

    done = _saved(form, write)
    if done is None:
        return _form_page(form, subjects.subject_by_id(db.session, subject_id))
    row, changed = done
    if changed:
        at = row.updated_at.isoformat()
        parts.flash_with_undo(f"“{row.name}” is saved.", url_for(".undo", subject_id=row.id, at=at))
    return redirect(url_for(".index"), code=303)


@blueprint.post("/<int:subject_id>/undo")
def undo(subject_id: int) -> ResponseReturnValue:
    with transaction() as session:
        row = subjects.subject_by_id(session, subject_id)
        subjects.undo_change(session, row, request.args.get("at", ""), clock.now())
    flash(f"“{row.name}” is as it was before.", "good")
    return redirect(url_for(".index"), code=303)


@blueprint.post("/<int:subject_id>/archive")
def archive(subject_id: int) -> ResponseReturnValue:
    with transaction() as session:
        row = subjects.subject_by_id(session, subject_id)
        subjects.archive_subject(session, row, clock.now())
    parts.flash_with_undo(f"“{row.name}” is archived.", url_for(".restore", subject_id=row.id))
    return redirect(url_for(".index"), code=303)


@blueprint.post("/<int:subject_id>/restore")
def restore(subject_id: int) -> ResponseReturnValue:
    with transaction() as session:
        row = subjects.subject_by_id(session, subject_id)
        subjects.restore_subject(session, row, clock.now())
    flash(f"“{row.name}” is read again from now on.", "good")
    return redirect(url_for(".index"), code=303)


def _saved(form: SubjectForm, write: Callable[[Session], Done]) -> Done | None:
    """What `write` did, or None with the reason at the form's field."""
    try:
        with transaction() as session:
            return write(session)
    except InvalidInputError as error:
        form.refuse(str(error), error.field)
        return None


def _form_page(form: SubjectForm, row: OwnAspect | None = None) -> ResponseReturnValue:
    if not auth.can("manager"):
        abort(403)
    limits = {"fewest": FEWEST, "most": MOST, "longest": LONGEST, "longest_name": subjects.LONGEST_NAME}
    page = render_template("desk/settings/subject.html", form=form, row=row, limits=limits)
    return page, 422 if form.errors else 200


@blueprint.errorhandler(ConflictError)
@blueprint.errorhandler(InvalidInputError)
def refuse(error: ConflictError | InvalidInputError) -> ResponseReturnValue:
    """Somebody was faster: say so, and show how it stands."""
    flash(str(error), "warning")
    return redirect(url_for(".index"), code=303)
