"""When to try again: back-off, the provider's Retry-After, and the pause that protects the whole queue. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
LONGEST_RETRY_AFTER = timedelta(hours=6)
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=15)


def backoff(tries: int, spread: float) -> timedelta:
    """How long to wait after `tries` failures: 30 s doubled each time, at most an hour, and up to half as much again.

    `spread` in 0…1 is the caller's random number: it keeps messages that failed together from returning together.
    """
    wait = min(FIRST_WAIT * 2 ** min(max(tries, 1) - 1, 20), LONGEST_WAIT)
    return timedelta(seconds=wait.total_seconds() * (1 + spread / 2))


def parse_retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Retry-After (RFC 9110 §10.2.3): seconds or an HTTP date. None if absent, unreadable or in the past."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        wait = timedelta(seconds=min(int(text), 10**6))
    else:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        wait = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    return min(wait, LONGEST_RETRY_AFTER) if wait > timedelta(0) else None


@dataclass(frozen=True)
class Breaker:
    """The whole queue waits until `retry_at`; then one message is tried, and its outcome decides.

    `needs_person`: it will not pass by itself (the provider refuses the key).
    """

    failures: int
    opened_at: datetime
    retry_at: datetime
    reason: str
    needs_person: bool


def tripped(
    previous: Breaker | None, reason: str, now: datetime, *, retry_after: timedelta | None = None, needs_person: bool
) -> Breaker:
    """The breaker after one more failure that concerns every message: 30 s doubled each time, at most 15 minutes."""
    failures = previous.failures + 1 if previous else 1
    wait = retry_after or min(FIRST_PAUSE * 2 ** min(failures - 1, 20), LONGEST_PAUSE)
    opened_at = previous.opened_at if previous else now
    return Breaker(failures, opened_at, now + wait, reason, needs_person)
