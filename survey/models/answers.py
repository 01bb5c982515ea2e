"""What clients confirmed."""

from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Table, Text, UniqueConstraint, event, false, inspect
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from survey import full_text, tallies
from survey.db import Base
from survey.models.clients import Contact
from survey.models.jobs import Resolution


class ResponseOrigin(StrEnum):
    """Where an answer came from."""

    SURVEY = "survey"
    IMPORT = "import"


class SurveyResponse(Base):
    """What one contact confirmed about one resolution. The values are its answers."""

    __tablename__ = "survey_responses"
    __table_args__ = (
        UniqueConstraint("resolution_id", "contact_id"),
        Index("ix_survey_responses_origin_submitted", "origin", "submitted_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    resolution_id: Mapped[int] = mapped_column(ForeignKey("resolutions.id", ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), index=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    invitation_id: Mapped[int | None] = mapped_column(ForeignKey("invitations.id", ondelete="SET NULL"), unique=True)
    origin: Mapped[ResponseOrigin]
    language: Mapped[str] = mapped_column(String(10), default="")
    version_id: Mapped[int | None] = mapped_column(index=True)  # what it answers; None: from another tool, by email
    submitted_at: Mapped[datetime] = mapped_column(index=True)
    changed_at: Mapped[datetime | None]
    tally: Mapped[str] = mapped_column(
        Text, default="", server_default=""
    )  # survey.tallies, of the answers as they are
    answers: Mapped[list["Answer"]] = relationship(back_populates="response", cascade="all, delete-orphan")
    touchpoints: Mapped[list["Touchpoint"]] = relationship(back_populates="response", cascade="all, delete-orphan")
    resolution: Mapped[Resolution] = relationship()
    contact: Mapped[Contact] = relationship()

    def count_again(self) -> None:
        """Bring the tally in line with the answers."""
        self.tally = tallies.tally_of(
            ((answer.question, answer.number, bool(answer.managers_only)) for answer in self.answers),
            ((touchpoint.step, touchpoint.value) for touchpoint in self.touchpoints),
        )


class Answer(Base):
    """One question's confirmed value: a number or a text."""

    __tablename__ = "answers"
    __table_args__ = (
        UniqueConstraint("response_id", "question"),
        CheckConstraint("number IS NOT NULL OR text IS NOT NULL", name="not_empty"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    response_id: Mapped[int] = mapped_column(ForeignKey("survey_responses.id", ondelete="CASCADE"))
    question: Mapped[str] = mapped_column(String(40))  # csat, nps, comment, …; `key.value`: an option of `key`
    number: Mapped[int | None]
    text: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime]  # moves when the client changes the answer; the analysis is redone
    managers_only: Mapped[bool] = mapped_column(default=False, server_default=false())  # as its question says
    response: Mapped[SurveyResponse] = relationship(back_populates="answers")


full_text.register(cast("Table", Answer.__table__))


class Touchpoint(Base):
    """The ledger of the service promise: +1 the step happened, −1 it did not, 0 not applicable."""

    __tablename__ = "touchpoints"
    __table_args__ = (
        UniqueConstraint("response_id", "step"),
        CheckConstraint("value IN (-1, 0, 1)", name="value_sign"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    response_id: Mapped[int] = mapped_column(ForeignKey("survey_responses.id", ondelete="CASCADE"))
    resolution_id: Mapped[int] = mapped_column(ForeignKey("resolutions.id", ondelete="CASCADE"), index=True)
    step: Mapped[str] = mapped_column(String(40))
    value: Mapped[int]
    response: Mapped[SurveyResponse] = relationship(back_populates="touchpoints")


@event.listens_for(Session, "before_flush")
def _count_again(session: Session, _context: Any, _instances: Any) -> None:
    """Whoever adds, changes or takes away an answer through the mapper changes the tally with it."""
    rows = [*session.new, *session.dirty, *session.deleted]
    found = {row.response for row in rows if isinstance(row, Answer | Touchpoint)}
    found |= {row for row in rows if isinstance(row, SurveyResponse) and _has_other_answers(row)}
    for response in found - set(session.deleted) - {None}:
        response.count_again()


def _has_other_answers(response: SurveyResponse) -> bool:
    attributes = inspect(response).attrs
    return bool(attributes.answers.history.has_changes() or attributes.touchpoints.history.has_changes())
