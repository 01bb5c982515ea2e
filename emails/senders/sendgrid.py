"""SendGrid: the `sendgrid` package's own mail objects, sent over a connection whose every phase we can tell apart.

The package's client (python_http_client on urllib) has one time-out for each socket operation and reports every failure
as the same URLError, so a request that was never written looks like one whose answer was lost. `http.client` keeps
connect, write and read apart, and that difference is what decides between "try again" and "unknown".
"""

import http.client
import json
import ssl
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from sendgrid.helpers.mail import (
    ClickTracking,
    Content,
    CustomArg,
    From,
    Header,
    Mail,
    OpenTracking,
    Personalization,
    ReplyTo,
    Subject,
    SubscriptionTracking,
    To,
    TrackingSettings,
)

from emails.retry import parse_retry_after
from emails.senders.base import (
    Accepted,
    CredentialsError,
    NotSentError,
    OutgoingEmail,
    RejectedError,
    UnknownOutcomeError,
    deadline,
    in_short,
    wire_address,
)
from survey import clock

PATH = "/v3/mail/send"
CONNECT_SECONDS = 10.0
TOTAL_SECONDS = 30.0

_LONGEST_ANSWER = 64 * 1024
_ABOUT_THE_MESSAGE = frozenset({400, 413, 415, 422})


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


class SendGridSender:
    """One request for one message. The API key goes into one header and nowhere else."""

    def __init__(
        self,
        api_key: str,
        base_url: str,
        connect_seconds: float = CONNECT_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        parts = urlsplit(base_url)
        self._https = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._https else 80)
        self._path = parts.path.rstrip("/") + PATH
        self._api_key = api_key
        self._connect_seconds = connect_seconds
        self._total_seconds = total_seconds

    def send(self, outgoing: OutgoingEmail) -> Accepted:
        """Hand one message over.

        Raises:
            SendError: as `Sender.send` says.
        """
        body = json.dumps(as_mail(outgoing).get()).encode()
        connection = self._connect()
        try:
            with deadline(lambda: connection.sock, self._total_seconds):
                answer = self._exchange(connection, body)
        finally:
            connection.close()
        return _judge(answer)

    def _connect(self) -> http.client.HTTPConnection:
        if self._https:
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                self._host, self._port, timeout=self._connect_seconds, context=ssl.create_default_context()
            )
        else:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=self._connect_seconds)
        try:
            connection.connect()
        except OSError as error:
            connection.close()
            raise NotSentError(f"No connection to {self._host}: {in_short(error)}", concerns_all=True) from None
        connection.sock.settimeout(self._total_seconds)
        return connection

    def _exchange(self, connection: http.client.HTTPConnection, body: bytes) -> _Answer:
        written = False
        try:
            connection.request("POST", self._path, body, self._headers())
            written = True
        except OSError as error:
            failure = in_short(error)  # the server may have answered and hung up while we were still writing
        try:
            response = connection.getresponse()
            return _Answer(response.status, response.headers, response.read(_LONGEST_ANSWER))
        except (OSError, http.client.HTTPException) as error:
            if not written:
                raise NotSentError(f"The request could not be written: {failure}", concerns_all=True) from None
            raise UnknownOutcomeError(f"No answer to the request: {in_short(error)}") from None

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self._api_key}",
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Connection": "close",
        }


def as_mail(outgoing: OutgoingEmail) -> Mail:
    """The request's body. No personal data in custom_args; all of the provider's tracking is off.

    Raises:
        RejectedError: an address cannot be sent to.
    """
    mail = Mail()
    mail.from_email = From(wire_address(outgoing.sender.email), outgoing.sender.name or None)
    mail.subject = Subject(outgoing.subject)
    if outgoing.reply_to:
        mail.reply_to = ReplyTo(wire_address(outgoing.reply_to))
    recipient = Personalization()
    recipient.add_to(To(wire_address(outgoing.to.email), outgoing.to.name or None))
    recipient.add_custom_arg(CustomArg("attempt_id", outgoing.attempt_id))
    for name, value in outgoing.headers.items():
        recipient.add_header(Header(name, value))
    mail.add_personalization(recipient)
    mail.content = [Content("text/plain", outgoing.text), Content("text/html", outgoing.html)]
    mail.tracking_settings = TrackingSettings(
        click_tracking=ClickTracking(enable=False, enable_text=False),
        open_tracking=OpenTracking(enable=False),
        subscription_tracking=SubscriptionTracking(enable=False),
    )
    return mail


def _judge(answer: _Answer) -> Accepted:
    """What an HTTP status means for a message (SendGrid v3, "Errors"): a 5xx may come after the mail was queued."""
    status, problems = answer.status, _problems(answer.body)
    detail = f"{status}: {'; '.join(words for words, _field in problems) or 'no reason given'}"[:400]
    if 200 <= status < 300:
        return Accepted(provider_id=(answer.headers.get("X-Message-Id") or "")[:200])
    if status == 429:
        raise NotSentError(f"SendGrid asks for time with {detail}", _wait(answer.headers), concerns_all=True)
    if status >= 500:
        raise UnknownOutcomeError(f"SendGrid answered {detail}")
    about_us = any(field.startswith("from") for _words, field in problems)
    if status in _ABOUT_THE_MESSAGE and not about_us:
        raise RejectedError(f"SendGrid refused the message with {detail}")
    raise CredentialsError(f"SendGrid refuses us with {detail}")  # the key, the sender's address, a wrong base URL


def _wait(headers: http.client.HTTPMessage) -> timedelta | None:
    now = clock.now()
    if wait := parse_retry_after(headers.get("Retry-After"), now):
        return wait
    reset = headers.get("X-RateLimit-Reset") or ""
    seconds = int(reset) - int(now.timestamp()) if reset.isascii() and reset.isdigit() else 0
    return parse_retry_after(str(seconds), now)


def _problems(body: bytes) -> list[tuple[str, str]]:
    """The provider's own words and the field they are about: {"errors": [{"message", "field"}]}."""
    try:
        errors = json.loads(body)["errors"]
        return [(str(error["message"]), str(error.get("field") or "")) for error in errors]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []
