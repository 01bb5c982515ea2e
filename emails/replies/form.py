"""What the provider's Inbound Parse posts, and a plain MIME message, as one value. Pure.

Twilio's "Setting up the Inbound Parse Webhook" describes the form: `headers`, `from`, `to`, `envelope` (JSON),
`subject`, `text`, `html`, `charsets` (JSON: which field is in which encoding), `attachments` (how many), `SPF`, `dkim`;
or `email` with the whole message, where "Post the raw, full MIME message" is on.
"""

import codecs
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes, message_from_string
from email.message import EmailMessage, Message
from email.policy import default
from email.utils import getaddresses, parseaddr
from typing import Any

from werkzeug.sansio.multipart import Data, Epilogue, Field, MultipartDecoder, NeedData

from survey.errors import InvalidInputError

LONGEST_BODY = 60_000  # characters that are kept of a reply; the words of its own are far shorter
LONGEST_FIELD = 2 * 1024 * 1024  # bytes of one form field
MOST_FIELDS = 400

# What the rules read; nothing else of the headers is kept.
HEADERS = frozenset({
    "message-id", "in-reply-to", "references", "auto-submitted", "precedence", "x-autoreply", "x-autorespond",
    "x-auto-response-suppress", "x-auto-reply-from", "x-mailer-autoreply", "list-id", "return-path", "content-type",
    "x-failed-recipients", "x-loop",
})  # fmt: skip

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]|[\ud800-\udfff]")
_DKIM_PASS = re.compile(r":\s*pass\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Inbound:
    """One email that came in.

    Attributes:
        recipients: every address that it was sent to, the envelope's first, in lower case.
        headers: the ones in `HEADERS`, names in lower case.
        authentic: the provider found the sending domain to be true; None if nobody looked.
    """

    from_email: str
    from_name: str
    recipients: tuple[str, ...]
    subject: str
    headers: Mapping[str, str]
    text: str
    html: str
    attachments: int
    authentic: bool | None

    @property
    def once_key(self) -> str:
        """The same for every copy of this email: its Message-ID, or a hash of all that it says."""
        said = self.headers.get("message-id") or "\n".join((self.from_email, self.subject, self.text, self.html))
        return f"sha256:{hashlib.sha256(said.encode('utf-8', 'replace')).hexdigest()}"

    @property
    def answers_to(self) -> tuple[str, ...]:
        """The ids of the messages it answers, the nearest first, without angle brackets."""
        named = f"{self.headers.get('in-reply-to', '')} {self.headers.get('references', '')}"
        found = re.findall(r"<([^<>\s]{1,250})>", named)
        return tuple(dict.fromkeys([*found[:1], *reversed(found[1:])]))


def read_form(content_type: str, body: bytes) -> dict[str, bytes]:
    """The text fields of a multipart form, as bytes: each may be in an encoding of its own. Files are left out.

    Raises:
        InvalidInputError: it is no such form, or a field is absurdly large.
    """
    boundary = re.search(r'boundary="?([^";,\s]{1,200})"?', content_type)
    if boundary is None or not content_type.lower().startswith("multipart/form-data"):
        raise InvalidInputError("The body is not a form.")
    decoder = MultipartDecoder(boundary.group(1).encode(), max_form_memory_size=None, max_parts=MOST_FIELDS)
    fields: dict[str, bytes] = {}
    current: str | None = None
    try:
        decoder.receive_data(body)
        decoder.receive_data(None)
        while not isinstance(part := decoder.next_event(), Epilogue | NeedData):
            if isinstance(part, Data):
                if current is not None:
                    fields[current] = fields[current] + part.data
                    _check_size(current, fields[current])
            elif isinstance(part, Field):
                current = part.name
                fields[part.name] = b""
            else:  # a file: it is not kept
                current = None
    except ValueError:
        raise InvalidInputError("The body is not a complete form.") from None
    return fields


def _check_size(name: str, value: bytes) -> None:
    if len(value) > LONGEST_FIELD:
        raise InvalidInputError(f"The field {name[:40]} is too large.")


def from_form(fields: Mapping[str, bytes]) -> Inbound:
    """The email in a posted form.

    Raises:
        InvalidInputError: it names no sender.
    """
    if "email" in fields:
        return from_mime(fields["email"], _envelope_to(fields), _verdict(fields))
    charsets = _json(fields.get("charsets", b""))

    def field(name: str) -> str:
        return _decoded(fields.get(name, b""), str(charsets.get(name, "utf-8")))

    headers = message_from_string(field("headers"))
    name, address = _sender(field("from"))
    count = field("attachments").strip()
    return Inbound(
        from_email=address,
        from_name=name,
        recipients=_recipients(_envelope_to(fields), [field("to")]),
        subject=_one_line(field("subject"))[:300],
        headers=_kept(headers),
        text=_clean(field("text")),
        html=_clean(field("html")),
        attachments=int(count) if count.isdecimal() else 0,
        authentic=_verdict(fields),
    )


def from_mime(raw: bytes, envelope: list[str] | None = None, authentic: bool | None = None) -> Inbound:
    """The email in a whole MIME message.

    Raises:
        InvalidInputError: it names no sender.
    """
    message = message_from_bytes(raw, policy=default)
    name, address = _sender(str(message.get("From", "")))
    receivers = [str(value) for header in ("Delivered-To", "To", "Cc") for value in message.get_all(header, [])]
    return Inbound(
        from_email=address,
        from_name=name,
        recipients=_recipients(envelope or [], receivers),
        subject=_one_line(str(message.get("Subject", "")))[:300],
        headers=_kept(message),
        text=_clean(_body(message, "plain")),
        html=_clean(_body(message, "html")),
        attachments=sum(1 for _ in message.iter_attachments()) if message.is_multipart() else 0,
        authentic=authentic,
    )


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return ""
    payload = part.get_payload(decode=True)
    return _decoded(payload if isinstance(payload, bytes) else b"", part.get_content_charset("utf-8"))


def _decoded(value: bytes, charset: str) -> str:
    try:
        codec = codecs.lookup(charset.strip() or "utf-8").name
        return value.decode(codec, "replace")
    except (LookupError, ValueError, UnicodeError):
        return value.decode("utf-8", "replace")


def _clean(text: str) -> str:
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _one_line(text: str) -> str:
    return " ".join(_CONTROL.sub(" ", text).split())


def _sender(value: str) -> tuple[str, str]:
    name, address = parseaddr(_one_line(value))
    if "@" not in address or len(address) > 254:
        raise InvalidInputError("The email names no sender.", "from")
    return _one_line(name)[:200], address.lower()


def _recipients(envelope: list[str], headers: list[str]) -> tuple[str, ...]:
    named = [address for _, address in getaddresses([_one_line(header) for header in headers])]
    addresses = (address.strip().lower() for address in [*envelope, *named])
    return tuple(dict.fromkeys(address for address in addresses if "@" in address and len(address) <= 254))[:20]


def _kept(headers: Message) -> dict[str, str]:
    return {name.lower(): _one_line(str(value))[:2000] for name, value in headers.items() if name.lower() in HEADERS}


def _envelope_to(fields: Mapping[str, bytes]) -> list[str]:
    found = _json(fields.get("envelope", b"")).get("to", [])
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []


def _verdict(fields: Mapping[str, bytes]) -> bool | None:
    """A domain that signs the email, or whose servers it came from, is true. "none" and "neutral" say nothing."""
    spf = fields.get("SPF", b"").decode("ascii", "replace").strip().lower()
    if _DKIM_PASS.search(fields.get("dkim", b"").decode("utf-8", "replace")) or spf == "pass":
        return True
    return False if spf in {"fail", "softfail"} else None


def _json(value: bytes) -> dict[str, Any]:
    try:
        found = json.loads(value or b"{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
