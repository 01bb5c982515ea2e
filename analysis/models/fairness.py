"""What was said against counting a rating towards a person."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.db import Base
from survey.models import SurveyResponse
from survey.users import User

_STANDS = text("withdrawn_at IS NULL")


class Verdict(StrEnum):
    """What the second reviewer decided about a contested rating."""

    COUNTS = "counts"
    SET_ASIDE = "set_aside"


class RatingContest(Base):
    """Somebody says that a rating should not count towards this person, and why. Another user decides by `due_at`."""

    __tablename__ = "rating_contests"
    __table_args__ = (
        Index(
            "uq_rating_contests_standing",
            "response_id",
            "name",
            unique=True,
            sqlite_where=_STANDS,
            postgresql_where=_STANDS,
        ),
        CheckConstraint("reviewed_by_id IS NULL OR reviewed_by_id <> contested_by_id", name="second_reviewer"),
        CheckConstraint("(verdict IS NULL) = (reviewed_at IS NULL)", name="verdict_dated"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    response_id: Mapped[int] = mapped_column(ForeignKey("survey_responses.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(120), index=True)  # of ResolutionStaff: whom the rating would count for
    reason: Mapped[str] = mapped_column(Text)
    contested_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    contested_at: Mapped[datetime]
    due_at: Mapped[datetime]
    verdict: Mapped[Verdict | None]
    review_note: Mapped[str] = mapped_column(Text, default="")
    reviewed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    reviewed_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    response: Mapped[SurveyResponse] = relationship()
    contested_by: Mapped[User | None] = relationship(foreign_keys=[contested_by_id])
    reviewed_by: Mapped[User | None] = relationship(foreign_keys=[reviewed_by_id])
