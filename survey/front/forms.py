"""A first answer as it was sent, and whether it can be stored as it is. No database here.

What is not plain (an error, a confidential answer, one to a question that is not asked, words that do not fit the
rating) is not: Flask takes it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from survey.front.asked import Asked
from survey.languages import DEFAULT, translator
from survey.models import Firm
from survey.pages import language_for
from survey.promise import promise_steps
from survey.questionnaires import answering, confidential, logic, mismatch
from survey.questionnaires.answering import Sent
from survey.questionnaires.document import LEADS, Document
from survey.questionnaires.logic import Setting


@dataclass(frozen=True)
class Posted:
    """A form that was sent."""

    form: MultiDict[str, str]
    user_agent: str
    fetch: Mapping[str, str]
    offered: Mapping[str, str]  # what the address carries
    languages: Sequence[str]  # wanted, best first, the one chosen on the page in front


@dataclass(frozen=True)
class Plain:
    """A form that can be stored as it is, and the page that comes next."""

    posted: Posted
    asked: Asked
    document: Document
    answers: Mapping[str, int | str]
    steps: Mapping[str, int]
    following: str


def read(posted: Posted, asked: Asked, document: Document, firm: Firm) -> Plain | None:
    """The form as it is stored; None if it is not plain."""
    promise = [step.key for step in promise_steps(firm.promise)]
    sent = answering.read(document, promise, posted.form, translator(DEFAULT))
    if sent.errors or not _leads(document, sent) or confidential.of_document(document):
        return None
    wanted = [*posted.languages[:1], asked.language, *posted.languages[1:], firm.language]
    language = language_for(document, wanted)
    offer = answering.offered(document, posted.offered)
    lead = logic.lead_of(document, logic.leading(document, offer, sent.answers))
    if mismatch.better_fit(sent.answers, lead.key, language) is not None:
        return None
    answers = {name: value for name, value in sent.answers.items() if value != ""}
    if logic.unasked(document, answers, sent.steps):
        return None
    setting = Setting(asked.kind, language, sent.steps, promise)
    following = logic.page_after(lead.key, logic.pages(document, answers, setting, lead), answers, setting)
    return Plain(posted, asked, document, answers, sent.steps, following)


def _leads(document: Document, sent: Sent) -> bool:
    questions = answering.questions_of(document)
    return any(questions[name].type in LEADS for name in sent.answers if name in questions)
