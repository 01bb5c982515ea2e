"""The edge "email me a sign-in link". Here, because it writes to the outbox; `survey.sign_in` makes the links."""

from datetime import datetime, timedelta

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from emails.models import EmailKind
from emails.outbox import enqueue
from survey import auth, clock, tokens
from survey.config import EmailTransport, Settings
from survey.db import transaction
from survey.people import find_person
from survey.runtime import settings
from survey.sign_in import add_link

HOURS = 2

blueprint = auth.public(Blueprint("sign_in", __name__, url_prefix="/sign-in"), "the door itself")


@blueprint.get("/request")
def ask() -> ResponseReturnValue:
    return render_template("security/request_link.html", email=request.args.get("email", ""))


@blueprint.post("/request")
def send() -> ResponseReturnValue:
    """The same answer whether or not anybody here has the address."""
    with transaction() as session:
        send_link(session, settings(), request.form.get("email", ""), clock.now())
    mailbox = settings().transport is EmailTransport.MAILBOX
    return render_template("security/link_sent.html", hours=HOURS, mailbox=mailbox)


def send_link(session: Session, settings: Settings, email: str, now: datetime) -> None:
    """Put a sign-in link for the person with this address into the outbox, at most one a minute."""
    user = find_person(session, email)
    if user is None or not user.active:
        return
    seed = tokens.new_seed()
    queued = enqueue(
        session,
        kind=EmailKind.SIGN_IN,
        once_key=f"sign_in/{user.id}/{now:%Y%m%d%H%M}",
        to_email=user.email,
        to_name=user.name,
        due_at=now,
        now=now,
        not_after=now + timedelta(hours=HOURS),
        user_id=user.id,
        context={"seed": seed, "hours": HOURS},
    )
    if queued:
        add_link(session, settings, user, seed, now, hours=HOURS)
