"""What the machine proposes and people decide."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.db import Base
from survey.users import User


class CalibrationStatus(StrEnum):
    """A refit is proposed by the machine and decided by a manager."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


class Calibration(Base):
    """A set of weights: proposed from outcomes, in force once accepted. No accepted row means the defaults."""

    __tablename__ = "calibrations"

    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[CalibrationStatus] = mapped_column(index=True)
    weights: Mapped[dict[str, Any]]  # signal → multiplier on its points, plus "intercept"
    report: Mapped[dict[str, Any]]  # outcomes used, before and after, intervals
    proposed_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))


class TextCalibration(Base):
    """Sentiment's probabilities fitted to this firm. In force once accepted, for the version `base` alone.

    Its id names it in a reading's `model`: "+cal" and the id. `analysis.text.recalibration` holds the formula.
    """

    __tablename__ = "text_calibrations"

    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[CalibrationStatus] = mapped_column(index=True)
    base: Mapped[str] = mapped_column(String(60))  # the version whose probabilities it moves
    temperature: Mapped[float]
    negative: Mapped[float]  # the biases
    neutral: Mapped[float]
    positive: Mapped[float]
    report: Mapped[dict[str, Any]]  # see analysis.recalibration
    proposed_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    replaced_id: Mapped[int | None] = mapped_column(ForeignKey("text_calibrations.id", ondelete="SET NULL"))  # for undo
    decided_by: Mapped[User | None] = relationship()
