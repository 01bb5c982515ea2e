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
from survey.questionnaires.logic import DONE, decisive, rating
from survey.questionnaires.words import ENDS, RATING_WORDS, STEP_WORDS, YES_NO_WORDS, answer_in_words

AS_BUTTONS = frozenset({QuestionType.RATING, QuestionType.NPS, QuestionType.CES, QuestionType.AGREEMENT} | CHOOSING)
AS_BUTTONS -= {QuestionType.CHOICES}


class Link(Protocol):
    """The address of a page of this survey."""

    def __call__(self, page: str, **query: object) -> str: ...


@dataclass(frozen=True)
class Meant:
    """The offer to change the first answer, because the words beside it sound different: one tap changes it.

    Attributes:
        action: where the tap goes.
        words, had: the answer that is offered, and the one that was given, in words.
    """

    action: str
    version: str
    key: str
    value: int
    words: str
    had: str


@dataclass(frozen=True)
class Shown:
    """What a page is shown with, beside what is stored.

    Attributes:
        offered: question → the value that the link in the email carries.
        sent: what was just sent, where it is shown again.
        action: where its form goes.
        meant: what is offered beside the page.
        is_try: a manager tries it out; the page says so.
    """

    action: str
    link: Link
    offered: Mapping[str, int] = field(default_factory=dict)
    sent: Sent = field(default_factory=Sent)
    is_stale: bool = False
    is_change: bool = False
    meant: Meant | None = None
    is_try: bool = False


def paint(survey: Survey, page: str, shown: Shown) -> str:
    """The HTML of a page: FIRST, DONE, or the key of its first question."""
    offer = {} if shown.sent.answers else {key: n for key, n in shown.offered.items() if key == survey.lead.key}
    lead, address = survey.lead, "" if page == FIRST and not shown.is_change else page
    kept: dict[str, object] = {**offer, **({"change": 1} if shown.is_change else {})}
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
        "is_try": shown.is_try,
        "meant": shown.meant,
        "in_language": lambda code: shown.link(address, lang=code, **kept),
    }
    questions = _comment_of(survey) if page == DONE else survey.page(page)
    followed = decisive([question.key for question in questions], survey.answers) if page != DONE else ""
    common |= {
        "questions": questions,
        "steps": {**survey.steps, **shown.sent.steps},
        "errors": shown.sent.errors,
        "targets": _targets(survey, questions),
        "ends": ENDS,
        "ratings": sorted(RATING_WORDS.items()),
        "yes_no": YES_NO_WORDS,
        "step_words": STEP_WORDS,
        "step_values": answering.STEP_VALUES,
        "rating_now": rating(common["chosen"]),
        "followed": followed,
        "felt": lambda number: rating({followed: number}),
    }
    if page == DONE:
        return render_template("survey/done.html", comment=questions[0] if questions else None, **common)
    template = "survey/rating.html" if page == FIRST else "survey/question.html"
    return render_template(template, as_buttons=is_one_tap(questions), **common)


def _comment_of(survey: Survey) -> list[Question]:
    """The question for words that the last page offers once more, where it is asked of this person."""
    return [question for page in survey.pages for question in page if question.key == "comment"]


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
