"""The desk: a questionnaire's texts side by side, in the language it is written in and in another. For managers."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from survey import auth, clock
from survey.auth import current_user_id
from survey.db import db, transaction
from survey.errors import ConflictError, InvalidInputError
from survey.languages import LANGUAGES
from survey.questionnaires import drafts
from survey.questionnaires.describing import place_in_words
from survey.questionnaires.document import Document
from survey.questionnaires.drafts import ChangedMeanwhileError, draft_of, find
from survey.questionnaires.translating import perhaps_outdated, translated, why_no_text
from survey.questionnaires.versions import document_of, newest
from survey.views import builder

blueprint = auth.guard(
    Blueprint("translations", __name__, url_prefix="/desk/questionnaires/<int:questionnaire_id>/translations"),
    read="manager",
)


@blueprint.get("")
def index(questionnaire_id: int) -> ResponseReturnValue:
    """The language that wants most: the first that is begun and not complete, else the first of all."""
    document = draft_of(find(db.session, questionnaire_id))
    others = [code for code in LANGUAGES if code != document.language]
    begun = [code for code in others if any(code in words for q in document.questions for _, words in q.wordings())]
    wanted = next((code for code in begun if document.missing(code)), others[0])
    return redirect(url_for(".edit", questionnaire_id=questionnaire_id, language=wanted), code=303)


@blueprint.route(f"/<any({', '.join(LANGUAGES)}):language>", methods=["GET", "POST"])
def edit(questionnaire_id: int, language: str) -> ResponseReturnValue:
    """Every text of one language beside the one it translates; all are saved at once."""
    row = find(db.session, questionnaire_id)
    if language == draft_of(row).language:
        return redirect(url_for(".index", questionnaire_id=questionnaire_id), code=303)
    typed = {name: text for name, text in request.form.items() if ":" in name}
    errors = {name: why for name, text in typed.items() if (why := why_no_text(text))}
    meanwhile, revision = "", builder.seen_revision() or row.revision
    if request.method == "POST" and not errors:
        try:
            return _save(questionnaire_id, language, typed, revision)
        except ChangedMeanwhileError as error:
            meanwhile, revision = str(error), error.revision
        except (ConflictError, InvalidInputError) as error:
            meanwhile = str(error)
    version, groups = newest(db.session, row.id), _groups(draft_of(row), language, typed)
    page = {
        "places": {one["name"]: f"{card.number}. {one['place']}" for card, texts in groups for one in texts},
        "first_missing": next((one["name"] for _card, texts in groups for one in texts if not one["text"]), ""),
        "language": language,
        "groups": groups,
        "outdated": perhaps_outdated(document_of(version) if version else None, draft_of(row), language),
        "errors": errors,
        "meanwhile": meanwhile,
        "revision": revision,
    }
    html = render_template("desk/questionnaires/translate.html", **builder.frame(db.session, row), **page)
    return html, 422 if errors else 409 if meanwhile else 200


def _save(questionnaire_id: int, language: str, typed: dict[str, str], revision: int) -> ResponseReturnValue:
    with transaction() as session:
        row, now = find(session, questionnaire_id), clock.now()
        made = drafts.change(
            session, row, revision, lambda document: translated(document, language, typed), current_user_id(), now
        )
    builder.tell_edit(row, made)
    return redirect(url_for(".edit", questionnaire_id=questionnaire_id, language=language), code=303)


def _groups(
    document: Document, language: str, typed: dict[str, str]
) -> list[tuple[builder.Card, list[dict[str, str]]]]:
    """The questions, each with its texts: name of the field, place, source, and what is typed or known."""
    return [
        (
            card,
            [
                {
                    "name": (name := f"{card.question.key}:{where}"),
                    "place": place_in_words(where, card.question),
                    "source": words[document.language],
                    "text": typed.get(name, words.get(language, "")),
                }
                for where, words in card.question.wordings()
            ],
        )
        for card in builder.cards(document, {})
    ]
