"""What every template may use: filters that speak the firm's language and time zone, and the firm itself."""

from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_currency, format_percent
from flask import Flask, g, has_request_context, request, url_for
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.local import LocalProxy
from wtforms import Field

from survey import clock
from survey.asking.pausing import current_pause
from survey.db import db
from survey.firms import default_firm
from survey.languages import direction
from survey.models import Firm, SchedulePause
from survey.speech import capitalised

JUST_NOW_SECONDS = 60


def init_app(app: Flask) -> None:
    """Give the templates of `app` the filters, `firm`, `now` and `page_url`."""
    for template_filter in (ago, day, moment, money, percent, initials, local_time):
        app.add_template_filter(template_filter)
    app.add_template_filter(direction)
    app.add_template_filter(capitalised)
    app.add_template_global(page_url)
    app.add_template_global(field_attributes)
    app.add_template_global(surveys_paused)
    app.context_processor(_context)


def _context() -> dict[str, Any]:
    return {"firm": LocalProxy(_firm), "now": clock.now()}


def _firm() -> Firm:
    """The firm, read once in a request; its defaults where there is no row yet, or no database to ask."""
    if "firm" not in g:
        try:
            g.firm = db.session.get(Firm, 1) or default_firm()
        except SQLAlchemyError:
            g.firm = default_firm()
    found = g.firm
    assert isinstance(found, Firm)
    return found


def surveys_paused() -> SchedulePause | None:
    """The pause of all surveys, for the banner of the desk; None also where there is no database to ask."""
    try:
        return current_pause(db.session)
    except SQLAlchemyError:
        return None


def _locale() -> Locale:
    return _locale_of(_firm().language)


@lru_cache(maxsize=64)
def _locale_of(language: str) -> Locale:
    try:
        return Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def _zone() -> ZoneInfo:
    return ZoneInfo(_firm().timezone)


def ago(when: datetime | None) -> str:
    """How long ago, or in how long, in the largest fitting unit: "3 days ago", "in 2 hours", "just now"."""
    if when is None:
        return "–"
    delta = when - clock.now()
    if abs(delta.total_seconds()) < JUST_NOW_SECONDS:
        return "just now"
    return format_timedelta(delta, add_direction=True, locale=_locale(), threshold=1.0)


def day(when: datetime | date | None) -> str:
    """The day in the firm's zone: "3 Mar 2026"."""
    if when is None:
        return "–"
    local = when.astimezone(_zone()) if isinstance(when, datetime) else when
    return format_date(local, "d MMM y" if _locale().language == "en" else "medium", locale=_locale())


def moment(when: datetime | None) -> str:
    """Day and time in the firm's zone: "Tue 3 Mar 2026, 14:05"."""
    return local_time(when, "") if when else "–"


def local_time(when: datetime | None, zone: str) -> str:
    """Day and time in the IANA `zone`; in the firm's zone where `zone` is empty or unknown."""
    if when is None:
        return "–"
    try:
        place = ZoneInfo(zone) if zone else _zone()
    except (KeyError, ValueError):
        place = _zone()
    pattern = "EEE d MMM y, HH:mm" if _locale().language == "en" else "medium"
    return format_datetime(when, pattern, tzinfo=place, locale=_locale())


def money(amount: Decimal | float | None, currency: str = "") -> str:
    """An amount in `currency`, in the firm's currency where none is named: "€1,200"; cents only where there are any."""
    if amount is None:
        return "–"
    whole = Decimal(str(amount)) == int(amount)
    text: str = format_currency(
        amount, currency or _firm().currency, locale=_locale(), decimal_quantization=not whole, format=None
    )
    return text.removesuffix(".00") if whole else text


def percent(share: float | None) -> str:
    """A share of 1 as a whole percentage: "42%"."""
    if share is None:
        return "–"
    return _whole_percent(int((Decimal(str(share)) * 100).to_integral_value(ROUND_HALF_EVEN)), _firm().language)


@lru_cache(maxsize=1_024)
def _whole_percent(hundredths: int, language: str) -> str:
    """A table of results has hundreds of shares, and few different ones."""
    return format_percent(Decimal(hundredths) / 100, locale=_locale_of(language))


def initials(name: str) -> str:
    """Up to two initials of a name: "Brightside IT" is "BI"; "?" for an empty one."""
    words = [word for word in name.replace("@", " ").split() if word[0].isalnum()]
    letters = [words[0][0], words[-1][0]] if len(words) > 1 else [word[0] for word in words]
    return "".join(letters).upper() or "?"


def page_url(number: int, **changes: str) -> str:
    """The address of this list at page `number`, its other query arguments kept, `changes` applied."""
    if not has_request_context():
        return ""
    arguments = {**request.args.to_dict(), **changes, "page": str(number)}
    if number == 1:
        del arguments["page"]
    return url_for(str(request.endpoint), **{**arguments, **(request.view_args or {})})


def field_attributes(field: Field, hint: str, **more: str) -> dict[str, str]:
    """The attributes of a form control: its class, and what describes it to a screen reader."""
    shape = {"BooleanField": "form-check-input", "SelectField": "form-select"}.get(field.type, "form-control")
    described = [f"{field.id}-hint"] * bool(hint) + [f"{field.id}-error"] * bool(field.errors)
    attributes = {"class": f"{shape} is-invalid" if field.errors else shape}
    if described:
        attributes["aria-describedby"] = " ".join(described)
    if field.errors:
        attributes["aria-invalid"] = "true"
    return {**attributes, **more}
