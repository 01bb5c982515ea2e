"""What a client puts right on the survey's link with one tap: who is asked, how often, or whether the job is done."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.db import Base
from survey.models.clients import Client, Contact
from survey.models.invitations import Invitation
from survey.users import User


class RepairKind(StrEnum):
    """What is not right."""

    NOT_FINISHED = "not_finished"  # the job is not done
    WRONG_PERSON = "wrong_person"  # somebody else at the client is the one to ask
    COLLEAGUE = "colleague"  # a colleague knows this job better
    LEFT = "left"  # they do not work there any more
    LESS = "less"  # at most once in three months


class RepairState(StrEnum):
    """Where a repair stands."""

    OPEN = "open"  # a manager has yet to look at it; what the client asked for themselves holds already
    APPROVED = "approved"  # by a manager, or where nobody needs to: at once
    DECLINED = "declined"  # a manager knows better; what it had changed is as before
    UNDONE = "undone"  # the client took it back


_STANDS = text("state IN ('open', 'approved')")


class Repair(Base):
    """One thing that one person said is not right, and what was done about it.

    `contact` is who said it, `name` and `email` are whom they named, `new_contact` is who is asked instead.
    `token_hash` is the link that was theirs before the survey went to somebody else; `before` is what undoing restores.
    """

    __tablename__ = "repairs"
    __table_args__ = (
        Index(
            "uq_repairs_standing",
            "invitation_id",
            "contact_id",
            "kind",
            unique=True,
            sqlite_where=_STANDS,
            postgresql_where=_STANDS,
        ),
        Index("ix_repairs_state_at", "state", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[RepairKind]
    state: Mapped[RepairState]
    invitation_id: Mapped[int] = mapped_column(ForeignKey("invitations.id", ondelete="CASCADE"))
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    email: Mapped[str] = mapped_column(String(254), default="")  # lower case; nothing is sent to it unapproved
    words: Mapped[str] = mapped_column(String(1000), default="")
    why_open: Mapped[str] = mapped_column(String(300), default="")  # why it was not done at once
    new_contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id", ondelete="SET NULL"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), default="", index=True)
    asked_at: Mapped[datetime | None]  # when they were asked, of a survey that went on: it counts for their rest
    before: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    undone_at: Mapped[datetime | None]
    invitation: Mapped[Invitation] = relationship()
    client: Mapped[Client] = relationship()
    contact: Mapped[Contact] = relationship(foreign_keys=[contact_id])
    new_contact: Mapped[Contact | None] = relationship(foreign_keys=[new_contact_id])
    decided_by: Mapped[User | None] = relationship()
