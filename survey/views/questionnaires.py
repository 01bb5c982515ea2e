"""The desk: questionnaires, what each asks, and what it asked before. Everybody at the desk may look."""

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from survey import auth
from survey.db import db
from survey.errors import NotFoundError
from survey.pages import FIRST
from survey.questionnaires import overview, publishing
from survey.questionnaires.changes import differences
from survey.questionnaires.drafts import conditions_wrong, draft_of, find, last_edit, steps
from survey.questionnaires.logic import DONE
from survey.questionnaires.versions import document_of
from survey.security import allow_in_policy
from survey.views import builder

blueprint = auth.guard(Blueprint("questionnaires", __name__, url_prefix="/desk/questionnaires"))


@blueprint.get("")
def index() -> ResponseReturnValue:
    """Every questionnaire, or the archived ones."""
    archived = request.args.get("show") == "archived"
    return render_template(
        "desk/questionnaires/index.html",
        listed=overview.questionnaires(db.session, archived=archived),
        archived=archived,
        count_archived=overview.count_archived(db.session),
    )


@blueprint.get("/<int:questionnaire_id>")
def show(questionnaire_id: int) -> ResponseReturnValue:
    """The draft, question by question, with a look at what the client sees."""
    questionnaire = find(db.session, questionnaire_id)
    document = draft_of(questionnaire)
    return render_template(
        "desk/questionnaires/show.html",
        **builder.frame(db.session, questionnaire),
        cards=builder.cards(document, steps(db.session), conditions_wrong(db.session, questionnaire)),
        last_edit=last_edit(db.session, questionnaire),
    )


@blueprint.get("/<int:questionnaire_id>/versions")
def versions(questionnaire_id: int) -> ResponseReturnValue:
    """What was published when, by whom, and what it changed."""
    questionnaire = find(db.session, questionnaire_id)
    return render_template(
        "desk/questionnaires/versions.html",
        **builder.frame(db.session, questionnaire),
        versions=publishing.versions_of(db.session, questionnaire),
    )


@blueprint.get("/<int:questionnaire_id>/versions/<int:number>")
def version(questionnaire_id: int, number: int) -> ResponseReturnValue:
    """One version as it was asked, and how the draft differs from it."""
    questionnaire = find(db.session, questionnaire_id)
    found = publishing.version_by_number(db.session, questionnaire, number)
    document, known = document_of(found), steps(db.session)
    return render_template(
        "desk/questionnaires/version.html",
        **builder.frame(db.session, questionnaire),
        version=found,
        asked=document,
        cards=builder.cards(document, known),
        since=differences(document, draft_of(questionnaire), known),
    )


@blueprint.get("/<int:questionnaire_id>/preview", defaults={"page": FIRST})
@blueprint.get("/<int:questionnaire_id>/preview/<page>")
def preview(questionnaire_id: int, page: str) -> ResponseReturnValue:
    """A page of the draft as a client is shown it, to stand in a frame; `?lang=`, and after which `?rating=`."""
    document = draft_of(find(db.session, questionnaire_id))
    if page not in {FIRST, DONE, *document.by_key}:
        raise NotFoundError("The draft asks no such question any more.")

    def link(page: str, **query: object) -> str:
        here: dict[str, Any] = {"lang": request.args.get("lang"), "rating": request.args.get("rating"), **query}
        return url_for(".preview", questionnaire_id=questionnaire_id, page=page or FIRST, **here)

    allow_in_policy(frame_ancestors="'self'")
    return builder.painted(db.session, document, page, link)
