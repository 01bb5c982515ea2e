"""Runs of the backtest that people started on the desk: what they gave, how far it is, what came of it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.db import Base
from survey.users import User


class BacktestState(StrEnum):
    """Waiting for the worker, at work, or over."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


OVER = (BacktestState.DONE, BacktestState.FAILED, BacktestState.CANCELLED)


class Backtest(Base):
    """One run. While it runs, a worker holds it under a lease that it renews; a lease that ran out is free to take.

    `report` is the document of `flask backtest --json` with `curves`; `told` and `clients` are gzipped JSON: the
    stories, and [ref, name, first job, last job, jobs, lost at] of each client, which the weeks name by their place.
    """

    __tablename__ = "backtests"

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[BacktestState] = mapped_column(index=True)
    own_history: Mapped[bool]  # of what is in this installation; else of the files
    asked_at: Mapped[datetime]
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    counts: Mapped[dict[str, Any]]  # jobs, responses, lost; what the rows were
    problems: Mapped[list[dict[str, Any]]]  # the first rows that cannot be read: file, line, column, message
    problem_count: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    lease_token: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None]
    began_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    stage: Mapped[str] = mapped_column(String(40), default="")
    stage_began_at: Mapped[datetime | None]
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(Text, default="")
    report: Mapped[dict[str, Any]]
    told: Mapped[bytes] = mapped_column(LargeBinary, default=b"", deferred=True)
    clients: Mapped[bytes] = mapped_column(LargeBinary, default=b"", deferred=True)
    asked_by: Mapped[User | None] = relationship()


class BacktestFile(Base):
    """A file that was brought for a run, gzipped. It goes when the run is deleted."""

    __tablename__ = "backtest_files"
    __table_args__ = (UniqueConstraint("backtest_id", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    backtest_id: Mapped[int] = mapped_column(ForeignKey("backtests.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))  # jobs, responses, lost
    filename: Mapped[str] = mapped_column(String(200), default="")
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class BacktestWeek(Base):
    """What was said at one Monday, gzipped JSON: `all` of [client's place, risk, flagged]; `list` of those whom the
    desk would have shown, with the reasons as known then."""

    __tablename__ = "backtest_weeks"
    __table_args__ = (UniqueConstraint("backtest_id", "week"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    backtest_id: Mapped[int] = mapped_column(ForeignKey("backtests.id", ondelete="CASCADE"))
    week: Mapped[datetime]
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
