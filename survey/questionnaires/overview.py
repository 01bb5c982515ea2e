"""The list of questionnaires as the desk shows it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey.kinds import spelled
from survey.models import Questionnaire, QuestionnaireUse, QuestionnaireVersion, SurveyResponse
from survey.questionnaires.document import Document
from survey.questionnaires.drafts import draft_of
from survey.questionnaires.publishing import rest, stand_in_id
from survey.questionnaires.versions import EVERY_OTHER_KIND, digest_of, document_of


@dataclass(frozen=True)
class Listed:
    """One questionnaire in the list."""

    questionnaire: Questionnaire
    draft: Document
    version: QuestionnaireVersion | None  # the one in force
    used_for: Sequence[str]  # kinds of job
    responses: int  # to any version of it; the first one has those without a version too

    @property
    def is_changed(self) -> bool:
        """Whether the draft is not what is published."""
        return self.version is None or digest_of(self.draft.as_dict()) != self.version.digest


def questionnaires(session: Session, *, archived: bool = False) -> list[Listed]:
    """Those in use or in the archive, by name."""
    wanted = Questionnaire.archived_at.is_not(None) if archived else Questionnaire.archived_at.is_(None)
    rows = session.scalars(select(Questionnaire).where(wanted)).all()
    return _listed(session, sorted(rows, key=lambda row: row.name.casefold()))


def silent_on_promise(session: Session) -> list[Listed]:
    """Those whose clients are not asked whether the service promise was kept, of those asked about some kind of job."""
    return [
        one
        for one in questionnaires(session)
        if one.used_for and one.version and not document_of(one.version).asks_promise
    ]


def one_listed(session: Session, questionnaire: Questionnaire) -> Listed:
    """The same of one."""
    return _listed(session, [questionnaire])[0]


def count_archived(session: Session) -> int:
    return session.scalar(select(func.count()).where(Questionnaire.archived_at.is_not(None))) or 0


def _listed(session: Session, rows: Sequence[Questionnaire]) -> list[Listed]:
    ids = [row.id for row in rows]
    of_ids = QuestionnaireVersion.questionnaire_id.in_(ids)
    newest = {
        version.questionnaire_id: version
        for version in session.scalars(select(QuestionnaireVersion).where(of_ids).order_by(QuestionnaireVersion.number))
    }
    counts = session.execute(
        select(QuestionnaireVersion.questionnaire_id, func.count())
        .join(SurveyResponse, SurveyResponse.version_id == QuestionnaireVersion.id)
        .where(of_ids)
        .group_by(QuestionnaireVersion.questionnaire_id)
    )
    answered = Counter({row[0]: row[1] for row in counts})
    first = session.scalar(select(func.min(QuestionnaireVersion.questionnaire_id)))
    if first in ids:  # as in the results: what was answered before there were versions is the first one's
        answered[first] += session.scalar(select(func.count()).where(SurveyResponse.version_id.is_(None))) or 0
    kinds: dict[int, list[str]] = {row.id: [] for row in rows}
    names = spelled(session)
    for use in session.scalars(
        select(QuestionnaireUse).where(QuestionnaireUse.questionnaire_id.in_(ids)).order_by(QuestionnaireUse.kind)
    ):
        if use.kind != EVERY_OTHER_KIND:
            kinds[use.questionnaire_id].append(names.get(use.kind, use.kind))
    if (stand_in := stand_in_id(session)) in kinds:
        kinds[stand_in].append(rest(session))
    return [Listed(row, draft_of(row), newest.get(row.id), kinds[row.id], answered[row.id]) for row in rows]
