"""What managers tell a client of what became of their answer."""

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from survey import auth, clock, updates
from survey.auth import current_user_id
from survey.db import db, transaction
from survey.errors import ConflictError, InvalidInputError, NotFoundError
from survey.forms.desk import TellForm
from survey.models import SurveyResponse, UpdateStage

blueprint = auth.guard(Blueprint("updates", __name__, url_prefix="/desk"))


@blueprint.post("/responses/<int:response_id>/tell")
def tell(response_id: int) -> ResponseReturnValue:
    form = TellForm(request.form)
    with transaction() as session:
        response = session.get(SurveyResponse, response_id)
        if response is None:
            raise NotFoundError("There is no such answer.")
        here = url_for("manage.job", job_id=response.resolution.job_id, _anchor=f"tell-{response_id}")
        if not form.validate():
            flash(" ".join(str(error) for errors in form.errors.values() for error in errors), "danger")
            return redirect(here, code=303)
        try:
            stage, now = UpdateStage(form.stage.data), clock.now()
            updates.tell(session, response, stage, form.text.data or "", form.by.data, current_user_id(), now)
        except InvalidInputError as error:
            flash(str(error), "danger")
            return redirect(here, code=303)
    flash("Saved. The client reads it on the link of their survey.", "good")
    return redirect(here, code=303)


@blueprint.post("/updates/<int:update_id>/undo")
def undo(update_id: int) -> ResponseReturnValue:
    here = url_for("manage.job", job_id=updates.job_of(db.session, update_id))
    try:
        with transaction() as session:
            updates.undo(session, update_id, clock.now())
        flash("Taken back: the client does not read it any more.", "good")
    except ConflictError as error:
        flash(str(error), "danger")
    return redirect(here, code=303)
