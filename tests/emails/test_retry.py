"""When to try again."""

from datetime import timedelta
from email.utils import format_datetime

import pytest

from emails.retry import LONGEST_PAUSE, LONGEST_RETRY_AFTER, LONGEST_WAIT, backoff, parse_retry_after, tripped
from tests.conftest import NOW


def test_waits_grow_up_to_an_hour_and_a_half() -> None:
    """Each failure doubles the wait, spread over half as much again, and a thousand failures do not overflow."""
    assert backoff(1, 0) == timedelta(seconds=30)
    assert backoff(3, 0) == timedelta(seconds=120)
    assert backoff(3, 1) == timedelta(seconds=180)
    assert backoff(1_000, 0) == LONGEST_WAIT


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("7", timedelta(seconds=7)),
        (" 120 ", timedelta(seconds=120)),
        (format_datetime(NOW + timedelta(minutes=3)), timedelta(minutes=3)),
        (format_datetime((NOW + timedelta(minutes=3)).replace(tzinfo=None)), timedelta(minutes=3)),
        ("99999999999999999999", LONGEST_RETRY_AFTER),
        ("0", None),
        ("-5", None),
        ("soon", None),
        ("٣", None),
        ("", None),
        (None, None),
        (format_datetime(NOW - timedelta(minutes=3)), None),
    ],
)
def test_retry_after(value: str | None, wait: timedelta | None) -> None:
    """Retry-After is read as seconds or as a date; nonsense and the past say nothing, and a year is cut to hours."""
    assert parse_retry_after(value, NOW) == wait


def test_a_breaker_waits_longer_each_time() -> None:
    """Failures in a row double the pause up to a quarter of an hour; when it began is kept."""
    breaker = tripped(None, "401", NOW, needs_person=True)
    assert breaker.retry_at == NOW + timedelta(seconds=30)
    for minutes in range(1, 12):
        breaker = tripped(breaker, "401", NOW + timedelta(hours=minutes), needs_person=True)
    assert breaker.retry_at == NOW + timedelta(hours=11) + LONGEST_PAUSE
    assert breaker.opened_at == NOW


def test_the_providers_own_wait_wins() -> None:
    """Where the provider says how long, the pause is that long."""
    assert tripped(None, "429", NOW, retry_after=timedelta(seconds=9), needs_person=False).retry_at == NOW + timedelta(
        seconds=9
    )
