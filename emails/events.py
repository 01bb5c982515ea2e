"""SendGrid's events: is the request really theirs, and what does each event say? Pure.

Twilio's "Event Webhook Security Features" and "Event Webhook Reference" describe both formats; docs/email-events.md
lists every event and field with what we make of it.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from emails.delivery import DeliveryState
from survey.errors import ClienteleError, InvalidInputError

SIGNATURE_HEADER = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP_HEADER = "X-Twilio-Email-Event-Webhook-Timestamp"

# Wide on purpose: the provider repeats an unanswered request for a day, and a replay changes nothing.
OLDEST = timedelta(hours=48)
MOST_AHEAD = timedelta(minutes=10)

# NUL and lone surrogates can only come from these: escapes, the bytes themselves, or another encoding than UTF-8.
_SUSPECT = re.compile(rb"\\u0000|\\u[dD]|\xed[\xa0-\xbf]|\x00")
_PEM = re.compile(r"-----BEGIN [A-Z ]+-----(.*?)-----END [A-Z ]+-----", re.DOTALL)
_ATTEMPT_ID = re.compile(r"[0-9a-f]{32}")
_LONGEST_EVENT_ID = 200


class BadSignatureError(ClienteleError):
    """The request is not the provider's, or is absurdly old."""


class BadEventError(ClienteleError):
    """One event cannot be used; the message says why, and the rest of its batch goes on."""


class Hit(StrEnum):
    """Why an address must not be written to again, as an event says it. Values match `SuppressionReason`."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"


@dataclass(frozen=True)
class ProviderEvent:
    """What one event says.

    Attributes:
        attempt_id: our id of the try it belongs to; None if the message was not ours.
        delivery: the delivery state it reports; None for events that report none (open, click, unsubscribe).
        hit: the address must not be written to again, and why.
    """

    name: str
    at: datetime
    attempt_id: str | None
    delivery: DeliveryState | None
    hit: Hit | None
    reason: str


_DELIVERY = {
    "processed": DeliveryState.PROCESSED,
    "deferred": DeliveryState.DEFERRED,
    "delivered": DeliveryState.DELIVERED,
    "bounce": DeliveryState.BOUNCED,
    "blocked": DeliveryState.BLOCKED,
    "dropped": DeliveryState.DROPPED,
    "spamreport": DeliveryState.COMPLAINED,
}
_HITS = {
    "bounce": Hit.BOUNCED,
    "spamreport": Hit.COMPLAINED,
    "unsubscribe": Hit.UNSUBSCRIBED,
    "group_unsubscribe": Hit.UNSUBSCRIBED,
}
# "received" stands in the provider's log alone: it took our request, which proves acceptance and nothing more.
_WITHOUT_EFFECT = frozenset({"open", "click", "group_resubscribe", "received"})
# A refusal for one of these is not about the address, even where the provider calls it a bounce.
_NOT_THE_ADDRESS = frozenset({"content", "reputation", "technical", "frequency or volume too high"})
_DROP_REASONS = {
    "bounced address": Hit.BOUNCED,
    "invalid": Hit.BOUNCED,
    "spam reporting address": Hit.COMPLAINED,
    "unsubscribed address": Hit.UNSUBSCRIBED,
}


@lru_cache(maxsize=8)
def load_keys(text: str) -> tuple[ec.EllipticCurvePublicKey, ...]:
    """The verification keys as the provider shows them: base64 of DER, with or without PEM lines around it.

    Two, separated by a comma or a new line, while one takes the place of the other.

    Raises:
        InvalidInputError: there is none, or one is not a P-256 public key.
    """
    blocks = _PEM.findall(text)
    keys = [*("".join(block.split()) for block in blocks), *re.split(r"[,;\s]+", _PEM.sub(" ", text))]
    found = tuple(_load_key(key) for key in keys if key)
    if not found:
        raise InvalidInputError("There is no public key.")
    return found


def _load_key(body: str) -> ec.EllipticCurvePublicKey:
    try:
        key = load_der_public_key(base64.b64decode(body, validate=True))
    except (ValueError, binascii.Error):
        raise InvalidInputError("One of the keys is not a public key.") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise InvalidInputError("One of the keys is not an ECDSA P-256 key.")
    return key


def verify(
    keys: Sequence[ec.EllipticCurvePublicKey], signature: str, timestamp: str, body: bytes, now: datetime
) -> None:
    """ECDSA with SHA-256 over the timestamp's bytes followed by the raw body, exactly as received, by one of `keys`.

    Raises:
        BadSignatureError: it does not hold, or the timestamp is out of all reason.
    """
    try:
        signed, proof = timestamp.encode("ascii") + body, base64.b64decode(signature, validate=True)
        sent_at = datetime.fromtimestamp(int(timestamp), UTC)
    except (ValueError, binascii.Error, OverflowError, OSError):
        raise BadSignatureError("The signature does not match.") from None
    if not any(_holds(key, proof, signed) for key in keys):
        raise BadSignatureError("The signature does not match.")
    if not now - OLDEST <= sent_at <= now + MOST_AHEAD:
        raise BadSignatureError(f"The request is dated {sent_at.isoformat()}.")


def _holds(key: ec.EllipticCurvePublicKey, proof: bytes, signed: bytes) -> bool:
    try:
        key.verify(proof, signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def read_batch(body: bytes) -> list[dict[str, Any]]:
    """The raw events of one request; an element that is not an object is wrapped, so that it can be kept and shown.

    Raises:
        InvalidInputError: the body is not a JSON array.
    """
    try:
        batch = json.loads(body, parse_constant=str)
        if _SUSPECT.search(body):
            batch = _storable(batch)
    except (ValueError, RecursionError):
        raise InvalidInputError("The body is not JSON.") from None
    if not isinstance(batch, list):
        raise InvalidInputError("The body is not a list of events.")
    return [item if isinstance(item, dict) else {"not_an_object": item} for item in batch]


def _storable(value: Any) -> Any:
    """`value` without what a JSON column refuses: NUL and lone surrogates. One bad event must not cost its batch."""
    if isinstance(value, str):
        return value.replace("\x00", "�").encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    return value


def event_id(raw: Mapping[str, Any]) -> str:
    """The provider's id of the event, which makes it count once; for an event without one, a hash of all it says."""
    found = raw.get("sg_event_id")
    if isinstance(found, str) and 0 < len(found) <= _LONGEST_EVENT_ID:
        return found
    return "sha256:" + hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest()


def parse(raw: Mapping[str, Any]) -> ProviderEvent:
    """What one raw event says.

    Raises:
        BadEventError: an unknown kind, or a field that is missing or of the wrong type.
    """
    name = raw.get("event")
    if not isinstance(name, str):
        raise BadEventError("it does not say what happened")
    if name == "bounce" and (raw.get("type") == "blocked" or _classified(raw) in _NOT_THE_ADDRESS):
        name = "blocked"
    if name not in _DELIVERY and name not in _HITS and name not in _WITHOUT_EFFECT:
        raise BadEventError(f"unknown kind of event: {name[:40]}")
    reason = raw.get("reason") or raw.get("response") or ""
    if not isinstance(reason, str):
        raise BadEventError("its reason is not text")
    return ProviderEvent(
        name=name,
        at=_moment(raw.get("timestamp")),
        attempt_id=_attempt_id(raw.get("attempt_id")),
        delivery=_DELIVERY.get(name),
        hit=_DROP_REASONS.get(reason.strip().lower()) if name == "dropped" else _HITS.get(name),
        reason=reason[:500],
    )


def _classified(raw: Mapping[str, Any]) -> str:
    found = raw.get("bounce_classification")
    return found.strip().lower() if isinstance(found, str) else ""


def _moment(value: object) -> datetime:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadEventError("its timestamp is not a whole number")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise BadEventError("its timestamp is out of range") from None


def _attempt_id(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not _ATTEMPT_ID.fullmatch(value):
        raise BadEventError("its attempt id is not one of ours")
    return value
