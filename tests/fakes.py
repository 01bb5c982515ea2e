"""Real servers that stand in for the outside world: SendGrid over HTTP, and a mail server over SMTP.

They behave like the originals where it matters to us, refuse what the originals refuse, and fail on demand.
"""

import base64
import json
import re
import socket
import ssl
import struct
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage as MimeMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import Request, urlopen

from aiosmtpd import smtp
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

API_KEY = "SG.fake-key-for-tests"
MOST_PERSONALIZATIONS = 1_000
MOST_BYTES = 30 * 1024 * 1024
RESERVED_HEADERS = {
    "x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding", "to", "from",
    "subject", "reply-to", "cc", "bcc",
}  # fmt: skip
ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+", re.ASCII)


@dataclass
class SentMail:
    """One personalization that the fake took."""

    message_id: str
    to: str
    subject: str
    attempt_id: str
    headers: dict[str, str]
    text: str
    html: str
    payload: dict[str, Any]


@dataclass
class Fault:
    """What the fake does with the next request instead of its duty.

    `status` answers with it; `slow` seconds pass before the answer; `reset` cuts the connection "before" the request is
    read, or "after" the mail was taken; `accept` takes the mail although the answer is an error.
    """

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    slow: float = 0.0
    reset: str = ""
    accept: bool = False


class FakeSendGrid:
    """SendGrid's /v3/mail/send, and its signed event webhook. `url` goes into SENDGRID_BASE_URL."""

    def __init__(self) -> None:
        self.sent: list[SentMail] = []
        self.requests = 0
        self.faults: list[Fault] = []
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.fake = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "FakeSendGrid":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def public_key(self) -> str:
        """What an operator copies into SENDGRID_WEBHOOK_PUBLIC_KEY."""
        der = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(der).decode()

    def fail_next(self, **fault: Any) -> None:
        """Let the next request meet a `Fault`; several calls queue up."""
        self.faults.append(Fault(**fault))

    def event(self, mail: SentMail, kind: str, **more: Any) -> dict[str, Any]:
        """One event about a mail, as the webhook carries it."""
        return {
            "email": mail.to,
            "timestamp": int(time.time()),
            "event": kind,
            "sg_event_id": uuid.uuid4().hex,
            "sg_message_id": f"{mail.message_id}.recvd-1",
            "attempt_id": mail.attempt_id,
            **more,
        }

    def sign(self, body: bytes, timestamp: str | None = None) -> dict[str, str]:
        """The headers of a signed webhook request with this body."""
        stamp = timestamp or str(int(time.time()))
        signature = self._key.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        return {
            "Content-Type": "application/json",
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
        }

    def body_of(self, events: Iterable[dict[str, Any]]) -> bytes:
        """A webhook's body as the original writes it: an array with CRLF between the events."""
        return b"[" + b",\r\n".join(json.dumps(event).encode() for event in events) + b"]\r\n"

    def deliver(self, url: str, events: Iterable[dict[str, Any]]) -> int:
        """POST signed events to a webhook address; returns the status."""
        body = self.body_of(events)
        with urlopen(Request(url, body, self.sign(body), method="POST"), timeout=10) as response:
            return int(response.status)

    def take(self, payload: dict[str, Any]) -> str:
        """Accept a checked request; returns the X-Message-Id."""
        message_id = uuid.uuid4().hex[:22]
        contents = {part["type"]: part["value"] for part in payload["content"]}
        for person in payload["personalizations"]:
            self.sent.append(
                SentMail(
                    message_id=message_id,
                    to=person["to"][0]["email"],
                    subject=person.get("subject") or payload["subject"],
                    attempt_id=person.get("custom_args", {}).get("attempt_id", ""),
                    headers=person.get("headers", {}),
                    text=contents.get("text/plain", ""),
                    html=contents.get("text/html", ""),
                    payload=payload,
                )
            )
        return message_id


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    fake: FakeSendGrid

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is part of the game."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        fake = self.server.fake
        fake.requests += 1
        fault = fake.faults.pop(0) if fake.faults else Fault()
        if fault.reset == "before":
            return self._reset()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, problem, payload = _check(self.path, self.headers.get("Authorization"), body)
        if fault.status and not fault.accept:
            status, problem = fault.status, problem or {"message": "on demand", "field": None}
        message_id = fake.take(payload) if status == 202 else ""
        status = fault.status or status
        time.sleep(fault.slow)
        if fault.reset == "after":
            return self._reset()
        return self._answer(status, problem, message_id, fault.headers)

    def _answer(self, status: int, problem: dict[str, Any], message_id: str, headers: dict[str, str]) -> None:
        body = json.dumps({"errors": [problem]}).encode() if status >= 400 else b""
        self.send_response(status)
        if message_id:
            self.send_header("X-Message-Id", message_id)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Be quiet."""


def _check(path: str, authorization: str | None, body: bytes) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """What the original says to a request: (status, problem, payload)."""
    if path != "/v3/mail/send":
        return 404, {"message": "Not Found", "field": None}, {}
    if authorization != f"Bearer {API_KEY}":
        return 401, {"message": "The provided authorization grant is invalid, expired, or revoked", "field": None}, {}
    if len(body) > MOST_BYTES:
        return 413, {"message": "Payload too large", "field": None}, {}
    try:
        payload = json.loads(body)
    except ValueError:
        return 400, {"message": "Bad Request", "field": None}, {}
    problem = next(_problems(payload), None)
    return (400, problem, payload) if problem else (202, {}, payload)


def _problems(payload: dict[str, Any]) -> Iterator[dict[str, Any]]:
    people = payload.get("personalizations") or []
    if not 1 <= len(people) <= MOST_PERSONALIZATIONS:
        yield {"message": "The personalizations field must hold 1 to 1000 objects.", "field": "personalizations"}
    if not ADDRESS.fullmatch(payload.get("from", {}).get("email", "")):
        yield {"message": "The from object must be provided with a valid email.", "field": "from.email"}
    contents = payload.get("content") or []
    if not contents or any(not part.get("value") for part in contents):
        yield {"message": "The content value must be a string at least one character in length.", "field": "content"}
    if [part.get("type") for part in contents] not in (["text/plain"], ["text/html"], ["text/plain", "text/html"]):
        yield {"message": "The content must be ordered by text/plain then text/html.", "field": "content"}
    for person in people:
        yield from _problems_of_person(person, payload)


def _problems_of_person(person: dict[str, Any], payload: dict[str, Any]) -> Iterator[dict[str, Any]]:
    where = "personalizations"
    addresses = [entry.get("email", "").lower() for key in ("to", "cc", "bcc") for entry in person.get(key, [])]
    if not person.get("to") or any(not ADDRESS.fullmatch(address) for address in addresses):
        yield {"message": "Does not contain a valid address.", "field": f"{where}.to"}
    if len(addresses) != len(set(addresses)):
        yield {"message": "Each email address in the personalization block should be unique.", "field": where}
    if not (person.get("subject") or payload.get("subject")):
        yield {"message": "The subject is required.", "field": "subject"}
    arguments = person.get("custom_args", {})
    if any(not isinstance(value, str) for value in arguments.values()) or len(json.dumps(arguments)) > 10_000:
        yield {"message": "The custom_args must be strings, up to 10000 bytes.", "field": f"{where}.custom_args"}
    for name, value in person.get("headers", {}).items():
        if name.lower() in RESERVED_HEADERS or not isinstance(value, str) or not f"{name}{value}".isprintable():
            yield {"message": f"The header {name} is not allowed.", "field": f"{where}.headers"}


@dataclass
class SmtpSink:
    """A mail server that keeps what it gets. `url` goes into SMTP_URL.

    Attributes:
        replies: answers to the next RCPT ("rcpt") or end of DATA ("data") commands, in place of 250.
        hang_up: cut the connection at the next "rcpt" or "data" (after the content was taken) instead of answering.
    """

    url: str
    received: list[MimeMessage] = field(default_factory=list)
    replies: dict[str, list[str]] = field(default_factory=dict)
    hang_up: str = ""
    slow: float = 0.0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd looks these names up
        self, server: smtp.SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._hangs_up("rcpt", server):
            return "421 4.3.0 gone"
        if reply := self._reply("rcpt"):
            return reply
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: smtp.SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if reply := self._reply("data"):
            return reply
        content = envelope.content
        assert isinstance(content, bytes)
        self.received.append(message_from_bytes(content, policy=default))
        if self.slow:
            time.sleep(self.slow)
        if self._hangs_up("data", server):
            return "421 4.3.0 gone"
        return f"250 2.0.0 OK: queued as {uuid.uuid4().hex[:12]}"

    def _reply(self, command: str) -> str:
        waiting = self.replies.get(command, [])
        return waiting.pop(0) if waiting else ""

    def _hangs_up(self, command: str, server: smtp.SMTP) -> bool:
        if self.hang_up != command:
            return False
        self.hang_up = ""
        assert server.transport is not None
        server.transport.close()
        return True


@contextmanager
def smtp_sink(*, login: tuple[str, str] | None = None, tls: ssl.SSLContext | None = None) -> Iterator[SmtpSink]:
    """A running mail server on a free port; with `login` it takes mail only after signing in with it."""
    sink = SmtpSink(url="")

    def authenticate(_server: object, _session: object, _envelope: object, _mechanism: str, data: object) -> AuthResult:
        assert isinstance(data, LoginPassword)
        right = login is not None and (data.login.decode(), data.password.decode()) == login
        return AuthResult(success=right, handled=False)

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(
        sink,
        hostname="127.0.0.1",
        port=port,
        ssl_context=tls,
        authenticator=authenticate if login else None,
        auth_required=login is not None,
        auth_require_tls=False,
        enable_SMTPUTF8=False,
    )
    controller.start()
    sink.url = f"smtp://127.0.0.1:{port}"
    try:
        yield sink
    finally:
        controller.stop()
