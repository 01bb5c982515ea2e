"""What an admin fills in about when and whom the firm asks, and why everything is paused."""

from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any

from typing_extensions import override
from wtforms import (
    BooleanField,
    Field,
    Form,
    IntegerField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError

from survey.asking.closed_days import ClosedDays
from survey.asking.rules import SurveyRules
from survey.asking.schedule import WEEKDAYS
from survey.forms.desk import stripped, text

LONGEST_DELAY = 24 * 14
CLOSED_WHY_LENGTH = 80
Sent = list[tuple[str, str]]


def _whole(label: str, lowest: int, highest: int, *, optional: bool = False) -> IntegerField:
    needed = Optional() if optional else InputRequired("Give a number.")
    inside = NumberRange(lowest, highest, f"Give a whole number from {lowest} to {highest}.")
    return IntegerField(label, validators=[needed, inside])


class ClosedDaysField(TextAreaField):
    """A stretch of days a line: `2026-12-24 to 2027-01-01 Christmas`, or one day and why."""

    stretches: tuple[ClosedDays, ...] = ()

    @override
    def pre_validate(self, form: Any) -> None:
        lines = [line.strip() for line in (self.data or "").splitlines() if line.strip()]
        self.stretches = tuple(read_closed_days(line) for line in lines)


def read_closed_days(line: str) -> ClosedDays:
    """One line of closed days.

    Raises:
        ValidationError: it has no date in front, or ends before it begins.
    """
    first, _, rest = line.partition(" ")
    until, _, why = rest.strip().removeprefix("to ").strip().partition(" ")
    try:
        begins = date.fromisoformat(first)
    except ValueError:
        raise ValidationError(f"“{line[:40]}”: begin with a date such as 2026-12-24.") from None
    try:
        ends = date.fromisoformat(until)
    except ValueError:
        if rest.strip().startswith("to "):
            raise ValidationError(f"“{line[:40]}”: after “to” comes a date such as 2027-01-01.") from None
        ends, why = begins, rest
    if ends < begins:
        raise ValidationError(f"“{line[:40]}” ends before it begins.")
    return ClosedDays(begins, ends, why.strip()[:CLOSED_WHY_LENGTH])


class KindDelaysField(Field):
    """Hours of their own for kinds of work: sent as pairs of `kind_name` and `kind_delay`, empty for "as usual"."""

    rows: list[tuple[str, str]]

    @override
    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        self.process_errors = []
        self.data = dict(data or {})
        self.rows = [(kind, str(hours)) for kind, hours in self.data.items()]
        if formdata is not None:
            names, hours = formdata.getlist("kind_name"), formdata.getlist("kind_delay")
            self.rows = [(name.strip(), value.strip()) for name, value in zip(names, hours, strict=False)]

    @override
    def pre_validate(self, form: Any) -> None:
        found = {}
        for kind, hours in self.rows:
            if not hours:
                continue
            if not (hours.isascii() and hours.isdigit() and int(hours) <= LONGEST_DELAY):
                raise ValidationError(f"“{kind}”: give hours from 0 to {LONGEST_DELAY}, or leave it empty.")
            found[kind.casefold()] = int(hours)
        self.data = found


class RulesForm(Form):
    """When and whom the firm asks."""

    delay_hours = _whole("Hours after closing", 0, LONGEST_DELAY)
    send_from = TimeField("From", validators=[InputRequired("Give a time, such as 09:00.")])
    send_until = TimeField("Until", validators=[InputRequired("Give a time, such as 19:00.")])
    spread_minutes = _whole("Spread over (minutes)", 0, 60)
    send_weekdays = SelectMultipleField(
        "Days", coerce=int, choices=[SelectChoice(str(n), day) for n, day in enumerate(WEEKDAYS, 1)]
    )
    keep_holidays = BooleanField("Send nothing on public holidays")
    country = StringField("Holidays of", filters=[stripped, str.upper], validators=[Length(max=10)])
    closed_days = ClosedDaysField("Days on which you are closed", filters=[stripped])
    reminder_after_days = _whole("Remind after (days)", 1, 30, optional=True)
    reminder_count = _whole("Reminders", 1, 3)
    reminder_every_days = _whole("Then every (days)", 1, 30)
    expire_after_days = _whole("Close after (days)", 1, 60)
    contact_rest_days = _whole("Days of rest for each contact", 0, 365)
    client_budget = _whole("Most surveys for one client", 1, 1000)
    client_budget_days = _whole("… in how many days", 1, 365)
    hold_while_hurting = BooleanField("Hold surveys while a client has an open flag")
    count_unconfirmed = BooleanField("Count unconfirmed clicks in the figures of the results")
    kind_delays = KindDelaysField("Kinds of work")
    known_kinds = SelectMultipleField("Kinds of work never asked about", validate_choice=False)
    other_kinds = TextAreaField("Other kinds never asked about", filters=[stripped])
    note = StringField("Why", filters=[stripped], validators=[Length(max=300)])

    @classmethod
    def of(cls, rules: SurveyRules, formdata: Any, kinds: Sequence[str]) -> "RulesForm":
        """The form for `rules`; `kinds` are those that occur among the firm's jobs."""
        form = cls(formdata, **_filled(rules, kinds))
        form.known_kinds.choices = [SelectChoice(kind, kind) for kind in kinds]
        written = {name.casefold(): hours for name, hours in form.kind_delays.rows}
        known = {kind.casefold() for kind in kinds}
        gone = [kind for kind, _ in form.kind_delays.rows if kind.casefold() not in known]
        form.kind_delays.rows = [(kind, written.get(kind.casefold(), "")) for kind in (*kinds, *gone)]
        return form

    @classmethod
    def as_sent(cls, rules: SurveyRules, kinds: Sequence[str]) -> Sent:
        """What a browser sends for these rules: names and values in order."""
        filled = _filled(rules, kinds)
        sent: Sent = [("kind_name", kind) for kind in filled["kind_delays"]]
        sent += [("kind_delay", str(hours)) for hours in filled.pop("kind_delays").values()]
        for name, value in filled.items():
            if isinstance(value, list):
                sent += [(name, str(item)) for item in value]
            elif isinstance(value, bool):
                sent += [(name, "y")] if value else []
            else:
                sent.append((name, _written(value)))
        return sent

    def rules(self) -> SurveyRules:
        """What was filled in and found valid; kinds case-folded, each once."""
        assert self.send_from.data is not None
        assert self.send_until.data is not None
        kinds = [*(self.known_kinds.data or []), *text(self.other_kinds).splitlines()]
        return SurveyRules(
            delay_hours=self.delay_hours.data or 0,
            kind_delays=self.kind_delays.data,
            send_from=self.send_from.data,
            send_until=self.send_until.data,
            send_weekdays=tuple(sorted(self.send_weekdays.data or [])),
            keep_holidays=self.keep_holidays.data,
            country=text(self.country),
            closed_days=tuple(sorted(self.closed_days.stretches, key=lambda stretch: stretch.first)),
            spread_minutes=self.spread_minutes.data or 0,
            reminder_after_days=self.reminder_after_days.data,
            reminder_count=self.reminder_count.data or 1,
            reminder_every_days=self.reminder_every_days.data or 1,
            expire_after_days=self.expire_after_days.data or 1,
            contact_rest_days=self.contact_rest_days.data or 0,
            client_budget=self.client_budget.data or 1,
            client_budget_days=self.client_budget_days.data or 1,
            hold_while_hurting=self.hold_while_hurting.data,
            count_unconfirmed=self.count_unconfirmed.data,
            excluded_kinds=tuple(sorted({kind.strip().casefold() for kind in kinds if kind.strip()})),
        )


def _filled(rules: SurveyRules, kinds: Sequence[str]) -> dict[str, Any]:
    """The fields' values for these rules."""
    known: Mapping[str, str] = {kind.casefold(): kind for kind in kinds}
    values = rules.columns()
    excluded = values.pop("excluded_kinds")
    return {
        **values,
        "closed_days": "\n".join(_line(stretch) for stretch in rules.closed_days),
        "known_kinds": [known[kind] for kind in excluded if kind in known],
        "other_kinds": "\n".join(kind for kind in excluded if kind not in known),
    }


def _written(value: time | int | str | None) -> str:
    if value is None:
        return ""
    return f"{value:%H:%M}" if isinstance(value, time) else str(value)


def _line(stretch: ClosedDays) -> str:
    until = "" if stretch.last == stretch.first else f" to {stretch.last}"
    return f"{stretch.first}{until} {stretch.why}".strip()


class PauseForm(Form):
    """Why nothing goes out to clients for a while."""

    why = StringField(
        "Why?", filters=[stripped], validators=[InputRequired("Say why, so that the next person knows when to resume.")]
    )
