"""Paints a page of the survey: for the client who has the link, and for a manager who tries a questionnaire out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from flask import render_template

from survey.languages import LANGUAGES
from survey.pages import FIRST, Survey
from survey.questionnaires import answering
from survey.questionnaires.answering import Sent
from survey.questionnaires.document import CHOOSING, TEXTS, Question, QuestionType
from survey.questionnaires.logic import DONE, rating
from survey.questionnaires.words import ENDS, RATING_WORDS, STEP_WORDS, YES_NO_WORDS, answer_in_words

AS_BUTTONS = frozenset({QuestionType.RATING, QuestionType.NPS, QuestionType.CES, QuestionType.AGREEMENT} | CHOOSING)
AS_BUTTONS -= {QuestionType.CHOICES}


class Link(Protocol):
    """The address of a page of this survey."""

    def __call__(self, page: str, **query: object) -> str: ...


@dataclass(frozen=True)
class Shown:
    """What a page is shown with, beside what is stored.

    Attributes:
        offered: question → the value that the link in the email carries.
        sent: what was just sent, where it is shown again.
        action: where its form goes.
    """

    action: str
    link: Link
    offered: Mapping[str, int] = field(default_factory=dict)
    sent: Sent = field(default_factory=Sent)
    is_stale: bool = False
    is_change: bool = False


def paint(survey: Survey, page: str, shown: Shown) -> str:
    """The HTML of a page: FIRST, DONE, or the key of its first question."""
    offer = {} if shown.sent.answers else {key: n for key, n in shown.offered.items() if key == survey.lead.key}
    lead = survey.lead
    common: dict[str, Any] = {
        "offered_words": _words(survey, offer),
        "had_words": _words(survey, {lead.key: survey.answers[lead.key]} if lead.key in survey.answers else {}),
        "survey": survey,
        "firm": survey.firm,
        "language": survey.language,
        "languages": LANGUAGES,
        "_": survey.translate,
        "page": page,
        "link": shown.link,
        "offer": offer,
        "chosen": {**survey.answers, **offer, **shown.sent.answers},
        "form_action": shown.action,
        "is_stale": shown.is_stale,
        "is_change": shown.is_change,
    }
    if page == DONE:
        return render_template("survey/done.html", **common)
    questions = survey.page(page)
    return render_template(
        f"survey/{'rating' if page == FIRST else 'question'}.html",
        questions=questions,
        steps={**survey.steps, **shown.sent.steps},
        errors=shown.sent.errors,
        targets=_targets(survey, questions),
        ends=ENDS,
        ratings=sorted(RATING_WORDS.items()),
        yes_no=YES_NO_WORDS,
        step_words=STEP_WORDS,
        step_values=answering.STEP_VALUES,
        as_buttons=is_one_tap(questions),
        rating_now=rating(common["chosen"]),
        **common,
    )


def _words(survey: Survey, answers: Mapping[str, int | str]) -> str:
    """The answer to the first page's question, in words."""
    return answer_in_words(survey.lead, answers, survey.language, survey.document.language, survey.translate)


def is_one_tap(questions: list[Question]) -> bool:
    """Whether a page asks one thing that a tap answers and sends."""
    only = questions[0]
    one_tap = only.type in AS_BUTTONS or only.type is QuestionType.YES_NO
    return len(questions) == 1 and one_tap and not any(option.other for option in only.options)


def _targets(survey: Survey, questions: list[Question]) -> dict[str, str]:
    """Field → the id of the element that an error about it leads to."""
    found: dict[str, str] = {}
    for question in questions:
        if question.type is QuestionType.PROMISE:
            found |= {f"{answering.STEP_PREFIX}{s.key}": f"{answering.STEP_PREFIX}{s.key}-yes" for s in survey.promise}
        elif question.type in TEXTS:
            found[question.key] = question.key
        elif question.type in CHOOSING:
            found[question.key] = f"{question.key}-{question.options[0].value}"
            found[answering.OTHER_PREFIX + question.key] = answering.OTHER_PREFIX + question.key
        elif question.type in {QuestionType.YES_NO, QuestionType.CONSENT}:
            found[question.key] = f"{question.key}-1"
        else:
            found[question.key] = f"{question.key}-{question.scale[0]}"
    return found
