"""/u/<token>: no more surveys, please. Opening the link only asks; RFC 8058's one-click POST acts at once.

The token is the survey's own: whoever may answer for a person may also say no for them.
"""

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from emails import receipts
from emails.models import SuppressionReason
from survey import auth, clock
from survey.db import begin_reading, db, transaction
from survey.invitations import find_by_token
from survey.models import Invitation, MailBlock, SurveyEventKind
from survey.responses import record_event

blueprint = auth.public(Blueprint("unsubscribe", __name__, url_prefix="/u"), "the link in the email is the key")


@blueprint.after_request
def keep_private(response: Response) -> Response:
    """The address belongs to one person: no cache, no referrer, no search engine may keep it."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@blueprint.get("/<token>")
def ask(token: str) -> ResponseReturnValue:
    """Ask whether they mean it; mail scanners open every link."""
    if not db.session.in_transaction():
        begin_reading(db.session)
    invitation = find_by_token(db.session, token)
    if invitation is None:
        return make_response(render_template("unsubscribe/unknown.html"), 404)
    done = invitation.contact.mail_block is MailBlock.UNSUBSCRIBED
    return render_template("unsubscribe/page.html", step="done" if done else "ask", invitation=invitation, token=token)


@blueprint.post("/<token>")
def change(token: str) -> ResponseReturnValue:
    """Unsubscribe, or with `again` subscribe once more. Twice is the same as once."""
    again = request.form.get("again") == "yes" and "List-Unsubscribe" not in request.form
    with transaction() as session:
        invitation = find_by_token(session, token)
        if invitation is None:
            return make_response(render_template("unsubscribe/unknown.html"), 404)
        _change(session, invitation, again=again)
        step = "again" if again else "done"
        return render_template("unsubscribe/page.html", step=step, invitation=invitation, token=token)


def _change(session: Session, invitation: Invitation, *, again: bool) -> None:
    address, now = invitation.contact.email, clock.now()
    source = f"their own link in the survey {invitation.id}"
    if again:
        receipts.unsuppress(session, address, source, now, SuppressionReason.UNSUBSCRIBED)
    elif receipts.suppress(session, address, SuppressionReason.UNSUBSCRIBED, source, now):
        one_click = request.form.get("List-Unsubscribe") == "One-Click"
        agent = request.user_agent.string
        record_event(session, invitation, SurveyEventKind.UNSUBSCRIBED, now, agent, one_click=one_click)
