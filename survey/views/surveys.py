"""The desk's surveys: what is scheduled, held, sent, answered or skipped and why; one by one or many at once."""

from collections.abc import Callable, Mapping
from datetime import datetime

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from survey import auth, clock, desk_queries, invitations, queries
from survey.auth import current_user_id
from survey.db import db, transaction
from survey.errors import ConflictError
from survey.evidence.queries import unconfirmed_by_invitation
from survey.models import Invitation, InvitationState
from survey.paging import page_number
from survey.views.messages import tell

blueprint = auth.guard(Blueprint("surveys", __name__, url_prefix="/desk/surveys"))

Act = Callable[[Session, Invitation, int | None, datetime], None]
MOST_AT_ONCE = 200


def _cancel(session: Session, invitation: Invitation, user_id: int | None, now: datetime) -> None:
    invitations.cancel(session, invitation, user_id, now, request.form.get("reason", ""))


ACTS: Mapping[str, tuple[Act, str, str, str | None]] = {  # in the address → what it does, one, many, what undoes it
    "send-now": (invitations.send_now, "The survey goes out within a few seconds.", "will be sent now", None),
    "hold": (invitations.hold, "The survey is on hold until you resume it.", "put on hold", "resume"),
    "resume": (invitations.resume, "The survey is back in the schedule.", "resumed", "hold"),
    "cancel": (_cancel, "The survey is cancelled.", "cancelled", None),
}


@blueprint.get("")
def index() -> ResponseReturnValue:
    asked, words = request.args.get("state", InvitationState.SCHEDULED.value), request.args.get("q", "").strip()
    state = InvitationState(asked) if asked in set(InvitationState) else None
    page = desk_queries.search_surveys(db.session, state, words, page_number(request.args.get("page")))
    counts = {state.value: count for state, count in queries.count_invitations(db.session).items()}
    clicks = unconfirmed_by_invitation(db.session, clock.now(), [row.invitation.id for row in page.items])
    return render_template(
        "desk/invitations/index.html", page=page, counts_by=counts, state=state, words=words, unconfirmed=clicks
    )


@blueprint.post("/<int:invitation_id>/<act>")
def act(invitation_id: int, act: str) -> ResponseReturnValue:
    if act not in ACTS:
        abort(404)
    do, told, _many, undo = ACTS[act]
    try:
        with transaction() as session:
            invitation = desk_queries.get_invitation(session, invitation_id)
            do(session, invitation, current_user_id(), clock.now())
            job_id, reason, state = invitation.resolution.job_id, invitation.reason, invitation.state
        if act == "resume" and state is not InvitationState.SCHEDULED:
            flash(f"It does not go out: {reason}", "warning")
        else:
            tell(told, undo=url_for(".act", invitation_id=invitation_id, act=undo) if undo else None)
    except ConflictError as error:
        flash(str(error), "danger")
        job_id = desk_queries.get_invitation(db.session, invitation_id).resolution.job_id
    return redirect(_back(job_id), code=303)


@blueprint.post("/many")
def many() -> ResponseReturnValue:
    chosen = request.form.get("act", "")
    ids = [int(text) for text in request.form.getlist("id") if text.isascii() and text.isdigit()][:MOST_AT_ONCE]
    if chosen not in ACTS:
        abort(404)
    do, _one, told, _undo = ACTS[chosen]
    done, refused = 0, []
    for invitation_id in ids:
        try:
            with transaction() as session:
                do(session, desk_queries.get_invitation(session, invitation_id), current_user_id(), clock.now())
            done += 1
        except ConflictError as error:
            refused.append(str(error))
    if not ids:
        flash("Tick the surveys first.", "warning")
    if done:
        flash(f"{done} {'survey' if done == 1 else 'surveys'} {told}.", "good")
    if refused:
        flash(f"{len(refused)} stayed as {'it was' if len(refused) == 1 else 'they were'}: {refused[0]}", "warning")
    return redirect(_back(None), code=303)


def _back(job_id: int | None) -> str:
    """The list the manager came from, else the job's page."""
    came_from = request.form.get("back", "")
    if came_from.startswith(url_for(".index")) and "\\" not in came_from:
        return came_from
    return url_for("manage.job", job_id=job_id) if job_id else url_for(".index")
