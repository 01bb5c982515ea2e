"""SMTP, for any mail server: smtp://user:password@host:587?starttls=1, or smtps://user:password@host:465.

The Message-ID is our id of the try. Bounces that come back as mail (DSN) are read by nobody here: with SMTP, an address
that does not exist is known only where the server refuses it in the conversation.
"""

import re
import smtplib
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from emails.senders.base import (
    Accepted,
    CredentialsError,
    NotSentError,
    Outcome,
    OutgoingEmail,
    RejectedError,
    SendError,
    UnknownOutcomeError,
    as_mime,
    deadline,
    in_short,
    what_stops,
    wire_address,
)
from survey.errors import SettingsError

CONNECT_SECONDS = 10.0
TOTAL_SECONDS = 60.0  # for one message
BATCH_SECONDS = 120.0  # no message is begun later; with the longest one still well within a lease

_GOODBYE_SECONDS = 2.0
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
    """One connection for a batch of messages; each has its own outcome."""

    most = 100

    def __init__(self, url: str, connect_seconds: float = CONNECT_SECONDS, total_seconds: float = TOTAL_SECONDS):
        self._server = parse_smtp_url(url)
        self._connect_seconds = connect_seconds
        self._total_seconds = total_seconds

    def send(self, batch: Sequence[OutgoingEmail]) -> list[Outcome]:
        """Hand a batch over: what came of each message, in the same order.

        The server's answer to the end of DATA is the acceptance. Before DATA's first byte a failure proves that
        nothing was handed over; from there on a failure without an answer leaves the outcome unknown.
        """
        line = _Line(self._connect)
        until = time.monotonic() + BATCH_SECONDS
        outcomes: list[Outcome] = []
        stopped: Outcome | None = None
        try:
            for email in batch:
                if stopped is None and time.monotonic() > until:
                    stopped = NotSentError("The batch took too long; the rest waits for the next one.")
                outcomes.append(stopped or self._one(line, email))
                stopped = stopped or what_stops(outcomes[-1])
        finally:
            line.hang_up()
        return outcomes

    def _one(self, line: "_Line", email: OutgoingEmail) -> Outcome:
        try:
            content = as_mime(email).as_bytes()
            sender, recipient = wire_address(email.content.sender.email), wire_address(email.to.email)
            used = line.used
            try:
                return self._hand_over(line, sender, recipient, content)
            except NotSentError:
                if not used or line.open is not None:
                    raise
                return self._hand_over(line, sender, recipient, content)  # some servers end a line after N messages
        except SendError as error:
            return error

    def _hand_over(self, line: "_Line", sender: str, recipient: str, content: bytes) -> Accepted:
        connection = line.open or line.dial()
        try:
            with deadline(lambda: connection.sock, self._total_seconds):
                if not line.used:
                    self._prepare(connection)
                line.used = True
                self._envelope(connection, sender, recipient)
                answer = self._data(connection, content)
        except (RejectedError, NotSentError) as error:
            if isinstance(error, NotSentError) and error.concerns_all:
                line.hang_up()
            else:
                line.reset()
            raise
        except SendError:
            line.hang_up()
            raise
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


class _Line:
    """The connection of a batch: opened when it is needed, and again where it broke."""

    def __init__(self, connect: Callable[[], smtplib.SMTP]) -> None:
        self._connect = connect
        self.open: smtplib.SMTP | None = None
        self.used = False

    def dial(self) -> smtplib.SMTP:
        """A new connection.

        Raises:
            NotSentError: nobody answers.
        """
        self.open, self.used = self._connect(), False
        return self.open

    def reset(self) -> None:
        """Forget the message that was refused, so that the next one starts clean."""
        try:
            if self.open is not None and self.open.sock is not None and self.open.rset()[0] == 250:
                return
        except (OSError, smtplib.SMTPException):
            pass
        self.hang_up()

    def hang_up(self) -> None:
        """End the connection politely if it still works."""
        if self.open is not None:
            with suppress(OSError, smtplib.SMTPException):
                if self.open.sock is not None:
                    self.open.sock.settimeout(_GOODBYE_SECONDS)
                    self.open.quit()
            self.open.close()
        self.open, self.used = None, False


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
