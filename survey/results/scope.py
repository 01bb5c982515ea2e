"""Which questionnaire's results are asked for, and which of its versions count as one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, tzinfo

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.orm import Session

from survey.firms import get_firm
from survey.models import Questionnaire, QuestionnaireVersion, SurveyResponse
from survey.questionnaires import library
from survey.questionnaires.versions import document_of
from survey.results.questions import Version

EVERY = "all"  # every questionnaire together
EARLY = "early"  # in the choice of a version: answers without one


@dataclass(frozen=True)
class Scope:
    """What is counted. `choice`, `version`: as the address says them; `versions`: oldest first."""

    choice: str
    version: str
    versions: tuple[Version, ...]
    questionnaires: tuple[tuple[str, str], ...]  # to choose from: (choice, name)
    numbers: tuple[tuple[str, str], ...]  # versions to choose from: (version, name)

    @property
    def is_every(self) -> bool:
        return self.choice == EVERY

    @property
    def name(self) -> str:
        return dict(self.questionnaires).get(self.choice, "")

    def condition(self) -> ColumnElement[bool]:
        """On SurveyResponse: whether it answers one of these versions."""
        if self.is_every:
            return true()
        ids = [version.id for version in self.versions if version.id is not None]
        found = SurveyResponse.version_id.in_(ids)
        return or_(found, SurveyResponse.version_id.is_(None)) if len(ids) < len(self.versions) else found


def load_scope(session: Session, choice: str, version: str) -> Scope:
    """The versions asked for; a choice that there is not is as if it were left out.

    Answers without a version are the first questionnaire's: given before there were versions, or in another tool.
    """
    every = _all_versions(session)
    names = {str(one.questionnaire_id): one.name for one in every}
    questionnaires = [(EVERY, "All questionnaires"), *names.items()] if len(names) > 1 else list(names.items())
    known = dict(questionnaires)
    choice = choice if choice in known else questionnaires[0][0]
    versions = [one for one in every if choice in {EVERY, str(one.questionnaire_id)}]
    numbers = [("", "All versions"), *((_key(one), one.label) for one in reversed(versions))]
    if choice == EVERY or version not in dict(numbers):
        version = ""
    return Scope(
        choice=choice,
        version=version,
        versions=tuple(one for one in versions if not version or _key(one) == version),
        questionnaires=tuple(questionnaires),
        numbers=() if choice == EVERY else tuple(numbers),
    )


def _key(version: Version) -> str:
    return str(version.number) if version.number else EARLY


def _all_versions(session: Session) -> Sequence[Version]:
    rows = session.execute(
        select(QuestionnaireVersion, Questionnaire.id, Questionnaire.name)
        .join(Questionnaire, Questionnaire.id == QuestionnaireVersion.questionnaire_id)
        .order_by(Questionnaire.id, QuestionnaireVersion.number)
    ).all()
    firm = get_firm(session).name
    found = [Version(row.id, number, name, row.number, document_of(row), firm) for row, number, name in rows]
    first = (found[0].questionnaire_id, found[0].name) if found else (0, library.title(library.FIRST))
    early = Version(None, *first, 0, document_of(None), firm)
    return [early, *found] if not found or _has_early(session) else found


def _has_early(session: Session) -> bool:
    return session.scalar(select(SurveyResponse.id).where(SurveyResponse.version_id.is_(None)).limit(1)) is not None


def earliest_day(session: Session, scope: Scope, zone: tzinfo) -> date | None:
    """The day of the first answer; None: there is none."""
    first = session.scalar(select(func.min(SurveyResponse.submitted_at)).where(scope.condition()))
    return first.astimezone(zone).date() if first else None
