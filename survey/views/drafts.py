"""The desk: a questionnaire is begun, described, published, taken back and archived. For managers."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from survey import auth, clock
from survey.auth import current_user_id
from survey.db import db, transaction
from survey.errors import ConflictError, InvalidInputError
from survey.forms.questionnaires import DescriptionForm, NewForm
from survey.questionnaires import drafts, editing, library, overview, publishing, versions
from survey.questionnaires.describing import listed
from survey.questionnaires.document import Document
from survey.questionnaires.drafts import ChangedMeanwhileError, find
from survey.views import builder
from survey.views.messages import posted, tell

NOT_ASKED = "nobody gets it until you choose for which jobs"

blueprint = auth.guard(Blueprint("drafts", __name__, url_prefix="/desk/questionnaires"), read="manager")


@blueprint.route("/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    """Begin one: blank, from the library, or as a copy of another (`?start=copy-7`)."""
    starts = _starts()
    start = request.args.get("start", "")
    start = start if start in starts else "blank"
    name = drafts.copy_name(db.session, starts[start][0]) if start.startswith("copy-") else ""
    form = NewForm(posted(), start=start, name=name)
    form.start.choices = [SelectChoice(name, label) for name, (label, _) in starts.items()]
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                with transaction() as session:
                    title, document = starts[form.start.data]
                    is_library = form.start.data.startswith("library-")
                    name = form.name.data or (drafts.usual_name(session, title) if is_library else "")
                    made = drafts.create(session, name, document, clock.now())
                return redirect(url_for("questionnaires.show", questionnaire_id=made.id), code=303)
            except InvalidInputError as error:
                form.name.errors = [str(error)]
    return render_template("desk/questionnaires/new.html", form=form, starts=starts), status


def _starts() -> dict[str, tuple[str, Document]]:
    """Name → what it is called, and what one begins with."""
    found = {"blank": ("One question: how did we do?", editing.blank())}
    found |= {f"library-{name}": (library.title(name), library.document(name)) for name in library.names()}
    for one in overview.questionnaires(db.session):
        found[f"copy-{one.questionnaire.id}"] = (one.questionnaire.name, one.draft)
    return found


@blueprint.post("/first")
def first() -> ResponseReturnValue:
    """What is asked while nobody chose anything becomes a questionnaire that can be changed."""
    with transaction() as session:
        version = versions.first_version(session, clock.now())
    return redirect(url_for("questionnaires.show", questionnaire_id=version.questionnaire_id), code=303)


@blueprint.route("/<int:questionnaire_id>/description", methods=["GET", "POST"])
def describe(questionnaire_id: int) -> ResponseReturnValue:
    """Its name, what it is for, where its questions come from, and the language it is written in."""
    row = find(db.session, questionnaire_id)
    draft, revision = drafts.draft_of(row), builder.seen_revision() or row.revision
    form = DescriptionForm(posted(), name=row.name, about=draft.about, source=draft.source, language=draft.language)
    meanwhile = ""
    if request.method == "POST" and form.validate():
        try:
            with transaction():
                _describe(questionnaire_id, form, revision)
            tell("Saved.")
            return redirect(url_for("questionnaires.show", questionnaire_id=questionnaire_id), code=303)
        except ChangedMeanwhileError as error:
            meanwhile, revision = str(error), error.revision
        except InvalidInputError as error:
            (form.language if error.field == "language" else form.name).errors = [str(error)]
        row = find(db.session, questionnaire_id)
    status = 409 if meanwhile else 422 if form.errors else 200
    page = builder.frame(db.session, row) | {"form": form, "meanwhile": meanwhile, "revision": revision}
    return render_template("desk/questionnaires/description.html", **page), status


def _describe(questionnaire_id: int, form: DescriptionForm, revision: int) -> None:
    session, now = db.session, clock.now()
    row = find(session, questionnaire_id, lock=True)

    def edit(document: Document) -> Document:
        about, source = form.about.data or "", form.source.data or ""
        return editing.described(document, about=about, source=source, language=form.language.data)

    drafts.change(session, row, revision, edit, current_user_id(), now)
    drafts.rename(session, row, form.name.data or "", now)


@blueprint.route("/<int:questionnaire_id>/publish", methods=["GET", "POST"])
def publish(questionnaire_id: int) -> ResponseReturnValue:
    """What publishing would change and what to know first; sent, it is done."""
    row, told, status = find(db.session, questionnaire_id), "", 200
    if request.method == "POST":
        try:
            with transaction() as session:
                found = find(session, questionnaire_id)
                made = publishing.publish(
                    session,
                    found,
                    builder.seen_revision(),
                    confirmed="confirmed" in request.form,
                    user_id=current_user_id(),
                    now=clock.now(),
                )
                about = publishing.kinds_of(session, found)
            asked = f"surveys about {listed(about)} ask this from now on" if about else NOT_ASKED
            flash(f"Version {made.number} is published: {asked}.", "good")
            return redirect(url_for("questionnaires.show", questionnaire_id=questionnaire_id), code=303)
        except ConflictError as error:
            told, status = str(error), 409
        except InvalidInputError as error:
            told, status = str(error), 422
        row = find(db.session, questionnaire_id)
    page = builder.frame(db.session, row) | {"publication": publishing.prepare(db.session, row), "told": told}
    return render_template("desk/questionnaires/publish.html", **page), status


@blueprint.post("/<int:questionnaire_id>/undo/<int:edit_id>")
def undo(questionnaire_id: int, edit_id: int) -> ResponseReturnValue:
    """Take back the newest change of the draft."""
    try:
        with transaction() as session:
            what = drafts.undo(session, find(session, questionnaire_id), edit_id, clock.now())
        flash(f"Taken back: {what}", "good")
    except ConflictError as error:
        flash(str(error), "warning")
    return redirect(url_for("questionnaires.show", questionnaire_id=questionnaire_id), code=303)


@blueprint.post("/<int:questionnaire_id>/discard", defaults={"number": None})
@blueprint.post("/<int:questionnaire_id>/versions/<int:number>/restore")
def restore(questionnaire_id: int, number: int | None) -> ResponseReturnValue:
    """The draft becomes what is published, or what an older version asked."""
    try:
        with transaction() as session:
            row, seen, who, now = (
                find(session, questionnaire_id),
                builder.seen_revision(),
                current_user_id(),
                clock.now(),
            )
            if number is None:
                made = drafts.discard(session, row, seen, who, now)
            else:
                version = publishing.version_by_number(session, row, number)
                made = drafts.restore(session, row, version, seen, who, now)
        undo_at = url_for(".undo", questionnaire_id=questionnaire_id, edit_id=made.id) if made else None
        said = "The draft is what is published." if number is None else f"The draft is as version {number} was."
        tell(said if made else "The draft was that already.", undo=undo_at)
    except (ConflictError, InvalidInputError) as error:
        builder.tell_not_done(error)
    return redirect(url_for("questionnaires.show", questionnaire_id=questionnaire_id), code=303)


@blueprint.post("/<int:questionnaire_id>/archive")
def archive(questionnaire_id: int) -> ResponseReturnValue:
    try:
        with transaction() as session:
            row = find(session, questionnaire_id, lock=True)
            publishing.archive(session, row, clock.now())
        tell(f"{row.name} is archived.", undo=url_for(".unarchive", questionnaire_id=questionnaire_id))
    except ConflictError as error:
        flash(str(error), "warning")
        return redirect(url_for("questionnaires.show", questionnaire_id=questionnaire_id), code=303)
    return redirect(url_for("questionnaires.index"), code=303)


@blueprint.post("/<int:questionnaire_id>/unarchive")
def unarchive(questionnaire_id: int) -> ResponseReturnValue:
    with transaction() as session:
        row = find(session, questionnaire_id, lock=True)
        publishing.unarchive(session, row)
    tell(f"{row.name} is out of the archive.")
    return redirect(url_for("questionnaires.show", questionnaire_id=questionnaire_id), code=303)
