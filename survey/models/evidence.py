"""What was seen on a link beyond what is kept one by one, and the answers that do not count."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.db import Base
from survey.models.invitations import Invitation


class VisitTally(Base):
    """The visits of one visitor beyond those that are kept one by one: how many, and what the latest was like."""

    __tablename__ = "visit_tallies"
    __table_args__ = (UniqueConstraint("invitation_id", "kind", "visitor"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    invitation_id: Mapped[int] = mapped_column(ForeignKey("invitations.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(24))  # a value of SurveyEventKind
    visitor: Mapped[str] = mapped_column(String(64))  # SHA-256 of the User-Agent; "" for everybody beyond the limit
    user_agent: Mapped[str] = mapped_column(String(300), default="")
    times: Mapped[int] = mapped_column(default=0)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    details: Mapped[dict[str, Any]]


class LinkSeen(StrEnum):
    """Who was seen on a link."""

    PERSON = "person"  # at least one visit that nothing marks as a machine's
    MACHINE = "machine"  # machines alone


class LinkVerdict(Base):
    """What the evidence of one link amounts to: `survey.evidence.verdicts`. None where the link was never opened."""

    __tablename__ = "link_verdicts"
    __table_args__ = (
        CheckConstraint("stale OR seen IS NOT NULL", name="judged"),
        CheckConstraint("(clicked IS NULL) = (clicked_at IS NULL)", name="click_dated"),
        Index(
            "ix_link_verdicts_stale", "invitation_id", sqlite_where=text("stale = 1"), postgresql_where=text("stale")
        ),
    )

    invitation_id: Mapped[int] = mapped_column(
        ForeignKey("invitations.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    stale: Mapped[bool]  # something was seen since; the rest says what was known before
    seen: Mapped[LinkSeen | None]  # None: not judged yet
    pages: Mapped[str] = mapped_column(Text)  # those that were shown, in the order of the alphabet, spaces between
    clicked: Mapped[str | None] = mapped_column(String(40))  # the question of the one rating that a person clicked
    clicked_value: Mapped[int | None]
    clicked_at: Mapped[datetime | None]


class HeldWhy(StrEnum):
    """Why an answer does not count."""

    PRESSED = "pressed"  # a machine pressed the button, as far as we can see
    MACHINE = "machine"  # it counted, until its visitor turned out to be a machine
    MANAGER = "manager"  # a manager said that it was not a person's


class HeldOutcome(StrEnum):
    """What became of an answer that did not count."""

    CONFIRMED = "confirmed"  # tapped once more: the answer that counts holds the same
    COUNTED = "counted"  # a manager said that it was a person's
    RESTORED = "restored"  # the manager's "not a person" was taken back


class HeldAnswer(Base):
    """An answer that changes no figure, with the reasons. `archive` are the rows it was, where it once counted."""

    __tablename__ = "held_answers"
    __table_args__ = (
        CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="outcome_dated"),
        Index("ix_held_answers_invitation_outcome", "invitation_id", "outcome"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    invitation_id: Mapped[int] = mapped_column(ForeignKey("invitations.id", ondelete="CASCADE"))
    why: Mapped[HeldWhy]
    at: Mapped[datetime]
    user_agent: Mapped[str] = mapped_column(String(300), default="")
    reasons: Mapped[list[str]]
    answers: Mapped[dict[str, Any]]  # question → value
    steps: Mapped[dict[str, Any]]  # step of the promise → 1, −1, 0
    archive: Mapped[dict[str, Any]] = mapped_column(default=dict)  # survey.evidence.archive
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))  # who set it aside
    outcome: Mapped[HeldOutcome | None]
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    invitation: Mapped[Invitation] = relationship()
