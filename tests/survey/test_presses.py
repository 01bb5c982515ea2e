"""Who pressed the button of a survey's page."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from survey.evidence.presses import judge_press
from survey.evidence.visits import Kind, Visit, agent_class, judge
from tests.survey.gauntlet import CHROME, CLICKED_BY_SCRIPT, EDGE, FETCHED, HEADLESS, OLD_SAFARI, TAPPED

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
CROSS = {**TAPPED, "Sec-Fetch-Site": "cross-site"}


def visit(kind: str, agent: str, seconds: float = 0.0, **details: Any) -> Visit:
    return Visit(kind=kind, at=NOW + timedelta(seconds=seconds), user_agent=agent, details=details)


def pressed(agent: str, fetch: dict[str, str], waited: float | None = 6.0) -> Visit:
    return visit("pressed", agent, 10, fetch=fetch, waited=waited)


@pytest.mark.parametrize(
    ("agent", "fetch", "waited", "kind"),
    [
        (CHROME, TAPPED, 6.0, Kind.PERSON),
        (CHROME, {}, 6.0, Kind.PERSON),  # over plain HTTP no browser sends these headers
        (OLD_SAFARI, {}, 6.0, Kind.PERSON),
        (CHROME, TAPPED, 0.4, Kind.UNSURE),
        ("python-requests/2.32", {}, 0.1, Kind.UNSURE),  # our contract lets scripts answer
        ("", {}, None, Kind.UNSURE),
        (CHROME, CLICKED_BY_SCRIPT, 6.0, Kind.MACHINE),
        (CHROME, FETCHED, 6.0, Kind.MACHINE),
        (CHROME, CROSS, 6.0, Kind.MACHINE),
        (CHROME, TAPPED, None, Kind.MACHINE),  # never shown the page
        (HEADLESS, TAPPED, 6.0, Kind.MACHINE),
        ("Mozilla/5.0 (compatible; Barracuda)", TAPPED, 6.0, Kind.MACHINE),
    ],
)
def test_one_press(agent: str, fetch: dict[str, str], waited: float | None, kind: Kind) -> None:
    """What the press itself tells, when nothing else was seen of its visitor."""
    verdict = judge_press(pressed(agent, fetch, waited), [])

    assert verdict.kind is kind
    assert all(reason.endswith(".") for reason in verdict.reasons)


@pytest.mark.parametrize(
    ("agent", "fetch", "asked_again", "kind"),
    [
        (CHROME, CROSS, 30.0, Kind.MACHINE),
        (CHROME, CLICKED_BY_SCRIPT, 30.0, Kind.MACHINE),
        (CHROME, TAPPED, 0.5, Kind.MACHINE),
        (CHROME, TAPPED, 1.5, Kind.PERSON),
        (HEADLESS, TAPPED, 1.5, Kind.MACHINE),
        (HEADLESS, TAPPED, 6.0, Kind.PERSON),
    ],
)
def test_one_more_tap(agent: str, fetch: dict[str, str], asked_again: float, kind: Kind) -> None:
    """A second tap counts when somebody had the time to read that it is asked for, and no script did it."""
    swept = [visit("opened", agent, n, offered={"csat": n + 1}) for n in range(2)]

    assert judge_press(pressed(agent, fetch), swept, asked_again=asked_again).kind is kind


def test_only_the_same_visitor_and_the_same_hour_count_against_a_press() -> None:
    """Somebody else's sweep, and one of this morning, hold nobody up."""
    sweep = [visit("opened", EDGE, n, offered={"csat": n + 1}) for n in range(2)]
    morning = [visit("opened", CHROME, n - 7200, offered={"csat": n + 1}) for n in range(2)]

    assert judge_press(pressed(CHROME, TAPPED), [*sweep, *morning]).kind is Kind.PERSON
    assert judge_press(pressed(EDGE, TAPPED), [*sweep, *morning]).kind is Kind.MACHINE


def test_scripts_share_names_so_only_the_trap_tells() -> None:
    """A script that fetched several ratings may still answer; one that followed the hidden link may not."""
    script = "python-requests/2.32"
    sweep = [visit("opened", script, n, offered={"csat": n + 1}) for n in range(5)]

    assert judge_press(pressed(script, {}), sweep).kind is Kind.UNSURE
    assert judge_press(pressed(script, {}), [*sweep, visit("trapped", script)]).kind is Kind.MACHINE


def test_a_later_fact_counts_for_earlier_visits() -> None:
    """The hidden link followed afterwards makes the whole visitor a machine; others keep their verdict."""
    first, other = visit("opened", EDGE, 0, fetch=TAPPED), visit("opened", CHROME, 1, fetch=TAPPED)
    sent = [NOW - timedelta(hours=3)]
    assert [v.kind for v in judge([first, other], sent)] == [Kind.PERSON, Kind.PERSON]

    found = judge([first, other, visit("trapped", EDGE, 60, fetch=TAPPED)], sent)

    assert [v.kind for v in found] == [Kind.MACHINE, Kind.PERSON, Kind.MACHINE]
    assert found[0].reasons == ("It followed the link that no person can see.",)
    assert found[1].reasons == ("A browser opened it because somebody clicked, 3 hours after the email.",)


@pytest.mark.parametrize(
    ("agents", "values", "seconds", "machine"),
    [
        ((CHROME, CHROME), (1, 2), 30, True),
        ((CHROME, CHROME), (2, 2), 30, False),
        ((CHROME, CHROME), (1, 2), 61, False),
        ((CHROME, EDGE), (1, 2), 30, False),
        ((CHROME, EDGE, OLD_SAFARI), (1, 2, 3), 20, True),  # a scanner that changes its name
        ((CHROME, EDGE, OLD_SAFARI), (1, 2, 3), 40, False),
    ],
)
def test_several_ratings_within_a_minute(
    agents: tuple[str, ...], values: tuple[int, ...], seconds: int, machine: bool
) -> None:
    """Two by one visitor, or three under several names; nobody chooses so fast."""
    visits = [
        visit("opened", agent, number * seconds, fetch=TAPPED, offered={"csat": value}, after=7200)
        for number, (agent, value) in enumerate(zip(agents, values, strict=True))
    ]

    assert [verdict.kind is Kind.MACHINE for verdict in judge(visits)] == [machine] * len(visits)


def test_arriving_with_the_email() -> None:
    """Seconds after the sending, and so much later that it says nothing."""
    soon, later = visit("opened", CHROME, 3, fetch=TAPPED), visit("opened", CHROME, 300, fetch=TAPPED)

    assert [verdict.kind for verdict in judge([soon, later], [NOW])] == [Kind.MACHINE, Kind.PERSON]
    assert judge([soon], [NOW])[0].reasons == ("It came 3 seconds after the email was sent.",)


@pytest.mark.parametrize(
    ("agent", "named"),
    [(CHROME, "browser"), (HEADLESS, "headless browser"), ("curl/8", "script"), ("  ", "nameless")],
)
def test_what_an_agent_says_that_it_is(agent: str, named: str) -> None:
    """The class that is kept with each visit."""
    assert agent_class(agent) == named
