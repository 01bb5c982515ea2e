"""What the pages around a questionnaire have in common: its frame, its cards, and what a change of its draft says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from survey import clock
from survey.auth import current_user_id
from survey.db import transaction
from survey.errors import ConflictError, InvalidInputError
from survey.languages import LANGUAGES
from survey.models import Questionnaire, QuestionnaireEdit
from survey.pages import FIRST
from survey.questionnaires import drafts, overview
from survey.questionnaires.describing import CONFIDENTIALITY_WORDS, TYPE_WORDS, TypeWords, shown_in_words
from survey.questionnaires.document import MOST_QUESTIONS, Confidentiality, Document, Question
from survey.rehearsals import rehearsal
from survey.views.messages import tell
from survey.views.survey_pages import Link, Shown, paint

_OF_RATING: Mapping[str, Mapping[int, int]] = {  # an answer to the first question that means this rating
    "csat": {rating: rating for rating in range(1, 6)},
    "nps": {1: 1, 2: 5, 3: 6, 4: 8, 5: 10},
    "ces": {1: 1, 2: 3, 3: 4, 4: 6, 5: 7},
}


@dataclass(frozen=True)
class Card:
    """One question as the desk shows it."""

    number: int
    page: int  # of the client's pages, if every question is shown
    question: Question
    type: TypeWords
    text: str
    hint: str
    shown: str  # when; "": always
    prompts: Mapping[str, str]
    options: list[tuple[str, bool]]  # text, asks for own words
    readers: str  # who may read the answers; "": everybody at the desk
    missing: int  # texts in languages that are begun
    wrong: Sequence[str]  # with when it is shown, in sentences


def cards(document: Document, steps: Mapping[str, str], wrong: Mapping[str, Sequence[str]] | None = None) -> list[Card]:
    """The questions of a document in order; `wrong`: what is to be looked at, by question."""
    begun = [code for code in LANGUAGES if any(code in words for q in document.questions for _, words in q.wordings())]
    language, found, page = document.language, [], 0
    for number, question in enumerate(document.questions, 1):
        page += not question.with_previous or number == 1
        named = question.confidentiality is Confidentiality.NAMED
        found.append(
            Card(
                number=number,
                page=page,
                question=question,
                type=TYPE_WORDS[question.type],
                text=question.text.get(language, ""),
                hint=question.hint.get(language, ""),
                shown=shown_in_words(question, document, steps),
                prompts={rating: words.get(language, "") for rating, words in sorted(question.prompts.items())},
                options=[(option.text.get(language, ""), option.other) for option in question.options],
                readers="" if named else CONFIDENTIALITY_WORDS[question.confidentiality][0],
                missing=sum(code not in words for _, words in question.wordings() for code in begun),
                wrong=(wrong or {}).get(question.key, ()),
            )
        )
    return found


def frame(session: Session, questionnaire: Questionnaire) -> dict[str, Any]:
    """What every page of one questionnaire is given."""
    document = drafts.draft_of(questionnaire)
    return {
        "questionnaire": questionnaire,
        "document": document,
        "state": overview.one_listed(session, questionnaire),
        "languages": LANGUAGES,
        "readers": {one.value: words[1] for one, words in CONFIDENTIALITY_WORDS.items()},
        "is_full": len(document.questions) >= MOST_QUESTIONS,
        "lacks_promise": bool(drafts.steps(session)) and not document.asks_promise,
        "missing": {code: len(document.missing(code)) for code in LANGUAGES if code != document.language},
    }


def painted(session: Session, document: Document, page: str, link: Link) -> str:
    """A page as a client sees it: in the language `lang`, after the rating `rating` that the request asks for."""
    wanted = request.values.get("lang", "")
    language = wanted if wanted in LANGUAGES else document.language
    answers = _answers_of(document, request.values.get("rating", 0, type=int))
    survey = rehearsal(session, document, language, clock.now(), answers)
    return paint(survey, page, Shown(action=link(page), link=link))


def page_of(document: Document, key: str) -> str:
    """The name of the client's page that asks a question."""
    found = FIRST
    for question in document.questions[1:]:
        found = found if question.with_previous else question.key
        if question.key == key:
            return found
    return FIRST


def _answers_of(document: Document, rating: int) -> dict[str, int | str]:
    """What somebody answered who gave this rating on 1…5, on the first question if that tells it."""
    key = document.lead.key if document.lead.key in _OF_RATING else "csat"
    given = _OF_RATING[key].get(rating)
    return {} if given is None else {key: given}


def seen_revision() -> int:
    """The revision of the draft that the sender of a form saw."""
    return request.form.get("revision", 0, type=int)


def tell_edit(questionnaire: Questionnaire, edit: QuestionnaireEdit | None) -> None:
    """Say what was changed, with a button that takes it back."""
    if edit is not None:
        undo = url_for("drafts.undo", questionnaire_id=questionnaire.id, edit_id=edit.id)
        tell(edit.what, undo=undo)


def tell_not_done(error: ConflictError | InvalidInputError) -> None:
    """Say why a button did nothing; where the draft is another by now, that it is worth another look."""
    again = " So nothing was done: look at it as it is now, and try again."
    flash(f"{error}{again if isinstance(error, drafts.ChangedMeanwhileError) else ''}", "warning")


def changed(
    questionnaire_id: int, edit: Callable[[Document], Document], back: str, *, moved: str = ""
) -> ResponseReturnValue:
    """Change a draft by a button: say what was changed, or why it can't be, on the page `back`."""
    try:
        with transaction() as session:
            row = drafts.find(session, questionnaire_id)
            made = drafts.change(session, row, seen_revision(), edit, current_user_id(), clock.now(), moved=moved)
        tell_edit(row, made)
    except (ConflictError, InvalidInputError) as error:
        tell_not_done(error)
    return redirect(back, code=303)
