"""/desk/questionnaires/…/email: how the email of a questionnaire looks, its first question as the row of ratings."""

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from emails.leads import lead_of
from emails.letters import Letter
from emails.texts import previews
from emails.texts.built_in import TextKind
from emails.texts.first_questions import letter_about
from emails.views.mailbox import EMAIL_POLICY
from survey import auth, clock, tryouts
from survey.config import Settings
from survey.db import db
from survey.languages import LANGUAGES
from survey.questionnaires import drafts
from survey.runtime import settings
from survey.security import allow_in_policy
from survey.tryouts import Tryout

blueprint = auth.guard(
    Blueprint("questionnaire_email", __name__, url_prefix="/desk/questionnaires"), read="manager", write="manager"
)

KINDS = {TextKind.SURVEY: "The survey", TextKind.REMINDER: "The reminder"}
VIEWS = {"light": "Light", "dark": "Dark", "phone": "Phone", "text": "Plain text"}


@blueprint.get("/<int:questionnaire_id>/email")
def show(questionnaire_id: int) -> ResponseReturnValue:
    """The draft's email in a frame: `?lang=`, `?kind=`, `?view=`; a rating leads to the try-out."""
    row = drafts.find(db.session, questionnaire_id)
    document = drafts.draft_of(row)
    kind, language, view = _chosen()
    allow_in_policy(frame_src="'self'")
    return render_template(
        "desk/questionnaires/email.html",
        questionnaire=row,
        document=document,
        kind=kind,
        kinds=KINDS,
        language=language,
        view=view,
        views=VIEWS,
        letter=_letter(questionnaire_id, kind, language),
        languages=LANGUAGES,
        complete=document.languages(),
    )


@blueprint.get("/<int:questionnaire_id>/email/letter")
def letter(questionnaire_id: int) -> Response:
    """The HTML alone, for the sandboxed frame."""
    kind, language, view = _chosen()
    found = _letter(questionnaire_id, kind, language)
    allow_in_policy(frame_ancestors="'self'")
    response = make_response(previews.in_theme(found.html, dark=view == "dark"))
    response.headers["Content-Security-Policy"] = EMAIL_POLICY
    return response


def _chosen() -> tuple[TextKind, str, str]:
    """What is asked for; what we do not have is the first of its kind."""
    asked, language, view = (request.args.get(name, "") for name in ("kind", "lang", "view"))
    kind = TextKind(asked) if asked in {one.value for one in TextKind} else TextKind.SURVEY
    return kind, language if language in LANGUAGES else "en", view if view in VIEWS else "light"


def _letter(questionnaire_id: int, kind: TextKind, language: str) -> Letter:
    document, made = drafts.draft_of(drafts.find(db.session, questionnaire_id)), settings()
    url = made.base_url + _try_path(made, questionnaire_id)
    return letter_about(db.session, lead_of(document), kind, language, url, made.base_url, clock.now())


def _try_path(made: Settings, questionnaire_id: int) -> str:
    assert made.secret_key is not None
    return url_for("tryout.show", code=tryouts.sign(made.secret_key, Tryout(questionnaire_id), clock.now()))
