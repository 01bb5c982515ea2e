"""The desk: an answer that was not a person's is set aside; one that was, counts after all. Both have a way back."""

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from survey import auth, clock
from survey.auth import current_user_id
from survey.db import row_by_id, transaction
from survey.errors import ConflictError, InvalidInputError
from survey.evidence import held
from survey.models import HeldAnswer, SurveyResponse
from survey.views.messages import tell

blueprint = auth.guard(Blueprint("evidence", __name__, url_prefix="/desk/evidence"))


@blueprint.post("/answers/<int:response_id>/not-a-person")
def not_a_person(response_id: int) -> ResponseReturnValue:
    with transaction() as session:
        response = row_by_id(session, SurveyResponse, response_id, "There is no such answer.")
        job_id = response.resolution.job_id
        try:
            found = held.not_a_person(session, response, current_user_id(), clock.now())
        except ConflictError as error:
            flash(str(error), "warning")
        else:
            told = (
                "Set aside: the answer counts nowhere any more, and the survey’s link takes a new one while it is open."
            )
            tell(told, undo=url_for(".count", held_id=found.id))
    return redirect(url_for("manage.job", job_id=job_id), code=303)


@blueprint.post("/held/<int:held_id>/count")
def count(held_id: int) -> ResponseReturnValue:
    try:
        with transaction() as session:
            found = row_by_id(session, HeldAnswer, held_id, "There is no such answer.", lock=True)
            job_id = found.invitation.resolution.job_id
            held.count(session, found, current_user_id(), clock.now())
        flash("The answer counts.", "good")
    except (ConflictError, InvalidInputError) as error:
        flash(str(error), "warning")
    return redirect(url_for("manage.job", job_id=job_id), code=303)
