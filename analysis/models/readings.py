"""What was read, what people said against it, and the subjects that the firm added."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.db import Base
from survey.models import Answer
from survey.users import User

_JSON_OR_NULL = JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


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


class SpotCheck(Base):
    """A comment drawn at random to be judged by a person who does not see the reading. The only fair sample there is.

    `said` is what the comment was read as when it was drawn, and `share` how many of all comments were read so: with
    both, each check can be counted as often as it stands for others.
    """

    __tablename__ = "spot_checks"
    __table_args__ = (UniqueConstraint("answer_id", "text_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    answer_id: Mapped[int] = mapped_column(ForeignKey("answers.id", ondelete="CASCADE"))
    text_hash: Mapped[str] = mapped_column(String(64))
    model: Mapped[str] = mapped_column(String(60))
    said: Mapped[str] = mapped_column(String(10))
    share: Mapped[float]
    drawn_at: Mapped[datetime]
    label: Mapped[str | None] = mapped_column(String(10))  # a sentiment, or "unclear"; None while it waits
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    at: Mapped[datetime | None] = mapped_column(index=True)
    answer: Mapped[Answer] = relationship()
    user: Mapped[User | None] = relationship()


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
    trial: Mapped[dict[str, Any] | None] = mapped_column(_JSON_OR_NULL)  # see analysis.reading.subject_trials
    tried_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]
