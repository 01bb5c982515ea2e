"""What is asked: questionnaires, their published versions, and which kind of job gets which."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.db import Base
from survey.users import User


class Questionnaire(Base):
    """A questionnaire: its name, the draft that managers edit, and its versions."""

    __tablename__ = "questionnaires"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    draft: Mapped[dict[str, Any]]  # survey.questionnaires.document.Document as JSON
    revision: Mapped[int] = mapped_column(default=1)  # grows with each change of the draft
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]
    versions: Mapped[list["QuestionnaireVersion"]] = relationship(
        back_populates="questionnaire", order_by="QuestionnaireVersion.number"
    )


class QuestionnaireVersion(Base):
    """What was published once. Never changes: the answers to it say which one they answer."""

    __tablename__ = "questionnaire_versions"
    __table_args__ = (UniqueConstraint("questionnaire_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    questionnaire_id: Mapped[int] = mapped_column(ForeignKey("questionnaires.id", ondelete="RESTRICT"))
    number: Mapped[int]  # 1, 2, … within its questionnaire
    document: Mapped[dict[str, Any]]
    digest: Mapped[str] = mapped_column(String(64))  # SHA-256 of the document
    changes: Mapped[list[Any]] = mapped_column(default=list)  # sentences: what differs from the version before
    published_at: Mapped[datetime]
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    questionnaire: Mapped[Questionnaire] = relationship(back_populates="versions")
    published_by: Mapped[User | None] = relationship()


class QuestionnaireEdit(Base):
    """One change of a draft and the draft before it, for the way back; only the last ones are kept."""

    __tablename__ = "questionnaire_edits"
    __table_args__ = (UniqueConstraint("questionnaire_id", "revision"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    questionnaire_id: Mapped[int] = mapped_column(ForeignKey("questionnaires.id", ondelete="CASCADE"))
    revision: Mapped[int]  # which the change made
    before: Mapped[dict[str, Any]]
    what: Mapped[str] = mapped_column(String(300))  # a sentence
    edited_at: Mapped[datetime]
    edited_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    edited_by: Mapped[User | None] = relationship()


class QuestionnaireUse(Base):
    """Which questionnaire a kind of job gets, and how many of these jobs are asked about."""

    __tablename__ = "questionnaire_uses"
    __table_args__ = (CheckConstraint("share BETWEEN 0 AND 100", name="share_percent"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(120), unique=True)  # case-folded; "" stands for every other kind
    questionnaire_id: Mapped[int] = mapped_column(ForeignKey("questionnaires.id", ondelete="CASCADE"), index=True)
    share: Mapped[int] = mapped_column(default=100)  # per cent
    questionnaire: Mapped[Questionnaire] = relationship()


class QuestionnaireUseChange(Base):
    """One change of which kind of job gets which questionnaire, in the words of its day."""

    __tablename__ = "questionnaire_use_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    changes: Mapped[list[dict[str, Any]]]  # {"label", "before", "after"}
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    changed_by: Mapped[User | None] = relationship()


class ConfidentialAnswer(Base):
    """An answer kept apart from who gave it: no row leads from here to a client, and none back.

    `code` is made from the survey's link, which only its owner has, so that the owner can change the answer.
    """

    __tablename__ = "confidential_answers"
    __table_args__ = (
        CheckConstraint("number IS NOT NULL OR text IS NOT NULL", name="not_empty"),
        {"sqlite_with_rowid": False},  # a row's number would tell the order in which answers came
    )

    code: Mapped[str] = mapped_column(String(64), primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("questionnaire_versions.id", ondelete="RESTRICT"), index=True)
    question: Mapped[str] = mapped_column(String(40))
    number: Mapped[int | None]
    text: Mapped[str | None] = mapped_column(String(6_000))
    month: Mapped[str] = mapped_column(String(7))  # 2026-11: when, as roughly as a figure needs it
