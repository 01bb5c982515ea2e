"""The desk: what clients put right on their surveys, and a manager's yes or no to it."""

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.local import LocalProxy

from survey import auth, clock, runtime
from survey.auth import current_user_id
from survey.db import db, transaction
from survey.errors import ConflictError, InvalidInputError
from survey.models import RepairKind, RepairState
from survey.paging import page_number
from survey.repairs import decisions as repair_decisions
from survey.repairs.decisions import get_repair
from survey.repairs.queries import count_repairs, open_repairs, search_repairs
from survey.views.messages import tell

blueprint = auth.guard(Blueprint("repairs", __name__, url_prefix="/desk/repairs"))

TOLD = {  # what a yes and a no come to
    RepairKind.NOT_FINISHED: (
        "You are on it. The next closing asks once more.",
        "The job counts as finished again, and its survey is open.",
    ),
    RepairKind.LEFT: ("Noted.", "They are asked again."),
    RepairKind.WRONG_PERSON: ("Noted: they are not asked about this client any more.", "They are asked again."),
    RepairKind.COLLEAGUE: ("Noted.", "Their colleague is not asked."),
}


@blueprint.app_context_processor
def count_open() -> dict[str, Any]:
    """`repairs_count` for the desk's frame; asked of the database only where a template shows it."""
    return {"repairs_count": LocalProxy(_open_count)}


def _open_count() -> int:
    """Counted once in a request; 0 where the database cannot be asked (the error page shows the frame too)."""
    if "repairs_count" not in g:
        try:
            g.repairs_count = open_repairs(db.session)
        except SQLAlchemyError:
            g.repairs_count = 0
    return int(g.repairs_count)


@blueprint.get("")
def index() -> ResponseReturnValue:
    asked = request.args.get("state", RepairState.OPEN.value)
    state = RepairState(asked) if asked in set(RepairState) else None
    page = search_repairs(db.session, state, page_number(request.args.get("page")))
    counts = {state.value: number for state, number in count_repairs(db.session).items()}
    return render_template("desk/repairs/index.html", page=page, state=state, counts=counts)


@blueprint.post("/<int:repair_id>/approve")
def approve(repair_id: int) -> ResponseReturnValue:
    """Yes; where the form names somebody, they are asked instead."""
    form, again = request.form, url_for(".undecide", repair_id=repair_id)
    try:
        with transaction() as session:
            repair = get_repair(session, repair_id)
            why = repair_decisions.approve(
                session,
                repair,
                current_user_id(),
                clock.now(),
                secret_key=runtime.settings().secret_key or "",
                name=form.get("name"),
                email=form.get("email"),
            )
            new = repair.new_contact
            named, kind = (new.name or new.email) if new else "", repair.kind
        if why:
            tell(f"{named} is the one to ask from now on. Not about this job: {why}", "warning", undo=again)
        else:
            tell(f"{named} is asked in about ten minutes." if named else TOLD[kind][0], undo=again)
    except (ConflictError, InvalidInputError) as error:
        flash(str(error), "danger")
    return redirect(_back(), code=303)


@blueprint.post("/<int:repair_id>/decline")
def decline(repair_id: int) -> ResponseReturnValue:
    try:
        with transaction() as session:
            repair = get_repair(session, repair_id)
            repair_decisions.decline(session, repair, current_user_id(), clock.now())
            kind = repair.kind
        tell(TOLD[kind][1], undo=url_for(".undecide", repair_id=repair_id))
    except ConflictError as error:
        flash(str(error), "danger")
    return redirect(_back(), code=303)


@blueprint.post("/<int:repair_id>/undecide")
def undecide(repair_id: int) -> ResponseReturnValue:
    try:
        with transaction() as session:
            repair_decisions.undecide(session, get_repair(session, repair_id), clock.now())
        flash("Taken back: it waits for a decision again.", "good")
    except ConflictError as error:
        flash(str(error), "danger")
    return redirect(_back(), code=303)


def _back() -> str:
    """The page the manager came from."""
    came_from = request.form.get("back", "")
    safe = came_from.startswith("/desk/") and "\\" not in came_from
    return came_from if safe else url_for(".index")
