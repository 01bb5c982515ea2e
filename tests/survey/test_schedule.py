"""When an email may go out, on every clock there is."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survey.schedule import Window, due_at, find_zone, is_inside, next_inside, reminder_due_at, too_late_at, zone_for

WINDOW = Window(time(9), time(19))
ZONES = sorted(available_timezones() - {"localtime", "posixrules", "Factory"})
moments = st.datetimes(datetime(1980, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
times = st.times().map(lambda value: value.replace(second=0, microsecond=0))


def local(moment: datetime, zone: str) -> str:
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


@given(moment=moments, zone=st.sampled_from(ZONES), opens=times, closes=times)
@settings(max_examples=300, deadline=None)
def test_the_result_is_inside_the_window_and_never_early(
    moment: datetime, zone: str, opens: time, closes: time
) -> None:
    """In every zone, on every day, for every window: inside it, not before it was asked, within three days."""
    window = Window(opens, closes)
    found = next_inside(moment, window, ZoneInfo(zone))
    assert is_inside(found, window, ZoneInfo(zone))
    assert moment <= found <= moment + timedelta(days=3)
    assert found.tzinfo is UTC


@pytest.mark.parametrize("zone", ZONES)
def test_the_normal_window_opens_within_a_day_in_every_zone(zone: str) -> None:
    """Around both clock changes of a year, 09:00–19:00 is never more than 15 hours away (a day lost apart)."""
    for day in (date(2026, 3, 28), date(2026, 10, 24), date(2026, 3, 7), date(2026, 10, 31)):
        for hours in range(0, 48, 3):
            moment = datetime.combine(day, time(0), UTC) + timedelta(hours=hours)
            found = next_inside(moment, WINDOW, ZoneInfo(zone))
            assert moment <= found <= moment + timedelta(hours=15)
            assert is_inside(found, WINDOW, ZoneInfo(zone))


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
    assert local(next_inside(datetime.fromisoformat(asked), WINDOW, ZoneInfo(zone)), zone) == expected


def test_a_window_that_a_clock_change_removes_waits_a_day() -> None:
    """02:15–02:45 does not exist in Berlin on 29 March 2026."""
    short = Window(time(2, 15), time(2, 45))
    found = next_inside(datetime(2026, 3, 29, 0, 0, tzinfo=UTC), short, ZoneInfo("Europe/Berlin"))
    assert local(found, "Europe/Berlin") == "2026-03-30 02:15"


def test_an_hour_that_happens_twice_does_not_send_early() -> None:
    """Asked in the second 02:10 of 25 October 2026, a window that opens at 02:30 opens in twenty minutes."""
    asked = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    found = next_inside(asked, Window(time(2, 30), time(5)), ZoneInfo("Europe/Berlin"))
    assert found == asked + timedelta(minutes=20)


def test_delay_then_window() -> None:
    """A job closed at 20:00 is asked about 24 hours later, moved to the next morning."""
    completed = datetime(2026, 3, 9, 19, 0, tzinfo=UTC)
    assert due_at(completed, 24, WINDOW, ZoneInfo("Europe/Berlin")) == datetime(2026, 3, 11, 8, 0, tzinfo=UTC)
    assert reminder_due_at(completed, 4, WINDOW, ZoneInfo("Europe/Berlin")) == datetime(2026, 3, 14, 8, 0, tzinfo=UTC)
    assert too_late_at(completed, 24, 7) == completed + timedelta(days=8)


def test_the_first_zone_that_exists_is_used() -> None:
    """The contact's zone, else the firm's, else UTC; a wrong name is passed over."""
    assert zone_for("Asia/Tokyo", "Europe/Berlin") == ZoneInfo("Asia/Tokyo")
    assert zone_for("Mars/Olympus", "Europe/Berlin") == ZoneInfo("Europe/Berlin")
    assert zone_for("", "../../etc/passwd") is UTC
    assert find_zone("Europe") is None
