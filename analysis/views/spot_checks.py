"""Check: judge comments without seeing how they were read, see how often the readings are right, and calibrate."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from analysis.desk.spot_checks import checks_page, next_check
from analysis.learning import refits
from analysis.reading import spot_checks
from analysis.reading.recalibration import calibrations
from analysis.views import deciding, parts
from survey import auth, clock
from survey.auth import current_user_id
from survey.db import db, transaction
from survey.errors import ConflictError, InvalidInputError

blueprint = Blueprint("checks", __name__, url_prefix="/desk/comments/check")
auth.guard(blueprint)
parts.install(blueprint)


@blueprint.get("")
def index() -> ResponseReturnValue:
    return render_template(
        "desk/comments/check.html", found=checks_page(db.session), run=refits.readings_run(db.session)
    )


@blueprint.post("/draw")
def draw() -> ResponseReturnValue:
    with transaction() as session:
        drawn = spot_checks.draw(session, clock.now())
        waiting = len(spot_checks.open_checks(session))
    if not drawn and not waiting:
        flash("Every comment that can be checked has been.", "info")
        return redirect(url_for(".index"), code=303)
    return redirect(url_for(".one"), code=303)


@blueprint.get("/next")
def one() -> ResponseReturnValue:
    found = next_check(db.session)
    if found is None:
        return redirect(url_for(".index"), code=303)
    return render_template("desk/comments/check_one.html", found=found)


@blueprint.post("/<int:check_id>")
def judge(check_id: int) -> ResponseReturnValue:
    with transaction() as session:
        check = spot_checks.check_by_id(session, check_id)
        spot_checks.judge(session, check, request.form.get("label", ""), current_user_id(), clock.now())
        left = len(spot_checks.open_checks(session))
    if not left:
        flash("All checked. Thank you: here is how they compare.", "good")
    return redirect(url_for(".one" if left else ".index"), code=303)


@blueprint.post("/<int:check_id>/take-back")
def take_back(check_id: int) -> ResponseReturnValue:
    with transaction() as session:
        spot_checks.take_back(session, spot_checks.check_by_id(session, check_id))
    return redirect(url_for(".one"), code=303)


@blueprint.post("/propose")
def propose() -> ResponseReturnValue:
    """Ask the worker to fit the readings' probabilities to what was checked."""
    with transaction() as session:
        refits.ask_for_readings(session, current_user_id(), clock.now())
    flash("Other probabilities are being tried on your checked comments. The proposal appears here.", "good")
    return redirect(url_for(".index", _anchor="calibration"), code=303)


deciding.install(
    blueprint,
    "/calibrations",
    lambda session, number: (calibrations, calibrations.by_id(session, number)),
    deciding.Words(
        accepted=lambda _row: "In force for what is read from now on. History is read again by “flask text reanalyse”.",
        rejected="Turned down: comments are read as before.",
        anchor=lambda _row: "calibration",
    ),
)


@blueprint.errorhandler(ConflictError)
@blueprint.errorhandler(InvalidInputError)
def refuse(error: ConflictError | InvalidInputError) -> ResponseReturnValue:
    """Somebody was faster, or nothing was chosen: say so, and show how it stands."""
    flash(str(error), "warning")
    return redirect(url_for(".one" if request.endpoint == "checks.judge" else ".index"), code=303)
