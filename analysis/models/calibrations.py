"""What the machine proposes and people decide."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from survey.db import Base


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
