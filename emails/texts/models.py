"""The firm's own texts, version by version, and what somebody is writing on just now."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from emails.texts.built_in import TextKind
from emails.wording import Wording
from survey.db import Base
from survey.users import User


class EmailText(Base):
    """One version of a text; the newest is in force. Never edited: a change is a new row. All three fields empty: back
    to the built-in text."""

    __tablename__ = "email_texts"
    __table_args__ = (UniqueConstraint("kind", "language", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[TextKind]
    language: Mapped[str] = mapped_column(String(10))
    version: Mapped[int]  # 1, 2, 3 … for each kind and language
    subject: Mapped[str] = mapped_column(Text)
    opening: Mapped[str] = mapped_column(Text)
    closing: Mapped[str] = mapped_column(Text)
    restored: Mapped[int | None]  # the version that this one repeats
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    by: Mapped[User | None] = relationship()

    @property
    def is_built_in(self) -> bool:
        return self.wording.is_empty

    @property
    def wording(self) -> Wording:
        return Wording(self.subject, self.opening, self.closing)


class EmailDraft(Base):
    """What somebody wrote and has not saved: the previews show it, and it is there when they come back."""

    __tablename__ = "email_drafts"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[TextKind] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(String(10), primary_key=True)
    subject: Mapped[str] = mapped_column(Text)
    opening: Mapped[str] = mapped_column(Text)
    closing: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]

    @property
    def wording(self) -> Wording:
        return Wording(self.subject, self.opening, self.closing)
