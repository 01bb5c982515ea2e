"""Whether a visit to a survey's link looks like a person's."""

from datetime import timedelta

import pytest

from survey.evidence.visits import is_person

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 15_6 like Mac OS X) AppleWebKit/605.1.15 Version/15.6 Mobile Safari/604.1"
NAVIGATED = {"fetch": {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-User": "?1"}, "method": "GET"}


@pytest.mark.parametrize(
    ("agent", "details", "after"),
    [
        (CHROME, NAVIGATED, timedelta(seconds=30)),
        (SAFARI, {"method": "GET"}, timedelta(seconds=30)),  # older Safaris send no fetch metadata
        (CHROME, {"method": "GET"}, timedelta(hours=3)),  # plain HTTP: nobody does
        (CHROME, {}, None),
    ],
)
def test_people(agent: str, details: dict[str, object], after: timedelta | None) -> None:
    """Browsers that navigate, old ones, and new ones over plain HTTP."""
    assert is_person(agent, details, after)


@pytest.mark.parametrize(
    ("agent", "details", "after"),
    [
        ("", NAVIGATED, None),
        ("Mozilla/5.0 (compatible; Barracuda Sentinel)", NAVIGATED, None),
        ("python-requests/2.32", {"method": "GET"}, timedelta(hours=3)),
        ("Mozilla/5.0 (compatible; bingbot/2.0)", {}, None),
        (CHROME, {"method": "HEAD"}, timedelta(hours=3)),
        (CHROME, {"fetch": {"Sec-Purpose": "prefetch;prerender", "Sec-Fetch-Mode": "navigate"}}, None),
        (CHROME, {"fetch": {"Sec-Fetch-Mode": "no-cors"}}, None),
        (CHROME, {"method": "GET"}, timedelta(seconds=20)),  # disguised as a browser, on arrival
    ],
)
def test_machines(agent: str, details: dict[str, object], after: timedelta | None) -> None:
    """They say so, ask for the head alone, fetch ahead, or look the moment the email arrives."""
    assert not is_person(agent, details, after)
