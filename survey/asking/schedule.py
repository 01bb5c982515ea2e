"""When an email may go out: inside the contact's own hours, on a day that is open, whatever their clock does. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from hashlib import sha256
from zoneinfo import ZoneInfo

from survey.asking.closed_days import ClosedDays, holiday
from survey.clock import as_utc

DAYS_TRIED = 500  # one weekday, a closed stretch of four months and every holiday fit into less
EVERY_DAY = frozenset(range(1, 8))
WORKING_DAYS = frozenset(range(1, 6))
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
RESUMED_PER_HOUR = 1_200  # how fast what piled up during a pause goes out
LONGEST_RESUMING = timedelta(hours=8)


class NoOpenDayError(ValueError):
    """There is no moment at which these hours are open. Settings that would lead here are refused when saved."""


@dataclass(frozen=True)
class Window:
    """The local hours in which we write: from `opens` until just before `closes`.

    `closes` before `opens` runs over midnight; both the same means the whole day.
    """

    opens: time = time(9)
    closes: time = time(19)

    def contains(self, local: time) -> bool:
        if self.opens == self.closes:
            return True
        if self.opens < self.closes:
            return self.opens <= local < self.closes
        return local >= self.opens or local < self.closes

    @property
    def starts(self) -> tuple[time, ...]:
        """The times at which a stretch of it begins on one calendar day."""
        if self.opens == self.closes:
            return (time(0),)
        return (self.opens,) if self.opens < self.closes else (time(0), self.opens)


@dataclass(frozen=True)
class Place:
    """Where the contact reads: their clock, and the country whose holidays they keep ("" for none known)."""

    zone: tzinfo = UTC
    country: str = ""


@dataclass(frozen=True)
class Hours:
    """When the firm writes: the window, the ISO weekdays (1: Monday), not on closed days, nor on holidays if kept.

    Every day is the contact's own calendar day: of a window over midnight, the hours after midnight belong to the day
    they are in.
    """

    window: Window = Window()
    weekdays: frozenset[int] = EVERY_DAY
    closed: tuple[ClosedDays, ...] = ()
    keep_holidays: bool = True

    def why_closed(self, day: date, country: str = "") -> str:
        """Why nothing goes out on that day, as the end of a sentence; "" for an open day."""
        if day.isoweekday() not in self.weekdays:
            return f"we do not write on a {WEEKDAYS[day.isoweekday() - 1]}"
        for stretch in self.closed:
            if day in stretch:
                return f"we are closed ({stretch.why})" if stretch.why else "we are closed"
        name = holiday(country, day) if self.keep_holidays else ""
        return f"it is a public holiday ({name})" if name else ""

    def is_open(self, moment: datetime, place: Place) -> bool:
        """Whether an email may go out at `moment` to somebody in `place`."""
        local = moment.astimezone(place.zone)
        return self.window.contains(local.time()) and not self.why_closed(local.date(), place.country)


def working_day_after(day: date, closed: tuple[ClosedDays, ...], country: str) -> date | None:
    """The first Monday to Friday after `day` on which the firm is open and no holiday is; None within `DAYS_TRIED`."""
    working = Hours(weekdays=WORKING_DAYS, closed=closed)
    following = (day + timedelta(days=days) for days in range(1, DAYS_TRIED))
    return next((one for one in following if not working.why_closed(one, country)), None)


def zone_for(*names: str) -> tzinfo:
    """The zone of the first name that the IANA database knows, else UTC."""
    return next((zone for name in names if (zone := find_zone(name))), UTC)


@lru_cache(maxsize=1024)
def find_zone(name: str) -> ZoneInfo | None:
    """The zone of an IANA name such as `Europe/Berlin`; None when there is no such zone."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, OSError, ValueError):  # unknown, the name of a folder, a path that leads elsewhere
        return None


def next_open(moment: datetime, hours: Hours, place: Place) -> datetime:
    """`moment` itself if it is open, else when it opens next; aware UTC, never before `moment`.

    Opening times are tried on both sides of a repeated hour, and checked afterwards: an opening time that a clock
    change skips becomes the same moment by the old offset, which may already be outside a short window.

    Raises:
        NoOpenDayError: there is none within `DAYS_TRIED` days.
    """
    asked = as_utc(moment)
    if hours.is_open(asked, place):
        return asked
    today = asked.astimezone(place.zone).date()
    for days in range(DAYS_TRIED):
        day = today + timedelta(days=days)
        if not hours.why_closed(day, place.country):
            found = [at for at in _starts(day, hours.window, place.zone) if at >= asked and hours.is_open(at, place)]
            if found:
                return min(found)
    raise NoOpenDayError(f"nothing may be sent within {DAYS_TRIED} days of {asked:%Y-%m-%d}")


def _starts(day: date, window: Window, zone: tzinfo) -> Iterator[datetime]:
    for start in window.starts:
        for fold in (0, 1):
            yield datetime.combine(day, start, tzinfo=zone).replace(fold=fold).astimezone(UTC)


def spread(moment: datetime, seed: str, minutes: int, hours: Hours, place: Place) -> datetime:
    """`moment`, which is open, a little later: up to `minutes`, off the full minute, and still open.

    The same `seed` gives the same delay, so that a replay agrees. What would fall out of a short window falls nearer.
    """
    if minutes <= 0:
        return moment
    later = 1 + int.from_bytes(sha256(f"spread/{seed}".encode()).digest()[:6]) % (minutes * 60)
    while later > 0:
        found = moment + timedelta(seconds=later)
        if found.second and hours.is_open(found, place):
            return found
        later = later - 1 if not found.second else later // 2
    return moment


def too_late_at(completed_at: datetime, delay_hours: int, expire_after_days: int) -> datetime:
    """From when a job is too old to ask about: the delay and the survey's life after closing. Aware UTC."""
    return as_utc(completed_at) + timedelta(hours=delay_hours, days=expire_after_days)


def resumed_at(place_in_line: int, waiting: int, now: datetime) -> datetime:
    """When the one at `place_in_line` (from 0) of `waiting` goes out after a pause: an even stream, not a herd."""
    span = min(timedelta(hours=waiting / RESUMED_PER_HOUR), LONGEST_RESUMING)
    return as_utc(now) + span * (place_in_line / max(waiting, 1))
