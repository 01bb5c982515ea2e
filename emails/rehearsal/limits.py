"""What SendGrid's /v3/mail/send refuses, in the words of its documentation. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypedDict

MOST_PEOPLE = 1_000
MOST_BYTES = 30 * 1024 * 1024
MOST_BYTES_PER_PERSON = 10_000
MOST_CATEGORIES = 10
RESERVED_HEADERS = {
    "x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding", "to", "from",
    "subject", "reply-to", "cc", "bcc",
}  # fmt: skip

_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+", re.ASCII)
_CONTENT_ORDERS = (["text/plain"], ["text/html"], ["text/plain", "text/html"])


class Problem(TypedDict):
    """One entry of an error answer."""

    message: str
    field: str | None


def problem(message: str, field: str | None = None) -> Problem:
    """One entry of an error answer."""
    return {"message": message, "field": field}


def check(body: bytes) -> tuple[int, list[Problem], dict[str, Any]]:
    """The status, what is wrong, and the request as read. 202: nothing is."""
    if len(body) > MOST_BYTES:
        return 413, [problem("Payload too large")], {}
    try:
        payload = json.loads(body)
        found = [*_problems(payload)]
    except (ValueError, TypeError, AttributeError, KeyError):
        return 400, [problem("Bad Request")], {}
    return (400, found, payload) if found else (202, [], payload)


def _problems(payload: Mapping[str, Any]) -> Iterator[Problem]:
    people = payload.get("personalizations") or []
    if not 1 <= len(people) <= MOST_PEOPLE:
        yield problem("The personalizations field must hold 1 to 1000 objects.", "personalizations")
    if not _ADDRESS.fullmatch(payload.get("from", {}).get("email", "")):
        yield problem("The from object must be provided with a valid email.", "from.email")
    if "reply_to" in payload and not payload["reply_to"].get("email"):
        yield problem("The reply_to object must have an email.", "reply_to.email")
    contents = payload.get("content") or []
    if not contents or any(not part.get("value") for part in contents):
        yield problem("The content value must be a string at least one character in length.", "content")
    if [part.get("type") for part in contents] not in _CONTENT_ORDERS:
        yield problem("The content must be ordered by text/plain then text/html.", "content")
    if len(payload.get("categories", [])) > MOST_CATEGORIES:
        yield problem("No more than 10 categories.", "categories")
    yield from _bad_headers(payload.get("headers", {}), "headers")
    recipients = 0
    for number, person in enumerate(people):
        recipients += sum(len(person.get(key, [])) for key in ("to", "cc", "bcc"))
        yield from _problems_of(person, f"personalizations.{number}", has_subject=bool(payload.get("subject")))
    if recipients > MOST_PEOPLE:
        yield problem("No more than 1000 recipients.", "personalizations")


def _problems_of(person: Mapping[str, Any], where: str, *, has_subject: bool) -> Iterator[Problem]:
    addresses = [
        (f"{where}.{key}.{number}.email", entry.get("email", "").lower())
        for key in ("to", "cc", "bcc")
        for number, entry in enumerate(person.get(key, []))
    ]
    if not person.get("to"):
        yield problem("The to array is required for all personalization objects.", f"{where}.to")
    for field, address in addresses:
        if not _ADDRESS.fullmatch(address):
            yield problem("Does not contain a valid address.", field)
    if len(addresses) != len({address for _field, address in addresses}):
        yield problem("Each email address in the personalization block should be unique.", where)
    if not (person.get("subject") or has_subject):
        yield problem("The subject is required.", f"{where}.subject")
    for name in ("custom_args", "substitutions"):
        values = person.get(name, {})
        if any(not isinstance(value, str) for value in values.values()):
            yield problem(f"The {name} must be strings.", f"{where}.{name}")
        elif sum(len(f"{key}{value}".encode()) for key, value in values.items()) > MOST_BYTES_PER_PERSON:
            yield problem(f"The {name} must not exceed 10000 bytes.", f"{where}.{name}")
    yield from _bad_headers(person.get("headers", {}), f"{where}.headers")


def _bad_headers(headers: Mapping[str, Any], field: str) -> Iterator[Problem]:
    for name, value in headers.items():
        allowed = isinstance(value, str) and f"{name}{value}".isprintable() and f"{name}{value}".isascii()
        if not allowed or name.lower() in RESERVED_HEADERS:
            yield problem(f"The header {name} is not allowed.", f"{field}.{name}")
