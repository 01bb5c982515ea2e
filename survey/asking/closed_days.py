"""The days on which nobody is written to: public holidays of a country, and days on which the firm is closed. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import holidays
from babel.core import get_global

LANGUAGE = "en_US"  # of the holidays' names, where the package has them in it
MOST_CLOSED = 120  # days in all, so that a year always has open ones


@dataclass(frozen=True)
class ClosedDays:
    """A stretch of days on which the firm is closed, both ends included."""

    first: date
    last: date
    why: str = ""

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    @property
    def length(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    def as_dict(self) -> dict[str, str]:
        return {"first": self.first.isoformat(), "last": self.last.isoformat(), "why": self.why}

    @classmethod
    def of(cls, stored: Mapping[str, str]) -> "ClosedDays":
        """From `as_dict`."""
        return cls(date.fromisoformat(stored["first"]), date.fromisoformat(stored["last"]), stored.get("why", ""))


def is_country(code: str) -> bool:
    """Whether the holidays of `code` are known: an ISO country, with or without a part of it (`DE`, `DE-BY`)."""
    country, _, part = code.partition("-")
    known = _countries()
    return country in known and (not part or part in known[country])


def holiday(code: str, day: date) -> str:
    """The name of the public holiday on `day` in `code`; "" for an ordinary day, or where none are known."""
    return _holidays(code, day.year).get(day, "") if code else ""


def holidays_of(code: str, year: int) -> Mapping[date, str]:
    """Every public holiday of a year with its name."""
    return _holidays(code, year)


@lru_cache(maxsize=1024)
def country_of_zone(zone: str) -> str:
    """The country of an IANA zone, as far as its name says it: `Europe/Berlin` → `DE`; "" for UTC and the like."""
    territories, aliases = get_global("zone_territories"), get_global("zone_aliases")
    found = territories.get(zone) or territories.get(aliases.get(zone, ""), "")
    return found if found in _countries() else ""


def country_for(contact: str, client: str, zone: str, firm: str, firm_zone: str) -> str:
    """Whose holidays count for a contact: their own country, else their client's, else the firm's.

    A contact whose time zone lies in another country than the firm has that country's holidays, not the firm's.
    """
    abroad, home = country_of_zone(zone), firm or country_of_zone(firm_zone)
    return contact or client or (abroad if abroad and abroad != home.partition("-")[0] else home)


@lru_cache(maxsize=1)
def _countries() -> dict[str, list[str]]:
    return holidays.list_supported_countries(include_aliases=False)


@lru_cache(maxsize=512)
def _holidays(code: str, year: int) -> Mapping[date, str]:
    if not is_country(code):
        return {}
    country, _, part = code.partition("-")
    spoken = LANGUAGE if LANGUAGE in holidays.country_holidays(country).supported_languages else None
    found = holidays.country_holidays(country, subdiv=part or None, years=year, language=spoken)
    return dict(found.items())
