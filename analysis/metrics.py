"""Numbers about reading and flagging, for /metrics."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis.models import LIVE, Flag, Severity
from analysis.reading.readings import unread
from survey.metrics import Gauge
from survey.models import Answer


def count_analysis(session: Session, now: datetime) -> Iterator[Gauge]:  # noqa: ARG001
    """Live flags by severity, and comments that nobody has read yet."""
    live = select(Flag.severity, func.count()).where(Flag.status.in_(LIVE)).group_by(Flag.severity)
    by_severity = dict(session.execute(live).all())
    yield Gauge("live_flags", "Live flags by severity", {s.value: by_severity.get(s, 0) for s in Severity}, "severity")
    waiting = session.scalar(select(func.count(Answer.id)).where(unread())) or 0
    yield Gauge("answers_awaiting_reading", "Comments without an analysis", {"": waiting})
