"""Dates, money and names as the desk shows them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from survey import clock
from survey.firms import get_firm
from survey.views import filters
from tests.conftest import NOW


@pytest.fixture
def berlin(app: Flask, session: Session) -> Iterator[None]:
    """A firm in Berlin that charges in euros, at NOW."""
    firm = get_firm(session)
    firm.timezone, firm.currency, firm.language = "Europe/Berlin", "EUR", "en"
    session.commit()
    with clock.fixed_at(NOW):
        yield


@pytest.mark.usefixtures("berlin")
def test_moments_are_on_the_clock_of_the_firm() -> None:
    """A moment in UTC is shown as the firm's clock showed it, summer time included."""
    assert filters.moment(datetime(2026, 7, 1, 12, 0, tzinfo=UTC)) == "Wed 1 Jul 2026, 14:00"
    assert filters.day(datetime(2026, 3, 9, 23, 30, tzinfo=UTC)) == "10 Mar 2026"
    assert filters.local_time(NOW, "America/New_York") == "Tue 10 Mar 2026, 08:00"


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    ("delta", "said"),
    [
        (timedelta(seconds=-20), "just now"),
        (timedelta(minutes=-5), "5 minutes ago"),
        (timedelta(hours=-25), "1 day ago"),
        (timedelta(days=3), "in 3 days"),
    ],
)
def test_ago_uses_the_largest_fitting_unit(delta: timedelta, said: str) -> None:
    """How long ago something was is said as a person would."""
    assert filters.ago(NOW + delta) == said


@pytest.mark.usefixtures("berlin")
def test_money_shows_cents_only_where_there_are_any() -> None:
    """A round amount has no ".00"; without a currency it is in the firm's."""
    assert filters.money(Decimal("1200.00")) == "€1,200"
    assert filters.money(Decimal("12.50"), "USD") == "$12.50"
    assert filters.money(None) == "–"


@pytest.mark.usefixtures("berlin")
def test_the_firm_language_decides_the_format(session: Session) -> None:
    """A German firm reads its numbers and dates in German."""
    get_firm(session).language = "de"
    session.commit()
    assert filters.day(datetime(2026, 3, 9, tzinfo=UTC)) == "09.03.2026"
    assert filters.percent(0.42) == "42\xa0%"


@pytest.mark.parametrize(
    ("name", "letters"), [("Brightside IT", "BI"), ("Ana", "A"), ("", "?"), ("– (", "?"), ("jo van der Berg", "JB")]
)
def test_initials(name: str, letters: str) -> None:
    """Two letters at most: of the first and of the last word."""
    assert filters.initials(name) == letters
