"""The rules by which the firm asks its clients, as values that can be checked and compared. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, time, timedelta
from typing import Any

from babel import Locale

from survey.asking.closed_days import MOST_CLOSED, ClosedDays, holiday, is_country
from survey.asking.schedule import WEEKDAYS
from survey.errors import InvalidInputError

LOOKED_AHEAD = 366


@dataclass(frozen=True, kw_only=True)
class SurveyRules:
    """When and whom the firm asks. Kinds are case-folded."""

    delay_hours: int = 24
    kind_delays: Mapping[str, int] = field(default_factory=dict)  # hours after closing, of kinds with a delay of theirs
    send_from: time = time(9)
    send_until: time = time(19)
    send_weekdays: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)  # ISO: 1 is Monday
    keep_holidays: bool = True
    country: str = ""
    closed_days: tuple[ClosedDays, ...] = ()
    spread_minutes: int = 10
    reminder_after_days: int | None = 4
    reminder_count: int = 1
    reminder_every_days: int = 3
    expire_after_days: int = 7
    contact_rest_days: int = 30
    client_budget: int = 4
    client_budget_days: int = 30
    hold_while_hurting: bool = True
    count_unconfirmed: bool = False  # clicks that were never confirmed, in the figures of the results
    excluded_kinds: tuple[str, ...] = ()

    def columns(self) -> dict[str, Any]:
        """As the columns of the firm's row hold it."""
        return {
            **{item.name: getattr(self, item.name) for item in fields(self)},
            "kind_delays": dict(self.kind_delays),
            "send_weekdays": list(self.send_weekdays),
            "closed_days": [stretch.as_dict() for stretch in self.closed_days],
            "excluded_kinds": list(self.excluded_kinds),
        }

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            name: value.isoformat("minutes") if isinstance(value, time) else value
            for name, value in self.columns().items()
        }

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "SurveyRules":
        """From `columns` or `as_dict`; what is not named is as delivered, what is not known is left out."""
        known = {item.name for item in fields(cls)}
        found = {name: value for name, value in stored.items() if name in known}
        for name in ("send_from", "send_until"):
            if isinstance(found.get(name), str):
                found[name] = time.fromisoformat(found[name])
        for name in ("send_weekdays", "excluded_kinds"):
            if name in found:
                found[name] = tuple(found[name])
        if "closed_days" in found:
            found["closed_days"] = tuple(ClosedDays.of(stretch) for stretch in found["closed_days"])
        return cls(**found)

    @property
    def reminder_days(self) -> tuple[int, ...]:
        """The days after sending on which a reminder follows; empty for none."""
        if self.reminder_after_days is None:
            return ()
        return tuple(
            self.reminder_after_days + number * self.reminder_every_days for number in range(self.reminder_count)
        )


def check_rules(rules: SurveyRules, today: date) -> None:
    """Refuse rules under which a survey could never go out, or a reminder never follow.

    Raises:
        InvalidInputError: what is wrong and what to do; `field` names the setting.
    """
    if not rules.send_weekdays or not set(rules.send_weekdays) <= set(range(1, 8)):
        raise InvalidInputError("Tick at least one day. Without one, no survey would ever go out.", "send_weekdays")
    if rules.send_from == rules.send_until:
        raise InvalidInputError("This leaves no time to send. Use 00:00 until 23:59 for the whole day.", "send_until")
    if rules.country and not is_country(rules.country):
        raise InvalidInputError("We know no such country. Write DE, or DE-BY for a part of it.", "country")
    if sum(stretch.length for stretch in rules.closed_days) > MOST_CLOSED:
        raise InvalidInputError(
            f"More than {MOST_CLOSED} closed days in all. Take out those that are over.", "closed_days"
        )
    if rules.reminder_days and rules.reminder_days[-1] >= rules.expire_after_days:
        place = "reminder_after_days" if len(rules.reminder_days) == 1 else "reminder_every_days"
        raise InvalidInputError("The survey would be closed by then. Remind earlier, or close it later.", place)
    if not any(_is_open(rules, today + timedelta(days=ahead)) for ahead in range(LOOKED_AHEAD)):
        raise InvalidInputError("Every day of the coming year is closed. Tick another day.", "send_weekdays")


def _is_open(rules: SurveyRules, day: date) -> bool:
    closed = any(day in stretch for stretch in rules.closed_days)
    kept = rules.keep_holidays and holiday(rules.country, day)
    return day.isoweekday() in rules.send_weekdays and not closed and not kept


@dataclass(frozen=True)
class RuleChange:
    """One setting before and after, as a person would say it."""

    label: str
    before: str
    after: str


_LABELS = {
    "delay_hours": "Hours after closing",
    "kind_delays": "Kinds with a delay of their own",
    "send_from": "Sends from",
    "send_until": "Sends until",
    "send_weekdays": "Sends on",
    "keep_holidays": "Public holidays",
    "country": "Holidays of",
    "closed_days": "Closed days",
    "spread_minutes": "Spread over (minutes)",
    "reminder_after_days": "Remind after (days)",
    "reminder_count": "Reminders",
    "reminder_every_days": "Then every (days)",
    "expire_after_days": "Close after (days)",
    "contact_rest_days": "Days of rest for each contact",
    "client_budget": "Most surveys for one client",
    "client_budget_days": "… in how many days",
    "hold_while_hurting": "Surveys while a client has an open flag",
    "count_unconfirmed": "Unconfirmed clicks in the results",
    "excluded_kinds": "Kinds never asked about",
}


def rule_changes(before: SurveyRules, after: SurveyRules) -> list[RuleChange]:
    """What differs between two sets of rules, in the order of the page."""
    return [
        RuleChange(label, _shown(name, getattr(before, name)), _shown(name, getattr(after, name)))
        for name, label in _LABELS.items()
        if getattr(before, name) != getattr(after, name)
    ]


def _shown(name: str, value: Any) -> str:
    if name == "send_weekdays":
        return weekdays_in_words(value)
    if name == "closed_days":
        return "; ".join(stretch_in_words(stretch) for stretch in value) or "none"
    if name == "kind_delays":
        return ", ".join(f"{kind}: {hours} hours" for kind, hours in sorted(value.items())) or "none"
    if name == "excluded_kinds":
        return ", ".join(value) or "none"
    if name == "keep_holidays":
        return "nothing goes out" if value else "like any day"
    if name == "hold_while_hurting":
        return "held" if value else "go out"
    if name == "count_unconfirmed":
        return "counted, marked" if value else "left out"
    if name == "country":
        return country_name(value) if value else "the country of your time zone"
    if value is None:
        return "never"
    return value.isoformat("minutes") if isinstance(value, time) else str(value)


def weekdays_in_words(days: tuple[int, ...]) -> str:
    """`every day`, `Monday to Friday`, `Monday, Thursday`."""
    found = sorted(set(days))
    if found == list(range(1, 8)):
        return "every day"
    names = [WEEKDAYS[day - 1] for day in found]
    if len(found) > 2 and found == list(range(found[0], found[-1] + 1)):
        return f"{names[0]} to {names[-1]}"
    return ", ".join(names) or "no day"


def stretch_in_words(stretch: ClosedDays) -> str:
    """`24 December 2026 to 1 January 2027 (Christmas)`."""
    first, last = (f"{day.day} {day:%B %Y}" for day in (stretch.first, stretch.last))
    told = first if first == last else f"{first} to {last}"
    return f"{told} ({stretch.why})" if stretch.why else told


def country_name(code: str) -> str:
    """`Germany`, `Germany (BY)`."""
    country, _, part = code.partition("-")
    name = Locale("en").territories.get(country, country)
    return f"{name} ({part})" if part else name
