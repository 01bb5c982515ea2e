"""What people and machines do on a survey's link, seen from the web: the facts of a request, the page that asks for one
more tap, and the link that no person can see.
"""

from typing import Any

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from survey import auth, clock, languages
from survey.db import transaction
from survey.evidence import held, taps
from survey.evidence import records as evidence
from survey.firms import get_firm
from survey.models import Firm, Invitation, SurveyEventKind
from survey.questionnaires import confidential
from survey.questionnaires.answering import Sent
from survey.questionnaires.versions import document_of
from survey.repairs.links import find_link
from survey.security import keep_private

trap = auth.public(Blueprint("trap", __name__, url_prefix="/s"), "only machines follow it; it shows nothing")

FETCH_HEADERS = ("Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest", "Sec-Fetch-User", "Sec-Purpose", "Purpose")
AGAIN = "again"  # the hidden field of the page that asks for one more tap
TRAP = "all-links"  # the end of the address that no person can see; no question can have this key
LONGEST_FETCH = 60
LONGEST_AGAIN = 80


def facts() -> dict[str, Any]:
    """What a request tells about who made it, as evidence keeps it."""
    fetch = {name: text[:LONGEST_FETCH] for name in FETCH_HEADERS if (text := request.headers.get(name))}
    return {"method": request.method, "fetch": fetch}


def leave(session: Session, invitation: Invitation, kind: SurveyEventKind, **details: Any) -> None:
    """Append a visit; an answer that was pressed faster than people do may turn out to be a machine's by it."""
    now = clock.now()
    evidence.record_visit(session, invitation, kind, now, request.user_agent.string, **facts(), **details)
    if kind is not SurveyEventKind.SHOWN:
        held.reconsider(session, invitation, now)


def weighed(session: Session, invitation: Invitation, sent: Sent, token: str) -> held.Press:
    """This press of the button, judged. One that does not count is kept, but for what is to be kept apart."""
    apart = confidential.of_document(document_of(invitation.version))
    told_apart = {name: value for name, value in sent.answers.items() if name.partition(".")[0] in apart}
    answers = {name: value for name, value in sent.answers.items() if name not in told_apart}
    known = confidential.read(session, token, apart) if told_apart else {}
    says_more = any(known.get(name, "") != value for name, value in told_apart.items())
    return held.weigh(session, invitation, _seen(), (answers, sent.steps), clock.now(), says_more=says_more)


def repair_held(session: Session, invitation: Invitation) -> str:
    """What the page that asks for one more tap needs; "" where this press may put something right at once."""
    return taps.weigh_repair(session, invitation, _seen(), clock.now())


def _seen() -> taps.Request:
    return taps.Request(
        user_agent=request.user_agent.string,
        fetch=facts()["fetch"],
        again=request.form.get(AGAIN, "")[:LONGEST_AGAIN],
    )


def tap_again(again: str, firm: Firm, language: str, *, is_answer: bool = True) -> Response:
    """The page that asks for one more tap. It carries all that was sent, so nothing a person wrote is lost."""
    sent = [(name, value) for name, value in request.form.items(multi=True) if name != AGAIN]
    html = render_template(
        "survey/again.html",
        firm=firm,
        language=language,
        _=languages.translator(language),
        sent=[*sent, (AGAIN, again)],
        is_answer=is_answer,
        words=[value for name, value in sent if len(value.split()) > 1],
        form_action=request.full_path.rstrip("?"),
        was_quick=AGAIN in request.form,
    )
    return make_response(html, 409)


@trap.route(f"/<token>/{TRAP}", methods=["GET", "POST"])
def follow(token: str) -> ResponseReturnValue:
    """Whoever comes here follows every link. It is evidence, never an answer."""
    with transaction() as session:
        link, firm = find_link(session, token), get_firm(session)
        if link is not None:
            leave(session, link.invitation, SurveyEventKind.TRAPPED)
        language = languages.choose([request.args.get("lang", ""), *request.accept_languages.values(), firm.language])
        html = render_template(
            "survey/trap.html",
            firm=firm,
            language=language,
            _=languages.translator(language),
            survey_url=url_for("respond.show", token=token) if link else "",
        )
    return keep_private(make_response(html, 200 if link else 404))
