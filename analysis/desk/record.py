"""How flags did over time: raised, resolved by outcome, cleared, month by month."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from analysis.models import Flag, FlagStatus, Outcome, OutcomeResult

MONTHS = 12


@dataclass(frozen=True, kw_only=True)
class Month:
    """The flags of one calendar month (UTC): raised in it, cleared in it, resolved in it by outcome."""

    start: datetime
    raised: int
    cleared: int
    outcomes: dict[OutcomeResult, int]

    @property
    def resolved(self) -> int:
        return sum(self.outcomes.values())


def months(session: Session, now: datetime, count: int = MONTHS) -> list[Month]:
    """The last `count` months, oldest first; months before the first flag are left out."""
    starts = month_starts(now, count)
    found = session.execute(
        select(Flag.raised_at, Flag.closed_at, Flag.status, Outcome.result)
        .outerjoin(Outcome, Outcome.flag_id == Flag.id)
        .where(or_(Flag.raised_at >= starts[0], Flag.closed_at >= starts[0]))
    ).all()
    raised: Counter[tuple[int, int]] = Counter()
    cleared: Counter[tuple[int, int]] = Counter()
    judged: Counter[tuple[int, int, OutcomeResult]] = Counter()
    for raised_at, closed_at, status, result in found:
        raised[raised_at.year, raised_at.month] += 1
        if closed_at and status is FlagStatus.CLEARED:
            cleared[closed_at.year, closed_at.month] += 1
        elif closed_at and result:
            judged[closed_at.year, closed_at.month, result] += 1
    counted = [
        Month(
            start=start,
            raised=raised[start.year, start.month],
            cleared=cleared[start.year, start.month],
            outcomes={result: judged[start.year, start.month, result] for result in OutcomeResult},
        )
        for start in starts
    ]
    first = next((i for i, month in enumerate(counted) if month.raised or month.cleared or month.resolved), count)
    return counted[first:]


def month_starts(now: datetime, count: int) -> list[datetime]:
    """The first moments (UTC) of this month and of the `count` − 1 before it, oldest first."""
    index = now.year * 12 + now.month - 1
    return [datetime(i // 12, i % 12 + 1, 1, tzinfo=UTC) for i in range(index - count + 1, index + 1)]
