"""When an email may go out: inside the contact's own hours, whatever their clock does that day. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from survey.clock import as_utc

DAYS_TRIED = 8  # a clock change can remove a short window from one day, a date line change can remove a whole day


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


def is_inside(moment: datetime, window: Window, zone: tzinfo) -> bool:
    """Whether `moment` falls into the window on a clock in `zone`."""
    return window.contains(moment.astimezone(zone).time())


def next_inside(moment: datetime, window: Window, zone: tzinfo) -> datetime:
    """`moment` itself if it is inside the window, else when the window opens next; aware UTC, never before `moment`.

    Opening times are tried on both sides of a repeated hour, and checked afterwards: an opening time that a clock
    change skips becomes the same moment by the old offset, which may already be outside a short window.
    """
    asked = as_utc(moment)
    if is_inside(asked, window, zone):
        return asked
    today = asked.astimezone(zone).date()
    for days in range(DAYS_TRIED):
        opening = datetime.combine(today + timedelta(days=days), window.opens)
        for fold in (0, 1):
            candidate = opening.replace(tzinfo=zone, fold=fold).astimezone(UTC)
            if candidate >= asked and is_inside(candidate, window, zone):
                return candidate
    raise ValueError(f"no moment between {window.opens} and {window.closes} within {DAYS_TRIED} days of {asked}")


def due_at(completed_at: datetime, delay_hours: int, window: Window, zone: tzinfo) -> datetime:
    """When the first email about a job is due: the delay after closing, moved into the window. Aware UTC."""
    return next_inside(as_utc(completed_at) + timedelta(hours=delay_hours), window, zone)


def reminder_due_at(sent_at: datetime, after_days: int, window: Window, zone: tzinfo) -> datetime:
    """When the reminder is due: whole days of 24 hours after sending, moved into the window. Aware UTC."""
    return next_inside(as_utc(sent_at) + timedelta(days=after_days), window, zone)


def too_late_at(completed_at: datetime, delay_hours: int, expire_after_days: int) -> datetime:
    """From when a job is too old to ask about: the delay and the survey's life after closing. Aware UTC."""
    return as_utc(completed_at) + timedelta(hours=delay_hours, days=expire_after_days)
