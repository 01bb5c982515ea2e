"""The provider as an HTTP server: /v3/mail/send and the Email Logs, with limits, faults and a ledger."""

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from emails.rehearsal.faults import NONE, Fault, Faults
from emails.rehearsal.ledger import BadQueryError, Ledger, SentMail
from emails.rehearsal.limits import Problem, check, problem
from emails.rehearsal.webhooks import Webhooks
from survey import clock

API_KEY = "SG.a-key-for-rehearsals.that-opens-nothing-anywhere"
MOST_LOGGED = 1_000


class FakeSendGrid:
    """SendGrid as far as we use it. `url` goes into SENDGRID_BASE_URL, `API_KEY` into SENDGRID_API_KEY.

    Attributes:
        ledger: every mail that was taken.
        faults: what the coming requests meet.
        names_the_guilty: whether a refusal says which personalization is at fault.
        connections: how many were opened.
        has_logs: whether the account has Email Logs; without, they answer 403.
        answers: False: nobody listens to requests; connections are cut before they are read.
        now: the clock by which mails are dated.
    """

    def __init__(
        self,
        *,
        faults: Faults | None = None,
        has_logs: bool = True,
        names_the_guilty: bool = True,
        keep: bool = True,
        context: ssl.SSLContext | None = None,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self.ledger = Ledger(keep=keep)
        self.faults = faults or Faults()
        self.has_logs = has_logs
        self.names_the_guilty = names_the_guilty
        self.connections = 0
        self.logged: dict[str, list[dict[str, Any]]] = {}  # by attempt id: the events that the log tells of a mail
        self.answers = True
        self.now = now
        self.webhooks = Webhooks()
        self.arrivals: list[float] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.fake, self._server.context = self, context
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "FakeSendGrid":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def sent(self) -> list[SentMail]:
        """Every mail that was taken."""
        return self.ledger.mails

    @property
    def requests(self) -> int:
        """How many requests to send came in."""
        return len(self.arrivals)

    @property
    def public_key(self) -> str:
        """What an operator copies into SENDGRID_WEBHOOK_PUBLIC_KEY."""
        return self.webhooks.public_key

    def hang_up(self) -> None:
        """Close every connection that is open, as a server does that restarts."""
        self._server.hang_up()

    def fail_next(self, **fault: Any) -> None:
        """Let the next request to send meet a `Fault`; several calls queue up."""
        self.faults.add(Fault(**fault))

    def event(self, mail: SentMail, kind: str, **more: Any) -> dict[str, Any]:
        """One event about a mail, as the webhook carries it."""
        return self.webhooks.event(mail, kind, self.now(), **more)

    def sign(self, body: bytes, timestamp: str | None = None) -> dict[str, str]:
        """The headers of a signed webhook request with this body."""
        return self.webhooks.sign(body, timestamp or str(int(self.now().timestamp())))

    def body_of(self, events: Iterable[dict[str, Any]]) -> bytes:
        """A webhook's body as the original writes it."""
        return self.webhooks.body_of(events)

    def deliver(self, url: str, events: Iterable[dict[str, Any]]) -> int:
        """POST signed events to a webhook address; returns the status."""
        return self.webhooks.deliver(url, events, self.now())


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    fake: FakeSendGrid
    context: ssl.SSLContext | None

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._open: set[socket.socket] = set()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is part of the game."""

    def hang_up(self) -> None:
        """Close every connection that is open."""
        for connection in [*self._open]:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the connection's own thread, so that a slow handshake holds up nobody."""
        self.fake.connections += 1
        self._open.add(request)
        if self.context is not None:
            request = self.context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)
        self._open.discard(request)
        if self.context is not None:
            self.shutdown_request(request)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # status, headers and body leave together

    def do_POST(self) -> None:
        if not self.server.fake.answers:
            return self._reset()
        if self.path == "/v3/mail/send":
            return self._send_mail()
        body = self._body()
        if not self._may_enter():
            return None
        if self.path == "/v3/logs":
            return self._search(body)
        return self._refuse(404, [problem("Not Found")])

    def do_GET(self) -> None:
        if not self.server.fake.answers:
            return self._reset()
        if not self._may_enter():
            return None
        place, _, message_id = self.path.rpartition("/")
        mail = self.server.fake.ledger.get(unquote(message_id)) if place == "/v3/logs" else None
        if mail is None or not self.server.fake.has_logs:
            return self._refuse(404, [problem("Not Found")])
        details = {name: value for name, value in _summary(mail).items() if name != "sg_message_id_created_at"}
        own = {"custom_args": dict(mail.person.get("custom_args", {})), "api_key_id": "key-1", "client_ip": "192.0.2.1"}
        return self._answer(200, {**details, **own, "events": self.server.fake.logged.get(mail.attempt_id, [])})

    def _send_mail(self) -> None:
        fake = self.server.fake
        fake.arrivals.append(time.monotonic())
        fault = fake.faults.take()
        if fault.reset == "before":
            return self._reset()
        body = self._body()
        if not self._may_enter():
            return None
        status, problems, payload = check(body)
        refused = bool(fault.status) and not fault.accept
        message_id = "" if status != 202 or refused else fake.ledger.take(payload, fake.now())
        if fault is not NONE:
            time.sleep(fault.slow)
            if fault.reset == "after":
                return self._reset()
            if fault.status:
                return self._refuse(fault.status, problems or [problem("on demand")], fault.headers)
        if status != 202:
            return self._refuse(status, problems if fake.names_the_guilty else [problem("Bad Request")])
        return self._answer(202, None, {"X-Message-Id": message_id})

    def _search(self, body: bytes) -> None:
        if not self.server.fake.has_logs:
            return self._refuse(403, [problem("You do not have access to Email Logs.")])
        try:
            asked = json.loads(body)
            limit = min(int(asked.get("limit", 10)), MOST_LOGGED)
            found = self.server.fake.ledger.find(str(asked["query"]), limit)
        except (BadQueryError, ValueError, KeyError, TypeError):
            return self._refuse(400, [problem("invalid query", "query")])
        return self._answer(200, {"messages": [_summary(mail) for mail in found]})

    def _may_enter(self) -> bool:
        if self.headers.get("Authorization") == f"Bearer {API_KEY}":
            return True
        self._refuse(401, [problem("The provided authorization grant is invalid, expired, or revoked")])
        return False

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _refuse(self, status: int, problems: list[Problem], headers: Mapping[str, str] | None = None) -> None:
        self._answer(status, {"errors": problems}, headers)

    def _answer(self, status: int, document: object, headers: Mapping[str, str] | None = None) -> None:
        body = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
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


def _summary(mail: SentMail) -> dict[str, str]:
    return {
        "sg_message_id": mail.message_id,
        "from_email": str(mail.payload["from"]["email"]),
        "to_email": mail.to,
        "subject": mail.subject,
        "status": "processed",
        "sg_message_id_created_at": mail.at.isoformat().replace("+00:00", "Z"),
    }
