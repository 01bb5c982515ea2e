"""When an email may go out, on every clock there is, on every day of the year."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from survey.asking.closed_days import ClosedDays, country_of_zone, holiday
from survey.asking.schedule import (
    EVERY_DAY,
    LONGEST_RESUMING,
    Hours,
    NoOpenDayError,
    Place,
    Window,
    find_zone,
    next_open,
    resumed_at,
    spread,
    too_late_at,
    working_day_after,
    zone_for,
)

WINDOW = Window(time(9), time(19))
DAILY = Hours(WINDOW)
ZONES = sorted(available_timezones() - {"localtime", "posixrules", "Factory"})
COUNTRIES = ("", "DE", "DE-BY", "US", "GB-SCT", "IN", "JP", "BR", "AE", "IL", "CN", "NZ")
CHANGING = {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Havana"}
YEAR = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
moments = st.datetimes(datetime(1980, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
times = st.times().map(lambda value: value.replace(second=0, microsecond=0))
windows = st.builds(Window, times, times)
weekdays = st.frozensets(st.integers(1, 7), min_size=1)
stretches = st.lists(
    st.builds(
        lambda first, days: ClosedDays(first, first + timedelta(days=days), "Works holiday"),
        st.dates(date(2026, 1, 1), date(2027, 6, 1)),
        st.integers(0, 29),
    ),
    max_size=4,
).map(tuple)
rules = st.builds(Hours, windows, weekdays, stretches, st.booleans())


def at(zone: str, country: str = "") -> Place:
    return Place(ZoneInfo(zone), country)


def local(moment: datetime, zone: str) -> str:
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


def allowed(moment: datetime, hours: Hours, place: Place) -> bool:
    """The promise, said once more and apart from the code: the clock on the wall and the calendar beside it."""
    wall = moment.astimezone(place.zone)
    minutes, opens, closes = (at.hour * 60 + at.minute for at in (wall, hours.window.opens, hours.window.closes))
    inside = opens == closes or (opens <= minutes < closes if opens < closes else not closes <= minutes < opens)
    closed = any(stretch.first <= wall.date() <= stretch.last for stretch in hours.closed)
    kept = hours.keep_holidays and holiday(place.country, wall.date()) != ""
    return inside and wall.isoweekday() in hours.weekdays and not closed and not kept


@given(moment=moments, zone=st.sampled_from(ZONES), window=windows)
@settings(max_examples=300, deadline=None)
def test_the_result_is_inside_the_window_and_never_early(moment: datetime, zone: str, window: Window) -> None:
    """In every zone, on every day, for every window: inside it, not before it was asked, within three days."""
    hours, place = Hours(window), at(zone)
    found = next_open(moment, hours, place)
    assert allowed(found, hours, place)
    assert moment <= found <= moment + timedelta(days=3)
    assert found.tzinfo is UTC


@given(
    day=st.sampled_from(YEAR),
    minute=st.integers(0, 24 * 60 - 1),
    zone=st.sampled_from(ZONES),
    country=st.sampled_from(COUNTRIES),
    hours=rules,
    seed=st.text("0123456789abcdef", min_size=8, max_size=8),
    minutes=st.integers(0, 60),
)
@settings(max_examples=400, deadline=None)
def test_nothing_goes_out_outside_the_rules(
    day: date, minute: int, zone: str, country: str, hours: Hours, seed: str, minutes: int
) -> None:
    """Any window, weekdays, holidays and closed days: the moment, and the moment a little later, keep all of them."""
    place, moment = at(zone, country), datetime.combine(day, time(), UTC) + timedelta(minutes=minute)
    found = next_open(moment, hours, place)
    later = spread(found, seed, minutes, hours, place)
    assert allowed(found, hours, place)
    assert allowed(later, hours, place)
    assert moment <= found <= later <= found + timedelta(minutes=minutes)
    assert spread(found, seed, minutes, hours, place) == later


@pytest.mark.parametrize("zone", ZONES)
def test_no_day_of_the_year_lets_one_slip_through(zone: str) -> None:
    """Every zone, every day of 2026 with its clock changes: asked at two hours, a workday's window is kept."""
    place = at(zone, country_of_zone(zone))
    hours = Hours(Window(time(9), time(17)), frozenset(range(1, 6)), (), True)
    for day, hour in product(YEAR[::7] if zone not in CHANGING else YEAR, (1, 16)):
        moment = datetime.combine(day, time(hour), UTC)
        found = next_open(moment, hours, place)
        assert found >= moment
        assert allowed(found, hours, place)


@pytest.mark.parametrize("zone", ZONES)
def test_the_normal_window_opens_within_a_day_in_every_zone(zone: str) -> None:
    """Around both clock changes of a year, 09:00–19:00 is never more than 15 hours away (a day lost apart)."""
    for day in (date(2026, 3, 28), date(2026, 10, 24), date(2026, 3, 7), date(2026, 10, 31)):
        for hours in range(0, 48, 3):
            moment = datetime.combine(day, time(0), UTC) + timedelta(hours=hours)
            found = next_open(moment, DAILY, at(zone))
            assert moment <= found <= moment + timedelta(hours=15)
            assert allowed(found, DAILY, at(zone))


@pytest.mark.parametrize(
    ("asked", "zone", "expected"),
    [
        ("2026-03-10T12:00+00:00", "Europe/Berlin", "2026-03-10 13:00"),
        ("2026-03-10T07:59+00:00", "Europe/Berlin", "2026-03-10 09:00"),
        ("2026-03-10T18:00+00:00", "Europe/Berlin", "2026-03-11 09:00"),  # 19:00 sharp is too late
        ("2026-03-10T12:00+00:00", "America/Los_Angeles", "2026-03-10 09:00"),
        ("2026-03-10T12:00+00:00", "Pacific/Auckland", "2026-03-11 09:00"),
        ("2026-03-28T20:00+00:00", "Europe/Berlin", "2026-03-29 09:00"),  # the night is an hour short
        ("2026-10-24T20:00+00:00", "Europe/Berlin", "2026-10-25 09:00"),  # the night is an hour long
        ("2011-12-30T05:30+00:00", "Pacific/Apia", "2011-12-31 09:00"),  # 30 December did not happen
    ],
)
def test_examples_on_a_clock_on_the_wall(asked: str, zone: str, expected: str) -> None:
    """What a person in that place reads on their clock when the email comes."""
    assert local(next_open(datetime.fromisoformat(asked), DAILY, at(zone)), zone) == expected


@pytest.mark.parametrize(
    ("asked", "country", "expected"),
    [
        ("2026-04-30T18:00+00:00", "DE", "2026-05-04 09:00"),  # 1 May is a Friday, then a weekend
        ("2026-06-03T18:00+00:00", "DE-BY", "2026-06-05 09:00"),  # Corpus Christi is kept in Bavaria
        ("2026-06-03T18:00+00:00", "DE-BE", "2026-06-04 09:00"),  # and is a workday in Berlin
        ("2026-12-23T18:00+00:00", "DE", "2027-01-04 09:00"),  # closed from 24 December on, 2 January is a Saturday
    ],
)
def test_weekends_holidays_and_closed_days(asked: str, country: str, expected: str) -> None:
    """The next working day of the place, past the firm's own closed days."""
    closed = ClosedDays(date(2026, 12, 24), date(2027, 1, 1), "Christmas")
    hours = Hours(WINDOW, frozenset(range(1, 6)), (closed,))
    found = next_open(datetime.fromisoformat(asked), hours, at("Europe/Berlin", country))
    assert local(found, "Europe/Berlin") == expected


def test_a_closed_day_says_why() -> None:
    """The reason is the first that holds, and an open day has none."""
    hours = Hours(WINDOW, frozenset(range(1, 6)), (ClosedDays(date(2026, 5, 15), date(2026, 5, 15), "Move"),))
    assert hours.why_closed(date(2026, 5, 1), "DE") == "it is a public holiday (Labor Day)"
    assert hours.why_closed(date(2026, 5, 2), "DE") == "we do not write on a Saturday"
    assert hours.why_closed(date(2026, 5, 15), "DE") == "we are closed (Move)"
    assert hours.why_closed(date(2026, 5, 18), "DE") == ""


def test_a_window_over_midnight_belongs_to_two_days() -> None:
    """22:00–02:00 on workdays: Friday's hours end at midnight, because what is left of them is Saturday."""
    night = Hours(Window(time(22), time(2)), frozenset(range(1, 6)))
    friday_late = datetime(2026, 3, 13, 23, 30, tzinfo=UTC)
    assert next_open(friday_late, night, Place()) == friday_late
    assert next_open(friday_late + timedelta(hours=1), night, Place()) == datetime(2026, 3, 16, 0, 0, tzinfo=UTC)


def test_a_window_that_a_clock_change_removes_waits_a_day() -> None:
    """02:15–02:45 does not exist in Berlin on 29 March 2026."""
    short = Hours(Window(time(2, 15), time(2, 45)))
    found = next_open(datetime(2026, 3, 29, 0, 0, tzinfo=UTC), short, at("Europe/Berlin"))
    assert local(found, "Europe/Berlin") == "2026-03-30 02:15"


def test_an_hour_that_happens_twice_does_not_send_early() -> None:
    """Asked in the second 02:10 of 25 October 2026, a window that opens at 02:30 opens in twenty minutes."""
    asked = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    found = next_open(asked, Hours(Window(time(2, 30), time(5))), at("Europe/Berlin"))
    assert found == asked + timedelta(minutes=20)


@given(weekday=st.integers(1, 7), start=st.sampled_from(YEAR), country=st.sampled_from(COUNTRIES))
@settings(max_examples=60, deadline=None)
def test_few_open_days_still_come_to_an_end(weekday: int, start: date, country: str) -> None:
    """One weekday, four months closed, every holiday kept: there is a day, and it is found."""
    closed = ClosedDays(start, start + timedelta(days=119), "Rebuilding")
    hours = Hours(Window(time(9), time(9, 1)), frozenset({weekday}), (closed,))
    found = next_open(datetime.combine(start, time(), UTC), hours, at("Europe/Berlin", country))
    assert allowed(found, hours, at("Europe/Berlin", country))


def test_hours_that_never_open_are_said_to() -> None:
    """Nothing loops for ever: without a weekday there is no moment."""
    with pytest.raises(NoOpenDayError):
        next_open(datetime(2026, 3, 10, tzinfo=UTC), Hours(WINDOW, frozenset()), Place())


@given(seed=st.text(min_size=1), minutes=st.integers(1, 60))
@settings(max_examples=100)
def test_a_little_later_is_off_the_full_minute(seed: str, minutes: int) -> None:
    """Not the second everybody else sends in, and the same each time it is worked out."""
    opens = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
    found = spread(opens, seed, minutes, DAILY, Place())
    assert found.second != 0
    assert opens < found <= opens + timedelta(minutes=minutes)


def test_many_seeds_are_spread_evenly() -> None:
    """Of a thousand emails at nine o'clock no minute of the next ten gets more than a fifth."""
    opens = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
    minutes = [spread(opens, str(seed), 10, DAILY, Place()).minute for seed in range(1000)]
    assert {minutes.count(minute) > 50 for minute in range(10)} == {True}
    assert max(minutes.count(minute) for minute in range(10)) < 200


@given(waiting=st.integers(1, 100_000), data=st.data())
def test_what_piled_up_goes_out_in_a_stream(waiting: int, data: st.DataObject) -> None:
    """In order, from now on, none later than eight hours, and a minute holds no more than its share."""
    now = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
    place = data.draw(st.integers(0, waiting - 1))
    assume(place + 1 < waiting)
    first, second = resumed_at(place, waiting, now), resumed_at(place + 1, waiting, now)
    assert now <= first < second <= now + LONGEST_RESUMING
    assert second - first >= min(timedelta(seconds=3), LONGEST_RESUMING / waiting) - timedelta(milliseconds=1)


def test_too_late_is_the_delay_and_the_life_of_a_survey() -> None:
    """A day of delay and seven of life."""
    completed = datetime(2026, 3, 9, 19, 0, tzinfo=UTC)
    assert too_late_at(completed, 24, 7) == completed + timedelta(days=8)


def test_the_first_zone_that_exists_is_used() -> None:
    """The contact's zone, else the firm's, else UTC; a wrong name is passed over."""
    assert zone_for("Asia/Tokyo", "Europe/Berlin") == ZoneInfo("Asia/Tokyo")
    assert zone_for("Mars/Olympus", "Europe/Berlin") == ZoneInfo("Europe/Berlin")
    assert zone_for("", "../../etc/passwd") is UTC
    assert find_zone("Europe") is None
    assert frozenset(range(1, 8)) == EVERY_DAY


@given(st.sampled_from(YEAR), stretches, st.sampled_from(COUNTRIES))
def test_the_working_day_after_is_the_first_one(day: date, closed: tuple[ClosedDays, ...], country: str) -> None:
    """No Saturday, Sunday, holiday or closed day, and none between is a working day, whatever days emails go out on."""

    def works(one: date) -> bool:
        return one.isoweekday() <= 5 and not any(one in stretch for stretch in closed) and not holiday(country, one)

    found = working_day_after(day, closed, country)
    assert found is not None
    assert works(found)
    assert not any(works(day + timedelta(days=number)) for number in range(1, (found - day).days))


def test_a_firm_that_never_works_names_no_day() -> None:
    """Closed for years, no working day is found, and that is no error."""
    assert working_day_after(YEAR[0], (ClosedDays(YEAR[0], YEAR[0] + timedelta(days=900), ""),), "") is None
