"""The desk: when and whom the firm asks; what a change would do before it is saved; who changed what, and the way back.

For admins.
"""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from survey import auth, clock
from survey.asking.deciding import rules_of
from survey.asking.rule_history import NAMED, preview_rules, rule_history, save_rules, undo_rules
from survey.asking.rules import SurveyRules
from survey.auth import current_user_id
from survey.db import begin_reading, db, row_by_id, transaction
from survey.errors import ConflictError, InvalidInputError
from survey.firms import get_firm
from survey.forms.survey_rules import RulesForm, Sent
from survey.kinds import job_kinds
from survey.models import SurveyRuleSet
from survey.views.messages import posted, tell

blueprint = auth.guard(
    Blueprint("survey_rules", __name__, url_prefix="/desk/settings/surveys"), read="admin", write="admin"
)

NOT_FIELDS = ("csrf_token", "do")


@blueprint.route("", methods=["GET", "POST"])
def index() -> ResponseReturnValue:
    """The form; sent, it leads to the preview, from there back (`do=edit`) or to saving (`do=save`)."""
    form = RulesForm.of(rules_of(get_firm(db.session)), posted(), job_kinds(db.session))
    do = request.form.get("do", "preview")
    if request.method == "GET" or do == "edit":
        return _form_page(form)
    if not form.validate():
        return _form_page(form, 422)
    return _save(form) if do == "save" else _preview(form, _sent())


@blueprint.post("/restore/<int:row_id>")
def restore(row_id: int) -> ResponseReturnValue:
    """An earlier version, as if it had been filled in: the preview comes first."""
    begin_reading(db.session)
    row = row_by_id(db.session, SurveyRuleSet, row_id, "There are no such rules.")
    kinds = job_kinds(db.session)
    rules = SurveyRules.of(row.rules)
    sent = [*RulesForm.as_sent(rules, kinds), ("note", f"Restored from {row.set_at:%Y-%m-%d %H:%M} UTC")]
    return _preview(RulesForm.of(rules, None, kinds), sent, rules)


@blueprint.post("/undo/<int:row_id>")
def undo(row_id: int) -> ResponseReturnValue:
    try:
        with transaction() as session:
            row = row_by_id(session, SurveyRuleSet, row_id, "There are no such rules.")
            undo_rules(session, row, current_user_id(), clock.now())
        flash("Undone: the rules are as they were before.", "good")
    except (ConflictError, InvalidInputError) as error:
        flash(str(error), "warning")
    return redirect(url_for(".index"), code=303)


def _sent() -> Sent:
    return [(name, value) for name, value in request.form.items(multi=True) if name not in NOT_FIELDS]


def _preview(form: RulesForm, sent: Sent, rules: SurveyRules | None = None) -> ResponseReturnValue:
    begin_reading(db.session)
    try:
        found = preview_rules(db.session, rules or form.rules(), clock.now())
    except InvalidInputError as error:
        return _form_page(_refused(form, error), 422)
    return render_template("desk/settings/surveys_preview.html", preview=found, sent=sent, named=NAMED)


def _save(form: RulesForm) -> ResponseReturnValue:
    try:
        with transaction() as session:
            note = form.note.data or ""
            row, changed = save_rules(session, form.rules(), current_user_id(), clock.now(), note)
    except InvalidInputError as error:
        return _form_page(_refused(form, error), 422)
    except ConflictError as error:
        flash(str(error), "warning")
        return redirect(url_for(".index"), code=303)
    told = "No survey that waits is changed by it." if not changed else f"{changed} that wait changed with it."
    told = "One survey that waits changed with it." if changed == 1 else told
    tell(f"Saved. {told}", undo=url_for(".undo", row_id=row.id))
    return redirect(url_for(".index"), code=303)


def _refused(form: RulesForm, error: InvalidInputError) -> RulesForm:
    field = form[error.field] if error.field and error.field in form else form.send_weekdays
    field.errors = [str(error)]
    return form


def _form_page(form: RulesForm, status: int = 200) -> ResponseReturnValue:
    return render_template("desk/settings/surveys.html", form=form, history=rule_history(db.session)), status
