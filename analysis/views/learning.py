"""What became of the flags, whether the risks were right, and the weights that both suggest."""

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from analysis.desk.drift import notices
from analysis.desk.loss_weights import loss_page
from analysis.desk.proposal import proposal_page
from analysis.desk.scorecard import scorecard_csv
from analysis.learning import drift, refits
from analysis.learning import outcomes as learning
from analysis.learning.loss_learning import losses
from analysis.learning.outcomes import points
from analysis.learning.proposals import Proposals
from analysis.learning.scorecard import scorecard
from analysis.models import Calibration, CalibrationKind
from analysis.views import deciding, parts
from survey import auth, clock
from survey.auth import current_user_id
from survey.db import db, row_by_id, transaction
from survey.errors import ConflictError, InvalidInputError

blueprint = Blueprint("learning", __name__, url_prefix="/desk/learning")
auth.guard(blueprint)
parts.install(blueprint)


@blueprint.get("")
def index() -> ResponseReturnValue:
    proposal, check = points.waiting(db.session), drift.latest(db.session)
    return render_template(
        "desk/learning/index.html",
        board=learning.scoreboard(db.session),
        card=scorecard(db.session, clock.now()),
        current=points.current(db.session),
        proposed=proposal_page(db.session, proposal) if proposal else None,
        loss=loss_page(db.session),
        points_run=refits.points_run(db.session),
        check=check,
        notices=notices(check),
    )


@blueprint.get("/scorecard.csv")
def download() -> Response:
    """The months as a spreadsheet."""
    lines = scorecard_csv(scorecard(db.session, clock.now()))
    name = f"scorecard-{clock.now():%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response("".join(lines), mimetype="text/csv", headers=headers)


@blueprint.post("/propose")
def propose() -> ResponseReturnValue:
    """Ask the worker to fit the points to the outcomes."""
    with transaction() as session:
        refits.ask_for_points(session, current_user_id(), clock.now())
    flash("Other weights are being tried on your outcomes. The proposal appears here.", "good")
    return redirect(url_for("learning.index", _anchor="points-weights"), code=303)


@blueprint.post("/refit")
def refit() -> ResponseReturnValue:
    """Ask the worker to fit the loss weights to the firm's own past."""
    with transaction() as session:
        refits.ask(session, current_user_id(), clock.now())
    flash("Your past is being replayed, week by week. This takes a minute or more.", "good")
    return redirect(url_for("learning.index", _anchor="loss-weights"), code=303)


def _find(session: Session, calibration_id: int) -> tuple[Proposals[Calibration], Calibration]:
    row = row_by_id(session, Calibration, calibration_id, "There is no such proposal.", lock=True)
    return (losses if row.kind is CalibrationKind.LOSS else points), row


deciding.install(
    blueprint,
    "",
    _find,
    deciding.Words(
        accepted=lambda _row: "The new weights are in force. Every relationship is being scored again.",
        rejected="Turned down: the weights stay as they are.",
        anchor=lambda row: "loss-weights" if row.kind is CalibrationKind.LOSS else "",
    ),
)


@blueprint.errorhandler(ConflictError)
@blueprint.errorhandler(InvalidInputError)
def refuse(error: ConflictError | InvalidInputError) -> ResponseReturnValue:
    """Somebody else has decided already, or too little is known: say so, and show how it stands."""
    flash(str(error), "warning")
    return redirect(url_for("learning.index"), code=303)
