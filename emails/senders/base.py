"""What a transport is: one method, and errors that carry the decision about trying again."""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage as MimeMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Protocol

from survey.errors import ClienteleError


@dataclass(frozen=True)
class Mailbox:
    """One person's address. `name` may be empty."""

    email: str
    name: str = ""


@dataclass(frozen=True)
class OutgoingEmail:
    """A composed message, complete in itself: a sender needs no database to send it.

    Attributes:
        attempt_id: our id of this try; the provider repeats it in every event.
        date: when the try was committed.
        headers: beyond From, To, Reply-To, Subject, Date and Message-ID; each value is one line.
    """

    attempt_id: str
    sender: Mailbox
    to: Mailbox
    reply_to: str
    subject: str
    text: str
    html: str
    language: str
    date: datetime
    message_id: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Accepted:
    """The transport took the message. `delivered`: it already is where the recipient reads it."""

    provider_id: str
    delivered: bool = False


class SendError(ClienteleError):
    """A try that did not end in acceptance. Which subclass it is decides what happens next."""


class NotSentError(SendError):
    """Proven: nothing was handed over. Try again later.

    Attributes:
        retry_after: how long the provider asked us to wait, if it did.
        concerns_all: it would have hit any other message too, so all sending pauses.
    """

    def __init__(self, message: str, retry_after: timedelta | None = None, *, concerns_all: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.concerns_all = concerns_all


class CredentialsError(SendError):
    """The provider refuses us, not the message: it stays in the queue, all sending pauses, a person must look."""


class RejectedError(SendError):
    """Refused for good: the same message would be refused again. `bad_address`: the recipient does not exist."""

    def __init__(self, message: str, *, bad_address: bool = False) -> None:
        super().__init__(message)
        self.bad_address = bad_address


class UnknownOutcomeError(SendError):
    """The message may or may not have been taken. It must not be sent again without proof."""


class Sender(Protocol):
    """A transport. `send` has its own connect and total time-outs, and is called outside any transaction."""

    def send(self, outgoing: OutgoingEmail) -> Accepted:
        """Hand one message over.

        Raises:
            SendError: one of the four subclasses; nothing else is raised on purpose.
        """
        ...  # pragma: no cover


def as_mime(outgoing: OutgoingEmail) -> MimeMessage:
    """The message as it goes over the wire: multipart/alternative, plain text first (RFC 2046 §5.1.4).

    Raises:
        RejectedError: an address or a header cannot be written in a message.
    """
    mime = MimeMessage(policy=SMTP)
    try:
        mime["From"] = _address(outgoing.sender)
        mime["To"] = _address(outgoing.to)
        if outgoing.reply_to:
            mime["Reply-To"] = _address(Mailbox(outgoing.reply_to))
        mime["Subject"] = outgoing.subject
        mime["Date"] = format_datetime(outgoing.date)
        mime["Message-ID"] = outgoing.message_id
        for name, value in outgoing.headers.items():
            mime[name] = value
    except (ValueError, IndexError) as error:  # the standard library's parser raises both for odd addresses
        raise RejectedError(f"A header cannot be written: {error}") from None
    mime.set_content(outgoing.text, cte="quoted-printable")
    mime.add_alternative(outgoing.html, subtype="html", cte="quoted-printable")
    mime["Content-Language"] = outgoing.language
    return mime


def wire_address(email: str) -> str:
    """`email` with its domain in ASCII (IDNA).

    Raises:
        RejectedError: it is not an address, or the part before the @ is not ASCII.
    """
    local, at, domain = email.strip().rpartition("@")
    try:
        if not (at and local.isascii() and local and domain):
            raise ValueError
        return f"{local}@{domain if domain.isascii() else domain.encode('idna').decode('ascii')}"
    except ValueError:  # UnicodeError, which IDNA raises, is one too
        raise RejectedError("The address is not one that email can be sent to.", bad_address=True) from None


@contextmanager
def deadline(find_socket: Callable[[], socket.socket | None], seconds: float) -> Iterator[None]:
    """Break the connection after `seconds`: a socket's own time-out would start again with every byte."""

    def cut() -> None:
        with suppress(OSError):
            if connection := find_socket():
                connection.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def in_short(error: BaseException) -> str:
    """An error of a connection in one line."""
    return f"{type(error).__name__} {' '.join(str(error).split())}"[:300]


def _address(mailbox: Mailbox) -> Address:
    return Address(display_name=mailbox.name, addr_spec=wire_address(mailbox.email))
