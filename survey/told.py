"""What a client answered to a questionnaire's own questions, in the words of the desk."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey.languages import DEFAULT, translator
from survey.models import QuestionnaireVersion, SurveyResponse
from survey.questionnaires.describing import title
from survey.questionnaires.document import STANDARD
from survey.questionnaires.versions import document_of
from survey.questionnaires.words import answer_in_words
from survey.responses import answers_of


@dataclass(frozen=True)
class Told:
    """A question and its answer; several chosen answers stand one to a line."""

    key: str
    question: str
    answer: str
    managers_only: bool


def own_answers(session: Session, responses: Iterable[SurveyResponse]) -> dict[int, list[Told]]:
    """Response id → the answers to questions that are not the standard ones, in the order asked."""
    given = list(responses)
    ids = {response.version_id for response in given}
    found = session.scalars(select(QuestionnaireVersion).where(QuestionnaireVersion.id.in_(ids))).all()
    versions = {version.id: version for version in found}
    return {response.id: _told(response, versions.get(response.version_id or 0)) for response in given}


def _told(response: SurveyResponse, version: QuestionnaireVersion | None) -> list[Told]:
    document, answers, _ = document_of(version), answers_of(response), translator(DEFAULT)
    hidden = {answer.question.partition(".")[0] for answer in response.answers if answer.managers_only}
    return [
        Told(question.key, title(document, question), words, question.key in hidden)
        for question in document.questions
        if question.key not in STANDARD
        and (words := answer_in_words(question, answers, document.language, document.language, _))
    ]
