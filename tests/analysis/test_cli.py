"""The commands about relationships print what the contract says."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy.orm import Session

from analysis.scoring.assessments import lock_due_clients, score_clients
from survey.models import Client
from tests.conftest import NOW
from tests.factories import make_client, make_contact, make_job, make_resolution, make_response


def make_flagged(session: Session) -> Client:
    """A loyal client whose last job was rated 1 of 5."""
    contact = make_contact(session, make_client(session, name="Holt Bakery"))
    for day in (200, 160, 120, 80, 40, 5):
        at = NOW - timedelta(days=day)
        resolution = make_resolution(session, make_job(session, contact), completed_at=at)
        make_response(session, resolution, submitted_at=at + timedelta(days=1), csat=1 if day == 5 else 5)
    score_clients(session, lock_due_clients(session, NOW), NOW)
    session.commit()
    return contact.client


@pytest.fixture
def run(app: Flask) -> Callable[..., Result]:
    """Runs `flask …` in an application context of its own, as a process would."""

    def run(*arguments: object) -> Result:
        with app.app_context():
            return app.test_cli_runner().invoke(args=[str(argument) for argument in arguments])

    return run


def test_flags_list_prints_the_contracts_json(run: Callable[..., Result], session: Session) -> None:
    """One document on stdout, with exactly the contract's keys."""
    make_flagged(session)
    result = run("flags", "list", "--json")
    assert result.exit_code == 0, result.output
    flags = json.loads(result.stdout)
    assert len(flags) == 1
    contract = ["id", "client", "severity", "status", "raised_at", "risk", "reasons", "clears_if"]
    assert list(flags[0])[: len(contract)] == contract
    assert {"risk_low", "risk_high", "baseline", "too_little", "points", "model"} <= set(flags[0])
    assert flags[0]["client"] == "Holt Bakery"
    assert 0 <= flags[0]["risk"] <= 1
    assert set(flags[0]["reasons"][0]) == {"signal", "points", "text", "evidence"}


def test_clients_list_filters_by_rung(run: Callable[..., Result], session: Session) -> None:
    """Every scored client, or those on one rung."""
    client = make_flagged(session)
    found = json.loads(run("clients", "list", "--json").stdout)
    assert [row["id"] for row in found] == [client.id]
    assert found[0]["rung"] == "client"
    assert json.loads(run("clients", "list", "--rung", "lapsed", "--json").stdout) == []


def test_clients_show_explains_health(run: Callable[..., Result], session: Session) -> None:
    """The contributions add up to the health; signals and moves are there."""
    client = make_flagged(session)
    result = run("clients", "show", str(client.id), "--json")
    shown = json.loads(result.stdout)
    total = shown["health_start"] + sum(item["amount"] for item in shown["contributions"])
    assert abs(total - shown["health"]) < 0.5
    assert shown["signals"][0]["signal"] == "low_scores"
    assert shown["moves"][-1]["to"] == shown["rung"]


def test_people_get_tables(run: Callable[..., Result], session: Session) -> None:
    """Without --json the same is readable."""
    client = make_flagged(session)
    assert "Holt" in run("flags", "list").output
    assert "Holt" in run("clients", "list").output
    assert "Health" in run("clients", "show", str(client.id)).output
    assert "false alarm" in run("learning", "show").output


def test_what_is_not_there_is_said_and_fails(run: Callable[..., Result], session: Session) -> None:
    """Exit code 1 and a sentence: no such client, not scored yet, too few outcomes."""
    unscored = make_client(session)
    session.commit()
    for args, words in (
        (["clients", "show", "99"], "no client 99"),
        (["clients", "show", str(unscored.id)], "has not been scored yet"),
        (["learning", "propose"], "more outcomes are needed"),
    ):
        result = run(*args)
        assert result.exit_code == 1
        assert words in result.output
