"""Real servers that stand in for the outside world: SendGrid over HTTP, and a mail server over SMTP.

They behave like the originals where it matters to us, refuse what the originals refuse, and fail on demand. SendGrid's
lives in `emails.rehearsal`, because operators rehearse against it too.
"""

import socket
import ssl
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage as MimeMessage
from email.policy import default

from aiosmtpd import smtp
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from emails.rehearsal.ledger import SentMail
from emails.rehearsal.server import API_KEY, FakeSendGrid

__all__ = ["API_KEY", "FakeSendGrid", "SentMail", "SmtpSink", "smtp_sink"]


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
