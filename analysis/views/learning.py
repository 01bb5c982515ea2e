"""What became of the flags, and the weights that their outcomes suggest."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from analysis import learning
from analysis.desk.proposal import proposal_page
from analysis.desk.record import months
from analysis.models import Calibration
from analysis.views import parts
from survey import auth, clock
from survey.auth import current_user_id
from survey.db import db, row_by_id, transaction
from survey.errors import ConflictError

blueprint = Blueprint("learning", __name__, url_prefix="/desk/learning")
auth.guard(blueprint)
parts.install(blueprint)


@blueprint.get("")
def index() -> ResponseReturnValue:
    proposal = learning.waiting(db.session)
    return render_template(
        "desk/learning/index.html",
        board=learning.scoreboard(db.session),
        months=months(db.session, clock.now()),
        current=learning.current(db.session),
        proposed=proposal_page(db.session, proposal) if proposal else None,
    )


@blueprint.post("/propose")
def propose() -> ResponseReturnValue:
    with transaction() as session:
        proposal = learning.propose(session, clock.now())
    if proposal is None:
        flash("There are too few outcomes yet to suggest other weights.", "info")
    return redirect(url_for("learning.index"), code=303)


@blueprint.post("/<int:calibration_id>/accept")
def accept(calibration_id: int) -> ResponseReturnValue:
    with transaction() as session:
        calibration = row_by_id(session, Calibration, calibration_id, "There is no such proposal.")
        learning.accept(session, calibration, current_user_id(), clock.now())
    flash("The new weights are in force. Every relationship is being scored again.", "good")
    return redirect(url_for("learning.index"), code=303)


@blueprint.post("/<int:calibration_id>/reject")
def reject(calibration_id: int) -> ResponseReturnValue:
    with transaction() as session:
        calibration = row_by_id(session, Calibration, calibration_id, "There is no such proposal.")
        learning.reject(session, calibration, current_user_id(), clock.now())
    flash("Turned down: the weights stay as they are.", "good")
    return redirect(url_for("learning.index"), code=303)


@blueprint.errorhandler(ConflictError)
def refuse(error: ConflictError) -> ResponseReturnValue:
    """Somebody else has decided already: say so, and show how it stands."""
    flash(str(error), "warning")
    return redirect(url_for("learning.index"), code=303)
