"""Trying a questionnaire out: /try/<code> shows what its client would see and stores nothing; the desk makes the link.

The code is signed and good for a day. What was answered travels in the address, signed as well.
"""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from survey import auth, clock, languages, pages, runtime, tryouts
from survey.db import begin_reading, db
from survey.errors import NotFoundError
from survey.firms import get_firm
from survey.models import Questionnaire
from survey.pages import FIRST, Survey
from survey.qr_codes import qr_code
from survey.questionnaires import answering, drafts, publishing, uses
from survey.questionnaires.answering import Sent
from survey.questionnaires.document import Document
from survey.questionnaires.logic import DONE
from survey.rehearsals import rehearsal
from survey.security import csrf, keep_private
from survey.tryouts import Tryout
from survey.views import builder, meant
from survey.views.survey_pages import Shown, paint

blueprint = Blueprint("tryout", __name__, url_prefix="/try")
auth.public(blueprint, "the signed link is the key, and nothing is stored")
csrf.exempt(blueprint)  # no cookie, and nothing that a stranger could change

desk = auth.guard(Blueprint("tryout_desk", __name__, url_prefix="/desk/questionnaires"), read="manager")

SO_FAR = "so_far"  # in the address: what was answered


@dataclass(frozen=True)
class _Trying:
    """A page that somebody tries out, and how its addresses are made."""

    survey: Survey
    code: str
    so_far: str

    def link(self, page: str, **query: object) -> str:
        values: dict[str, Any] = {"lang": request.args.get("lang"), SO_FAR: self.so_far or None, **query}
        return url_for("tryout.show", code=self.code, page=page, **values)


blueprint.after_request(keep_private)


@blueprint.get("/<code>", defaults={"page": ""})
@blueprint.get("/<code>/<page>")
def show(code: str, page: str) -> ResponseReturnValue:
    """A page as the client would be shown it."""
    try:
        trying = _load(code)
    except NotFoundError as error:
        return _over(error)
    survey, shown = trying.survey, page or FIRST
    if shown not in {FIRST, DONE, *survey.document.by_key} or (shown != FIRST and not survey.is_answered):
        return redirect(trying.link(""), code=303)
    return _render(trying, shown, Sent())


@blueprint.post("/<code>", defaults={"page": ""})
@blueprint.post("/<code>/<page>")
def answer(code: str, page: str) -> ResponseReturnValue:
    """Take what was sent along, and go on as the client would."""
    try:
        trying = _load(code)
    except NotFoundError as error:
        return _over(error)
    survey = trying.survey
    shown = page if page in survey.document.by_key else FIRST
    sent = answering.read(survey.document, [step.key for step in survey.promise], request.form, survey.translate)
    if sent.errors or not (survey.is_answered or _has_lead(survey, sent)):
        return _render(trying, shown if survey.is_answered else FIRST, sent, 422)
    answers = tryouts.merged(survey.answers, sent.answers)
    so_far = tryouts.pack(_key(), answers, {**survey.steps, **sent.steps})
    after = _load(code, so_far, sent)
    following = DONE if request.args.get("change") else after.survey.after(shown)
    asked = {"meant": 1} if shown == FIRST and following not in {FIRST, DONE} else {}
    return redirect(after.link(following, **asked), code=303)


def _load(code: str, so_far: str | None = None, sent: Sent | None = None) -> _Trying:
    begin_reading(db.session)
    key, now = _key(), clock.now()
    tryout = tryouts.open_link(key, code, now)
    _row, document = tryouts.load(db.session, tryout)
    kept = request.args.get(SO_FAR, "") if so_far is None else so_far
    answers, steps = tryouts.unpack(key, kept, document)
    survey = rehearsal(db.session, document, _language(document), now, answers, steps, kind=tryout.kind)
    sent = sent or Sent()
    return _Trying(survey.leading(answering.offered(document, request.args), sent.answers, answers), code, kept)


def _key() -> str:
    return str(current_app.secret_key)


def _language(document: Document) -> str:
    browser = [tag for tag, _weight in request.accept_languages]
    return pages.language_for(document, [request.args.get("lang", ""), *browser, get_firm(db.session).language])


def _has_lead(survey: Survey, sent: Sent) -> bool:
    asked = answering.questions_of(survey.document)
    if any(key in sent.answers for key, question in asked.items() if question.can_lead):
        return True
    sent.errors[survey.lead.key] = answering.choose_error(survey.lead, survey.translate)
    return False


def _render(trying: _Trying, page: str, sent: Sent, status: int = 200) -> Response:
    survey, link = trying.survey, trying.link
    offered, is_change = answering.offered(survey.document, request.args), "change" in request.args
    kept: dict[str, object] = {**offered, **({"change": 1} if is_change else {})}
    shown = Shown(
        action=link("" if page == FIRST and not is_change else page, **kept),
        link=link,
        offered=offered,
        sent=sent,
        is_change=is_change,
        meant=meant.offered(survey, link) if page != FIRST else None,
        is_try=True,
    )
    return make_response(paint(survey, page, shown), status)


def _over(error: NotFoundError) -> ResponseReturnValue:
    page = render_template(
        "survey/try_over.html", firm=get_firm(db.session), why=str(error), language="en", _=languages.translator("en")
    )
    return page, 410


@desk.get("/<int:questionnaire_id>/try")
def choose(questionnaire_id: int) -> ResponseReturnValue:
    """Links for the draft or a version (`?version=2`), about a kind of job (`?kind=`), in each language."""
    row = drafts.find(db.session, questionnaire_id)
    version = request.args.get("version", 0, type=int)
    kind = request.args.get("kind", "")[: uses.LONGEST_KIND]
    tryout = Tryout(row.id, version, kind)
    _row, document = tryouts.load(db.session, tryout)
    path = url_for("tryout.show", code=tryouts.sign(_key(), tryout, clock.now()))
    return _choices(row, document, tryout, path)


def _choices(row: Questionnaire, document: Document, tryout: Tryout, path: str) -> ResponseReturnValue:
    address = runtime.settings().base_url + path
    return render_template(
        "desk/questionnaires/try.html",
        **builder.frame(db.session, row),
        tried=document,
        tryout=tryout,
        address=address,
        code=qr_code(address),
        path=path,
        until=clock.now() + tryouts.VALID,
        versions=[version.number for version in publishing.versions_of(db.session, row)],
        kinds=[kind.name for kind in uses.kinds(db.session)],
        complete=document.languages(),
    )
