"""/desk/emails: every message with its state, and those that wait for a person."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user
from sqlalchemy.exc import SQLAlchemyError

from emails import pauses, queries, recovery, words
from emails.queries import Shelf
from emails.replies.models import ReplyState
from emails.replies.queries import count_states
from emails.retry import Breaker
from survey import auth, clock
from survey.config import EmailTransport
from survey.db import db, transaction
from survey.paging import page_number
from survey.runtime import settings

blueprint = auth.guard(Blueprint("outbox_desk", __name__, url_prefix="/desk/emails"))


@blueprint.context_processor
def add_words() -> dict[str, object]:
    return {"words": words, "has_mailbox": settings().transport is EmailTransport.MAILBOX}


@blueprint.app_template_global()
def sending_refused() -> Breaker | None:
    """For the banner on every page: email is refused, so no email can say so. None without a database to ask."""
    try:
        return pauses.refusal(db.session)
    except SQLAlchemyError:
        return None


@blueprint.get("/", strict_slashes=False)
def index() -> ResponseReturnValue:
    shelf, search = _shelf(request.args.get("state")), request.args.get("q", "").strip()
    return render_template(
        "desk/emails/index.html",
        page=queries.list_messages(db.session, shelf, search, page_number(request.args.get("page"))),
        counts=queries.count_shelves(db.session),
        shelf=shelf,
        search=search,
        pause=pauses.current_pause(db.session),
        doubtful=count_states(db.session)[ReplyState.QUARANTINED],
    )


@blueprint.get("/<int:message_id>")
def show(message_id: int) -> ResponseReturnValue:
    return render_template("desk/emails/show.html", detail=queries.get_detail(db.session, message_id))


@blueprint.get("/parked")
def parked() -> ResponseReturnValue:
    messages, counts = queries.list_parked(db.session), queries.count_shelves(db.session)
    return render_template("desk/emails/parked.html", messages=messages, counts=counts)


@blueprint.post("/<int:message_id>/send-again")
def send_again(message_id: int) -> ResponseReturnValue:
    with transaction() as session:
        message = queries.get_message(session, message_id)
        recovery.send_again(session, [message], current_user.display_name, clock.now())
    flash("It goes out again now.", "good")
    return redirect(url_for(".parked"), code=303)


@blueprint.post("/<int:message_id>/give-up")
def give_up(message_id: int) -> ResponseReturnValue:
    with transaction() as session:
        recovery.give_up(session, [queries.get_message(session, message_id)], current_user.display_name)
    flash("It will not be sent again.", "good")
    return redirect(url_for(".parked"), code=303)


@blueprint.post("/resume")
def resume() -> ResponseReturnValue:
    """End the pause of all sending: somebody mended its cause."""
    with transaction() as session:
        pauses.resume(session)
    flash("Sending goes on.", "good")
    return redirect(url_for(".index"), code=303)


def _shelf(text: str | None) -> Shelf:
    return Shelf(text) if text in set(Shelf) else Shelf.ALL
