"""What the machine proposes and people decide."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from survey.db import Base
from survey.users import User


class CalibrationStatus(StrEnum):
    """A refit is proposed by the machine and decided by a manager."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


class Decided(Base):
    """What every proposal has, whatever it proposes: its report, and who decided what about it."""

    __abstract__ = True

    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[CalibrationStatus] = mapped_column(index=True)
    report: Mapped[dict[str, Any]]  # what it was fitted to, before and after, intervals, what it changes
    proposed_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))

    @declared_attr
    @classmethod
    def replaced_id(cls) -> Mapped[int | None]:
        """What it took the place of: undo brings that back."""
        return mapped_column(ForeignKey(f"{cls.__tablename__}.id", ondelete="SET NULL"))

    @declared_attr
    @classmethod
    def decided_by(cls) -> Mapped[User | None]:
        return relationship(User)


class CalibrationKind(StrEnum):
    """Which weights: the multipliers on the signals' points, refit from outcomes of flags; or those of the chance of
    loss, refit from who was lost."""

    POINTS = "points"
    LOSS = "loss"


class Calibration(Decided):
    """A set of weights: proposed by the machine, in force once accepted. No accepted row of a kind: as shipped.

    `weights` of POINTS: signal → multiplier on its points, plus "intercept"; of LOSS: `LossWeights.as_dict()`. Those of
    LOSS are in force only while what is shipped is `base`: other versions have other features.
    """

    __tablename__ = "calibrations"

    kind: Mapped[CalibrationKind] = mapped_column(
        default=CalibrationKind.POINTS, server_default=CalibrationKind.POINTS.value
    )
    base: Mapped[str] = mapped_column(String(60), default="", server_default="")
    weights: Mapped[dict[str, Any]]


class RefitRun(Base):
    """A person asked for weights, or the readings' probabilities, to be fitted to this firm: how far the worker is.

    Waits while `started_at` is empty; taken up again when `beat_at` is old and `finished_at` empty.
    """

    __tablename__ = "refit_runs"

    id: Mapped[int] = mapped_column(primary_key=True)
    asked_at: Mapped[datetime]
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    started_at: Mapped[datetime | None]
    beat_at: Mapped[datetime | None]
    stage: Mapped[str] = mapped_column(String(60), default="")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None]
    why: Mapped[str] = mapped_column(String(400), default="")  # why nothing is proposed, or ""
    calibration_id: Mapped[int | None] = mapped_column(ForeignKey("calibrations.id", ondelete="SET NULL"))


class TextCalibration(Decided):
    """Sentiment's probabilities fitted to this firm. In force once accepted, for the version `base` alone.

    Its id names it in a reading's `model`: "+cal" and the id. `analysis.text.recalibration` holds the formula.
    """

    __tablename__ = "text_calibrations"

    base: Mapped[str] = mapped_column(String(60))  # the version whose probabilities it moves
    temperature: Mapped[float]
    negative: Mapped[float]  # the biases
    neutral: Mapped[float]
    positive: Mapped[float]
