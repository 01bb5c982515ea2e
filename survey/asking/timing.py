"""Why an email goes out when it does, and why a reminder follows or not: each rule of the schedule in words. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from survey.asking.eligibility import count
from survey.asking.rules import country_name, weekdays_in_words
from survey.asking.schedule import Hours, Place, next_open
from survey.asking.terms import Verdict

MOST_DAYS_TOLD = 3


@dataclass(frozen=True, kw_only=True)
class Timing:
    """What decides when the first email about a job goes out."""

    completed_at: datetime
    kind: str
    delay_hours: int
    own_delay: bool  # the kind has a delay of its own
    due_at: datetime
    hours: Hours
    place: Place
    where: str  # the contact's zone by name


@dataclass(frozen=True, kw_only=True)
class Reminding:
    """What decides whether a reminder follows."""

    planned: int  # how many the firm's rules allow
    sent: int
    due_at: datetime | None
    delivered_at: datetime | None
    place: Place


def when_verdicts(timing: Timing) -> list[Verdict]:
    """Delay, hours and days: none of them stands in the way, each says what it did to the moment."""
    earliest = timing.completed_at + timedelta(hours=timing.delay_hours)
    opens = next_open(earliest, timing.hours, timing.place)
    whose = f"Jobs of the kind “{timing.kind}” wait" if timing.own_delay else "We wait"
    return [
        Verdict(
            "delay after closing",
            True,
            f"{whose} {count(timing.delay_hours, 'hour')} after closing: until {_local(earliest, timing.place)}.",
        ),
        Verdict("sending hours", True, _hours(timing, earliest, opens)),
        Verdict("open day", True, _days(timing, earliest, opens)),
    ]


def _hours(timing: Timing, earliest: datetime, opens: datetime) -> str:
    window = timing.hours.window
    told = f"We write from {window.opens:%H:%M} until {window.closes:%H:%M} in {timing.where}"
    inside = window.contains(earliest.astimezone(timing.place.zone).time())
    why = "which it is then" if inside and opens == earliest else "so it waits for that"
    return f"{told}, {why}: it goes out on {_local(timing.due_at, timing.place)}."


def _days(timing: Timing, earliest: datetime, opens: datetime) -> str:
    first, last = (moment.astimezone(timing.place.zone).date() for moment in (earliest, opens))
    days = [first + timedelta(days=number) for number in range((last - first).days)]
    closed = [(day, why) for day in days if (why := timing.hours.why_closed(day, timing.place.country))]
    if closed:
        told = "; ".join(f"on {day.day} {day:%B} {why}" for day, why in closed[:MOST_DAYS_TOLD])
        rest = f"; and {count(len(closed) - MOST_DAYS_TOLD, 'more day')}" if len(closed) > MOST_DAYS_TOLD else ""
        return f"{told[0].upper()}{told[1:]}{rest}. The next open day is {last.day} {last:%B}."
    country = timing.place.country if timing.hours.keep_holidays else ""
    holidays = f", and no public holiday in {country_name(country)}" if country else ""
    days_told = weekdays_in_words(tuple(timing.hours.weekdays))
    return f"{last:%A} {last.day} {last:%B} is a day on which we write ({days_told}){holidays}."


def pause_verdict(since: datetime | None, why: str, place: Place) -> Verdict:
    """The switch that pauses everything; `since` None: it is not pressed."""
    if since is None:
        return Verdict("not paused", True, "Surveys are not paused.")
    return Verdict("not paused", False, f"All surveys are paused since {_local(since, place)}: {why.rstrip('.')}.")


def reminder_verdict(reminding: Reminding) -> Verdict:
    """Whether another reminder follows, and when."""
    rule, told = "reminder", f"{count(reminding.sent, 'reminder')} of {reminding.planned} went out"
    if reminding.planned == 0:
        return Verdict(rule, False, "The firm's rules send no reminder.")
    if reminding.due_at is None:
        why = "that was the last" if reminding.sent >= reminding.planned else "the next would come too late"
        return Verdict(rule, False, f"{told[0].upper()}{told[1:]}; {why}.")
    when = _local(reminding.due_at, reminding.place)
    if reminding.delivered_at is None:
        why = "Where your email provider reports what arrives, it goes out only once our first email is known to have."
        return Verdict(rule, True, f"Nobody has answered: a reminder is due on {when}. {why}")
    return Verdict(rule, True, f"Our email arrived and nobody has answered: a reminder goes out on {when}.")


def _local(moment: datetime, place: Place) -> str:
    local = moment.astimezone(place.zone)
    return f"{local:%A} {local.day} {local:%B}, {local:%H:%M}"
