"""What a transport is: messages in, one outcome for each out; errors carry the decision about trying again."""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage as MimeMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Protocol, TypeAlias

from survey.errors import ClienteleError


@dataclass(frozen=True)
class Mailbox:
    """One person's address. `name` may be empty."""

    email: str
    name: str = ""


@dataclass(frozen=True)
class Content:
    """What the emails of one request share: who writes, and the words, with a tag wherever a person's own value goes.

    Attributes:
        reply_to: one address, or "".
        headers: beyond From, To, Reply-To, Subject, Date and Message-ID; each value is one line.
    """

    sender: Mailbox
    reply_to: str
    language: str
    text: str
    html: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class OutgoingEmail:
    """A composed message, complete in itself: a sender needs no database to send it.

    Attributes:
        attempt_id: our id of this try; the provider repeats it in every event.
        values: tag → what stands in its place for this person. A tag occurs in no value. Those of the HTML part are
            escaped already.
        date: when the try was committed.
        headers: this person's own, beside those of the content; each value is one line.
    """

    attempt_id: str
    to: Mailbox
    subject: str
    content: Content
    date: datetime
    message_id: str
    values: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The plain part as this person reads it."""
        return fill(self.content.text, self.values)

    @property
    def html(self) -> str:
        """The HTML part as this person reads it."""
        return fill(self.content.html, self.values)

    @property
    def reply_to(self) -> str:
        """Where this person's answer goes; may be empty."""
        return fill(self.content.reply_to, self.values)

    @property
    def all_headers(self) -> dict[str, str]:
        """The content's headers and this person's own."""
        return {**dict(self.content.headers), **self.headers}


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with every tag replaced by its value, as the provider does it."""
    for tag, value in values.items():
        text = text.replace(tag, value)
    return text


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


Outcome: TypeAlias = Accepted | SendError


class Sender(Protocol):
    """A transport. It has its own connect and total time-outs, and is called outside any transaction. Threads may
    share it.

    Attributes:
        most: how many messages it is given at once. All of them are done, or given up, well within a lease.
    """

    most: int

    def send(self, batch: Sequence[OutgoingEmail]) -> list[Outcome]:
        """Hand messages over: what came of each, in the same order. Raises nothing on purpose."""
        ...  # pragma: no cover


def what_stops(result: Outcome) -> SendError | None:
    """What the messages not yet tried get instead of a try, where trying on would only meet the same."""
    if isinstance(result, CredentialsError) or (isinstance(result, NotSentError) and result.concerns_all):
        return result
    if isinstance(result, UnknownOutcomeError):
        return NotSentError("Not tried: what was sent before it got no clear answer.")
    return None


def as_mime(outgoing: OutgoingEmail) -> MimeMessage:
    """The message as it goes over the wire: multipart/alternative, plain text first (RFC 2046 §5.1.4).

    Raises:
        RejectedError: an address or a header cannot be written in a message.
    """
    mime = MimeMessage(policy=SMTP)
    try:
        mime["From"] = _address(outgoing.content.sender)
        mime["To"] = _address(outgoing.to)
        if reply_to := outgoing.reply_to:
            mime["Reply-To"] = _address(Mailbox(reply_to))
        mime["Subject"] = outgoing.subject
        mime["Date"] = format_datetime(outgoing.date)
        mime["Message-ID"] = outgoing.message_id
        for name, value in outgoing.all_headers.items():
            mime[name] = value
    except (ValueError, IndexError) as error:  # the standard library's parser raises both for odd addresses
        raise RejectedError(f"A header cannot be written: {error}") from None
    mime.set_content(outgoing.text, cte="quoted-printable")
    mime.add_alternative(outgoing.html, subtype="html", cte="quoted-printable")
    mime["Content-Language"] = outgoing.content.language
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
