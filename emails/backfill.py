"""Delivery events that the webhook missed, fetched from the provider's own log (`/v3/logs`, kept there for 30 days).

The provider repeats an event for a day; after a longer outage the webhook knows nothing of that time. What the log says
is stored like the webhook's events and worked in by the same task, so fetching it twice, or beside events that did
arrive, changes nothing. The log answers at most 1,000 messages at once and has no pages: a span with more is halved.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from emails.delivery import DeliveryState, EmailState
from emails.models import EmailMessage
from emails.senders.connection import Answer, Connection
from survey.errors import ClienteleError

KEPT = timedelta(days=30)
MOST_AT_ONCE = 1_000
_SHORTEST_SPAN = timedelta(seconds=1)
_FINAL = (DeliveryState.DELIVERED, DeliveryState.BOUNCED, DeliveryState.DROPPED, DeliveryState.COMPLAINED)
_LEFT = (EmailState.ACCEPTED, EmailState.SENDING, EmailState.UNKNOWN, EmailState.PARKED, EmailState.CANCELLED)
# The log's words for what the webhook calls otherwise; the first is documented, the others are of the older log.
_NAMES = {
    "cancel_drop": "dropped",
    "bounced": "bounce",
    "drop": "dropped",
    "spam_report": "spamreport",
    "opened": "open",
    "clicked": "click",
}


class LogError(ClienteleError):
    """The provider's log cannot be read: no access, too many requests, or an answer that makes no sense."""


@dataclass
class Fetched:
    """What was looked at in the log, and the events found, ready for `receipts.store_events`."""

    messages: int = 0
    asked: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)


def open_addresses(session: Session, since: datetime, until: datetime) -> frozenset[str]:
    """The addresses of emails that left in this span and of which nothing final is known."""
    query = select(EmailMessage.to_email).where(
        EmailMessage.state.in_(_LEFT),
        EmailMessage.sending_at >= since,
        EmailMessage.sending_at <= until,
        or_(EmailMessage.delivery.is_(None), EmailMessage.delivery.not_in(_FINAL)),
    )
    return frozenset(address.lower() for address in session.scalars(query.distinct()))


def fetch(log: Connection, addresses: frozenset[str], since: datetime, until: datetime) -> Fetched:
    """Every event that the log has of mail to `addresses` in this span. No transaction should be open meanwhile.

    Raises:
        LogError: the log cannot be read.
        SendError: the connection failed.
    """
    found = Fetched()
    for summary in _messages(log, since, until) if addresses else ():
        found.messages += 1
        message_id = summary.get("sg_message_id")
        if str(summary.get("to_email", "")).lower() in addresses and isinstance(message_id, str):
            found.asked += 1
            found.events += as_events(_read(log.get(f"/v3/logs/{quote(message_id, safe='')}")))
    return found


def as_events(details: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One message of the log as the webhook's events, told apart by the same ids.

    Email Logs (`GET /v3/logs/{id}`) have our attempt id in `custom_args` of the message and of each event but
    "received", which comes first and has no id of a message. An event without an id gets one of what it says.
    """
    of_message = _attempt_id(details)
    listed = details.get("events")
    events = []
    for raw in listed if isinstance(listed, list) else []:
        if not isinstance(raw, Mapping):
            continue
        name, moment = str(raw.get("event", "")), _seconds(raw)
        event = {key: raw[key] for key in ("reason", "response", "type", "bounce_classification") if key in raw}
        if raw.get("bounce_type"):
            event["type"] = raw["bounce_type"]
        event |= {"event": _NAMES.get(name, name), "timestamp": moment, "from_log": True}
        made = f"log/{str(details.get('sg_message_id', ''))[:120]}/{name[:40]}/{moment}"
        event["sg_event_id"] = raw.get("sg_event_id") or made
        if attempt_id := _attempt_id(raw) or of_message:
            event["attempt_id"] = attempt_id
        events.append(event)
    return events


def _attempt_id(said: Mapping[str, Any]) -> object:
    own = said.get("custom_args") or said.get("unique_args")
    return own.get("attempt_id") if isinstance(own, Mapping) else None


def _messages(log: Connection, since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
    conditions = (
        f'sg_message_id_created_at {sign} TIMESTAMP "{_iso(at)}"' for sign, at in ((">=", since), ("<", until))
    )
    body = json.dumps({"query": " AND ".join(conditions), "limit": MOST_AT_ONCE}).encode()
    listed = _read(log.post("/v3/logs", body)).get("messages")
    messages = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    if len(messages) >= MOST_AT_ONCE and until - since > _SHORTEST_SPAN:
        middle = since + (until - since) / 2
        yield from _messages(log, since, middle)
        yield from _messages(log, middle, until)
    else:
        yield from messages


def _read(answer: Answer) -> dict[str, Any]:
    if answer.status in (401, 403):
        raise LogError("The provider does not let this key read its log: it needs the permission for Email Logs.")
    if answer.status == 429:
        raise LogError("The provider asks to wait. Run it again in a minute; what was fetched is not lost.")
    if answer.status == 404:
        return {}
    try:
        document = json.loads(answer.body)
    except ValueError:
        document = None
    if answer.status != 200 or not isinstance(document, dict):
        raise LogError(f"The provider's log answered with {answer.status}, and nothing that can be read.")
    return document


def _seconds(raw: Mapping[str, Any]) -> object:
    """The moment as the webhook writes it; what cannot be read is passed on, and the event is set aside for it."""
    moment = raw.get("timestamp", raw.get("recv_timestamp", raw.get("processed")))
    if isinstance(moment, str):
        try:
            return int(datetime.fromisoformat(moment).timestamp())
        except ValueError:
            return moment
    return moment


def _iso(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
