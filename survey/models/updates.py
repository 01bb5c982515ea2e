"""What the client is told of what became of their answer, and what they say to it."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.db import Base
from survey.models.answers import SurveyResponse


class UpdateStage(StrEnum):
    """How far the firm is with what a client told it."""

    SEEN = "seen"
    DOING = "doing"
    DONE = "done"


class ClientUpdate(Base):
    """One line that the client reads on the survey's link after answering. Never edited; undone by `undone_at`.

    `by` is the day by which the firm promised the next step. `fixed` is what the client says to something done.
    """

    __tablename__ = "client_updates"

    id: Mapped[int] = mapped_column(primary_key=True)
    response_id: Mapped[int] = mapped_column(ForeignKey("survey_responses.id", ondelete="CASCADE"), index=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    stage: Mapped[UpdateStage]
    text: Mapped[str] = mapped_column(String(500), default="")
    by: Mapped[date | None]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    fixed: Mapped[bool | None]
    fixed_at: Mapped[datetime | None]
    response: Mapped[SurveyResponse] = relationship()
