"""The desk: the calendar of the coming two weeks, and the switch that pauses everything."""

from datetime import date

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from survey import auth, clock
from survey.asking import pausing
from survey.asking.coming import calendar, due_on
from survey.auth import current_user_id
from survey.db import db, transaction
from survey.errors import ConflictError, InvalidInputError
from survey.forms.survey_rules import PauseForm
from survey.paging import page_number
from survey.views.messages import tell

blueprint = auth.guard(Blueprint("schedule", __name__, url_prefix="/desk/surveys"))


@blueprint.get("/calendar")
def index() -> ResponseReturnValue:
    return render_template("desk/invitations/calendar.html", calendar=calendar(db.session, clock.now()))


@blueprint.get("/calendar/<day>")
def day(day: str) -> ResponseReturnValue:
    try:
        asked = date.fromisoformat(day)
    except ValueError:
        abort(404)
    page = due_on(db.session, asked, clock.now(), page_number(request.args.get("page")))
    return render_template("desk/invitations/day.html", day=asked, page=page)


@blueprint.get("/pause")
def pause() -> ResponseReturnValue:
    return _pause_page(PauseForm())


@blueprint.post("/pause")
def begin_pause() -> ResponseReturnValue:
    form = PauseForm(request.form)
    if not form.validate():
        return _pause_page(form, 422)
    try:
        with transaction() as session:
            pausing.pause(session, form.why.data or "", current_user_id(), clock.now())
        tell("Paused: no survey and no reminder goes out until somebody resumes.", "warning", undo=url_for(".resume"))
    except InvalidInputError as error:
        form.why.errors = [str(error)]
        return _pause_page(form, 422)
    except ConflictError as error:
        flash(str(error), "warning")
    return redirect(url_for(".pause"), code=303)


@blueprint.post("/resume")
def resume() -> ResponseReturnValue:
    try:
        with transaction() as session:
            row = pausing.resume(session, current_user_id(), clock.now())
        piled = f"{row.moved:,} that had piled up go out one after another" if row.moved else "Nothing had piled up"
        late = f"; {row.skipped:,} were too late to ask and are skipped" if row.skipped else ""
        flash(f"Surveys go out again. {piled}{late}.", "good")
    except ConflictError as error:
        flash(str(error), "warning")
    return redirect(url_for(".pause"), code=303)


def _pause_page(form: PauseForm, status: int = 200) -> ResponseReturnValue:
    session, now = db.session, clock.now()
    in_force = pausing.current_pause(session)
    return render_template(
        "desk/invitations/pause.html",
        form=form,
        paused=in_force,
        piled=pausing.piled_up(session, now) if in_force else None,
        history=pausing.pause_history(session),
    ), status
