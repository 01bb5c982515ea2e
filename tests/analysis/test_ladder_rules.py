"""The ladder's rules: bounds, what a move rests on, editing, trying out, and moves that only an edit caused."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.models import LadderMove, LadderRuleSet, RelationshipState, Rung
from analysis.relationships.ladder import Standing
from analysis.relationships.ladder_rules import DEFAULT_RULES, THRESHOLDS, LadderRules, checked_rules, rule_changes
from analysis.relationships.moves import next_step, rests_on
from analysis.scoring import ladder_rules
from analysis.scoring.assessments import score_clients
from survey import clock
from survey.errors import ConflictError, InvalidInputError
from survey.models import Client
from tests.analysis.stories import ago, client, loyal, rated
from tests.conftest import NOW
from tests.factories import make_client, make_contact, make_job, make_resolution, make_response


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    """The pages are looked at on the day on which the rows were made."""
    with clock.fixed_at(NOW):
        yield


def _text(response: Any) -> str:
    return " ".join(response.get_data(as_text=True).split())


def _regular(session: Session, jobs: int = 4, csat: int = 5) -> Client:
    """A client with `jobs` jobs, 20 days apart, and one rating."""
    found = make_client(session)
    contact = make_contact(session, found, name="Ida Berg")
    for number in range(jobs):
        done = make_resolution(session, make_job(session, contact), completed_at=NOW - timedelta(days=5 + 20 * number))
        if number == 0:
            make_response(session, done, csat=csat, submitted_at=NOW - timedelta(days=4))
    return found


def test_every_threshold_is_delivered_inside_its_bounds() -> None:
    """What is delivered passes its own check, and every number of the rules can be edited."""
    assert checked_rules({}) == DEFAULT_RULES
    assert {*THRESHOLDS, "cooling_flags"} == set(DEFAULT_RULES.as_dict())


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"client_jobs": "0"}, "client_jobs"),
        ({"client_jobs": "many"}, "client_jobs"),
        ({"client_jobs": "2.5"}, "client_jobs"),
        ({"client_jobs": "nan"}, "client_jobs"),
        ({"client_jobs": "3", "client_jobs_keep": "4"}, "client_jobs_keep"),
        ({"distrust_csat": "3", "trusting_csat": "3"}, "distrust_csat"),
        ({"overdue_days": "200"}, "overdue_days"),
        ({"cooling_flags": "always"}, "cooling_flags"),
    ],
)
def test_rules_that_make_no_sense_are_refused_at_their_field(values: dict[str, str], field: str) -> None:
    """Outside the bounds, at odds with another threshold, or no number at all."""
    with pytest.raises(InvalidInputError) as refused:
        checked_rules(values)
    assert refused.value.field == field


def test_changes_read_as_sentences() -> None:
    """Only what differs, in the order of the page."""
    [change] = rule_changes(DEFAULT_RULES, replace(DEFAULT_RULES, client_jobs=5))
    assert (change.label, change.before, change.after) == (
        "Becomes a client with",
        "3",
        "5 jobs in the last 12 months",
    )


def test_a_place_rests_on_dated_facts_newest_first() -> None:
    """Jobs and answers that a person can look up, none of them later than the moment."""
    facts = rests_on("client", loyal(rated(2, 5)), NOW)
    assert facts
    assert [fact.at for fact in facts] == sorted((fact.at for fact in facts), reverse=True)
    assert {fact.source.split("/")[0] for fact in facts} == {"job", "response"}


@pytest.mark.parametrize(
    ("rung", "evidence", "words"),
    [
        ("client", loyal(rated(2, 1)), "Call Ida Berg about the rating 1 of 5"),
        ("client", loyal(rated(2, 5)), "ask whether they would recommend you"),
        ("client", loyal(rated(2, 5, nps=8)), "8 of 10 a 9"),
        ("customer", client((40.0,)), "2 more jobs within the year would make a client"),
        ("advocate", loyal(rated(2, 5, nps=10)), "ask whom else you could help"),
        ("cooling", loyal(), "without selling"),
        ("lapsed", loyal(), "once what happened"),
    ],
)
def test_the_next_step_follows_from_the_evidence(rung: str, evidence: Any, words: str) -> None:
    """First what hurts, then what is missing, by name."""
    assert words in next_step(Standing(rung, ""), evidence, NOW)


def test_a_hurt_that_was_spoken_about_is_not_called_about_again() -> None:
    """After a talk the step is the usual one."""
    talked = replace(loyal(rated(4, 1)), contacted=(ago(2),))
    assert "about the rating" not in next_step(Standing("client", ""), talked, NOW)


def test_a_move_keeps_its_evidence_and_next_step(session: Session) -> None:
    """Scored for the first time, the moves of the past have both; so has the state."""
    found = _regular(session)
    score_clients(session, [found], NOW)
    moves = session.scalars(select(LadderMove).where(LadderMove.client_id == found.id)).all()
    assert moves[-1].to_rung is Rung.CLIENT
    assert all(move.evidence and move.next_step and not move.by_rules for move in moves)
    assert session.get_one(RelationshipState, found.id).next_step


def test_an_edit_moves_people_and_says_that_it_was_the_edit(session: Session) -> None:
    """A stricter rule moves who does not meet it once the least stay is over; it is marked and undone whole."""
    found = _regular(session)
    score_clients(session, [found], NOW)
    values = {"client_jobs": 9, "client_jobs_keep": 9, "least_stay_days": 0}
    row = ladder_rules.save_rules(session, values, "Only regulars", None, NOW)
    session.refresh(found)
    score_clients(session, [found], NOW)
    state = session.get_one(RelationshipState, found.id)
    assert (state.rung, state.ladder_rules_id) == (Rung.CUSTOMER, row.id)
    last = session.scalars(select(LadderMove).order_by(LadderMove.id.desc())).first()
    assert last is not None
    assert last.by_rules
    ladder_rules.undo_rules(session, row, None, NOW)
    assert ladder_rules.rules_in_force(session).rules == DEFAULT_RULES
    assert [edit.row.note for edit in ladder_rules.rule_history(session)] == ["Undone", "Only regulars"]
    with pytest.raises(ConflictError):
        ladder_rules.undo_rules(session, row, None, NOW)


def test_saving_what_is_in_force_is_refused(session: Session) -> None:
    """The history holds changes, not clicks."""
    with pytest.raises(ConflictError):
        ladder_rules.save_rules(session, LadderRules().as_dict(), "", None, NOW)


def test_a_manager_looks_who_would_move_then_saves_and_undoes(manager: FlaskClient, session: Session) -> None:
    """The preview writes nothing; saving puts the rules in force; undo brings the old ones back."""
    found = _regular(session)
    score_clients(session, [found], NOW)
    sent = {**LadderRules().as_dict(), "client_jobs": 9, "client_jobs_keep": 9, "least_stay_days": 0}
    page = _text(manager.post("/desk/settings/ladder/preview", data=sent))
    assert "of 1 client would move" in page
    assert found.name in page
    assert session.scalars(select(LadderRuleSet)).all() == []
    assert manager.post("/desk/settings/ladder", data={**sent, "note": "Only regulars"}).status_code == 303
    row = session.scalars(select(LadderRuleSet)).one()
    assert "Only regulars" in _text(manager.get("/desk/settings/ladder"))
    assert manager.post(f"/desk/settings/ladder/{row.id}/undo").status_code == 303
    assert ladder_rules.rules_in_force(session).rules == DEFAULT_RULES


def test_a_wrong_number_comes_back_with_its_reason(manager: FlaskClient) -> None:
    """Both the preview and the save show the field with what was written and what is allowed."""
    sent = {**LadderRules().as_dict(), "new_days": "soon"}
    for path in ("/desk/settings/ladder/preview", "/desk/settings/ladder"):
        answer = manager.post(path, data=sent)
        assert answer.status_code == 422
        assert "Please write a number." in _text(answer)
        assert 'value="soon"' in _text(answer)


def test_reset_goes_back_to_what_was_delivered(manager: FlaskClient, session: Session) -> None:
    """One button, one entry in the history."""
    ladder_rules.save_rules(session, {"client_jobs": 4}, "", None, NOW)
    manager.post("/desk/settings/ladder/reset")
    assert ladder_rules.rules_in_force(session).rules == DEFAULT_RULES
    assert "Back to as delivered" in _text(manager.get("/desk/settings/ladder"))


def test_viewers_read_the_rules_and_change_nothing(viewer: FlaskClient) -> None:
    """Open rules are for everybody to read."""
    page = _text(viewer.get("/desk/settings/ladder"))
    assert "Becomes a client with" in page
    assert "Save the rules" not in page
    assert viewer.post("/desk/settings/ladder", data={}).status_code == 403
