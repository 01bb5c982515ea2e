"""What the row of ratings asks: the first question of the questionnaire that an invitation went out with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from emails.scales import CES, CSAT, NPS, Scale
from survey.models import QuestionnaireVersion
from survey.questionnaires import library
from survey.questionnaires.document import Document, QuestionType
from survey.questionnaires.versions import document_of
from survey.questionnaires.words import ENDS

_SCALES = {QuestionType.RATING: CSAT, QuestionType.NPS: NPS, QuestionType.CES: CES}


@dataclass(frozen=True)
class Asked:
    """A first question in its own words.

    Attributes:
        key: the question's, as in `?key=4`.
        wording: (language, text) of the languages in which the whole questionnaire can be read; the one it was
            written in comes first.
        ends: what the lowest and the highest number mean on the survey's page, in English; none of five words.
    """

    key: str
    wording: tuple[tuple[str, str], ...]
    ends: tuple[str, str] | None

    @classmethod
    def read(cls, kept: Mapping[str, Any] | None) -> "Asked | None":
        """As a message's context keeps it, in JSON."""
        if kept is None:
            return None
        wording = tuple((language, text) for language, text in kept["wording"])
        return cls(kept["key"], wording, tuple(kept["ends"]) if kept["ends"] else None)

    def text_in(self, language: str) -> str:
        """The question as the survey's page asks it in this language, with its placeholders."""
        return dict(self.wording).get(language, self.wording[0][1])

    def on(self, scale: Scale) -> Scale:
        """The row of buttons that asks it."""
        return replace(scale, key=self.key, ends=self.ends)


@dataclass(frozen=True)
class Lead:
    """Which scale an email shows, and the question above it; None where the scale's own words say it."""

    scale: str = CSAT
    asked: Asked | None = None


USUAL = Lead()


def lead_of(document: Document) -> Lead:
    """What an email about a survey with this questionnaire offers."""
    question = document.lead
    scale = _SCALES[question.type]
    if question.key == CSAT and question.text == library.document(library.FIRST).lead.text:
        return USUAL  # the letter's own words ask that
    languages = [document.language, *(code for code in document.languages() if code != document.language)]
    wording = tuple((code, question.text[code]) for code in languages)
    return Lead(scale, Asked(question.key, wording, ENDS.get(question.type)))


def load_leads(session: Session, version_ids: Iterable[int | None]) -> dict[int | None, Lead]:
    """Version → what it leads with; None, from before there were versions, leads with the rating by words."""
    wanted = {number for number in version_ids if number is not None}
    found: dict[int | None, Lead] = {None: USUAL}
    if wanted:
        rows = session.scalars(select(QuestionnaireVersion).where(QuestionnaireVersion.id.in_(wanted)))
        found |= {row.id: lead_of(document_of(row)) for row in rows}
    return found
