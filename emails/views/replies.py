"""/desk/emails/replies: what people wrote back, and those that a person must look at."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from emails import words
from emails.replies import intake, queries
from emails.replies.models import ReplyState
from survey import auth, clock
from survey.db import db, transaction
from survey.paging import page_number
from survey.runtime import settings

blueprint = auth.guard(Blueprint("replies_desk", __name__, url_prefix="/desk/emails/replies"))


@blueprint.get("")
def index() -> ResponseReturnValue:
    wanted, search = request.args.get("state"), request.args.get("q", "").strip()
    counts = queries.count_states(db.session)
    default = ReplyState.QUARANTINED if counts[ReplyState.QUARANTINED] else None
    state = ReplyState(wanted) if wanted in set(ReplyState) else None if wanted else default
    return render_template(
        "desk/emails/replies.html",
        page=queries.list_replies(db.session, state, search, page_number(request.args.get("page"))),
        counts=counts,
        state=state,
        search=search,
        domain=settings().inbound_domain,
        words=words,
    )


@blueprint.get("/<int:reply_id>")
def show(reply_id: int) -> ResponseReturnValue:
    reply = queries.get_reply(db.session, reply_id)
    undecided = reply.state in intake.WAITS
    return render_template(
        "desk/emails/reply.html",
        reply=reply,
        undecided=undecided,
        candidates=intake.candidates(db.session, reply) if undecided and reply.invitation is None else (),
        words=words,
    )


@blueprint.post("/<int:reply_id>/accept")
def accept(reply_id: int) -> ResponseReturnValue:
    """It counts like any other reply, to the survey it names or the one that the person chose."""
    invitation_id = request.form.get("invitation", type=int)
    with transaction() as session:
        reply = intake.accept(session, reply_id, auth.current_user_id(), clock.now(), invitation_id)
        told = words.REPLIES[reply.state].meaning
    flash(f"Accepted. {told}", "good")
    return redirect(url_for(".index"), code=303)


@blueprint.post("/<int:reply_id>/dismiss")
def dismiss(reply_id: int) -> ResponseReturnValue:
    """It counts for nothing; it stays readable, and may still be accepted."""
    with transaction() as session:
        intake.dismiss(session, reply_id, auth.current_user_id(), clock.now())
    flash("Dismissed. You find it under Dismissed, should you change your mind.", "good")
    return redirect(url_for(".index"), code=303)
