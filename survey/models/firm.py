"""The firm that runs this installation, and the processes that work for it."""

from datetime import datetime, time
from typing import Any

from sqlalchemy import CheckConstraint, LargeBinary, String, false
from sqlalchemy.orm import Mapped, mapped_column

from survey.db import Base


class Firm(Base):
    """The firm that runs this installation: how it looks to its clients, and when it may ask them. One row, id 1."""

    __tablename__ = "firm"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    name: Mapped[str] = mapped_column(String(120), default="Your firm")
    colour: Mapped[str] = mapped_column(String(7), default="#0f6b5c")
    logo: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")  # `logos.Logo.as_dict()`, or {}
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
    kind_delays: Mapped[dict[str, Any]] = mapped_column(default=dict)  # kind, case-folded → hours of its own
    send_from: Mapped[time] = mapped_column(default=time(9))
    send_until: Mapped[time] = mapped_column(default=time(19))
    send_weekdays: Mapped[list[Any]] = mapped_column(default=lambda: [1, 2, 3, 4, 5, 6, 7])  # ISO: 1 is Monday
    keep_holidays: Mapped[bool] = mapped_column(default=True)  # nothing goes out on a public holiday
    country: Mapped[str] = mapped_column(String(10), default="")  # such as DE or DE-BY; "": by the time zone
    closed_days: Mapped[list[dict[str, Any]]] = mapped_column(default=list)  # [{"first", "last", "why"}, …], ISO dates
    spread_minutes: Mapped[int] = mapped_column(default=10)  # an email goes out up to so much later: no herd
    reminder_after_days: Mapped[int | None] = mapped_column(default=4)
    reminder_count: Mapped[int] = mapped_column(default=1)
    reminder_every_days: Mapped[int] = mapped_column(default=3)  # between one reminder and the next
    expire_after_days: Mapped[int] = mapped_column(default=7)
    contact_rest_days: Mapped[int] = mapped_column(default=30)
    client_budget: Mapped[int] = mapped_column(default=4)  # invitations per client in client_budget_days, all contacts
    client_budget_days: Mapped[int] = mapped_column(default=30)
    hold_while_hurting: Mapped[bool] = mapped_column(default=True)
    count_unconfirmed: Mapped[bool] = mapped_column(default=False, server_default=false())  # clicks never confirmed
    calls_per_week: Mapped[int] = mapped_column(default=10, server_default="10")  # flags a person can truly work
    updated_at: Mapped[datetime | None]

    @property
    def imprint(self) -> str:
        """Name and postal address in one line; many write the name into the address."""
        named = self.postal_address.casefold().startswith(self.name.casefold())
        return self.postal_address if named else f"{self.name}, {self.postal_address}"


class FirmLogo(Base):
    """A logo that the firm has or had. They stay: emails in people's inboxes show the one they were sent with."""

    __tablename__ = "firm_logos"

    digest: Mapped[str] = mapped_column(String(16), primary_key=True)
    about: Mapped[dict[str, Any]]  # `logos.Logo.as_dict()`
    data: Mapped[bytes] = mapped_column(LargeBinary)  # PNG
    chosen_at: Mapped[datetime]  # last


class Heartbeat(Base):
    """When a background process last said that it is alive."""

    __tablename__ = "heartbeats"

    process: Mapped[str] = mapped_column(String(60), primary_key=True)
    at: Mapped[datetime]
