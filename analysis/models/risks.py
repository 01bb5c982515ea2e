"""What was said of each client month by month, to be held against what happened; and whether that drifts."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from survey.db import Base


class RiskReading(Base):
    """The first risk that was said of a client in a calendar month (UTC). Never changed: that is its worth."""

    __tablename__ = "risk_readings"
    __table_args__ = (UniqueConstraint("client_id", "month"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"))
    month: Mapped[datetime] = mapped_column(index=True)  # its first moment
    at: Mapped[datetime]
    risk: Mapped[float]
    too_little: Mapped[bool]
    model: Mapped[str] = mapped_column(String(60))
    features: Mapped[dict[str, Any]]  # what the risk is made of, by name


class DriftCheck(Base):
    """One look, a day at most, at whether the inputs of the risk or its agreement with what happened have drifted."""

    __tablename__ = "drift_checks"

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[datetime] = mapped_column(unique=True)  # its first moment, UTC
    at: Mapped[datetime]
    found: Mapped[dict[str, Any]]  # analysis.learning.drift
    crossed: Mapped[list[str]]  # what is beyond its limit: "inputs/silence", "calibration"
    news: Mapped[list[str]]  # those of them that were not beyond it before: of these admins are told, once
    told_at: Mapped[datetime | None]
