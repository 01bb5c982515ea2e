"""Settings: the ladder's rules, in plain words; who would move before they are saved; who changed them and why."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from analysis.desk.ladder_preview import preview
from analysis.models import LadderRuleSet
from analysis.relationships.ladder_rules import (
    DEFAULT_RULES,
    RUNG_RULES,
    THRESHOLDS,
    LadderRules,
    checked_rules,
    rule_changes,
)
from analysis.scoring.ladder_rules import NOTE_LENGTH, rule_history, rules_in_force, save_rules, undo_rules
from analysis.views import parts
from survey import auth, clock
from survey.auth import current_user_id
from survey.db import begin_reading, db, row_by_id, transaction
from survey.errors import ConflictError, InvalidInputError

blueprint = Blueprint("ladder_rules", __name__, url_prefix="/desk/settings/ladder")
auth.guard(blueprint)
parts.install(blueprint)

FLAG_CHOICES = {
    "severe": "A severe flag",
    "high": "A severe or high flag",
    "moderate": "Any flag",
    "never": "No flag: only their own rhythm",
}


@blueprint.get("")
def index() -> ResponseReturnValue:
    return _page(rules_in_force(db.session).rules.as_dict())


@blueprint.post("/preview")
def try_out() -> ResponseReturnValue:
    """Shows who would move; a POST because a form is checked, not because anything is written."""
    begin_reading(db.session)
    try:
        rules = checked_rules(_sent())
    except InvalidInputError as error:
        return _page(_sent(), error), 422
    return _page(rules.as_dict(), tried=rules)


@blueprint.post("")
def save() -> ResponseReturnValue:
    try:
        with transaction() as session:
            row = save_rules(session, _sent(), request.form.get("note", ""), current_user_id(), clock.now())
    except InvalidInputError as error:
        return _page(_sent(), error), 422
    parts.flash_with_undo(
        "The new rules are in force. Everybody is being looked at again.", url_for(".undo", row_id=row.id)
    )
    return redirect(url_for(".index"), code=303)


@blueprint.post("/reset")
def reset() -> ResponseReturnValue:
    with transaction() as session:
        row = save_rules(session, DEFAULT_RULES.as_dict(), "Back to as delivered", current_user_id(), clock.now())
    parts.flash_with_undo("The rules are as delivered again.", url_for(".undo", row_id=row.id))
    return redirect(url_for(".index"), code=303)


@blueprint.post("/<int:row_id>/undo")
def undo(row_id: int) -> ResponseReturnValue:
    with transaction() as session:
        row = row_by_id(session, LadderRuleSet, row_id, "There are no such rules.")
        undo_rules(session, row, current_user_id(), clock.now())
    flash("Undone: the rules are as they were before.", "good")
    return redirect(url_for(".index"), code=303)


def _sent() -> dict[str, Any]:
    return {name: request.form[name] for name in (*THRESHOLDS, "cooling_flags") if name in request.form}


def _page(values: Mapping[str, Any], error: InvalidInputError | None = None, tried: LadderRules | None = None) -> str:
    in_force = rules_in_force(db.session).rules
    return render_template(
        "desk/settings/ladder.html",
        values={**in_force.as_dict(), **values},
        rungs=RUNG_RULES,
        delivered=DEFAULT_RULES.as_dict(),
        is_delivered=in_force == DEFAULT_RULES,
        flag_choices=FLAG_CHOICES,
        error=error,
        note=request.form.get("note", ""),
        note_length=NOTE_LENGTH,
        changes=rule_changes(in_force, tried) if tried else [],
        preview=preview(db.session, tried, clock.now()) if tried and tried != in_force else None,
        tried=tried is not None,
        history=rule_history(db.session),
    )


@blueprint.errorhandler(ConflictError)
def refuse(error: ConflictError) -> ResponseReturnValue:
    """Somebody else was faster, or nothing would change: say so, and show how it stands."""
    flash(str(error), "warning")
    return redirect(url_for(".index"), code=303)
