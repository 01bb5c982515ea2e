"""The time that figures are about: whole months of the firm's, the same length before it, and its parts. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

ALL_THE_TIME = "all"
SPANS = {
    "1": "This month",
    "3": "Last 3 months",
    "12": "Last 12 months",
    "24": "Last 24 months",
    ALL_THE_TIME: "All the time",
}
USUAL_SPAN = "12"
OWN_DATES = "own"
OLDEST = date(1970, 1, 1)
MOST_MONTHS = 24  # shown one by one; a longer time is shown by quarter


@dataclass(frozen=True)
class Part:
    """One month, or one quarter, of a period: its days, both included, and its name."""

    first: date
    last: date
    name: str


@dataclass(frozen=True)
class Period:
    """The days from `first` to `last`, both included, in the firm's time. `parts` follow one another without a gap."""

    first: date
    last: date
    parts: tuple[Part, ...]
    before: tuple[date, date] | None  # as long as this one, just before it; None: there is nothing to compare with
    by: str  # "month" or "quarter"

    def edges(self, zone: tzinfo) -> list[datetime]:
        """When each part begins, and when the last one is over."""
        days = [part.first for part in self.parts] + [self.last + timedelta(days=1)]
        return [midnight(day, zone) for day in days]


def period(span: str, since: date | None, until: date | None, today: date, earliest: date | None) -> Period:
    """The period asked for. Days that are not in order are put in order; `earliest` is the first answer's day."""
    if span == OWN_DATES and (since or until):
        last = until or today
        first = since or min(earliest or last, last)
        first, last = (min(max(day, OLDEST), today) for day in sorted((first, last)))
        days = (last - first).days + 1
        return _made(first, last, (first - timedelta(days=days), first - timedelta(days=1)))
    if span == ALL_THE_TIME:
        return _made(month_of(earliest or today), today, None)
    months = int(span) if span in SPANS else int(USUAL_SPAN)
    first = months_later(month_of(today), 1 - months)
    return _made(first, today, (months_later(first, -months), first - timedelta(days=1)))


def midnight(day: date, zone: tzinfo) -> datetime:
    """When a day begins in the firm's zone."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def month_of(day: date) -> date:
    """The first day of its month."""
    return day.replace(day=1)


def months_later(month: date, months: int) -> date:
    """The first day of the month `months` later."""
    number = month.year * 12 + month.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def _made(first: date, last: date, before: tuple[date, date] | None) -> Period:
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    by = "month" if count <= MOST_MONTHS else "quarter"
    return Period(first, last, tuple(_parts(first, last, by)), before, by)


def _parts(first: date, last: date, by: str) -> Sequence[Part]:
    step = 1 if by == "month" else 3
    start = month_of(first) if by == "month" else quarter_of(first)
    starts = [start]
    while (following := months_later(starts[-1], step)) <= last:
        starts.append(following)
    ends = [*(later - timedelta(days=1) for later in starts[1:]), last]
    return [
        Part(max(begin, first), end, f"{begin:%b %Y}" if by == "month" else quarter_name(begin))
        for begin, end in zip(starts, ends, strict=True)
    ]


def quarter_of(day: date) -> date:
    """The first day of its quarter."""
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def quarter_name(day: date) -> str:
    """ "Q3 2026"."""
    return f"Q{(day.month - 1) // 3 + 1} {day.year}"
