"""/desk/settings/emails: what clients read, in the firm's own words; previews, tests, versions and the way back."""

from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user

from emails.texts import comparing, previews, queries, versions
from emails.texts.built_in import TextKind, built_in
from emails.texts.checks import LABELS, Finding, Level, stops
from emails.texts.form import TextForm
from emails.views.mailbox import EMAIL_POLICY
from emails.wording import PLACES, Wording
from survey import auth, clock
from survey.auth import current_user_id
from survey.config import EmailTransport
from survey.db import db, transaction
from survey.errors import ConflictError
from survey.languages import LANGUAGES
from survey.runtime import settings
from survey.security import allow_in_policy
from survey.views.messages import tell

KINDS = {TextKind.SURVEY: "Survey", TextKind.REMINDER: "Reminder"}
VIEWS = {"light": "Light", "dark": "Dark", "phone": "Phone", "text": "Plain text"}

blueprint = auth.guard(
    Blueprint("email_texts", __name__, url_prefix="/desk/settings/emails"), read="manager", write="manager"
)


@blueprint.context_processor
def add_names() -> dict[str, object]:
    return {"kinds": KINDS, "languages": LANGUAGES, "views": VIEWS, "places": PLACES, "labels": LABELS}


@blueprint.get("", strict_slashes=False)
def index() -> ResponseReturnValue:
    rows, now = queries.overview(db.session), clock.now()
    subjects = [previews.subject_line(db.session, row.language, row.words, now) for row in rows]
    return render_template("desk/settings/emails.html", rows=list(zip(rows, subjects, strict=True)))


@blueprint.route("/<kind>/<language>", methods=["GET", "POST"])
def edit(kind: str, language: str) -> ResponseReturnValue:
    """The editor; what is sent is saved, shown, tried out or thrown away, by the button that was pressed."""
    what = versions.text_kind(kind, language)
    if request.method == "GET":
        return _editor(what, language)
    form = TextForm(request.form)
    match request.form.get("do"):
        case "save":
            return _save(what, language, form)
        case "test":
            return _test(what, language, form)
        case "discard":
            return _discard(what, language)
        case _:
            _keep(what, language, form.words())
            return _back(what, language)


@blueprint.post("/<kind>/<language>/preview")
def preview(kind: str, language: str) -> ResponseReturnValue:
    """The preview alone, for htmx while somebody types."""
    what, words = versions.text_kind(kind, language), TextForm(request.form).words()
    _keep(what, language, words)
    return render_template("desk/settings/_email_preview.html", **_preview(what, language, words, _shown(request.form)))


@blueprint.get("/<kind>/<language>/letter")
def letter(kind: str, language: str) -> Response:
    """The HTML of the draft, or of a version, for the sandboxed frame."""
    what = versions.text_kind(kind, language)
    version = request.args.get("version", type=int)
    words = _current(what, language) if version is None else versions.version_of(db.session, what, language, version)
    shown = _shown(request.args)
    found = previews.preview(db.session, what, language, words, shown["example"], settings().base_url, clock.now())
    allow_in_policy(frame_ancestors="'self'")
    response = make_response(previews.in_theme(found.html, dark=shown["view"] == "dark"))
    response.headers["Content-Security-Policy"] = EMAIL_POLICY
    return response


@blueprint.get("/<kind>/<language>/versions/<int:version>")
def version(kind: str, language: str, version: int) -> ResponseReturnValue:
    """One version against another; without a word, against what is in force."""
    what = versions.text_kind(kind, language)
    rows = versions.history(db.session, what, language)
    latest = rows[0].version if rows else 0
    other = request.args.get("with", type=int)
    other = other if other is not None else latest if version != latest else max(0, latest - 1)
    before, after = (versions.version_of(db.session, what, language, number) for number in sorted((version, other)))
    allow_in_policy(frame_src="'self'")
    words = versions.version_of(db.session, what, language, version)
    return render_template(
        "desk/settings/email_version.html",
        kind=what,
        language=language,
        version=version,
        latest=latest,
        pair=sorted((version, other)),
        history=rows,
        subject=previews.subject_line(db.session, language, words, clock.now()),
        changes=comparing.compared(before, after),
    )


@blueprint.post("/<kind>/<language>/versions/<int:version>/restore")
def restore(kind: str, language: str, version: int) -> ResponseReturnValue:
    what = versions.text_kind(kind, language)
    try:
        with transaction() as session:
            row = versions.restore(session, what, language, version, current_user_id(), clock.now())
            versions.drop_draft(session, what, language, _user_id())
        said = "The built-in text" if row.is_built_in else f"Version {version}"
        tell(f"{said} is in force again, as version {row.version}.", undo=_undo(what, language, row.version))
    except ConflictError as error:
        flash(str(error), "warning")
    return redirect(url_for(".edit", kind=kind, language=language), code=303)


@blueprint.get("/link")
def link() -> ResponseReturnValue:
    """Where the buttons of a preview and of a test lead: a page that says what they would do."""
    return render_template("desk/settings/email_link.html")


def _save(kind: TextKind, language: str, form: TextForm) -> ResponseReturnValue:
    words = form.words()
    _keep(kind, language, words)
    findings = _findings(kind, language, words)
    if stops(findings, confirmed="confirm" in request.form):
        form.show(findings)
        return _editor(kind, language, form, asks=True, status=422)
    try:
        with transaction() as session:
            row = versions.save_text(
                session, kind, language, words, current_user_id(), clock.now(), expected=form.expected_version()
            )
            versions.drop_draft(session, kind, language, _user_id())
    except ConflictError as error:
        flash(str(error), "warning")
        return redirect(url_for(".edit", kind=kind, language=language), code=303)
    tell(
        f"Saved as version {row.version}. Emails that go out from now on say this.",
        undo=_undo(kind, language, row.version),
    )
    return redirect(url_for(".edit", kind=kind, language=language), code=303)


def _test(kind: TextKind, language: str, form: TextForm) -> ResponseReturnValue:
    words, shown = form.words(), _shown(request.form)
    findings = _findings(kind, language, words)
    _keep(kind, language, words)
    if stops(findings, confirmed=True):
        form.show(findings)
        return _editor(kind, language, form, status=422)
    try:
        with transaction() as session:
            previews.send_test(session, current_user, kind, language, words, shown["example"], clock.now())
        flash(f"A test is on its way to {current_user.email}.", "good")
    except ConflictError as error:
        flash(str(error), "warning")
    return _back(kind, language)


def _discard(kind: TextKind, language: str) -> ResponseReturnValue:
    with transaction() as session:
        versions.drop_draft(session, kind, language, _user_id())
    flash("The draft is gone. This is the text in force.", "info")
    return redirect(url_for(".edit", kind=kind.value, language=language), code=303)


def _editor(
    kind: TextKind, language: str, form: TextForm | None = None, *, asks: bool = False, status: int = 200
) -> ResponseReturnValue:
    history = versions.history(db.session, kind, language)
    latest = history[0].version if history else 0
    words = form.words() if form else _current(kind, language)
    shown = _shown(request.form if form else request.args)
    allow_in_policy(frame_src="'self'")
    page = render_template(
        "desk/settings/email.html",
        form=form or TextForm.of(words, latest),
        asks=asks,
        draft=versions.draft_of(db.session, kind, language, _user_id()),
        history=history,
        original=built_in(kind, language),
        examples=previews.examples(db.session),
        has_mailbox=settings().transport is EmailTransport.MAILBOX,
        **_preview(kind, language, words, shown),
    )
    return page, status


def _preview(kind: TextKind, language: str, words: Wording, shown: dict[str, str]) -> dict[str, Any]:
    base_url = settings().base_url
    found = previews.preview(db.session, kind, language, words, shown["example"], base_url, clock.now())
    findings = previews.findings_of(db.session, language, words, found, base_url)
    sender = queries.sender_name(db.session)
    return {
        "kind": kind, "language": language, "letter": found, "findings": findings, "sender": sender, "levels": Level,
        **shown,
    }  # fmt: skip


def _findings(kind: TextKind, language: str, words: Wording) -> list[Finding]:
    found = _preview(kind, language, words, _shown(request.form))["findings"]
    assert isinstance(found, list)
    return found


def _current(kind: TextKind, language: str) -> Wording:
    """This person's draft, else what is in force."""
    draft = versions.draft_of(db.session, kind, language, _user_id())
    return draft.wording if draft else versions.wording_of(versions.texts_in_force(db.session), kind, language)


def _keep(kind: TextKind, language: str, words: Wording) -> None:
    """Keep a draft, unless it says what is in force anyway."""
    with transaction() as session:
        if words == versions.wording_of(versions.texts_in_force(session), kind, language):
            versions.drop_draft(session, kind, language, _user_id())
        else:
            versions.keep_draft(session, kind, language, words, _user_id(), clock.now())


def _shown(sent: Any) -> dict[str, str]:
    view = sent.get("view", "light")
    return {"view": view if view in VIEWS else "light", "example": str(sent.get("example", previews.SAMPLE))[:20]}


def _back(kind: TextKind, language: str) -> ResponseReturnValue:
    """To the editor, with the same preview."""
    shown = _shown(request.form)
    target = url_for(
        ".edit", kind=kind.value, language=language, view=shown["view"], example=shown["example"], _anchor="text-form"
    )
    return redirect(target, code=303)


def _undo(kind: TextKind, language: str, version: int) -> str:
    return url_for(".restore", kind=kind.value, language=language, version=version - 1)


def _user_id() -> int:
    return int(current_user.id)
