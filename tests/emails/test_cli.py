"""The emails commands."""

import json

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy.orm import Session

from emails import pauses
from emails.models import EmailMessage, EmailState
from survey.asking.pausing import pause_history
from survey.db import db
from tests.conftest import NOW
from tests.emails.factories import queue_survey


def run(app: Flask, *arguments: str) -> Result:
    """Run `flask emails …` as a process of its own would: with a fresh session."""
    db.session.rollback()
    db.session.info.clear()
    result = app.test_cli_runner().invoke(args=["emails", *arguments])
    db.session.rollback()
    db.session.info.clear()
    return result


@pytest.fixture
def parked(session: Session) -> EmailMessage:
    message = queue_survey(session)
    message.state, message.reason = EmailState.PARKED, "No answer."
    session.commit()
    return message


def test_lists_print_one_json_document(app: Flask, session: Session, parked: EmailMessage) -> None:
    """State, tries and the provider's id of every message; --state narrows; parked lists only those."""
    pending = queue_survey(session)
    session.rollback()
    found = json.loads(run(app, "list", "--json").stdout)
    assert {(row["id"], row["state"]) for row in found} == {(parked.id, "parked"), (pending.id, "pending")}
    assert {"attempts", "provider_id", "to", "kind", "reason", "delivery"} <= set(found[0])
    assert [row["id"] for row in json.loads(run(app, "list", "--state", "pending", "--json").stdout)] == [pending.id]
    assert [row["id"] for row in json.loads(run(app, "parked", "--json").stdout)] == [parked.id]
    assert parked.to_email in run(app, "list").stdout


def test_an_empty_outbox_is_an_empty_list(app: Flask, session: Session) -> None:
    """A script gets [], a person a sentence."""
    assert json.loads(run(app, "list", "--json").stdout) == []
    assert "no such email" in run(app, "parked").stdout


@pytest.mark.parametrize(("command", "state"), [("retry", EmailState.PENDING), ("give-up", EmailState.CANCELLED)])
def test_decisions(app: Flask, session: Session, parked: EmailMessage, command: str, state: EmailState) -> None:
    """A decision works once; the second time, and for an unknown number, it is refused with a sentence."""
    session.rollback()
    assert run(app, command, str(parked.id)).exit_code == 0
    session.rollback()
    assert session.get_one(EmailMessage, parked.id, populate_existing=True).state is state
    again = run(app, command, str(parked.id))
    assert again.exit_code == 1
    assert "cannot become" in again.stderr
    assert run(app, command, "999").exit_code == 1


def test_pause_and_resume_are_the_desks_own_switch(app: Flask, session: Session) -> None:
    """A reason is needed, twice is refused, and the desk's history tells both; what waits for the provider is apart."""
    assert run(app, "pause", " ").exit_code == 1
    assert run(app, "pause", "New price list").exit_code == 0
    assert "paused already" in run(app, "pause", "Again").stderr
    (row,) = pause_history(session)
    assert row.in_force
    assert row.why == "New price list (from the command line)"
    session.rollback()
    assert "0 had piled up" in run(app, "resume").stderr
    session.rollback()
    assert pause_history(session)[0].resumed_at is not None
    session.rollback()
    assert "not paused" in run(app, "resume").stderr


def test_a_mended_key_is_tried_at_once(app: Flask, session: Session) -> None:
    """The wait for the provider ends, and is said to have been none the second time."""
    pauses.pause(session, "401", NOW, needs_person=True)
    session.commit()
    assert "goes on" in run(app, "try-again").stderr
    assert pauses.current_pause(session) is None
    assert "was not waiting" in run(app, "try-again").stderr
