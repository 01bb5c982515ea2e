"""What people wrote back, and what became of it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.db import Base
from survey.models import Answer, Invitation


class ReplyState(StrEnum):
    """What became of a reply."""

    RECEIVED = "received"
    """Stored, and not looked at yet."""

    COMMENT = "comment"
    """Its words are a comment on the job that the email asked about."""

    STOP = "stop"
    """It asked to stop, and its sender is asked no more. Other words in it are a comment as well."""

    AUTOMATIC = "automatic"
    """A machine answered: out of office, a ticket system, a bounce. Not an answer."""

    EMPTY = "empty"
    """Nothing of the sender's own was left in it, or it says what an earlier reply said."""

    QUARANTINED = "quarantined"
    """A person must look: it is not sure whose reply it is, or to what. `why` says which."""

    DISMISSED = "dismissed"
    """A person looked, and it counts for nothing."""


class Reply(Base):
    """One email that came back. Kept as it came but for links of surveys, beside the words of its own found in it."""

    __tablename__ = "replies"
    __table_args__ = (Index("ix_replies_state_received", "state", "received_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    once_key: Mapped[str] = mapped_column(String(80), unique=True)  # the provider repeats what we did not confirm
    received_at: Mapped[datetime]
    from_email: Mapped[str] = mapped_column(String(254))  # lower case
    from_name: Mapped[str] = mapped_column(String(200))
    to_email: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(300))
    headers: Mapped[dict[str, Any]]  # those that the rules read, names in lower case
    body: Mapped[str] = mapped_column(
        Text
    )  # with quoted history but no survey's link, cut at `emails.replies.form.LONGEST_BODY`
    own_words: Mapped[str] = mapped_column(Text)  # what is left without quoted history and signature
    attachments: Mapped[int]  # how many came with it; they are not kept
    authentic: Mapped[bool]  # the provider found the sender's domain to be true (SPF or DKIM)
    state: Mapped[ReplyState]
    why: Mapped[str] = mapped_column(String(300))  # one sentence for a person
    invitation_id: Mapped[int | None] = mapped_column(ForeignKey("invitations.id", ondelete="CASCADE"), index=True)
    answer_id: Mapped[int | None] = mapped_column(ForeignKey("answers.id", ondelete="SET NULL"), index=True)
    processed_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    decided_at: Mapped[datetime | None]
    invitation: Mapped[Invitation | None] = relationship()
    answer: Mapped[Answer | None] = relationship()
