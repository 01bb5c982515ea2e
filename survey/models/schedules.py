"""The history of the survey rules, and the pauses of all sending to clients."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.db import Base
from survey.users import User


class SurveyRuleSet(Base):
    """One version of the survey rules; the newest is in force. Never edited: a change is a new row."""

    __tablename__ = "survey_rule_sets"

    id: Mapped[int] = mapped_column(primary_key=True)
    rules: Mapped[dict[str, Any]]  # survey.asking.rules.SurveyRules by name
    note: Mapped[str] = mapped_column(String(300), default="")  # why, as the person wrote it
    set_at: Mapped[datetime]
    set_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    set_by: Mapped[User | None] = relationship()


class SchedulePause(Base):
    """Surveys and reminders to everybody wait: from `paused_at` until `resumed_at`. One at a time is in force."""

    __tablename__ = "schedule_pauses"
    __table_args__ = (CheckConstraint("(in_force IS NULL) = (resumed_at IS NOT NULL)", name="over_when_resumed"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    in_force: Mapped[bool | None] = mapped_column(unique=True, default=True)  # NULL once it is over
    why: Mapped[str] = mapped_column(String(300))
    paused_at: Mapped[datetime]
    paused_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    resumed_at: Mapped[datetime | None]
    resumed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    moved: Mapped[int] = mapped_column(default=0)  # surveys and reminders spread out when it ended
    skipped: Mapped[int] = mapped_column(default=0)  # surveys that it had made too late
    paused_by: Mapped[User | None] = relationship(foreign_keys=[paused_by_id])
    resumed_by: Mapped[User | None] = relationship(foreign_keys=[resumed_by_id])
