"""When the day begins for what is counted and scored once a day."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

RESCORE_HOUR = time(5)  # before the morning's digest, in the firm's own time zone


def next_morning(zone: str, now: datetime) -> datetime:
    """05:00 of the next day in the firm's time zone, as a moment in `now`'s zone."""
    local = now.astimezone(ZoneInfo(zone))
    morning = datetime.combine(local.date() + timedelta(days=1), RESCORE_HOUR, tzinfo=ZoneInfo(zone))
    return morning.astimezone(now.tzinfo)
