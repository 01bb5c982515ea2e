"""Clients and the people there."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, inspect, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.db import Base
from survey.users import User

_NEWS = text("evidence_version <> scored_version")


class Client(Base):
    """The firm or person served: the account."""

    __tablename__ = "clients"
    __table_args__ = (Index("ix_clients_news", "id", sqlite_where=_NEWS, postgresql_where=_NEWS),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(120), unique=True)  # the source's client_ref, or made from the name
    name: Mapped[str] = mapped_column(String(200), index=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    referred_by_id: Mapped[int | None] = mapped_column(ForeignKey("clients.id", ondelete="SET NULL"))
    internal: Mapped[bool] = mapped_column(default=False)  # ours, a test account: never asked or flagged; is evidence
    notes: Mapped[str] = mapped_column(Text, default="")
    interests: Mapped[str] = mapped_column(Text, default="", server_default="")  # what they care about, one a line
    country: Mapped[str] = mapped_column(String(10), default="")  # whose holidays they keep; "": as the firm
    created_at: Mapped[datetime]
    surveys_held_at: Mapped[datetime | None]  # "hold while hurting": set by analysis while a flag is open
    surveys_held_reason: Mapped[str] = mapped_column(String(200), default="")
    evidence_version: Mapped[int] = mapped_column(default=1)  # raised by whoever records evidence: see add_evidence
    scored_version: Mapped[int] = mapped_column(default=0, server_default="0")  # the evidence last scored; 0: never
    contacts: Mapped[list["Contact"]] = relationship(back_populates="client", order_by="Contact.id")
    owner: Mapped[User | None] = relationship()

    def add_evidence(self) -> None:
        """Say that something about this client changed, so that the relationship is scored again."""
        known = inspect(self).persistent  # counted by the database then: two transactions must not end on one number
        self.evidence_version = Client.evidence_version + 1 if known else (self.evidence_version or 0) + 1


DECISION_MAKER = "decision-maker"  # the role that the rules know


class MailBlock(StrEnum):
    """Why no survey may go to a contact's address. Written by the emails package from its suppressions."""

    BOUNCED = "bounced"
    UNSUBSCRIBED = "unsubscribed"
    COMPLAINED = "complained"
    MANUAL = "manual"


class Contact(Base):
    """A person at a client, with a role."""

    __tablename__ = "contacts"
    __table_args__ = (UniqueConstraint("client_id", "email"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(200), default="")
    email: Mapped[str] = mapped_column(String(254), index=True)  # lower case
    role: Mapped[str] = mapped_column(String(60), default="")  # set by `take_role`
    language: Mapped[str] = mapped_column(String(10), default="")
    timezone: Mapped[str] = mapped_column(String(64), default="")
    country: Mapped[str] = mapped_column(String(10), default="")  # whose holidays they keep; "": as their client
    created_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    decides_since: Mapped[datetime | None]  # when we saw them become a decision-maker; None: as long as known
    mail_block: Mapped[MailBlock | None]
    mail_blocked_at: Mapped[datetime | None]
    wrong_at: Mapped[datetime | None]  # since when they are known as the wrong one to ask about this client
    asks_less_at: Mapped[datetime | None]  # since when they want to be asked at most once a quarter
    client: Mapped[Client] = relationship(back_populates="contacts")

    def take_role(self, role: str, at: datetime) -> None:
        """Set the role; somebody known in another one who becomes a decision-maker is remembered as new in that."""
        known, decides = bool(self.role) and inspect(self).persistent, role == DECISION_MAKER
        if decides and known and self.role != DECISION_MAKER:
            self.decides_since = at
        elif not decides:
            self.decides_since = None
        self.role = role
