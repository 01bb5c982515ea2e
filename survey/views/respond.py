"""The survey as the client sees it: /s/<token>. No account, no cookie, no JavaScript; the link is the key.

A GET offers and shows, and leaves evidence; only a POST answers. Every page works on its own, and a script may post all
the answers at once to /s/<token>.
"""

from contextlib import suppress
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from survey import auth, clock, colours, pages, questionnaire, responses, updates
from survey.db import transaction
from survey.errors import ConflictError
from survey.firms import get_firm
from survey.forms.answers import AnswersForm, answers_form
from survey.invitations import find_by_token
from survey.models import SurveyEventKind
from survey.pages import Survey
from survey.questionnaire import COMMENT_LENGTH, SCALES
from survey.security import csrf

blueprint = Blueprint("respond", __name__, url_prefix="/s")
auth.public(blueprint, "the link in the email is the key")
csrf.exempt(blueprint)  # the token in the address is the credential; there is no cookie for a stranger to ride on

PAGE = "any(rating, about, return, recommend, overall, promise, contact, done)"
PAGES_OF_THEIR_OWN = {"rating", "promise", "done"}
FETCH_HEADERS = ("Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest", "Sec-Fetch-User", "Sec-Purpose", "Purpose")
YEAR_SECONDS = 31_536_000


@blueprint.after_request
def keep_private(response: Response) -> Response:
    """A survey page belongs to one person: no cache, no referrer, no search engine may keep its address."""
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@blueprint.get("/theme.css")
def theme() -> Response:
    """The colour in `?v=` (six hexadecimal digits) as custom properties; the same for ever, so it may be kept."""
    response = Response(colours.stylesheet(f"#{request.args.get('v', '')}"), mimetype="text/css")
    response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
    return response


@blueprint.get("/<token>", defaults={"page": ""})
@blueprint.get(f"/<token>/<{PAGE}:page>")
def show(token: str, page: str) -> ResponseReturnValue:
    """A page of the survey. Nothing that counts changes."""
    with transaction() as session:
        survey = _find(session, token)
        if survey is None:
            return _closed(session, None)
        shown = page or ("done" if survey.response else "rating")
        if survey.is_open and survey.response is None and shown != "rating":
            return redirect(url_for(".show", token=token), code=303)
        _leave_evidence(session, survey, shown, opened=not page)
        if not survey.is_open:
            return _closed(session, survey)
        return _render(survey, shown, answers_form(survey.promise))


@blueprint.post("/<token>", defaults={"page": ""})
@blueprint.post(f"/<token>/<{PAGE}:page>")
def answer(token: str, page: str) -> ResponseReturnValue:
    """Confirm what was sent, and go on to the next page that has no answer yet."""
    with transaction() as session:
        survey = _find(session, token)
        if survey is None or not survey.is_open:
            return _closed(session, survey, request.form.get("comment", ""))
        shown = "rating" if page in {"", "done"} else page
        form = answers_form(survey.promise, request.form)
        if not form.validate() or not (survey.response or form.require_rating(_lead(survey, form))):
            return _render(survey, shown if survey.response else "rating", form, 422)
        try:
            _submit(session, survey, form)
        except responses.StaleAnswersError:
            return _render(survey, shown, form, 409, is_stale=True)
        survey = pages.load(session, survey.invitation, token, survey.now)
        following = "done" if request.args.get("change") else survey.after(page or "rating")
    return redirect(url_for(".show", token=token, page=following), code=303)


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
    return redirect(url_for(".show", token=token), code=303)


def _submit(session: Session, survey: Survey, form: AnswersForm) -> None:
    if survey.response is None or form.answers() or form.steps():  # a page sent empty was skipped
        responses.submit(
            session,
            survey.invitation,
            form.answers(),
            form.steps(),
            survey.now,
            request.user_agent.string,
            based_on=form.based_on.data or responses.NOTHING_YET,
        )


def _find(session: Session, token: str) -> Survey | None:
    invitation = find_by_token(session, token)
    return pages.load(session, invitation, token, clock.now()) if invitation else None


def _closed(session: Session, survey: Survey | None, unsent: str = "") -> Response:
    """The kind page for a survey that takes no answer; what the client had typed is handed back."""
    name, status = survey.closed_page if survey else ("unknown", 404)
    firm = survey.firm if survey else get_firm(session)
    known = survey if status != 404 else None
    html = render_template("survey/closed.html", firm=firm, survey=known, name=name, unsent=unsent[:COMMENT_LENGTH])
    return make_response(html, status)


def _leave_evidence(session: Session, survey: Survey, page: str, *, opened: bool) -> None:
    """What a scanner leaves and what a person leaves look different later: keep what tells them apart."""
    offered = {question: value for question in ("csat", "nps") if (value := _offered(question)) is not None}
    fetch = {name: text[:60] for name in FETCH_HEADERS if (text := request.headers.get(name))}
    details: dict[str, Any] = {"page": page, "method": request.method, "offered": offered, "fetch": fetch}
    kinds = [SurveyEventKind.OPENED] if opened else []
    if request.method == "GET" and survey.is_open:
        kinds.append(SurveyEventKind.SHOWN)
    for kind in kinds:
        responses.record_visit(session, survey.invitation, kind, survey.now, request.user_agent.string, **details)


def _offered(question: str) -> int | None:
    """The value that the link in the email carries, if it is one of the scale's."""
    raw = request.args.get(question, "")
    lowest, highest = SCALES[question]
    return int(raw) if raw in {str(value) for value in range(lowest, highest + 1)} else None


def _lead(survey: Survey, form: AnswersForm) -> str:
    """The scale that the first page asks: five words, unless the link offered or the client gave the other one."""
    if _offered("csat") is not None or form.csat.data is not None or "csat" in survey.answers:
        return "csat"
    other = _offered("nps") is not None or form.nps.data is not None or "nps" in survey.answers
    return "nps" if other else "csat"


def _render(survey: Survey, page: str, form: AnswersForm, status: int = 200, *, is_stale: bool = False) -> Response:
    lead = _lead(survey, form)
    sent = form.answers()
    offer = {} if sent or (value := _offered(lead)) is None else {lead: value}
    kept: dict[str, Any] = {key: text for key in ("change", "csat", "nps") if (text := request.args.get(key))}
    html = render_template(
        f"survey/{page if page in PAGES_OF_THEIR_OWN else 'question'}.html",
        survey=survey,
        firm=survey.firm,
        page=page,
        lead=lead,
        offer=offer,
        chosen={**survey.answers, **offer, **sent},
        steps={**survey.steps, **form.steps()},
        errors={field.name: str(field.errors[0]) for field in form if field.errors},
        is_stale=is_stale,
        is_change="change" in kept,
        form_action=url_for(".answer", token=survey.token, page=page, **kept),
        wording=questionnaire,
    )
    return make_response(html, status)
