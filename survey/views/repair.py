"""/s/<token>/repair: something is not right. Opening it only asks; a repair is one POST from any page of the survey,
and so is its undo. What a machine may have pressed waits for one more tap.
"""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from survey import auth, clock, runtime
from survey.db import begin_reading, db, transaction
from survey.errors import ConflictError, InvalidInputError, NotFoundError
from survey.firms import get_firm
from survey.languages import LANGUAGES, choose, translator
from survey.models import RepairKind
from survey.repairs import requests as repairs
from survey.repairs.links import Link, find_link
from survey.repairs.requests import KNOWN_STATES, NAME_LENGTH, WORDS_LENGTH, Said
from survey.responses import is_open
from survey.security import keep_private
from survey.views import presses

blueprint = auth.public(Blueprint("repair", __name__, url_prefix="/s"), "the link in the email is the key")

OFFERED = (RepairKind.NOT_FINISHED, RepairKind.WRONG_PERSON, RepairKind.COLLEAGUE, RepairKind.LEFT, RepairKind.LESS)
_FOR_ANYBODY = (RepairKind.LEFT, RepairKind.LESS)


blueprint.after_request(keep_private)


@blueprint.get("/<token>/repair")
def show(token: str) -> ResponseReturnValue:
    """What can be put right, and what was. Nothing changes."""
    if not db.session.in_transaction():
        begin_reading(db.session)
    return _page(db.session, _known(db.session, token), token, request.args.get("open", ""))


@blueprint.post("/<token>/repair")
def change(token: str) -> ResponseReturnValue:
    """Do what the button says. Pressed twice, or replayed by a scanner, it is done once."""
    wanted, undone = request.form.get("say", ""), request.form.get("undo", "")
    with transaction() as session:
        link = _known(session, token)
        if link is None:
            return _page(session, None, token)
        if again := presses.repair_held(session, link.invitation):
            return presses.tap_again(again, get_firm(session), _language(session, link), is_answer=False)
        try:
            if undone:
                number = int(undone) if undone.isascii() and undone.isdigit() else 0
                repairs.undo(session, link, number, clock.now(), request.user_agent.string)
            elif wanted in set(RepairKind):
                repairs.say(session, link, _said(RepairKind(wanted)), clock.now(), request.user_agent.string,
                            secret_key=runtime.settings().secret_key)  # fmt: skip
        except InvalidInputError as error:
            return _page(session, link, token, wanted, error.field or "", status=422)
        except (ConflictError, NotFoundError):
            session.rollback()
            return _page(session, _known(session, token), token, problem="late", status=409)
    lang = request.args.get("lang")
    return redirect(url_for(".show", token=token, lang=lang, undone=1 if undone else None), code=303)


def _said(kind: RepairKind) -> Said:
    form, prefix = request.form, kind.value
    colleague = form.get("colleague", "")
    return Said(
        kind,
        name=form.get(f"{prefix}_name", ""),
        email=form.get(f"{prefix}_email", ""),
        colleague_id=int(colleague) if colleague.isascii() and colleague.isdigit() else None,
        words=form.get(f"{prefix}_words", ""),
    )


def _known(session: Session, token: str) -> Link | None:
    """The link, unless nothing was ever sent by it."""
    link = find_link(session, token)
    return link if link and (link.passed_on or link.invitation.state in KNOWN_STATES) else None


def _language(session: Session, link: Link | None) -> str:
    told, asked = [link.contact.language] if link else [], request.accept_languages.values()
    return choose([request.args.get("lang", ""), *told, *asked, get_firm(session).language])


def _page(
    session: Session, link: Link | None, token: str, opened: str = "", problem: str = "", status: int = 200
) -> Response:
    """`opened`: the repair whose form is shown open; `problem`: its field in error, or "late"."""
    firm, language = get_firm(session), _language(session, link)
    shared = {"_": translator(language), "language": language, "languages": LANGUAGES, "token": token, "firm": firm}
    if link is None:
        return make_response(render_template("unsubscribe/unknown.html", **shared), 404)
    said = repairs.said_on(session, link)
    standing = {repair.kind for repair in said if repair.state in repairs.STANDING}
    known = repairs.colleagues(session, link)
    asks_colleague = not link.passed_on and repairs.may_go_on(session, link.invitation)
    offered = [
        kind
        for kind in (_FOR_ANYBODY if link.passed_on else OFFERED)
        if kind not in standing and (kind is not RepairKind.COLLEAGUE or asks_colleague)
    ]
    job = link.invitation.resolution.job
    html = render_template(
        "survey/repair.html",
        contact=link.contact,
        job=job.summary or job.kind,
        said=said,
        offered=[kind.value for kind in offered],
        colleagues=known,
        survey_open=not link.passed_on and is_open(link.invitation, clock.now()),
        opened=opened,
        problem=problem,
        undone="undone" in request.args,
        form=request.form,
        most={"name": NAME_LENGTH, "words": WORDS_LENGTH},
        **shared,
    )
    return make_response(html, status)
