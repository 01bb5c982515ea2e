"""/u/<token>: what may we send you? Opening the link only asks; RFC 8058's one-click POST stops everything at once.

The token is the survey's own: whoever may answer for a person may also say no for them.
"""

from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from emails import preferences
from emails.preferences import Preferences
from survey import auth, clock
from survey.db import begin_reading, db, transaction
from survey.firms import get_firm
from survey.languages import LANGUAGES, choose, translator
from survey.repairs.links import Link, find_link
from survey.responses import is_open
from survey.security import keep_private

STEPS = ("unsubscribe", "again", "choose", "left", "stay")

blueprint = auth.public(Blueprint("unsubscribe", __name__, url_prefix="/u"), "the link in the email is the key")


blueprint.after_request(keep_private)


@blueprint.get("/<token>")
def ask(token: str) -> ResponseReturnValue:
    """Ask what they mean; mail scanners open every link."""
    if not db.session.in_transaction():
        begin_reading(db.session)
    link = find_link(db.session, token)
    return _page(db.session, link, token, "ask")


@blueprint.post("/<token>")
def change(token: str) -> ResponseReturnValue:
    """Do what the button says; a POST without one is a mail program's and stops everything. Twice is once."""
    one_click = "List-Unsubscribe" in request.form
    step = next((name for name in STEPS if name in request.form and not one_click), "unsubscribe")
    with transaction() as session:
        link = find_link(session, token)
        if link is not None:
            _do(session, link, step, one_click=one_click)
        return _page(session, link, token, step)


def _do(session: Session, link: Link, step: str, *, one_click: bool) -> None:
    now, agent = clock.now(), request.user_agent.string
    match step:
        case "again":
            preferences.subscribe_again(session, link, now, agent)
        case "choose":
            preferences.choose(session, link, _wanted(), now, agent)
        case "left":
            preferences.leave(session, link, now, agent)
        case "stay":
            preferences.stay(session, link, now, agent)
        case _:
            preferences.stop_all(session, link, now, agent, one_click=one_click)


def _wanted() -> Preferences:
    form = request.form
    after_job = "after_job" in form
    return Preferences(
        after_job=after_job, reminder=after_job and "reminder" in form, less=form.get("often") == "quarterly"
    )


def _page(session: Session, link: Link | None, token: str, step: str) -> ResponseReturnValue:
    firm = get_firm(session)
    told = [link.contact.language] if link else []
    language = choose([request.args.get("lang", ""), *told, *request.accept_languages.values(), firm.language])
    shared = {"_": translator(language), "language": language, "languages": LANGUAGES, "token": token}
    if link is None:
        return make_response(render_template("unsubscribe/unknown.html", **shared), 404)
    return render_template(
        "unsubscribe/page.html",
        contact=link.contact,
        standing=preferences.standing_of(session, link.contact),
        survey_open=link.passed_on is None and is_open(link.invitation, clock.now()),
        step=step,
        **shared,
    )
