"""“Ask me less”: at most once a quarter, whatever the firm's own rest."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from survey.asking.deciding import load_house
from survey.asking.eligibility import QUARTER_DAYS, decide
from survey.asking.facts import load_facts
from survey.asking.terms import Facts, Outcome, Policy
from tests.conftest import NOW
from tests.factories import make_contact, make_invitation, make_job, make_resolution


def facts(days: int | None, *, less: bool = True) -> Facts:
    asked = None if days is None else NOW - timedelta(days=days)
    return Facts(
        completed_at=NOW - timedelta(days=1),
        email="mona@client.example",
        contact_name="Mona",
        last_asked_at=asked,
        asks_less=less,
    )


@pytest.mark.parametrize(
    ("days", "asked"), [(None, True), (31, False), (QUARTER_DAYS - 1, False), (QUARTER_DAYS, True)]
)
def test_a_quarter_must_pass(days: int | None, asked: bool) -> None:
    """The rest of the firm is over after a month; theirs is not. The reason names their own wish."""
    decision = decide(facts(days), Policy(contact_rest_days=30), NOW)
    assert (decision.outcome is Outcome.ASK) is asked
    if not asked:
        assert "Mona wants to be asked at most once in three months" in decision.reason


def test_others_are_asked_by_the_firms_rule() -> None:
    """Who did not ask for it is not spared for three months."""
    assert decide(facts(31, less=False), Policy(contact_rest_days=30), NOW).outcome is Outcome.ASK


def test_no_manager_overrides_their_wish() -> None:
    """“Send now” passes the firm's own rest, never what the client asked for."""
    assert decide(facts(31), Policy(), NOW, forced=True).outcome is Outcome.SKIP


def test_the_last_quarter_is_looked_at(session: Session) -> None:
    """A survey of two months ago is known to the rules, though the firm rests a month only."""
    contact = make_contact(session, asks_less_at=NOW)
    earlier = make_resolution(session, make_job(session, contact), completed_at=NOW - timedelta(days=62))
    make_invitation(session, earlier)
    now = make_resolution(session, make_job(session, contact))
    (found,) = load_facts(session, [now], load_house(session).policy, NOW)
    assert found.asks_less
    assert found.last_asked_at == earlier.completed_at + timedelta(days=1)
