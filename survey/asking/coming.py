"""What goes out in the coming two weeks, by day and hour on the firm's clock: the calendar of the desk."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from survey.asking.closed_days import country_of_zone, holiday
from survey.asking.deciding import House, load_house
from survey.asking.schedule import Window, zone_for
from survey.models import Invitation, InvitationState, Resolution
from survey.paging import PAGE_SIZE, Page

DAYS = 14


@dataclass(frozen=True)
class HourLoad:
    """How many surveys and reminders are due within one hour of a day."""

    hour: int
    surveys: int
    reminders: int
    is_open: bool  # within the hours and days on which the firm writes, on its own clock

    @property
    def total(self) -> int:
        return self.surveys + self.reminders


@dataclass(frozen=True)
class DayLoad:
    """One day: its hours, why nothing goes out for the firm's own place ("" for an open day), its holiday if any."""

    day: date
    hours: list[HourLoad]
    why_closed: str
    holiday: str

    @property
    def surveys(self) -> int:
        return sum(hour.surveys for hour in self.hours)

    @property
    def reminders(self) -> int:
        return sum(hour.reminders for hour in self.hours)

    @property
    def total(self) -> int:
        return self.surveys + self.reminders


@dataclass(frozen=True)
class Calendar:
    """The coming days. `hours` are the columns: those in which the firm writes, and any other in which something is
    due for a client far away."""

    days: list[DayLoad]
    hours: range
    busiest: int  # the most that is due within one hour

    @property
    def total(self) -> int:
        return sum(day.total for day in self.days)


@dataclass(frozen=True)
class Coming:
    """One line of a day's list."""

    invitation: Invitation
    at: datetime
    is_reminder: bool


def calendar(session: Session, now: datetime, days: int = DAYS) -> Calendar:
    """The load of the coming `days`, today included. What is late already counts into the present hour."""
    house = load_house(session)
    zone, end = zone_for(house.timezone), _bounds(house, _today(house, now) + timedelta(days=days - 1))[1]
    loads: Counter[tuple[date, int, bool]] = Counter()
    for column, condition, is_reminder in _DUE:
        for at in session.scalars(select(column).where(condition, column < end)):
            local = max(at, now).astimezone(zone)
            loads[local.date(), local.hour, is_reminder] += 1
    shown = _hours_shown(house.hours.window, {hour for _, hour, _ in loads})
    found = [_day(house, _today(house, now) + timedelta(days=number), loads, shown) for number in range(days)]
    return Calendar(found, shown, max((hour.total for day in found for hour in day.hours), default=0))


def due_on(session: Session, day: date, now: datetime, number: int = 1) -> Page[Coming]:
    """What is due on a day of the firm's calendar, in order; today's list begins with what is late."""
    house = load_house(session)
    start, end = _bounds(house, day)
    since = datetime.min.replace(tzinfo=UTC) if day == _today(house, now) else start
    conditions = [and_(condition, column >= since, column < end) for column, condition, _ in _DUE]
    total = session.scalar(select(func.count()).select_from(Invitation).where(or_(*conditions))) or 0
    at = case((Invitation.state == InvitationState.SENT, Invitation.reminder_due_at), else_=Invitation.due_at)
    rows = session.scalars(
        select(Invitation)
        .where(or_(*conditions))
        .options(
            joinedload(Invitation.contact),
            joinedload(Invitation.client),
            joinedload(Invitation.resolution).joinedload(Resolution.job),
        )
        .order_by(at, Invitation.id)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    ).all()
    return Page([_coming(row) for row in rows], number, total)


_DUE: tuple[tuple[InstrumentedAttribute[Any], ColumnElement[bool], bool], ...] = (
    (Invitation.due_at, Invitation.state == InvitationState.SCHEDULED, False),
    (Invitation.reminder_due_at, Invitation.state == InvitationState.SENT, True),
)


def _coming(row: Invitation) -> Coming:
    is_reminder = row.state is InvitationState.SENT and row.reminder_due_at is not None
    return Coming(row, (row.reminder_due_at if is_reminder else None) or row.due_at, is_reminder)


def _today(house: House, now: datetime) -> date:
    return now.astimezone(zone_for(house.timezone)).date()


def _bounds(house: House, day: date) -> tuple[datetime, datetime]:
    """The moments between which it is `day` on the firm's clock."""
    zone = zone_for(house.timezone)
    first, last = (datetime.combine(at, time(), tzinfo=zone).astimezone(UTC) for at in (day, day + timedelta(days=1)))
    return first, last


def _hours_shown(window: Window, due: set[int]) -> range:
    hours = due | {hour for hour in range(24) if _overlaps(window, hour)}
    return range(min(hours), max(hours) + 1)


def _overlaps(window: Window, hour: int) -> bool:
    starts_inside = any(start.hour == hour for start in window.starts)
    return window.contains(time(hour)) or starts_inside


def _day(house: House, day: date, loads: Counter[tuple[date, int, bool]], shown: Sequence[int]) -> DayLoad:
    country = house.country or country_of_zone(house.timezone)
    why = house.hours.why_closed(day, country)
    hours = [
        HourLoad(hour, loads[day, hour, False], loads[day, hour, True], not why and _overlaps(house.hours.window, hour))
        for hour in shown
    ]
    return DayLoad(day, hours, why, holiday(country, day))
