"""The rows of sending: what goes out, each attempt, what the provider said of it, and who must not be written to."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, Computed, ForeignKey, Index, LargeBinary, String, and_, text
from sqlalchemy.orm import Mapped, mapped_column

from emails.delivery import DeliveryState as DeliveryState
from emails.delivery import EmailState as EmailState
from emails.delivery import moved
from survey.db import Base


class EmailKind(StrEnum):
    """What an email is for; the name of its folder under templates/emails/."""

    SURVEY = "survey"
    REMINDER = "reminder"
    FLAG_ALERT = "flag_alert"
    DIGEST = "digest"
    SIGN_IN = "sign_in"
    TEST = "test"  # a letter to clients, to the person who is writing its text


FORGETFUL = frozenset({EmailKind.SIGN_IN, EmailKind.TEST})  # what their context held was kept only to be sent

# A row is written four times in its life. PostgreSQL writes a change beside the row, without touching any index, where
# its page has room and no column that an index knows has changed. So `state` itself is in none.
_ROOM = {"postgresql_with": {"fillfactor": 50}}
_SETTLED = "state IN ('accepted', 'rejected', 'cancelled')"
_OPEN: dict[str, Any] = {"sqlite_where": text("settled = 0"), "postgresql_where": text("NOT settled")}


class EmailMessage(Base):
    """One email to one person. `once_key` makes it the only one: survey/<resolution>/<contact> and the like."""

    __tablename__ = "email_messages"
    __table_args__ = (
        Index("ix_email_messages_open", "due_at", "id", **_OPEN),
        Index("ix_email_messages_open_kind", "kind", "due_at", **_OPEN),
        Index("ix_email_messages_contact", "contact_id", "kind"),
        _ROOM,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    once_key: Mapped[str] = mapped_column(String(120), unique=True)
    kind: Mapped[EmailKind]
    invitation_id: Mapped[int | None] = mapped_column(ForeignKey("invitations.id", ondelete="CASCADE"), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    to_email: Mapped[str] = mapped_column(String(254))
    to_name: Mapped[str] = mapped_column(String(200), default="")
    text_id: Mapped[int | None]  # of the firm's own text it went out with (`EmailText`); None: a built-in one
    context: Mapped[dict[str, Any]]  # what the template needs beyond the linked rows
    state: Mapped[EmailState]
    settled: Mapped[bool] = mapped_column(Computed(_SETTLED, persisted=True))  # nothing waits for it: never set by hand
    due_at: Mapped[datetime]
    not_after: Mapped[datetime | None]  # cancelled if it could not go out by then
    attempts: Mapped[int] = mapped_column(default=0)
    attempt_id: Mapped[str | None] = mapped_column(String(32))
    lease_token: Mapped[str | None] = mapped_column(String(32))
    lease_expires_at: Mapped[datetime | None]
    provider_id: Mapped[str | None] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(String(500), default="")  # why it was cancelled, rejected, parked, put back
    delivery: Mapped[DeliveryState | None]
    delivery_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    sending_at: Mapped[datetime | None]
    proof_asked_at: Mapped[datetime | None]  # when the provider's log was last asked about an unknown try
    accepted_at: Mapped[datetime | None]

    @classmethod
    def is_open(cls, *states: EmailState) -> ColumnElement[bool]:
        """The condition on messages in one of these states, none of them final: found by the indexes of those."""
        return and_(~cls.settled, cls.state.in_(states))

    def move(self, state: EmailState, reason: str) -> None:
        """Enter `state`, and let go of any lease.

        Raises:
            ConflictError: `emails.delivery.TRANSITIONS` does not have it.
        """
        self.state = moved(self.state, state)
        self.reason = reason[:500]
        self.lease_token = self.lease_expires_at = None

    def put_back(self, due_at: datetime, reason: str) -> None:
        """Wait in the queue for another try: nothing was sent."""
        self.move(EmailState.PENDING, reason)
        self.due_at = due_at

    def accept(self, now: datetime) -> None:
        """The provider took it: it said so, or an event proves it."""
        self.move(EmailState.ACCEPTED, "")
        self.accepted_at = now
        if self.kind in FORGETFUL:
            self.context = {}


class EmailAttempt(Base):
    """One try at handing a message to the provider, written before the first byte leaves."""

    __tablename__ = "email_attempts"
    __table_args__ = (_ROOM,)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)  # the attempt id, sent along in custom_args
    message_id: Mapped[int] = mapped_column(ForeignKey("email_messages.id", ondelete="CASCADE"), index=True)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[EmailState | None]
    detail: Mapped[str] = mapped_column(String(500), default="")


class DeliveryEvent(Base):
    """One event from the provider, raw. Stored first, processed later, in any order."""

    __tablename__ = "delivery_events"
    __table_args__ = (Index("ix_delivery_events_pending", "processed_at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    sg_event_id: Mapped[str] = mapped_column(String(200), unique=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("email_messages.id", ondelete="SET NULL"), index=True)
    raw: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    processed_at: Mapped[datetime | None]
    quarantine: Mapped[str] = mapped_column(String(300), default="")  # why it could not be used


class SuppressionReason(StrEnum):
    """Why nothing may be sent to an address. The values match `survey.models.MailBlock`."""

    BOUNCED = "bounced"
    UNSUBSCRIBED = "unsubscribed"
    COMPLAINED = "complained"
    MANUAL = "manual"


class SuppressionScope(StrEnum):
    """What may not be sent."""

    ALL = "all"
    """No survey of any kind, ever."""

    AFTER_JOB = "after_job"
    """No survey after a finished job, and no reminder of one."""

    REMINDER = "reminder"
    """No reminder; one question after a job is fine."""


class Suppression(Base):
    """An address that must not be written to, whoever's contact it is. A row is never reused: lifting one ends it,
    and a later stop is a row of its own, so the rows of an address are its history."""

    __tablename__ = "suppressions"
    __table_args__ = (
        Index(
            "uq_suppressions_standing",
            "email",
            "scope",
            "reason",
            unique=True,
            sqlite_where=text("lifted_at IS NULL"),
            postgresql_where=text("lifted_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), index=True)  # lower case
    scope: Mapped[SuppressionScope] = mapped_column(default=SuppressionScope.ALL, server_default="all")
    reason: Mapped[SuppressionReason]
    source: Mapped[str] = mapped_column(String(200), default="")  # the event, the link, or who asked
    evidence: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")  # ids of what proves it
    created_at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]  # set: no longer in force
    lifted_why: Mapped[str] = mapped_column(String(300), default="")


class SendingPause(Base):
    """All sending waits: the provider refuses the key or asks for time (`emails.retry.Breaker`). One row, id 1."""

    __tablename__ = "sending_pause"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    failures: Mapped[int]
    opened_at: Mapped[datetime]
    retry_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(500))
    needs_person: Mapped[bool]


class MailboxMessage(Base):
    """What the local mailbox transport received: the message as the recipient would get it."""

    __tablename__ = "mailbox_messages"

    id: Mapped[int] = mapped_column(primary_key=True)
    received_at: Mapped[datetime] = mapped_column(index=True)
    to_email: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(998))
    mime: Mapped[bytes] = mapped_column(LargeBinary)
