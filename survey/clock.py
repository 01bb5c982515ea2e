"""The only module that reads the clock. Everything else is handed `now`."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_fixed: ContextVar[datetime | None] = ContextVar("fixed_now", default=None)


def now() -> datetime:
    """The present moment, aware, in UTC; or the moment set with `fixed_at`."""
    return _fixed.get() or datetime.now(UTC)


@contextmanager
def fixed_at(moment: datetime) -> Iterator[None]:
    """Let `now()` answer `moment` inside the block (rehearsals, simulations, tests)."""
    token = _fixed.set(as_utc(moment))
    try:
        yield
    finally:
        _fixed.reset(token)


def as_utc(moment: datetime) -> datetime:
    """`moment` in UTC. A moment without a zone is an error, not a guess.

    Raises:
        ValueError: `moment` is naive.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    return moment.astimezone(UTC)
