"""Where each relationship stands, flags, what people did about them, what came of it."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import Enum, ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.db import Base
from survey.models import Client
from survey.users import User


class Rung(StrEnum):
    """The ladder. `analysis.relationships.ladder` holds the open rules."""

    NEW = "new"
    CUSTOMER = "customer"
    CLIENT = "client"
    ADVOCATE = "advocate"
    COOLING = "cooling"
    LAPSED = "lapsed"


class RelationshipState(Base):
    """Where one relationship stands now. Rescored when something happens, and when time alone changes it."""

    __tablename__ = "relationship_states"

    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True)
    rung: Mapped[Rung] = mapped_column(index=True)
    rung_since: Mapped[datetime]
    rung_reason: Mapped[str] = mapped_column(String(300))
    health: Mapped[float]  # 0…100
    risk: Mapped[float]  # 0…1
    points: Mapped[float]  # the sum of the signals' points, from which the risk comes
    signals: Mapped[list[dict[str, Any]]]  # [{"signal", "points", "text", "evidence": […]}, …] strongest first
    contributions: Mapped[list[dict[str, Any]]] = mapped_column(
        default=list
    )  # health's: [{"name", "label", "amount", "text"}]
    value_year: Mapped[Decimal] = mapped_column(default=Decimal(0))  # value of the jobs of the last 365 days
    last_job_at: Mapped[datetime | None]
    last_answer_at: Mapped[datetime | None]
    model: Mapped[str] = mapped_column(String(60))
    evidence_version: Mapped[int]  # the Client.evidence_version that was read
    scored_at: Mapped[datetime]
    rescore_at: Mapped[datetime] = mapped_column(index=True)
    next_step: Mapped[str] = mapped_column(String(300), default="", server_default="")
    ladder_rules_id: Mapped[int | None]  # the LadderRuleSet that the rung was found by; None: as delivered
    levels_version: Mapped[int] = mapped_column(index=True, default=0, server_default="0")  # the FirmLevels gone by
    risk_low: Mapped[float | None]  # the risk lies between both with 80%
    risk_high: Mapped[float | None]
    baseline: Mapped[float | None]  # with the signals' points it makes up the log-odds of the risk
    too_little: Mapped[str] = mapped_column(String(200), default="", server_default="")  # why there is no guess, or ""
    looks_bad: Mapped[str] = mapped_column(
        String(300), default="", server_default=""
    )  # what does, flagged or not, or ""
    looks_bad_at: Mapped[datetime | None]  # since when; None for what lasts
    inputs: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")  # relationships.record
    picture: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")  # relationships.picture
    client: Mapped[Client] = relationship()


def _rung(name: str) -> Enum:
    """Two columns of one enumeration: each check constraint needs a name of its own (PostgreSQL refuses the second)."""
    return Enum(
        Rung,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=24,
        values_callable=lambda members: [member.value for member in members],
    )


class LadderMove(Base):
    """One move on the ladder: its date, its reason, what it rests on and the step that it suggests.

    `by_rules`: only an edit of the rules moved them; nobody was won or lost by it.
    """

    __tablename__ = "ladder_moves"

    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    from_rung: Mapped[Rung | None] = mapped_column(_rung("from_rung"))
    to_rung: Mapped[Rung] = mapped_column(_rung("to_rung"))
    moved_at: Mapped[datetime] = mapped_column(index=True)
    reason: Mapped[str] = mapped_column(String(300))
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(default=list, server_default="[]")  # as a flag's reasons'
    next_step: Mapped[str] = mapped_column(String(300), default="", server_default="")
    by_rules: Mapped[bool] = mapped_column(default=False, server_default=false())


class FlagStatus(StrEnum):
    """Where a flag stands. `open` and `acknowledged` are live; a client has at most one live flag."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"  # a manager closed it, with an outcome
    CLEARED = "cleared"  # the evidence no longer supports it


LIVE = (FlagStatus.OPEN, FlagStatus.ACKNOWLEDGED)


class Severity(StrEnum):
    """How urgent a flag is."""

    SEVERE = "severe"
    HIGH = "high"
    MODERATE = "moderate"


_LIVE = text("status IN ('open', 'acknowledged')")


class Flag(Base):
    """A relationship that is turning bad: how bad, why, and what would clear it."""

    __tablename__ = "flags"
    __table_args__ = (
        Index("uq_flags_live_client", "client_id", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
        Index("ix_flags_status_raised", "status", "raised_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    status: Mapped[FlagStatus]
    severity: Mapped[Severity]
    risk: Mapped[float]  # 0…1
    points: Mapped[float]
    reasons: Mapped[list[dict[str, Any]]]  # the contract's: [{"signal", "points", "text", "evidence"}]
    clears_if: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(String(60))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    raised_at: Mapped[datetime]
    updated_at: Mapped[datetime]  # when reasons or severity last changed
    acknowledged_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]  # resolved or cleared
    risk_low: Mapped[float | None]  # as RelationshipState's, when the flag was last brought up to date
    risk_high: Mapped[float | None]
    baseline: Mapped[float | None]
    too_little: Mapped[str] = mapped_column(String(200), default="", server_default="")
    inputs: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")  # and the weights, whole
    severity_why: Mapped[str] = mapped_column(String(300), default="", server_default="")
    raised_with: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")  # what was known on that day
    client: Mapped[Client] = relationship()
    owner: Mapped[User | None] = relationship()


class FlagDay(Base):
    """How a flag stood before a day on which it changed: what "since yesterday" is compared with.

    One row for a flag and a day of the firm's calendar, and only for days on which something changed. `evidence` names
    what the flag rested on, without a word of it.
    """

    __tablename__ = "flag_days"
    __table_args__ = (UniqueConstraint("flag_id", "day"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    flag_id: Mapped[int] = mapped_column(ForeignKey("flags.id", ondelete="CASCADE"))
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    day: Mapped[date] = mapped_column(index=True)
    severity: Mapped[Severity]
    risk: Mapped[float]
    evidence: Mapped[list[str]]  # relationships.changes.keys


class FollowUpKind(StrEnum):
    """What a person did about a flag or a client."""

    ASSIGNED = "assigned"
    ACKNOWLEDGED = "acknowledged"
    PROMISED_CALL = "promised_call"  # due_at: by when; done_at: when it was kept
    CONTACTED = "contacted"
    NOTE = "note"
    RESOLVED = "resolved"


class FollowUp(Base):
    """One action by a person. Never edited; undone by setting `undone_at`."""

    __tablename__ = "follow_ups"

    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    flag_id: Mapped[int | None] = mapped_column(ForeignKey("flags.id", ondelete="CASCADE"), index=True)
    kind: Mapped[FollowUpKind]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    at: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text, default="")
    due_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    details: Mapped[dict[str, Any]]  # what undo needs: the state before
    undone_at: Mapped[datetime | None]
    user: Mapped[User | None] = relationship()


class OutcomeResult(StrEnum):
    """What became of a flagged relationship."""

    KEPT = "kept"
    LOST = "lost"
    FALSE_ALARM = "false_alarm"
    TOO_LATE = "too_late"


class Outcome(Base):
    """What came of a flag: the label that the next flag learns from."""

    __tablename__ = "outcomes"

    id: Mapped[int] = mapped_column(primary_key=True)
    flag_id: Mapped[int] = mapped_column(ForeignKey("flags.id", ondelete="CASCADE"), unique=True)
    result: Mapped[OutcomeResult]
    note: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    at: Mapped[datetime]
    inputs: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")  # the flag's, on that day
    flag: Mapped[Flag] = relationship()
