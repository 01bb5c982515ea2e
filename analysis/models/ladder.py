"""The ladder's rules as this firm set them, and who sent whom."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.db import Base
from survey.models import Client
from survey.users import User

_STANDS = text("undone_at IS NULL")


class LadderRuleSet(Base):
    """One set of rules; the newest is in force, none means as delivered. Never edited: a change is a new row."""

    __tablename__ = "ladder_rule_sets"

    id: Mapped[int] = mapped_column(primary_key=True)
    rules: Mapped[dict[str, Any]]  # analysis.relationships.ladder_rules.LadderRules by name
    note: Mapped[str] = mapped_column(String(300), default="")  # why, as the person wrote it
    set_at: Mapped[datetime]
    set_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    set_by: Mapped[User | None] = relationship()


class Referral(Base):
    """A client sent somebody: another client, or a name that is none yet. Undone by setting `undone_at`.

    A client is sent by one client at most; `Client.referred_by_id` says the same as the row that stands.
    """

    __tablename__ = "referrals"
    __table_args__ = (
        Index(
            "uq_referrals_standing_referred",
            "referred_id",
            unique=True,
            sqlite_where=_STANDS,
            postgresql_where=_STANDS,
        ),
        CheckConstraint("referred_id IS NULL OR referred_id <> client_id", name="somebody_else"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), index=True)  # who sent
    referred_id: Mapped[int | None] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"))  # who came
    name: Mapped[str] = mapped_column(String(200))  # as written; the client's name where there is one
    at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    undone_at: Mapped[datetime | None]
    client: Mapped[Client] = relationship(foreign_keys=[client_id])
    referred: Mapped[Client | None] = relationship(foreign_keys=[referred_id])
    user: Mapped[User | None] = relationship()
