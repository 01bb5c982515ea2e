"""The firm's own settings: how it looks to its clients and when it may ask them."""

from datetime import time
from typing import Any

from sqlalchemy.orm import Session

from survey.models import Firm
from survey.promise import DEFAULT_PROMISE


def default_firm() -> Firm:
    """A firm with the defaults, not in any session: what a page shows before there is a row."""
    return Firm(
        id=1,
        name="Your firm",
        colour="#0f6b5c",
        logo={},
        website="",
        postal_address="",
        sender_name="",
        sender_email="",
        reply_to="",
        language="en",
        timezone="UTC",
        currency="EUR",
        promise=[step.as_dict() for step in DEFAULT_PROMISE],
        excluded_kinds=[],
        delay_hours=24,
        kind_delays={},
        send_from=time(9),
        send_until=time(19),
        send_weekdays=[1, 2, 3, 4, 5, 6, 7],
        keep_holidays=True,
        country="",
        closed_days=[],
        spread_minutes=10,
        reminder_after_days=4,
        reminder_count=1,
        reminder_every_days=3,
        expire_after_days=7,
        contact_rest_days=30,
        client_budget=4,
        client_budget_days=30,
        hold_while_hurting=True,
        calls_per_week=10,
    )


def default_values() -> dict[str, Any]:
    """The row of `default_firm`, for an INSERT: what the database fills in itself is left out."""
    firm = default_firm()
    values = {column.key: getattr(firm, column.key) for column in Firm.__table__.columns}
    return {name: value for name, value in values.items() if value is not None}


def get_firm(session: Session) -> Firm:
    """The firm of this installation; created with the defaults when there is none yet (a page that only reads does
    not write it)."""
    firm = session.get(Firm, 1)
    if firm is None and session.info.get("reading"):
        return default_firm()
    if firm is None:
        firm = default_firm()
        session.add(firm)
        session.flush()
    return firm
