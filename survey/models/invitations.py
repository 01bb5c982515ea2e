"""Whom we ask about which resolution, and what was seen on the link."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from survey.db import Base
from survey.models.clients import Client, Contact
from survey.models.jobs import Resolution
from survey.models.questionnaires import QuestionnaireVersion


class InvitationState(StrEnum):
    """Where an invitation stands."""

    SCHEDULED = "scheduled"  # waits for due_at
    HELD = "held"  # waits for a manager, or for a hurting client to be looked after
    SENT = "sent"  # handed to the outbox; the survey is open
    ANSWERED = "answered"  # at least one confirmed answer; may be changed until expires_at
    SKIPPED = "skipped"  # a rule said no; `verdicts` says which
    CANCELLED = "cancelled"  # a manager said no
    WITHDRAWN = "withdrawn"  # the job was reopened before an answer
    EXPIRED = "expired"  # nobody answered in time


class Invitation(Base):
    """The decision to ask, or not to ask, one contact about one resolution, with every rule's verdict."""

    __tablename__ = "invitations"
    __table_args__ = (
        UniqueConstraint("resolution_id", "contact_id"),
        Index("ix_invitations_state_due", "state", "due_at"),
        Index("ix_invitations_contact_sent", "contact_id", "sent_at"),
        Index("ix_invitations_way", "resolution_id", "state", "sent_at", "delivered_at", "version_id"),  # the funnel's
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    resolution_id: Mapped[int] = mapped_column(ForeignKey("resolutions.id", ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"))
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    state: Mapped[InvitationState]
    due_at: Mapped[datetime]
    expires_at: Mapped[datetime]  # before sending: too late to ask; after: when the survey closes
    verdicts: Mapped[list[dict[str, Any]]]  # [{"rule", "passed", "why"}, …] in the order of the rules
    reason: Mapped[str] = mapped_column(String(300), default="")  # one line: why it is where it is
    decided_at: Mapped[datetime]
    seed: Mapped[str] = mapped_column(String(32))  # the link's token is derived from it: tokens.derive
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    forced_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))  # "send now"
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))  # held, cancelled
    sent_at: Mapped[datetime | None]
    reminder_due_at: Mapped[datetime | None] = mapped_column(index=True)
    reminded_at: Mapped[datetime | None]  # the latest reminder
    reminders_sent: Mapped[int] = mapped_column(default=0)
    delivered_at: Mapped[datetime | None]  # the first email arrived, as the emails package reports
    answered_at: Mapped[datetime | None]
    version_id: Mapped[int | None] = mapped_column(index=True)  # what is asked, from the sending on
    resolution: Mapped[Resolution] = relationship(back_populates="invitation")
    contact: Mapped[Contact] = relationship()
    client: Mapped[Client] = relationship()
    version: Mapped[QuestionnaireVersion | None] = relationship(
        primaryjoin=lambda: foreign(Invitation.version_id) == QuestionnaireVersion.id  # which is never deleted
    )


class SurveyEventKind(StrEnum):
    """What was seen on a survey link. Only `confirmed` and `changed` come from a POST, and only they count."""

    OPENED = "opened"
    SHOWN = "shown"
    CONFIRMED = "confirmed"
    CHANGED = "changed"
    TRAPPED = "trapped"  # followed the link that no person can see
    PRESSED = "pressed"  # pressed the button, and was not taken for a person: `survey.evidence.presses`
    SET_ASIDE = "set_aside"  # what was confirmed counts no longer: `survey.evidence.held`
    RESTORED = "restored"  # and counts again
    UNSUBSCRIBED = "unsubscribed"
    REPLIED = "replied"  # by email; the words are an answer of their own
    PREFERRED = "preferred"  # said on the preference page what may be sent to them, and how often
    REPAIRED = "repaired"  # said what is not right: `survey.repairs`


class SurveyEvent(Base):
    """Append-only evidence of what happened on a survey link."""

    __tablename__ = "survey_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    invitation_id: Mapped[int] = mapped_column(ForeignKey("invitations.id", ondelete="CASCADE"), index=True)
    kind: Mapped[SurveyEventKind]
    at: Mapped[datetime]
    user_agent: Mapped[str] = mapped_column(String(300), default="")
    details: Mapped[dict[str, Any]]  # the rating offered in the link, Sec-Fetch headers, the keys that changed
