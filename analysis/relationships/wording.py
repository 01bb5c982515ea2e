"""Small words of which reasons are made. Pure."""

from datetime import datetime

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def plural(count: int, one: str, many: str = "") -> str:
    """`3 jobs`, `1 job`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def short_day(moment: datetime) -> str:
    """`3 Mar 2026`: the same in every locale."""
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"
