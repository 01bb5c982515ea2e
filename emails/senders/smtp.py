"""SMTP, for any mail server: smtp://user:password@host:587?starttls=1, or smtps://user:password@host:465."""

import re
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from emails.senders.base import (
    Accepted,
    CredentialsError,
    NotSentError,
    OutgoingEmail,
    RejectedError,
    UnknownOutcomeError,
    as_mime,
    deadline,
    in_short,
    wire_address,
)
from survey.errors import SettingsError

CONNECT_SECONDS = 10.0
TOTAL_SECONDS = 60.0

_AUTH_CODES = frozenset({530, 534, 535, 538})


@dataclass(frozen=True)
class SmtpServer:
    """Where and how to connect. `password` is never shown."""

    host: str
    port: int
    user: str
    password: str
    tls: bool  # from the first byte
    starttls: bool

    def __repr__(self) -> str:
        return f"SmtpServer({self.host}:{self.port})"


def parse_smtp_url(url: str) -> SmtpServer:
    """The server of an SMTP_URL.

    Raises:
        SettingsError: it is not smtp:// or smtps:// with a host.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SettingsError("SMTP_URL: the port is not a number") from None
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise SettingsError("SMTP_URL: expected smtp://host:port or smtps://host:port")
    tls = parts.scheme == "smtps"
    return SmtpServer(
        host=parts.hostname,
        port=port or (465 if tls else 587 if parts.username else 25),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=tls,
        starttls=parse_qs(parts.query).get("starttls", ["0"])[-1] in {"1", "true", "yes"},
    )


class SmtpSender:
    """One connection for each message: simple, and no half-dead connection is ever reused."""

    def __init__(self, url: str, connect_seconds: float = CONNECT_SECONDS, total_seconds: float = TOTAL_SECONDS):
        self._server = parse_smtp_url(url)
        self._connect_seconds = connect_seconds
        self._total_seconds = total_seconds

    def send(self, outgoing: OutgoingEmail) -> Accepted:
        """Hand one message over.

        The server's answer to the end of DATA is the acceptance. Before DATA's first byte a failure proves that
        nothing was handed over; from there on a failure without an answer leaves the outcome unknown.

        Raises:
            SendError: as `Sender.send` says.
        """
        content = as_mime(outgoing).as_bytes()
        sender, recipient = wire_address(outgoing.sender.email), wire_address(outgoing.to.email)
        connection = self._connect()
        try:
            with deadline(lambda: connection.sock, self._total_seconds):
                self._prepare(connection)
                self._envelope(connection, sender, recipient)
                answer = self._data(connection, content)
        finally:
            with suppress(OSError, smtplib.SMTPException):
                connection.close()
        return Accepted(provider_id=answer[:200])

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        try:
            if server.tls:
                context = ssl.create_default_context()
                return smtplib.SMTP_SSL(server.host, server.port, timeout=self._connect_seconds, context=context)
            return smtplib.SMTP(server.host, server.port, timeout=self._connect_seconds)
        except (OSError, smtplib.SMTPException) as error:
            raise NotSentError(f"No connection to {server!r}: {in_short(error)}", concerns_all=True) from None

    def _prepare(self, connection: smtplib.SMTP) -> None:
        try:
            connection.ehlo_or_helo_if_needed()
            if self._server.starttls:
                connection.starttls(context=ssl.create_default_context())
                connection.ehlo()
            if self._server.user:
                connection.login(self._server.user, self._server.password)
        except smtplib.SMTPAuthenticationError as error:
            raise CredentialsError(f"The mail server refuses the sign-in ({error.smtp_code}).") from None
        except smtplib.SMTPNotSupportedError as error:
            raise CredentialsError(f"The mail server does not offer what SMTP_URL asks for: {error}") from None
        except (OSError, smtplib.SMTPException) as error:
            raise NotSentError(f"The mail server is not ready: {in_short(error)}", concerns_all=True) from None

    def _envelope(self, connection: smtplib.SMTP, sender: str, recipient: str) -> None:
        try:
            _check_sender(*connection.mail(sender))
            _check(*connection.rcpt(recipient), recipient=True)
        except (OSError, smtplib.SMTPException) as error:
            raise NotSentError(f"The connection broke before the message: {in_short(error)}") from None

    def _data(self, connection: smtplib.SMTP, content: bytes) -> str:
        try:
            code, reply = connection.docmd("DATA")
        except (OSError, smtplib.SMTPException) as error:
            raise NotSentError(f"The connection broke before the message: {in_short(error)}") from None
        if code != 354:
            _check(code, reply)
            raise NotSentError(f"The mail server answered {code} to DATA.")
        try:
            connection.send(re.sub(rb"(?m)^\.", b"..", content) + b".\r\n")
            code, reply = connection.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise UnknownOutcomeError(f"No answer after the message: {in_short(error)}") from None
        if not 200 <= code < 600:
            raise UnknownOutcomeError(f"No sense in the answer after the message: {code} {_text(reply)}")
        _check(code, reply)
        return f"{code} {_text(reply)}"


def _check_sender(code: int, reply: bytes) -> None:
    """A refusal of the sender's address would meet every message."""
    try:
        _check(code, reply)
    except RejectedError as error:
        raise CredentialsError(f"The mail server refuses our address: {error}") from None


def _check(code: int, reply: bytes, *, recipient: bool = False) -> None:
    """Raise what a reply code means (RFC 5321 §4.2.1, RFC 3463): 4yz is for now, 5yz for good."""
    text = f"{code} {_text(reply)}"
    if 200 <= code < 300:
        return
    if code in _AUTH_CODES:
        raise CredentialsError(f"The mail server refuses us: {text}")
    if 500 <= code < 600:
        raise RejectedError(text, bad_address=recipient and _says_no_such_address(text))
    raise NotSentError(text, concerns_all=code == 421)


def _says_no_such_address(text: str) -> bool:
    return any(f" {status} " in f"{text} " for status in ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"))


def _text(reply: bytes) -> str:
    return " ".join(reply.decode("utf-8", "replace").split())[:300]
