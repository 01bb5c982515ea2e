"""The desk: which kind of job gets which questionnaire, and how many of these jobs are asked about. For managers."""

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, URLSafeSerializer

from survey import auth, clock
from survey.auth import current_user_id
from survey.db import begin_reading, db, transaction
from survey.errors import ConflictError, InvalidInputError
from survey.forms.uses import UsesForm
from survey.questionnaires import uses
from survey.questionnaires.publishing import stand_in_id
from survey.questionnaires.uses import Use
from survey.views.messages import tell

blueprint = auth.guard(Blueprint("uses", __name__, url_prefix="/desk/questionnaires/uses"), read="manager")

NOT_FIELDS = ("csrf_token", "do", "was")
LONGEST_UNDO = 1_500  # characters: it travels in a cookie


@blueprint.route("", methods=["GET", "POST"])
def index() -> ResponseReturnValue:
    """The form; sent, it leads to the preview, from there back (`do=edit`) or to saving (`do=save`)."""
    if request.method == "GET":
        return _form_page(_now_chosen())
    form, do = UsesForm.sent(request.form, uses.kinds(db.session)), request.form.get("do", "preview")
    wanted = form.uses()
    if form.errors or do == "edit":
        return _form_page(form, status=422 if form.errors else 200)
    try:
        return _save(wanted) if do == "save" else _preview(wanted)
    except InvalidInputError as error:
        return _form_page(form, str(error), 422)
    except ConflictError as error:
        return _form_page(form, f"{error} What you chose is still below: see what it would change now.", 409)


@blueprint.post("/undo/<signed>")
def undo(signed: str) -> ResponseReturnValue:
    """Put back what was chosen before, unless something else was chosen since."""
    try:
        before, was = _undo_signer().loads(signed)
        with transaction() as session:
            uses.choose(session, [Use(*row) for row in before], was, clock.now(), current_user_id())
        flash("Undone: it is as it was before.", "good")
    except BadSignature:
        flash("This can’t be undone here any more.", "warning")
    except (ConflictError, InvalidInputError) as error:
        flash(str(error), "warning")
    return redirect(url_for(".index"), code=303)


def _now_chosen() -> UsesForm:
    session = db.session
    return UsesForm.of(uses.chosen(session), uses.kinds(session), stand_in_id(session))


def _preview(wanted: list[Use]) -> ResponseReturnValue:
    begin_reading(db.session)
    sent = [(name, value) for name, value in request.form.items(multi=True) if name not in NOT_FIELDS]
    found, was = uses.preview(db.session, wanted, clock.now()), request.form.get("was", "")
    return render_template("desk/questionnaires/uses_preview.html", preview=found, sent=sent, was=was)


def _save(wanted: list[Use]) -> ResponseReturnValue:
    with transaction() as session:
        before = uses.chosen(session)
        changed = uses.choose(session, wanted, request.form.get("was", ""), clock.now(), current_user_id())
    told = "No survey that waits changed with it." if not changed else f"{changed:,} that wait changed with it."
    tell(f"Saved. {'One survey that waits changed with it.' if changed == 1 else told}", undo=_undo_url(before, wanted))
    return redirect(url_for(".index"), code=303)


def _undo_url(before: list[Use], after: list[Use]) -> str | None:
    rows = [(use.kind, use.questionnaire_id, use.share) for use in before]
    signed = str(_undo_signer().dumps([rows, uses.seen(after)]))
    return url_for(".undo", signed=signed) if len(signed) <= LONGEST_UNDO else None


def _undo_signer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="questionnaire-uses")


def _form_page(form: UsesForm, problem: str = "", status: int = 200) -> ResponseReturnValue:
    session = db.session
    page: dict[str, Any] = {
        "form": form,
        "problem": problem,
        "choosable": uses.choosable(session),
        "was": uses.seen(uses.chosen(session)),
        "jobs": sum(line.kind.jobs for line in form.lines),
        "history": uses.history(session),
    }
    return render_template("desk/questionnaires/uses.html", **page), status
