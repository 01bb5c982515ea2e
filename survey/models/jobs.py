"""The clients' jobs, and each closing of one."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.db import Base
from survey.models.clients import Client, Contact

if TYPE_CHECKING:
    from survey.models.invitations import Invitation


class Exclusion(StrEnum):
    """Why a job is never surveyed."""

    SPAM = "spam"
    AUTO_CLOSED = "auto_closed"
    INTERNAL = "internal"
    OTHER = "other"


class Job(Base):
    """The client's job, as the source system knows it."""

    __tablename__ = "jobs"
    __table_args__ = (UniqueConstraint("source", "external_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(60))
    external_id: Mapped[str] = mapped_column(String(120))
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(80), default="", index=True)
    summary: Mapped[str] = mapped_column(String(500), default="")
    opened_at: Mapped[datetime | None]
    promised_at: Mapped[datetime | None]
    value: Mapped[Decimal | None]
    currency: Mapped[str] = mapped_column(String(3), default="")
    exclusion: Mapped[Exclusion | None]
    contact_chosen_at: Mapped[datetime | None]  # a person said whom to ask: its source no longer changes that
    is_open: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    client: Mapped[Client] = relationship()
    contact: Mapped[Contact] = relationship()
    resolutions: Mapped[list["Resolution"]] = relationship(back_populates="job", order_by="Resolution.sequence")


class Resolution(Base):
    """One closing of a job. A reopened job has several."""

    __tablename__ = "resolutions"
    __table_args__ = (UniqueConstraint("job_id", "sequence"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    sequence: Mapped[int]  # 1, 2, …
    completed_at: Mapped[datetime] = mapped_column(index=True)
    recorded_at: Mapped[datetime]
    reopened_at: Mapped[datetime | None]
    job: Mapped[Job] = relationship(back_populates="resolutions")
    staff: Mapped[list["ResolutionStaff"]] = relationship(back_populates="resolution", cascade="all, delete-orphan")
    invitation: Mapped["Invitation | None"] = relationship(back_populates="resolution")


class ResolutionStaff(Base):
    """Who did the work and their share of it, as it was at closing. Later changes of staff do not touch it."""

    __tablename__ = "resolution_staff"
    __table_args__ = (CheckConstraint("share > 0", name="share_positive"),)

    resolution_id: Mapped[int] = mapped_column(ForeignKey("resolutions.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(120), primary_key=True, index=True)
    share: Mapped[float]  # of 1; the shares of one resolution add up to 1
    resolution: Mapped[Resolution] = relationship(back_populates="staff")
