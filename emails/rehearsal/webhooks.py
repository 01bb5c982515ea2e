"""Signed event webhooks as the provider sends them: with CRLF, and if wanted doubled, out of order, split, late."""

import base64
import json
import random
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from emails.rehearsal.ledger import SentMail

SECONDS = 20.0


class Webhooks:
    """Makes events about mails and signs them."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public_key(self) -> str:
        """What an operator copies into SENDGRID_WEBHOOK_PUBLIC_KEY."""
        der = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(der).decode()

    def event(self, mail: SentMail, kind: str, at: datetime, **more: Any) -> dict[str, Any]:
        """One event about a mail, as the webhook carries it."""
        return {
            "email": mail.to,
            "timestamp": int(at.timestamp()),
            "event": kind,
            "sg_event_id": uuid.uuid4().hex,
            "sg_message_id": f"{mail.message_id}.recvd-1",
            "attempt_id": mail.attempt_id,
            **more,
        }

    def body_of(self, events: Iterable[dict[str, Any]]) -> bytes:
        """A webhook's body as the original writes it: an array with CRLF between the events."""
        return b"[" + b",\r\n".join(json.dumps(event).encode() for event in events) + b"]\r\n"

    def sign(self, body: bytes, stamp: str) -> dict[str, str]:
        """The headers of a signed webhook request with this body. `stamp`: seconds since 1970."""
        signature = self._key.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        return {
            "Content-Type": "application/json",
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
        }

    def deliver(self, url: str, events: Iterable[dict[str, Any]], at: datetime) -> int:
        """POST signed events to a webhook address; returns the status.

        Raises:
            OSError: nobody answers.
        """
        body = self.body_of(events)
        try:
            request = Request(url, body, self.sign(body, str(int(at.timestamp()))), method="POST")  # noqa: S310
            with urlopen(request, timeout=SECONDS) as response:  # noqa: S310 - our own server
                return int(response.status)
        except HTTPError as error:
            with error:
                return error.code


def shuffled(events: Sequence[dict[str, Any]], seed: int, most: int = 500) -> Iterator[list[dict[str, Any]]]:
    """The same events as a bad day would bring them: out of order, some twice, in batches of any size up to `most`."""
    chance = random.Random(seed)  # noqa: S311 - a rehearsal, the same again for the same seed
    line = [*events, *(event for event in events if chance.random() < 0.1)]
    chance.shuffle(line)
    first = 0
    while first < len(line):
        size = chance.randint(1, most)
        yield line[first : first + size]
        first += size
