"""The rows of the first half of the story: the firm, its clients, their jobs, the invitations and the answers."""

from datetime import datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Table, Text, UniqueConstraint, inspect
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey import full_text
from survey.db import Base
from survey.users import User


class Firm(Base):
    """The firm that runs this installation: how it looks to its clients, and when it may ask them. One row, id 1."""

    __tablename__ = "firm"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    name: Mapped[str] = mapped_column(String(120), default="Your firm")
    colour: Mapped[str] = mapped_column(String(7), default="#0f6b5c")
    website: Mapped[str] = mapped_column(String(300), default="")
    postal_address: Mapped[str] = mapped_column(String(300), default="")
    sender_name: Mapped[str] = mapped_column(String(120), default="")
    sender_email: Mapped[str] = mapped_column(String(254), default="")
    reply_to: Mapped[str] = mapped_column(String(254), default="")
    language: Mapped[str] = mapped_column(String(10), default="en")
    timezone: Mapped[str] = mapped_column(String(64), default="UTC")
    currency: Mapped[str] = mapped_column(String(3), default="EUR")
    promise: Mapped[list[dict[str, Any]]]  # [{"key": "greeted", "text": "We greeted you by name"}, …]
    excluded_kinds: Mapped[list[str]]  # job kinds never surveyed, case-folded
    delay_hours: Mapped[int] = mapped_column(default=24)
    send_from: Mapped[time] = mapped_column(default=time(9))
    send_until: Mapped[time] = mapped_column(default=time(19))
    reminder_after_days: Mapped[int | None] = mapped_column(default=4)
    expire_after_days: Mapped[int] = mapped_column(default=7)
    contact_rest_days: Mapped[int] = mapped_column(default=30)
    client_budget: Mapped[int] = mapped_column(default=4)  # invitations per client in client_budget_days, all contacts
    client_budget_days: Mapped[int] = mapped_column(default=30)
    hold_while_hurting: Mapped[bool] = mapped_column(default=True)
    updated_at: Mapped[datetime | None]


class Client(Base):
    """The firm or person served: the account."""

    __tablename__ = "clients"

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(120), unique=True)  # the source's client_ref, or made from the name
    name: Mapped[str] = mapped_column(String(200), index=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    referred_by_id: Mapped[int | None] = mapped_column(ForeignKey("clients.id", ondelete="SET NULL"))
    internal: Mapped[bool] = mapped_column(default=False)  # our own firm, a test account: never surveyed or flagged
    notes: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    surveys_held_at: Mapped[datetime | None]  # "hold while hurting": set by analysis while a flag is open
    surveys_held_reason: Mapped[str] = mapped_column(String(200), default="")
    evidence_version: Mapped[int] = mapped_column(default=1)  # raised by whoever records evidence: see add_evidence
    contacts: Mapped[list["Contact"]] = relationship(back_populates="client", order_by="Contact.id")
    owner: Mapped[User | None] = relationship()

    def add_evidence(self) -> None:
        """Say that something about this client changed, so that the relationship is scored again."""
        known = inspect(self).persistent  # counted by the database then: two transactions must not end on one number
        self.evidence_version = Client.evidence_version + 1 if known else (self.evidence_version or 0) + 1


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
    role: Mapped[str] = mapped_column(String(60), default="")  # "decision-maker" is the one the rules know
    language: Mapped[str] = mapped_column(String(10), default="")
    timezone: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    mail_block: Mapped[MailBlock | None]
    mail_blocked_at: Mapped[datetime | None]
    client: Mapped[Client] = relationship(back_populates="contacts")


class Exclusion(StrEnum):
    """Why a job is never surveyed."""

    SPAM = "spam"
    AUTO_CLOSED = "auto_closed"
    INTERNAL = "internal"
    OTHER = "other"


class Job(Base):
    """The client's job, as the source system knows it."""

    __tablename__ = "jobs"
    __table_args__ = (UniqueConstraint("source", "external_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(60))
    external_id: Mapped[str] = mapped_column(String(120))
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(80), default="")
    summary: Mapped[str] = mapped_column(String(500), default="")
    opened_at: Mapped[datetime | None]
    promised_at: Mapped[datetime | None]
    value: Mapped[Decimal | None]
    currency: Mapped[str] = mapped_column(String(3), default="")
    exclusion: Mapped[Exclusion | None]
    is_open: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    client: Mapped[Client] = relationship()
    contact: Mapped[Contact] = relationship()
    resolutions: Mapped[list["Resolution"]] = relationship(back_populates="job", order_by="Resolution.sequence")


class Resolution(Base):
    """One closing of a job. A reopened job has several."""

    __tablename__ = "resolutions"
    __table_args__ = (UniqueConstraint("job_id", "sequence"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    sequence: Mapped[int]  # 1, 2, …
    completed_at: Mapped[datetime] = mapped_column(index=True)
    recorded_at: Mapped[datetime]
    reopened_at: Mapped[datetime | None]
    job: Mapped[Job] = relationship(back_populates="resolutions")
    staff: Mapped[list["ResolutionStaff"]] = relationship(back_populates="resolution", cascade="all, delete-orphan")
    invitation: Mapped["Invitation | None"] = relationship(back_populates="resolution")


class ResolutionStaff(Base):
    """Who did the work and their share of it, as it was at closing. Later changes of staff do not touch it."""

    __tablename__ = "resolution_staff"
    __table_args__ = (CheckConstraint("share > 0", name="share_positive"),)

    resolution_id: Mapped[int] = mapped_column(ForeignKey("resolutions.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    share: Mapped[float]  # of 1; the shares of one resolution add up to 1
    resolution: Mapped[Resolution] = relationship(back_populates="staff")


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
    reminded_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    resolution: Mapped[Resolution] = relationship(back_populates="invitation")
    contact: Mapped[Contact] = relationship()
    client: Mapped[Client] = relationship()


class SurveyEventKind(StrEnum):
    """What was seen on a survey link. Only `confirmed` and `changed` come from a POST, and only they count."""

    OPENED = "opened"
    SHOWN = "shown"
    CONFIRMED = "confirmed"
    CHANGED = "changed"
    UNSUBSCRIBED = "unsubscribed"


class SurveyEvent(Base):
    """Append-only evidence of what happened on a survey link."""

    __tablename__ = "survey_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    invitation_id: Mapped[int] = mapped_column(ForeignKey("invitations.id", ondelete="CASCADE"), index=True)
    kind: Mapped[SurveyEventKind]
    at: Mapped[datetime]
    user_agent: Mapped[str] = mapped_column(String(300), default="")
    details: Mapped[dict[str, Any]]  # the rating offered in the link, Sec-Fetch headers, the keys that changed


class ResponseOrigin(StrEnum):
    """Where an answer came from."""

    SURVEY = "survey"
    IMPORT = "import"


class SurveyResponse(Base):
    """What one contact confirmed about one resolution. The values are its answers."""

    __tablename__ = "survey_responses"
    __table_args__ = (UniqueConstraint("resolution_id", "contact_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    resolution_id: Mapped[int] = mapped_column(ForeignKey("resolutions.id", ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), index=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    invitation_id: Mapped[int | None] = mapped_column(ForeignKey("invitations.id", ondelete="SET NULL"), unique=True)
    origin: Mapped[ResponseOrigin]
    language: Mapped[str] = mapped_column(String(10), default="")
    submitted_at: Mapped[datetime] = mapped_column(index=True)
    changed_at: Mapped[datetime | None]
    answers: Mapped[list["Answer"]] = relationship(back_populates="response", cascade="all, delete-orphan")
    touchpoints: Mapped[list["Touchpoint"]] = relationship(cascade="all, delete-orphan")
    resolution: Mapped[Resolution] = relationship()
    contact: Mapped[Contact] = relationship()


class Answer(Base):
    """One question's confirmed value: a number or a text."""

    __tablename__ = "answers"
    __table_args__ = (
        UniqueConstraint("response_id", "question"),
        CheckConstraint("number IS NOT NULL OR text IS NOT NULL", name="not_empty"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    response_id: Mapped[int] = mapped_column(ForeignKey("survey_responses.id", ondelete="CASCADE"))
    question: Mapped[str] = mapped_column(String(40))  # a key of survey.questionnaire: csat, nps, comment, …
    number: Mapped[int | None]
    text: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime]  # moves when the client changes the answer; the analysis is redone
    response: Mapped[SurveyResponse] = relationship(back_populates="answers")


full_text.register(cast("Table", Answer.__table__))


class Touchpoint(Base):
    """The ledger of the service promise: +1 the step happened, −1 it did not, 0 not applicable."""

    __tablename__ = "touchpoints"
    __table_args__ = (
        UniqueConstraint("response_id", "step"),
        CheckConstraint("value IN (-1, 0, 1)", name="value_sign"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    response_id: Mapped[int] = mapped_column(ForeignKey("survey_responses.id", ondelete="CASCADE"))
    resolution_id: Mapped[int] = mapped_column(ForeignKey("resolutions.id", ondelete="CASCADE"), index=True)
    step: Mapped[str] = mapped_column(String(40))
    value: Mapped[int]


class Heartbeat(Base):
    """When a background process last said that it is alive."""

    __tablename__ = "heartbeats"

    process: Mapped[str] = mapped_column(String(60), primary_key=True)
    at: Mapped[datetime]
