"""Every rule: when it says yes, when it says no, and what it says."""

from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from survey.asking.eligibility import RULES, address_problem, count, decide
from survey.asking.terms import Facts, Outcome, Policy
from survey.sampling import draw
from tests.conftest import NOW

POLICY = Policy(zone=UTC)
FACTS = Facts(
    completed_at=NOW - timedelta(days=1),
    kind="Repair",
    client_name="Garcia Legal",
    contact_name="Ana Xu",
    email="ana@garcia.example",
)

NO: list[tuple[str, dict[str, Any], str]] = [
    ("not excluded", {"exclusion": "spam"}, "The job was marked as spam, so nobody is asked about it."),
    (
        "not excluded",
        {"exclusion": "auto_closed"},
        "The job was closed automatically, so there is nothing to ask about.",
    ),
    ("not excluded", {"exclusion": "internal"}, "The job was marked as internal work."),
    ("not excluded", {"exclusion": "other"}, "The job was marked never to be surveyed."),
    (
        "not excluded",
        {"internal_client": True},
        "Garcia Legal is marked as internal, and we do not survey ourselves.",
    ),
    ("eligible kind", {"kind": "MAINTENANCE"}, "Jobs of the kind “MAINTENANCE” are not surveyed."),
    ("drawn", {"kind": "Check", "draw": 25}, "1 in 4 “Check” jobs is asked about; this one was not drawn."),
    ("job still closed", {"reopened_at": NOW - timedelta(hours=2)}, "The job was opened again on 10 March."),
    ("not answered yet", {"answered_at": NOW - timedelta(hours=2)}, "Ana Xu answered about this job on 10 March."),
    (
        "recent enough",
        {"completed_at": NOW - timedelta(days=90)},
        "The job was closed on 10 December 2025, 90 days ago: too long ago to ask about it.",
    ),
    ("contact still there", {"left_at": NOW - timedelta(days=2)}, "Ana Xu left Garcia Legal on 8 March."),
    (
        "not unsubscribed",
        {"mail_block": "unsubscribed", "mail_blocked_at": NOW - timedelta(days=3)},
        "Ana Xu unsubscribed from our surveys on 7 March.",
    ),
    ("not unsubscribed", {"mail_block": "complained"}, "Ana Xu reported one of our emails as spam."),
    ("not unsubscribed", {"mail_block": "manual"}, "Ana Xu was put on the list of people we do not write to."),
    (
        "not bounced",
        {"mail_block": "bounced", "mail_blocked_at": NOW - timedelta(days=3)},
        "Our email to ana@garcia.example came back on 7 March; the address does not work.",
    ),
    (
        "contact rested",
        {"last_asked_at": NOW - timedelta(days=7)},
        "Ana Xu was last asked on 3 March, 7 days ago; we rest 30 days.",
    ),
    (
        "client budget",
        {"client_asked": tuple(NOW - timedelta(days=day) for day in (1, 2, 3, 29))},
        "Garcia Legal got 4 surveys in 30 days; the most we send is 4.",
    ),
    (
        "not hurting",
        {"held_at": NOW - timedelta(days=3), "held_reason": "two bad answers in a row."},
        "Garcia Legal has an open flag since 7 March (two bad answers in a row); we look after that first.",
    ),
]
MAINTENANCE = replace(POLICY, excluded_kinds=frozenset({"maintenance"}), shares={"check": 25})
OVERRIDABLE = {"eligible kind", "drawn", "contact rested", "client budget", "not hurting"}


def test_every_rule_agrees_about_an_ordinary_job() -> None:
    """An ordinary closing is asked about, and every rule says why it agrees, in a sentence."""
    decision = decide(FACTS, POLICY, NOW)
    assert decision.outcome is Outcome.ASK
    assert [verdict.rule for verdict in decision.verdicts] == [rule.name for rule in RULES]
    for verdict in decision.verdicts:
        assert verdict.passed
        assert verdict.why.endswith(".")
        assert verdict.why[0].isupper() or "@" in verdict.why


@pytest.mark.parametrize(("rule", "change", "why"), NO)
def test_a_rule_says_no_and_why(rule: str, change: dict[str, Any], why: str) -> None:
    """Exactly one rule objects, in plain words; all others still give their verdict."""
    decision = decide(replace(FACTS, **change), MAINTENANCE, NOW)
    assert [verdict.rule for verdict in decision.verdicts if not verdict.passed] == [rule]
    assert decision.reason == why
    assert len(decision.verdicts) == len(RULES)
    assert decision.outcome is (Outcome.HOLD if rule == "not hurting" else Outcome.SKIP)


@pytest.mark.parametrize(("rule", "change", "why"), NO)
def test_a_manager_overrides_what_may_be_overridden(rule: str, change: dict[str, Any], why: str) -> None:
    """“Send now” passes kind, draw, rest, budget and hurting, says so, and passes nothing else."""
    decision = decide(replace(FACTS, **change), MAINTENANCE, NOW, forced=True)
    verdict = next(verdict for verdict in decision.verdicts if verdict.rule == rule)
    assert verdict.passed is (rule in OVERRIDABLE)
    assert verdict.why == (f"{why} A manager chose to send it anyway." if rule in OVERRIDABLE else why)
    assert decision.outcome is (Outcome.ASK if rule in OVERRIDABLE else Outcome.SKIP)


@pytest.mark.parametrize("email", ["", "ana", "ana@", "ana@garcia", "a b@garcia.example", "ana@gar..cia.example"])
def test_an_address_that_cannot_work_is_refused(email: str) -> None:
    """The form of the address is checked, and the verdict quotes it."""
    decision = decide(replace(FACTS, email=email), POLICY, NOW)
    assert decision.outcome is Outcome.SKIP
    assert decision.reason.startswith(f"“{email}” is not a valid address: ")
    assert decide(replace(FACTS, email=email), POLICY, NOW, forced=True).outcome is not Outcome.ASK


@pytest.mark.parametrize("email", ["ana@garcia.example", "ana@firm.test", "josé@müller.example", "a+b@x-y.co.uk"])
def test_an_address_that_could_work_is_accepted(email: str) -> None:
    """Reserved test names and international addresses pass; nothing is looked up."""
    assert address_problem(email) is None


def test_skipping_outweighs_holding() -> None:
    """A hurting client whose contact unsubscribed is skipped, not held: waiting would change nothing."""
    facts = replace(FACTS, held_at=NOW, mail_block="unsubscribed")
    assert decide(facts, POLICY, NOW).outcome is Outcome.SKIP


def test_rest_and_budget_are_counted_up_to_the_moment_of_sending() -> None:
    """Asked 29 days ago is too soon now, and long enough by the time the email is due tomorrow."""
    facts = replace(FACTS, last_asked_at=NOW - timedelta(days=29))
    assert decide(facts, POLICY, NOW).outcome is Outcome.SKIP
    assert decide(facts, POLICY, NOW, at=NOW + timedelta(days=1)).outcome is Outcome.ASK
    spent = replace(FACTS, client_asked=(NOW - timedelta(days=29, hours=1),) * 4)
    assert decide(spent, POLICY, NOW).outcome is Outcome.SKIP
    assert decide(spent, POLICY, NOW, at=NOW + timedelta(days=1)).outcome is Outcome.ASK


def test_limits_are_exact() -> None:
    """Rest ends after exactly its days, age begins exactly at delay plus life, budget counts the last place."""
    assert decide(replace(FACTS, last_asked_at=NOW - timedelta(days=30)), POLICY, NOW).outcome is Outcome.ASK
    oldest = replace(FACTS, completed_at=NOW - timedelta(days=8))
    assert decide(oldest, POLICY, NOW).outcome is Outcome.SKIP
    assert decide(oldest, POLICY, NOW - timedelta(seconds=1)).outcome is Outcome.ASK
    three = replace(FACTS, client_asked=(NOW - timedelta(days=1),) * 3)
    assert decide(three, POLICY, NOW).outcome is Outcome.ASK


def test_settings_switch_rules_off() -> None:
    """No rest, and no holding while hurting, when the firm's settings say so."""
    policy = replace(POLICY, contact_rest_days=0, hold_while_hurting=False)
    assert decide(replace(FACTS, last_asked_at=NOW, held_at=NOW), policy, NOW).outcome is Outcome.ASK


def test_dates_are_written_in_the_firms_zone() -> None:
    """Half past eleven at night in UTC is the next day in Auckland."""
    facts = replace(FACTS, reopened_at=NOW.replace(hour=23, minute=30))
    policy = replace(POLICY, zone=ZoneInfo("Pacific/Auckland"))
    assert decide(facts, policy, NOW + timedelta(days=1)).reason == "The job was opened again on 11 March."


def test_unknown_names_still_make_sentences() -> None:
    """Without a name the address stands for the person, and “this client” for the client."""
    facts = replace(FACTS, contact_name="", client_name="", held_at=NOW)
    assert decide(facts, POLICY, NOW).reason.startswith("This client has an open flag")
    assert decide(replace(facts, answered_at=NOW), POLICY, NOW).reason.startswith("ana@garcia.example answered")


def test_numbers_are_counted_in_english() -> None:
    """No days, 1 day, 2 days."""
    assert [count(number, "day") for number in range(3)] == ["no days", "1 day", "2 days"]


@pytest.mark.parametrize(
    ("share", "kind", "draw", "passed", "why"),
    [
        (100, "Repair", 99, True, "Every job of the kind “Repair” is asked about."),
        (100, "", 99, True, "Every job is asked about."),
        (33, "Repair", 32, True, "1 in 3 “Repair” jobs is asked about; this one was drawn."),
        (60, "", 60, False, "3 in 5 jobs without a kind are asked about; this one was not drawn."),
        (37, "Repair", 99, False, "37 in 100 “Repair” jobs are asked about; this one was not drawn."),
        (0, "Repair", 0, False, "None of the “Repair” jobs are asked about."),
    ],
)
def test_the_share_of_a_kind_is_said_in_words(share: int, kind: str, draw: int, passed: bool, why: str) -> None:
    """Who is drawn, of which share, in a sentence."""
    facts = replace(FACTS, kind=kind, draw=draw)
    decision = decide(facts, replace(POLICY, shares={kind.casefold(): share}), NOW)
    verdict = next(verdict for verdict in decision.verdicts if verdict.rule == "drawn")
    assert (verdict.passed, verdict.why) == (passed, why)
    assert (decision.outcome is Outcome.ASK) is passed


def test_a_kind_without_a_share_of_its_own_has_that_of_every_other() -> None:
    """Kinds are compared whatever their case; nothing chosen means everybody."""
    policy = replace(POLICY, shares={"": 20, "repair": 50})
    assert [policy.share_for(kind) for kind in ("REPAIR", "Check", "")] == [50, 20, 20]
    assert POLICY.share_for("Repair") == 100


def test_the_draw_is_fair_and_the_same_whenever_it_is_looked_at() -> None:
    """Of many closings, each hundredth gets its share within chance; one closing always draws the same."""
    drawn = [draw("crm", str(number), 1) for number in range(10_000)]
    assert drawn == [draw("crm", str(number), 1) for number in range(10_000)]
    assert abs(sum(number < 25 for number in drawn) - 2_500) < 4 * 44  # four standard deviations
    assert set(drawn) == set(range(100))
    assert len({draw("crm", "7", sequence) for sequence in range(1, 20)}) > 10
