"""A scratch database full of surveys that are due: people who do not exist, at addresses that lead nowhere."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from emails.delivery import EmailState
from emails.models import EmailKind, EmailMessage
from survey import tokens
from survey.invitations import TOKEN_PURPOSE
from survey.models import Client, Contact, Firm, Invitation, InvitationState, Job, Resolution, ResolutionStaff

FIRST_NAMES = ("Ana", "Ben", "Cem", "Dora", "Eli", "Fay", "Gus", "Hana", "Ivo", "Jun", "Kai", "Lea", "Max", "Noa")
KINDS = ("Printer repair", "New laptop", "VPN issue", "Backup check")
CHUNK = 2_000


def stock(
    session: Session,
    secret_key: str,
    messages: int,
    now: datetime,
    *,
    wrong_addresses: int = 0,
    due_at: datetime | None = None,
) -> None:
    """Fill an empty database: a firm that writes at any hour, and `messages` survey emails, due at `due_at` (now).

    Every `wrong_addresses`th recipient has an address that the provider refuses (0: none).
    """
    session.add(
        Firm(
            name="Rehearsal & Sons",
            sender_email="hello@rehearsal.example",
            postal_address="1 Stage Street",
            promise=[],
            excluded_kinds=[],
            send_from=datetime.min.time(),
            send_until=datetime.min.time(),
            keep_holidays=False,
        )
    )
    session.flush()
    for first in range(1, messages + 1, CHUNK):
        numbers = range(first, min(first + CHUNK, messages + 1))
        for table, row in _ROWS:
            session.execute(insert(table), [row(number, now) for number in numbers])
        session.execute(insert(Invitation), [_invitation(number, secret_key, now) for number in numbers])
        session.execute(
            insert(EmailMessage),
            [_message(number, wrong_addresses, now, due_at or now) for number in numbers],
        )
    session.commit()


def address(number: int) -> str:
    """The address of one of the people."""
    return f"person{number}@client{number}.example"


def _client(number: int, now: datetime) -> dict[str, Any]:
    return {"id": number, "ref": f"R{number}", "name": f"Client {number}", "created_at": now}


def _contact(number: int, now: datetime) -> dict[str, Any]:
    name = f"{FIRST_NAMES[number % len(FIRST_NAMES)]} O’Neil {number}"
    return {
        "id": number, "client_id": number, "name": name, "email": address(number), "language": "en",
        "timezone": "UTC", "created_at": now,
    }  # fmt: skip


def _job(number: int, now: datetime) -> dict[str, Any]:
    return {
        "id": number, "source": "rehearsal", "external_id": str(number), "client_id": number, "contact_id": number,
        "kind": KINDS[number % len(KINDS)], "summary": f"Desk {number}: “screen” & <keys>", "created_at": now,
        "updated_at": now,
    }  # fmt: skip


def _resolution(number: int, now: datetime) -> dict[str, Any]:
    closed = now - timedelta(days=1)
    return {"id": number, "job_id": number, "sequence": 1, "completed_at": closed, "recorded_at": closed}


def _staff(number: int, _now: datetime) -> dict[str, Any]:
    return {"resolution_id": number, "name": f"{FIRST_NAMES[number % 7]} Xu", "share": 1.0}


_ROWS = (
    (Client, _client),
    (Contact, _contact),
    (Job, _job),
    (Resolution, _resolution),
    (ResolutionStaff, _staff),
)


def _invitation(number: int, secret_key: str, now: datetime) -> dict[str, Any]:
    seed = tokens.new_seed()
    return {
        "id": number, "resolution_id": number, "contact_id": number, "client_id": number,
        "state": InvitationState.SENT, "due_at": now, "expires_at": now + timedelta(days=7), "verdicts": [],
        "decided_at": now, "seed": seed, "sent_at": now,
        "token_hash": tokens.fingerprint(tokens.derive(secret_key, TOKEN_PURPOSE, seed)),
    }  # fmt: skip


def _message(number: int, wrong_addresses: int, now: datetime, due_at: datetime) -> dict[str, Any]:
    wrong = wrong_addresses and number % wrong_addresses == 0
    return {
        "once_key": f"survey/{number}/{number}", "kind": EmailKind.SURVEY, "invitation_id": number,
        "contact_id": number, "to_email": f"person{number}@nowhere" if wrong else address(number),
        "to_name": f"{FIRST_NAMES[number % len(FIRST_NAMES)]} O’Neil", "context": {}, "state": EmailState.PENDING,
        "due_at": due_at, "not_after": now + timedelta(days=7), "attempts": 0, "reason": "", "created_at": now,
    }  # fmt: skip
