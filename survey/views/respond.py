"""The survey as the client sees it: /s/<token>. No account, no cookie, no JavaScript; the link is the key.

A GET offers and shows, and leaves evidence; only a POST answers. Every page works on its own, and a script may post all
the answers at once to /s/<token>.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from survey import auth, clock, colours, languages, pages, responses, updates
from survey.db import begin_reading, db, row_by_id, transaction
from survey.errors import ConflictError
from survey.firms import get_firm
from survey.invitations import find_by_token
from survey.models import FirmLogo, Invitation, SurveyEventKind
from survey.pages import FIRST, Survey
from survey.questionnaires import answering
from survey.questionnaires.answering import Sent
from survey.questionnaires.document import Document
from survey.questionnaires.logic import DONE
from survey.repairs.links import find_link
from survey.security import MAX_ANSWER_BYTES, csrf, keep_private
from survey.views import meant, presses
from survey.views.survey_pages import Link, Shown, paint

blueprint = Blueprint("respond", __name__, url_prefix="/s")
auth.public(blueprint, "the link in the email is the key")
csrf.exempt(blueprint)  # the token in the address is the credential; there is no cookie for a stranger to ride on

LONGEST_UNSENT = 5_000  # characters handed back
YEAR_SECONDS = 31_536_000


@blueprint.before_request
def take_long_words() -> None:
    """What is far too long comes back on the page to be shortened, instead of being refused and lost."""
    request.max_content_length = MAX_ANSWER_BYTES


blueprint.after_request(keep_private)


@blueprint.get("/theme.css")
def theme() -> Response:
    """The colour in `?v=` (six hexadecimal digits) as custom properties; the same for ever, so it may be kept."""
    response = Response(colours.stylesheet(f"#{request.args.get('v', '')}"), mimetype="text/css")
    response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
    return response


@blueprint.get("/logo/<digest>.png")
def logo(digest: str) -> Response:
    """A logo that the firm has or had; what has this name never changes."""
    begin_reading(db.session)
    found = row_by_id(db.session, FirmLogo, digest, "There is no such picture.")
    response = Response(found.data, mimetype="image/png")
    response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
    return response


@blueprint.get("/<token>", defaults={"page": ""})
@blueprint.get("/<token>/<page>")
def show(token: str, page: str) -> ResponseReturnValue:
    """A page of the survey. Nothing that counts changes."""
    with transaction() as session:
        survey = _find(session, token)
        if survey is None:
            if find_link(session, token) is not None:  # theirs no more: they passed it on
                return redirect(url_for("repair.show", token=token, lang=request.args.get("lang")), code=303)
            return _closed(session, None)
        shown = page or (DONE if survey.response else FIRST)
        unasked = shown not in {FIRST, DONE, *survey.document.by_key}
        if survey.is_open and (unasked or (survey.response is None and shown != FIRST)):
            return redirect(_link(survey)(""), code=303)
        _leave_evidence(session, survey, shown, opened=not page)
        if not survey.is_open:
            return _closed(session, survey)
        return _render(survey, shown, Sent())


@blueprint.post("/<token>", defaults={"page": ""})
@blueprint.post("/<token>/<page>")
def answer(token: str, page: str) -> ResponseReturnValue:
    """Confirm what was sent, and go on to the next page that has no answer yet."""
    with transaction() as session:
        survey = _find(session, token)
        if survey is None or not survey.is_open:
            return _closed(session, survey, answering.typed(request.form))
        shown = page if page in survey.document.by_key else FIRST
        sent = answering.read(survey.document, [step.key for step in survey.promise], request.form, survey.translate)
        if sent.errors or not (survey.response or _require_rating(survey, sent)):
            return _render(survey, shown if survey.response else FIRST, sent, 422)
        press = presses.weighed(session, _invitation(survey), sent, token)
        if not press.counts:
            return presses.tap_again(press.again, survey.firm, survey.language)
        try:
            _submit(session, survey, sent, press.details)
        except responses.StaleAnswersError:
            return _render(survey, shown, sent, 409, is_stale=True)
        survey = _led(_load(session, survey.invitation, token), sent.answers)
        following = DONE if request.args.get("change") else survey.after(page or FIRST)
        asked = {"meant": 1} if meant.asks(session, survey) else {}
    return redirect(_link(survey)(following, **asked), code=303)


@blueprint.post("/<token>/fixed")
def fixed(token: str) -> ResponseReturnValue:
    """Whether what was done fixed it: asked as long as the link is known, for that is often after the survey closed."""
    said = {"yes": True, "no": False}.get(request.form.get("fixed", ""))
    with transaction() as session:
        survey = _find(session, token)
        if survey is None or survey.response is None or said is None:
            return _closed(session, survey)
        with suppress(ConflictError):  # taken back meanwhile: the page shows how it stands now
            updates.answer_fixed(session, survey.response, fixed=said, now=survey.now)
    return redirect(url_for(".show", token=token, lang=request.args.get("lang")), code=303)


def _submit(session: Session, survey: Survey, sent: Sent, press: Mapping[str, Any]) -> None:
    if survey.response is None or sent.answers or sent.steps:  # a page sent empty was skipped
        responses.submit(
            session,
            _invitation(survey),
            sent.answers,
            sent.steps,
            survey.now,
            request.user_agent.string,
            based_on=request.form.get("based_on") or responses.NOTHING_YET,
            token=survey.token,
            press=press,
        )


def _find(session: Session, token: str) -> Survey | None:
    invitation = find_by_token(session, token)
    return _led(_load(session, invitation, token), {}) if invitation else None


def _load(session: Session, invitation: Invitation | None, token: str) -> Survey:
    assert invitation is not None
    return pages.load(session, invitation, token, clock.now(), request.args.get("lang", ""), _wanted_languages())


def _invitation(survey: Survey) -> Invitation:
    assert survey.invitation is not None
    return survey.invitation


def _led(survey: Survey, sent: Mapping[str, int | str]) -> Survey:
    """The first page asks what the link offers, or what was answered already: the client chose that scale."""
    return survey.leading(_offered(survey.document), sent, survey.answers)


def _wanted_languages() -> list[str]:
    return [tag for tag, _weight in request.accept_languages]


def _link(survey: Survey) -> Link:
    """Addresses of this survey's pages; the language that was chosen goes along."""

    def link(page: str, **query: object) -> str:
        values: dict[str, Any] = {"lang": request.args.get("lang"), **query}
        return url_for(".show", token=survey.token, page=page, **values)

    return link


def _require_rating(survey: Survey, sent: Sent) -> bool:
    """Whether a rating was sent; if not, the first question gets the error."""
    asked = answering.questions_of(survey.document)
    if any(key in sent.answers for key, question in asked.items() if question.can_lead):
        return True
    sent.errors[survey.lead.key] = answering.choose_error(survey.lead, survey.translate)
    return False


def _closed(session: Session, survey: Survey | None, unsent: str = "") -> Response:
    """The kind page for a survey that takes no answer; what the client had typed is handed back."""
    name, status = survey.closed_page if survey else ("unknown", 404)
    firm = survey.firm if survey else get_firm(session)
    known = survey if status != 404 else None
    wanted = [request.args.get("lang", ""), *_wanted_languages(), firm.language]
    language = known.language if known else languages.choose(wanted)
    offered = known.document.languages() if known else list(languages.LANGUAGES)
    html = render_template(
        "survey/closed.html",
        firm=firm,
        survey=known,
        name=name,
        unsent=unsent[:LONGEST_UNSENT],
        offered={} if unsent else {code: languages.LANGUAGES[code] for code in offered},  # to leave loses the words
        in_language="?lang={}".format,  # the page's own address: an unknown link's looks like that of one not sent yet
        language=language,
        _=languages.translator(language),
        link=_link(survey) if survey else None,
    )
    return make_response(html, status)


def _leave_evidence(session: Session, survey: Survey, page: str, *, opened: bool) -> None:
    """What a scanner leaves and what a person leaves look different later: keep what tells them apart."""
    kinds = [SurveyEventKind.OPENED] if opened else []
    if request.method == "GET" and survey.is_open:
        kinds.append(SurveyEventKind.SHOWN)
    for kind in kinds:
        seen = meant.evidence(survey) if kind is SurveyEventKind.SHOWN else {}
        presses.leave(session, _invitation(survey), kind, page=page, offered=_offered(survey.document), **seen)


def _offered(document: Document) -> dict[str, int]:
    return answering.offered(document, request.args)


def _render(survey: Survey, page: str, sent: Sent, status: int = 200, *, is_stale: bool = False) -> Response:
    survey = _led(survey, sent.answers)
    offered = _offered(survey.document)
    link, is_change = _link(survey), "change" in request.args
    kept: dict[str, object] = {**offered, **({"change": 1} if is_change else {})}
    shown = Shown(
        action=link(page, **kept),
        link=link,
        offered=offered,
        sent=sent,
        is_stale=is_stale,
        is_change=is_change,
        meant=meant.offered(survey, link) if page != FIRST and survey.is_open else None,
    )
    return make_response(paint(survey, page, shown), status)
