"""Publishing a draft, after a look at what it changes; putting a questionnaire into the archive, and taking it out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from survey.errors import ConflictError, InvalidInputError, NotFoundError
from survey.kinds import spelled
from survey.models import Questionnaire, QuestionnaireUse, QuestionnaireVersion
from survey.questionnaires import versions
from survey.questionnaires.cautions import Caution, Weight, cautions
from survey.questionnaires.changes import differences
from survey.questionnaires.describing import listed, quoted
from survey.questionnaires.document import Document
from survey.questionnaires.drafts import ChangedMeanwhileError, draft_of, since_published, steps

EVERY_OTHER, EVERY = "every other kind of job", "every kind of job"


@dataclass(frozen=True)
class Publication:
    """What publishing would do: the version's number, what it changes, and what to know first."""

    number: int
    changes: Sequence[str]
    cautions: Sequence[Caution]

    def of(self, weight: str) -> list[Caution]:
        """The cautions of one weight."""
        return [caution for caution in self.cautions if caution.weight == weight]

    @property
    def is_allowed(self) -> bool:
        return bool(self.changes) and not self.of(Weight.REFUSED)


def versions_of(session: Session, questionnaire: Questionnaire) -> list[QuestionnaireVersion]:
    """Every version, newest first."""
    return list(
        session.scalars(
            select(QuestionnaireVersion)
            .where(QuestionnaireVersion.questionnaire_id == questionnaire.id)
            .order_by(QuestionnaireVersion.number.desc())
            .options(joinedload(QuestionnaireVersion.published_by))
        )
    )


def version_by_number(session: Session, questionnaire: Questionnaire, number: int) -> QuestionnaireVersion:
    """One version.

    Raises:
        NotFoundError: there is none of that number.
    """
    found = next((one for one in versions_of(session, questionnaire) if one.number == number), None)
    if found is None:
        raise NotFoundError("There is no such version.")
    return found


def documents_of(session: Session, questionnaire: Questionnaire) -> list[Document]:
    """What every version asks, oldest first."""
    return [versions.document_of(version) for version in reversed(versions_of(session, questionnaire))]


def prepare(session: Session, questionnaire: Questionnaire) -> Publication:
    """What publishing the draft as it is would do."""
    earlier, draft = documents_of(session, questionnaire), draft_of(questionnaire)
    promised = steps(session)
    changes = differences(earlier[-1] if earlier else None, draft, promised)
    drafts = since_published(session, questionnaire)
    return Publication(len(earlier) + 1, changes, cautions(earlier, draft, drafts, promises=bool(promised)))


def publish(
    session: Session,
    questionnaire: Questionnaire,
    revision: int,
    *,
    confirmed: bool,
    user_id: int | None,
    now: datetime,
) -> QuestionnaireVersion:
    """Make the draft the version in force, with a summary of what it changes.

    Raises:
        ChangedMeanwhileError: the draft is another than the one looked at.
        ConflictError: nothing is changed, or the questionnaire is archived.
        InvalidInputError: a change that can't be, or one that nobody confirmed.
    """
    session.refresh(questionnaire, with_for_update=True)
    if questionnaire.archived_at is not None:
        raise ConflictError("This questionnaire is archived. Take it out of the archive to publish it.")
    if questionnaire.revision != revision:
        message = "The draft was changed since you looked at this page. Below is what it would change now."
        raise ChangedMeanwhileError(message, questionnaire.revision)
    publication = prepare(session, questionnaire)
    if not publication.changes:
        raise ConflictError("This is what is published already.")
    if refused := publication.of(Weight.REFUSED):
        raise InvalidInputError(refused[0].text)
    if publication.of(Weight.CONFIRM) and not confirmed:
        raise InvalidInputError("Tick the box if this is meant so, or change the draft.", "confirmed")
    return versions.publish(session, questionnaire, publication.changes, user_id, now)


def kinds_of(session: Session, questionnaire: Questionnaire) -> list[str]:
    """Which kinds of job it is used for, in words."""
    kinds = session.scalars(
        select(QuestionnaireUse.kind)
        .where(QuestionnaireUse.questionnaire_id == questionnaire.id)
        .order_by(QuestionnaireUse.kind)
    ).all()
    names = spelled(session)
    found = [names.get(kind, kind) for kind in kinds if kind != versions.EVERY_OTHER_KIND]
    stands_in = versions.EVERY_OTHER_KIND in kinds or stand_in_id(session) == questionnaire.id
    return [*found, *([rest(session)] if stands_in else [])]


def rest(session: Session) -> str:
    """What the questionnaire that stands in is asked about, in words."""
    chosen = session.scalar(
        select(QuestionnaireUse.id).where(QuestionnaireUse.kind != versions.EVERY_OTHER_KIND).limit(1)
    )
    return EVERY_OTHER if chosen else EVERY


def stand_in_id(session: Session) -> int | None:
    """The questionnaire asked about every kind of job that has none of its own."""
    published = Questionnaire.versions.any()
    chosen = session.scalar(
        select(QuestionnaireUse.questionnaire_id)
        .join(Questionnaire)
        .where(QuestionnaireUse.kind == versions.EVERY_OTHER_KIND, published)
    )
    return chosen or session.scalar(
        select(Questionnaire.id)
        .where(Questionnaire.archived_at.is_(None), published)
        .order_by(Questionnaire.id)
        .limit(1)
    )


def archive(session: Session, questionnaire: Questionnaire, now: datetime) -> None:
    """Put it out of sight; its versions and answers stay.

    Raises:
        ConflictError: it is in use; says for which kinds of job.
    """
    if kinds := kinds_of(session, questionnaire):
        named = listed(kind if kind in {EVERY_OTHER, EVERY} else quoted(kind) for kind in kinds)
        raise ConflictError(f"It is used for {named}. Choose another questionnaire for that first.")
    questionnaire.archived_at = questionnaire.archived_at or now
    session.flush()


def unarchive(session: Session, questionnaire: Questionnaire) -> None:
    """Take it out of the archive; what it was used for before has to be chosen again."""
    questionnaire.archived_at = None
    session.flush()
