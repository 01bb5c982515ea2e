"""The body of one request to SendGrid's /v3/mail/send, for up to 1,000 people, and its documented limits. Pure.

A builder of our own: the `sendgrid` package's mail objects give the same JSON (a test compares them), but at 1,000
personalizations they take longer than all the rest of sending.
"""

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NotRequired, TypedDict

from emails.senders.base import Content, Mailbox, OutgoingEmail, RejectedError, wire_address

MOST_PEOPLE = 1_000
MOST_BYTES = 30 * 1024 * 1024
MOST_BYTES_PER_PERSON = 10_000  # of substitutions, and again of custom_args
RESERVED_HEADERS = frozenset(
    {
        "x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding", "to", "from",
        "subject", "reply-to", "cc", "bcc",
    }
)  # fmt: skip

_WITHOUT_TRACKING = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
    "subscription_tracking": {"enable": False},
}
_LONGEST_CHARACTER = 4  # bytes in UTF-8


class Person(TypedDict):
    """An address as the API writes it."""

    email: str
    name: NotRequired[str]


class Personalization(TypedDict):
    """What one recipient gets of their own."""

    to: list[Person]
    subject: str
    custom_args: dict[str, str]
    headers: NotRequired[dict[str, str]]
    substitutions: NotRequired[dict[str, str]]


Request = TypedDict(
    "Request",
    {
        "from": Person,
        "reply_to": NotRequired[Person],
        "personalizations": list[Personalization],
        "content": list[dict[str, str]],
        "headers": NotRequired[dict[str, str]],
        "tracking_settings": dict[str, dict[str, bool]],
    },
)


def personalization(email: OutgoingEmail) -> Personalization:
    """One person's part of a request. No personal data in custom_args.

    Raises:
        RejectedError: the address cannot be sent to.
    """
    part: Personalization = {
        "to": [_person(email.to)],
        "subject": email.subject,
        "custom_args": {"attempt_id": email.attempt_id},
    }
    if email.headers:
        part["headers"] = _allowed(email.headers.items())
    if email.values:
        part["substitutions"] = dict(email.values)
    return part


def request(content: Content, people: list[Personalization]) -> Request:
    """One request: the content once, and what each person gets of their own. All of the provider's tracking is off."""
    made: Request = {
        "from": _person(content.sender),
        "personalizations": people,
        "content": [{"type": "text/plain", "value": content.text}, {"type": "text/html", "value": content.html}],
        "tracking_settings": _WITHOUT_TRACKING,
    }
    if content.reply_to:
        made["reply_to"] = {"email": wire_address(content.reply_to)}
    if content.headers:
        made["headers"] = _allowed(content.headers)
    return made


def encoded(made: Request) -> bytes:
    """The request as it goes over the wire."""
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()


def fits(email: OutgoingEmail) -> bool:
    """Whether this person's own values keep within what one personalization may hold."""
    characters = sum(map(len, email.values)) + sum(map(len, email.values.values()))
    if characters * _LONGEST_CHARACTER <= MOST_BYTES_PER_PERSON:
        return True
    return sum(len(f"{tag}{value}".encode()) for tag, value in email.values.items()) <= MOST_BYTES_PER_PERSON


def written_out(email: OutgoingEmail) -> OutgoingEmail:
    """The same email with a content of its own and nothing left to put in: for values too long for a batch."""
    shared = email.content
    content = Content(shared.sender, email.reply_to, shared.language, email.text, email.html, shared.headers)
    return OutgoingEmail(
        email.attempt_id, email.to, email.subject, content, email.date, email.message_id, headers=email.headers
    )


def grouped(batch: Sequence[OutgoingEmail], most: int = MOST_PEOPLE) -> list[list[int]]:
    """Positions in `batch`, by request: content, language and sender agree within each, none has more than `most`."""
    groups: dict[Content, list[int]] = {}
    for position, email in enumerate(batch):
        groups.setdefault(email.content, []).append(position)
    return [group[first : first + most] for group in groups.values() for first in range(0, len(group), most)]


def _person(mailbox: Mailbox) -> Person:
    address = wire_address(mailbox.email)
    return {"email": address, "name": mailbox.name} if mailbox.name else {"email": address}


def _allowed(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The headers, none of which the provider keeps for itself.

    Raises:
        RejectedError: one is; a mistake in our code that must not cost the others of a batch.
    """
    kept = dict(headers)
    if reserved := _reserved(tuple(kept)):
        raise RejectedError(f"These headers cannot be set: {', '.join(sorted(reserved))}.")
    return kept


@lru_cache(maxsize=64)
def _reserved(names: tuple[str, ...]) -> frozenset[str]:
    return RESERVED_HEADERS & {name.lower() for name in names}
