"""SendGrid: one request for up to 1,000 people, and what its answers mean for each of them."""

import json
import re
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPMessage

from emails.retry import parse_retry_after
from emails.senders import payload
from emails.senders.base import (
    Accepted,
    Content,
    CredentialsError,
    NotSentError,
    Outcome,
    OutgoingEmail,
    RejectedError,
    SendError,
    UnknownOutcomeError,
    what_stops,
)
from emails.senders.connection import CONNECT_SECONDS, TOTAL_SECONDS, Answer, Connection
from emails.senders.payload import Personalization
from survey import clock

PATH = "/v3/mail/send"
BATCH_SECONDS = 120.0  # no request of a batch is begun later; with the longest request still well within a lease

_ABOUT_THE_MESSAGE = frozenset({400, 413, 415, 422})
_PERSON = re.compile(r"personalizations[.\[](\d{1,4})\b")


class SendGridSender:
    """Groups a batch into requests, and halves a refused request until the bad message stands alone.

    A refusal (4xx) takes nothing of a request, so its parts may be sent again under the same attempt ids.
    """

    most = payload.MOST_PEOPLE

    def __init__(
        self,
        api_key: str,
        base_url: str,
        connect_seconds: float = CONNECT_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._connection = Connection(api_key, base_url, connect_seconds, total_seconds, context)

    def send(self, batch: Sequence[OutgoingEmail]) -> list[Outcome]:
        """Hand a batch over: what came of each message, in the same order."""
        emails = [email if payload.fits(email) else payload.written_out(email) for email in batch]
        work = _Work(self._connection, emails, time.monotonic() + BATCH_SECONDS)
        for positions in payload.grouped(emails):
            work.hand_over(positions)
        return [work.outcomes[position] for position in range(len(batch))]


@dataclass(frozen=True)
class _Refused:
    """A request that was refused for what is in it. `named`: the messages that the provider says are at fault."""

    error: RejectedError
    named: frozenset[int]


class _Work:
    """One batch under way."""

    def __init__(self, connection: Connection, emails: Sequence[OutgoingEmail], until: float) -> None:
        self._connection = connection
        self._emails = emails
        self._until = until
        self._stopped: SendError | None = None
        self.outcomes: dict[int, Outcome] = {}

    def hand_over(self, positions: Sequence[int]) -> None:
        """Send messages with one content, in parts where it must be, and note what came of each."""
        content = self._emails[positions[0]].content
        waiting = [self._people(positions)]
        while waiting:
            part = waiting.pop()
            if not part:
                continue
            outcome = self._stopped or self._request(content, part)
            if isinstance(outcome, _Refused) and len(part) > 1:
                waiting += _parts(part, outcome.named)
                continue
            result = outcome.error if isinstance(outcome, _Refused) else outcome
            self.outcomes.update(dict.fromkeys(part, result))
            self._stopped = self._stopped or what_stops(result)

    def _people(self, positions: Sequence[int]) -> dict[int, Personalization]:
        people: dict[int, Personalization] = {}
        for position in positions:
            try:
                people[position] = payload.personalization(self._emails[position])
            except RejectedError as error:
                self.outcomes[position] = error
        return people

    def _request(self, content: Content, part: dict[int, Personalization]) -> Outcome | _Refused:
        if time.monotonic() > self._until:
            return NotSentError("The batch took too long; the rest waits for the next one.")
        try:
            body = payload.encoded(payload.request(content, list(part.values())))
        except RejectedError as error:
            return CredentialsError(f"Our own address cannot be sent from: {error}")
        if len(body) > payload.MOST_BYTES:
            return _Refused(RejectedError("The message is larger than SendGrid takes."), frozenset())
        try:
            return _judge(self._connection.post(PATH, body), list(part))
        except SendError as error:
            return error


def _parts(part: dict[int, Personalization], named: frozenset[int]) -> list[dict[int, Personalization]]:
    """A refused group in smaller ones: those that were named each alone, or two halves."""
    if named:
        rest = {position: person for position, person in part.items() if position not in named}
        return [rest, *({position: part[position]} for position in sorted(named, reverse=True))]
    positions = list(part)
    half = len(positions) // 2
    return [{position: part[position] for position in some} for some in (positions[half:], positions[:half])]


def _judge(answer: Answer, part: Sequence[int]) -> Outcome | _Refused:
    """What an HTTP status means for a request (SendGrid v3, "Errors"): a 5xx may come after the mail was queued."""
    status, problems = answer.status, _problems(answer.body)
    detail = f"{status}: {'; '.join(words for words, _field in problems) or 'no reason given'}"[:400]
    if 200 <= status < 300:
        return Accepted(provider_id=(answer.headers.get("X-Message-Id") or "")[:200])
    if status == 429:
        return NotSentError(f"SendGrid asks for time with {detail}", _wait(answer.headers), concerns_all=True)
    if status >= 500:
        return UnknownOutcomeError(f"SendGrid answered {detail}")
    about_us = any(field.startswith("from") for _words, field in problems)
    if status in _ABOUT_THE_MESSAGE and not about_us:
        return _Refused(RejectedError(f"SendGrid refused the message with {detail}"), _named(problems, part))
    return CredentialsError(f"SendGrid refuses us with {detail}")  # the key, the sender's address, a wrong base URL


def _named(problems: Sequence[tuple[str, str]], part: Sequence[int]) -> frozenset[int]:
    found = (_PERSON.match(field) for _words, field in problems)
    numbers = {int(match[1]) for match in found if match}
    return frozenset(part[number] for number in numbers if number < len(part))


def _wait(headers: HTTPMessage) -> timedelta | None:
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
