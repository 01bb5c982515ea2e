"""What is usual for the firm as it is kept: counted at a sensible pace, so that scoring a client reads one row.

It is counted anew when nothing is kept, when the evidence has grown by GROWN since (a firm at its start sees its levels
move with every answer), and every morning, before everybody is scored again. When that moves the levels noticeably
(`relationships.usual.has_moved`), a new version is in force and everybody is scored again at once. A smaller change
waits for the morning, which puts whatever was counted in force. So all end on the levels of all evidence, in whatever
order it came in, and nobody is judged by levels more than STALE old.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from analysis.flags.mornings import next_morning
from analysis.models import AnswerAnalysis
from analysis.models.levels import FirmLevels
from analysis.relationships.usual import FirmUsual, has_moved, usual_from
from analysis.scoring.usual import load_firm_usual
from survey.firms import get_firm
from survey.models import Resolution, SurveyResponse

GROWN = 0.05
STALE = timedelta(days=2)  # the task that counts has not run: scoring counts by itself
KEPT = timedelta(days=400)  # versions out of force

_GROWS = {"responses": SurveyResponse.id, "readings": AnswerAnalysis.id, "resolutions": Resolution.id}


@dataclass(frozen=True)
class Levels:
    """What is usual, and the version that says so; 0: kept nowhere."""

    usual: FirmUsual
    version: int


@dataclass(frozen=True)
class Count:
    """What was counted at `at`, and how far the evidence went."""

    usual: FirmUsual
    seen: Mapping[str, int]
    at: datetime


def in_force(session: Session) -> Levels | None:
    """The levels that clients are judged by; None before the first count."""
    row = _newest(session)
    return Levels(usual_from(row.levels), row.id) if row else None


def counted_if_due(session: Session, now: datetime) -> Count | None:
    """A new count when it is time for one. Only reads; over a large firm for some seconds."""
    return _count(session, now) if _is_due(session, now) else None


def keep(session: Session, count: Count) -> bool:
    """Put a count in force if that changes enough; returns whether everybody is to be scored again."""
    row, document = _newest(session), count.usual.as_document()
    if row is not None:
        moved = has_moved(usual_from(row.levels), count.usual)
        if row.levels == document or not (moved or _morning_came(session, row, count.at)):
            row.checked_at, row.seen = count.at, dict(count.seen)
            session.flush()
            return False
    new = FirmLevels(levels=document, seen=dict(count.seen), counted_at=count.at, checked_at=count.at)
    session.add(new)
    session.flush()  # before the old ones go: SQLite gives the number of the last row of all out again
    session.execute(delete(FirmLevels).where(FirmLevels.checked_at < count.at - KEPT, FirmLevels.id < new.id))
    return True


def are_fresh(session: Session, now: datetime) -> bool:
    """Whether there are levels, and they were counted lately enough to score by."""
    row = _newest(session)
    return row is not None and -STALE <= now - row.checked_at <= STALE


def levels_for_scoring(session: Session, now: datetime) -> Levels:
    """The levels in force; counted here and now when there are none or they are stale."""
    if not are_fresh(session, now):
        keep(session, _count(session, now))
    row = _newest(session)
    assert row is not None
    return Levels(usual_from(row.levels), row.id)


def levels_for_reading(session: Session, now: datetime) -> Levels:
    """The levels in force; counted for this once when there are none. Writes nothing."""
    return in_force(session) or Levels(_count(session, now).usual, 0)


def _newest(session: Session) -> FirmLevels | None:
    return session.scalar(select(FirmLevels).order_by(FirmLevels.id.desc()).limit(1))


def _count(session: Session, now: datetime) -> Count:
    seen = _seen(session)
    counted: dict[str, Any] = load_firm_usual(session, now).as_document()
    return Count(usual_from(counted), seen, now)


def _seen(session: Session) -> dict[str, int]:
    return {name: session.scalar(select(func.max(column))) or 0 for name, column in _GROWS.items()}


def _is_due(session: Session, now: datetime) -> bool:
    row, seen = _newest(session), _seen(session)
    if row is None:
        return any(seen.values())
    if any(number - row.seen[name] > GROWN * row.seen[name] for name, number in seen.items()):
        return True
    return now < row.checked_at or _morning_came(session, row, now)


def _morning_came(session: Session, row: FirmLevels, now: datetime) -> bool:
    return now >= next_morning(get_firm(session).timezone, row.checked_at)
