"""A first answer as it was sent, and whether it can be stored as it is. No database here.

What is not plain (an error, a confidential answer, one to a question that is not asked, words that do not fit the
rating) is not: Flask takes it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from survey.front.asked import Asked
from survey.front.documents import Known
from survey.languages import DEFAULT, translator
from survey.questionnaires import answering, logic, mismatch
from survey.questionnaires.document import Document
from survey.questionnaires.logic import Setting

_ = translator(DEFAULT)


class Fields:
    """The fields of a form, as `werkzeug.datastructures.MultiDict` has them, for less than it takes."""

    def __init__(self, body: str) -> None:
        self._values: dict[str, list[str]] = {}
        for pair in body.replace("+", " ").split("&"):
            if pair:
                name, _equals, value = pair.partition("=")
                if "%" in pair:
                    name, value = unquote(name), unquote(value)
                self._values.setdefault(name, []).append(value)

    def get(self, name: str, default: str, /) -> str:
        """The first value."""
        found = self._values.get(name)
        return found[0] if found else default

    def getlist(self, name: str, /) -> list[str]:
        """All values."""
        return self._values.get(name, [])

    def __contains__(self, name: object, /) -> bool:
        return name in self._values


@dataclass(frozen=True)
class Posted:
    """A form that was sent, and who sent it. `language`: of the page it was on; `offered`: what its link offers."""

    form: Fields
    user_agent: str
    fetch: Mapping[str, str]
    language: str
    offered: Collection[str]


@dataclass(frozen=True)
class Plain:
    """A form that can be stored as it is, and the page that comes next."""

    posted: Posted
    asked: Asked
    known: Known
    answers: Mapping[str, int | str]
    steps: Mapping[str, int]
    following: str


def read(posted: Posted, asked: Asked, known: Known, promise: Sequence[str]) -> Plain | None:
    """The form as it is stored; None if it is not plain. `promise`: the keys of the firm's steps."""
    document = known.document
    if known.is_confidential:
        return None
    sent = answering.read(document, promise, posted.form, _)
    if sent.errors or not _leads(document, sent.answers):
        return None
    lead = logic.lead_of(document, logic.leading(document, posted.offered, sent.answers))
    if mismatch.better_fit(sent.answers, lead.key, posted.language) is not None:
        return None
    answers = {name: value for name, value in sent.answers.items() if value != ""}
    if logic.unasked(document, answers, sent.steps):
        return None
    setting = Setting(asked.kind, posted.language, sent.steps, promise)
    following = logic.page_after(lead.key, logic.pages(document, answers, setting, lead), answers, setting)
    return Plain(posted, asked, known, answers, sent.steps, following)


def _leads(document: Document, names: Collection[str]) -> bool:
    questions = answering.questions_of(document)
    return any(questions[name].can_lead for name in names if name in questions)
