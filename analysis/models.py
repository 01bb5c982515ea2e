"""The rows of the second half: what was read, where a relationship stands, flags, what people did, what came of it."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Enum,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.db import Base
from survey.models import Answer, Client
from survey.users import User


class AnswerAnalysis(Base):
    """One reading of one answer's text by one model version. A changed answer or a new model is a new reading."""

    __tablename__ = "answer_analyses"
    __table_args__ = (UniqueConstraint("answer_id", "model", "text_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    answer_id: Mapped[int] = mapped_column(ForeignKey("answers.id", ondelete="CASCADE"), index=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    model: Mapped[str] = mapped_column(String(60))
    text_hash: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(10), default="")
    sentiment: Mapped[str] = mapped_column(String(10))  # negative, neutral, positive, mixed
    score: Mapped[float]  # −1…1
    probabilities: Mapped[dict[str, Any]]
    aspects: Mapped[list[dict[str, Any]]]
    intents: Mapped[dict[str, Any]]
    evidence: Mapped[list[dict[str, Any]]]
    sentences: Mapped[list[dict[str, Any]]] = mapped_column(default=list, server_default="[]")
    severity: Mapped[float] = mapped_column(default=0.0, server_default="0")  # 0…1: how grave, whatever the tone
    abstained: Mapped[str] = mapped_column(String(20), default="", server_default="")  # why it is unsure, or ""
    analysed_at: Mapped[datetime]
    answer: Mapped[Answer] = relationship()


_JSON_OR_NULL = JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


class Correction(Base):
    """A person's word against a reading. Never edited; undone by setting `undone_at`. It changes no model by itself.

    In force while it is the latest that is not undone and `text_hash` is that of the answer's present text.
    """

    __tablename__ = "corrections"

    id: Mapped[int] = mapped_column(primary_key=True)
    answer_id: Mapped[int] = mapped_column(ForeignKey("answers.id", ondelete="CASCADE"), index=True)
    analysis_id: Mapped[int | None] = mapped_column(ForeignKey("answer_analyses.id", ondelete="SET NULL"))
    model: Mapped[str] = mapped_column(String(60))  # the version that was corrected
    text_hash: Mapped[str] = mapped_column(String(64))
    said_sentiment: Mapped[str] = mapped_column(String(10))
    sentiment: Mapped[str | None] = mapped_column(String(10))  # None: the sentiment was right
    said_aspects: Mapped[list[dict[str, Any]]]  # [{"aspect", "sentiment", "start", "end"}]
    aspects: Mapped[list[dict[str, Any]] | None] = mapped_column(_JSON_OR_NULL)  # None: the aspects were right
    note: Mapped[str] = mapped_column(Text, default="")
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    at: Mapped[datetime] = mapped_column(index=True)
    undone_at: Mapped[datetime | None]
    answer: Mapped[Answer] = relationship()
    user: Mapped[User | None] = relationship()


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
    """One move on the ladder, with its date and reason."""

    __tablename__ = "ladder_moves"

    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    from_rung: Mapped[Rung | None] = mapped_column(_rung("from_rung"))
    to_rung: Mapped[Rung] = mapped_column(_rung("to_rung"))
    moved_at: Mapped[datetime] = mapped_column(index=True)
    reason: Mapped[str] = mapped_column(String(300))


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
    client: Mapped[Client] = relationship()
    owner: Mapped[User | None] = relationship()


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
    flag: Mapped[Flag] = relationship()


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


class OwnAspect(Base):
    """A subject that the firm added by example sentences. Never deleted: readings refer to it by its key.

    `previous` is what undo brings back. `trial` is what the worker found when it tried the examples on recent
    comments; it stands while `tried_at` is set, and the subject is read only then.
    """

    __tablename__ = "own_aspects"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    examples: Mapped[list[str]]
    previous: Mapped[dict[str, Any] | None] = mapped_column(_JSON_OR_NULL)  # {"name", "examples"}
    trial: Mapped[dict[str, Any] | None] = mapped_column(_JSON_OR_NULL)  # see analysis.subject_trials
    tried_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]


THEME_NAME = 120


class Theme(Base):
    """Something that several clients say, found by `analysis.text.themes`. It stays itself from run to run."""

    __tablename__ = "themes"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(THEME_NAME))
    renamed_at: Mapped[datetime | None]  # a person named it: no run changes the name, nor forgets the theme
    named_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    words: Mapped[list[str]]
    centroid: Mapped[bytes] = mapped_column(LargeBinary)  # a unit vector, float16, little-endian
    model: Mapped[str] = mapped_column(String(60))  # the embedding that the centroid lies in
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    hidden_at: Mapped[datetime | None]
    named_by: Mapped[User | None] = relationship()


class ThemeMention(Base):
    """Where a comment says a theme: characters `start` to `end` of the answer's text."""

    __tablename__ = "theme_mentions"
    __table_args__ = (UniqueConstraint("theme_id", "answer_id", "start"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    theme_id: Mapped[int] = mapped_column(ForeignKey("themes.id", ondelete="CASCADE"))
    answer_id: Mapped[int] = mapped_column(ForeignKey("answers.id", ondelete="CASCADE"), index=True)
    start: Mapped[int]
    end: Mapped[int]
    said_at: Mapped[datetime] = mapped_column(index=True)
    fit: Mapped[float]  # how near to the theme's middle, −1…1: the nearest is quoted


class ThemeRun(Base):
    """The last time that themes were looked for. One row, id 1; none before the first time."""

    __tablename__ = "theme_runs"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    at: Mapped[datetime]
    model: Mapped[str] = mapped_column(String(60))
    since: Mapped[datetime]  # the oldest comment that was looked at
    comments: Mapped[int]  # how many comments and sentences were looked at
    sentences: Mapped[int]
