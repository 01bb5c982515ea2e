"""Holidays and the country whose they are."""

from datetime import date

import pytest
from wtforms.validators import ValidationError

from survey.asking.closed_days import ClosedDays, country_for, country_of_zone, holiday, holidays_of, is_country
from survey.forms.survey_rules import read_closed_days


def test_countries_and_their_parts() -> None:
    """A country, a part of it, and what is neither."""
    assert is_country("DE")
    assert is_country("DE-BY")
    assert not is_country("DE-XX")
    assert not is_country("ZZ")
    assert not is_country("")


def test_holidays_have_names_in_english() -> None:
    """Good Friday in Germany; nothing on the day before, or where no country is known."""
    assert holiday("DE", date(2026, 4, 3)) == "Good Friday"
    assert holiday("DE", date(2026, 4, 2)) == ""
    assert holiday("", date(2026, 4, 3)) == ""
    assert holiday("ZZ", date(2026, 4, 3)) == ""
    assert len(holidays_of("IE", 2026)) == 10


@pytest.mark.parametrize(
    ("zone", "country"),
    [("Europe/Berlin", "DE"), ("Asia/Calcutta", "IN"), ("US/Eastern", "US"), ("UTC", ""), ("Etc/GMT+3", ""), ("", "")],
)
def test_the_country_of_a_time_zone(zone: str, country: str) -> None:
    """By today's name or an older one; zones of no country have none."""
    assert country_of_zone(zone) == country


def test_the_nearest_country_counts() -> None:
    """The contact's, the client's, the one abroad that the zone tells, the firm's, the firm's zone's: in this order."""
    assert country_for("FR", "ES", "America/New_York", "DE-BY", "Europe/Berlin") == "FR"
    assert country_for("", "ES", "America/New_York", "DE-BY", "Europe/Berlin") == "ES"
    assert country_for("", "", "America/New_York", "DE-BY", "Europe/Berlin") == "US"
    assert country_for("", "", "Europe/Berlin", "DE-BY", "Europe/Berlin") == "DE-BY"
    assert country_for("", "", "", "", "Europe/Berlin") == "DE"
    assert country_for("", "", "", "", "UTC") == ""


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("2026-12-24 to 2027-01-01 Christmas", ClosedDays(date(2026, 12, 24), date(2027, 1, 1), "Christmas")),
        ("2026-12-24 2027-01-01", ClosedDays(date(2026, 12, 24), date(2027, 1, 1))),
        ("2026-05-15 Moving house", ClosedDays(date(2026, 5, 15), date(2026, 5, 15), "Moving house")),
        ("2026-05-15", ClosedDays(date(2026, 5, 15), date(2026, 5, 15))),
    ],
)
def test_closed_days_are_written_as_people_write_them(line: str, found: ClosedDays) -> None:
    """One day or a stretch, with or without the reason; kept as JSON and read back."""
    assert read_closed_days(line) == found
    assert ClosedDays.of(found.as_dict()) == found


@pytest.mark.parametrize("line", ["Christmas", "24.12.2026", "2026-12-24 to Christmas", "2026-12-24 to 2026-12-01 No"])
def test_what_is_no_date_is_refused_with_the_line(line: str) -> None:
    """The message quotes the line, so that it is found among others."""
    with pytest.raises(ValidationError, match="“"):
        read_closed_days(line)
