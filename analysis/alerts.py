"""Tells managers about flags by email: severe ones at once, the rest in a morning digest, through the outbox."""

from datetime import datetime

from sqlalchemy.orm import Session

from survey.config import Settings


def alert_batch(session: Session, settings: Settings, now: datetime) -> int:
    """Queue an email for every severe flag not yet told; returns how many emails are new."""
    return 0


def digest_batch(session: Session, settings: Settings, now: datetime) -> int:
    """Queue this morning's digest for everyone who wants it; returns how many emails are new."""
    return 0
