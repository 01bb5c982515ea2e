"""Commands: clients, flags, learning; and text, from `analysis.reading.text_cli`."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from analysis import queries
from analysis.backtest.cli import backtest
from analysis.desk import words
from analysis.desk.scorecard import scorecard_csv, scorecard_document
from analysis.desk.why_not import distance, why_not
from analysis.flags.cli import changes, explain, why_not_document
from analysis.learning import drift
from analysis.learning import outcomes as learning
from analysis.learning.refit_cli import refit
from analysis.learning.scorecard import scorecard
from analysis.models import LIVE, Flag, LadderMove, RelationshipState, Rung
from analysis.reading.text_cli import text_group
from analysis.relationships.health import START
from survey import clock
from survey.db import begin_reading, db, transaction
from survey.errors import ClienteleError
from survey.models import Client

clients = AppGroup("clients", help="Relationships: where each client stands, and why.")
flags = AppGroup("flags", help="Relationships that are turning bad.")
learning_group = AppGroup("learning", help="What came of the flags, and the weights they suggest.")

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def init_app(app: Flask) -> None:
    """Add the commands to `app`."""
    for group in (text_group, clients, flags, learning_group):
        app.cli.add_command(group)
    app.cli.add_command(backtest)
    for command in (explain, changes):
        flags.add_command(command)
    learning_group.add_command(refit)


@clients.command("list")
@click.option("--rung", type=click.Choice([rung.value for rung in Rung]), help="Only this rung of the ladder.")
@json_option
def list_clients(rung: str | None, as_json: bool) -> None:
    """Every scored client: rung, health, risk."""
    begin_reading(db.session)
    rows = queries.client_states(db.session, Rung(rung) if rung else None)
    if as_json:
        _print_json([_client_document(client, state) for client, state in rows])
        return
    table = Table("id", "client", "rung", "health", "risk", "last job", "last answer", "why")
    for client, state in rows:
        table.add_row(
            str(client.id),
            client.name,
            state.rung.value,
            f"{state.health:.0f}",
            f"{state.risk:.0%}",
            _day(state.last_job_at),
            _day(state.last_answer_at),
            state.rung_reason,
        )
    Console().print(table)
    click.echo(f"{len(rows)} clients", err=True)


@clients.command("show")
@click.argument("client_id", type=int)
@json_option
def show_client(client_id: int, as_json: bool) -> None:
    """One client: rung, health with its contributions, signals, moves."""
    begin_reading(db.session)
    try:
        client = queries.client_by_id(db.session, client_id)
    except ClienteleError as error:
        raise click.ClickException(str(error)) from None
    state = db.session.get(RelationshipState, client_id)
    if state is None:
        raise click.ClickException(f"{client.name} has not been scored yet. Run: flask worker --once")
    moves = queries.ladder_moves(db.session, client_id)
    flagged = db.session.scalar(select(Flag.id).where(Flag.client_id == client_id, Flag.status.in_(LIVE)))
    missing = None if flagged else why_not(db.session, client, state, clock.now())
    if as_json:
        document = _client_document(client, state)
        document |= {
            "health_start": START,
            "contributions": state.contributions,
            "signals": [_reason_document(reason) for reason in state.signals],
            "moves": [_move_document(move) for move in moves],
            "why_not_flagged": why_not_document(missing) if missing else None,
        }
        _print_json(document)
        return
    _print_client(client, state, moves)
    if missing and (missing.looks_bad or state.signals):
        click.echo("Not flagged. " + " ".join([*missing.why, distance(missing.gap) if missing.gap else ""]).strip())


@flags.command("list")
@click.option("--all", "closed_too", is_flag=True, help="Resolved and cleared ones too.")
@json_option
def list_flags(closed_too: bool, as_json: bool) -> None:
    """The live flags, the most urgent first."""
    begin_reading(db.session)
    rows = queries.flags(db.session, live=not closed_too)
    if as_json:
        _print_json([_flag_document(flag) for flag in rows])
        return
    table = Table("id", "client", "severity", "status", "risk", "raised")
    table.add_column("why", ratio=1)
    for flag in rows:
        table.add_row(
            str(flag.id),
            flag.client.name,
            flag.severity.value,
            flag.status.value,
            f"{flag.risk:.0%}",
            _day(flag.raised_at),
            "\n".join(str(reason["text"]) for reason in flag.reasons[:2]),
        )
    Console().print(table)
    click.echo(f"{len(rows)} flags", err=True)


@learning_group.command("show")
@json_option
def show_learning(as_json: bool) -> None:
    """Of the flags with an outcome: how many were useful, false alarms, too late."""
    begin_reading(db.session)
    board = learning.scoreboard(db.session)
    if as_json:
        _print_json(asdict(board))
        return
    table = Table("", "count", "of", "share", "95% interval")
    rates = [("useful", board.useful), ("false alarm", board.false_alarm), ("too late", board.too_late)]
    for name, rate in rates:
        if rate.share is None or rate.low is None or rate.high is None:
            table.add_row(name, str(rate.count), str(rate.total), "", "")
        else:
            table.add_row(
                name, str(rate.count), str(rate.total), f"{rate.share:.0%}", f"{rate.low:.0%}–{rate.high:.0%}"
            )
    Console().print(table)
    if board.missing:
        click.echo(board.missing, err=True)


@learning_group.command("scorecard")
@json_option
def show_scorecard(as_json: bool) -> None:
    """Month by month: flags, what came of them, who was lost unwarned, and the risks against what happened."""
    begin_reading(db.session)
    card = scorecard(db.session, clock.now())
    if as_json:
        _print_json(scorecard_document(card) | {"drift": _drift_document()})
        return
    click.echo("".join(scorecard_csv(card)), nl=False)


def _drift_document() -> dict[str, Any] | None:
    check = drift.latest(db.session)
    return None if check is None else {"at": check.at.isoformat(), "crossed": check.crossed, **check.found}


@learning_group.command("propose")
def propose_weights() -> None:
    """Propose weights refit from the outcomes; a manager decides on the desk."""
    with transaction() as session:
        proposal = learning.propose(session, clock.now())
        lacking = "" if proposal else learning.scoreboard(session).missing
    if proposal is None:
        raise click.ClickException(lacking)
    click.echo(f"Proposal {proposal.id} waits for a decision on the desk, under Learning.", err=True)


def _client_document(client: Client, state: RelationshipState) -> dict[str, Any]:
    return {
        "id": client.id,
        "ref": client.ref,
        "client": client.name,
        "rung": state.rung.value,
        "rung_since": state.rung_since.isoformat(),
        "rung_reason": state.rung_reason,
        "health": state.health,
        "risk": round(state.risk, 4),
        **_sureness(state),
        "model": state.model,
        "value_year": float(state.value_year),
        "last_job_at": state.last_job_at.isoformat() if state.last_job_at else None,
        "last_answer_at": state.last_answer_at.isoformat() if state.last_answer_at else None,
        "scored_at": state.scored_at.isoformat(),
    }


def _move_document(move: LadderMove) -> dict[str, Any]:
    return {
        "from": move.from_rung.value if move.from_rung else None,
        "to": move.to_rung.value,
        "at": move.moved_at.isoformat(),
        "reason": move.reason,
    }


def _flag_document(flag: Flag) -> dict[str, Any]:
    return {
        "id": flag.id,
        "client": flag.client.name,
        "severity": flag.severity.value,
        "status": flag.status.value,
        "raised_at": flag.raised_at.isoformat(),
        "risk": round(flag.risk, 4),
        "reasons": [_reason_document(reason) for reason in flag.reasons],
        "clears_if": flag.clears_if,
        **_sureness(flag),
        "points": round(flag.points, 4),
        "model": flag.model,
    }


def _sureness(estimate: RelationshipState | Flag) -> dict[str, Any]:
    """How sure a risk is: `low` and `high` hold it with 80 %; `baseline` + points are its log-odds."""
    numbers = {"risk_low": estimate.risk_low, "risk_high": estimate.risk_high, "baseline": estimate.baseline}
    rounded = {name: None if number is None else round(number, 4) for name, number in numbers.items()}
    return {**rounded, "too_little": estimate.too_little}


def _reason_document(reason: dict[str, Any]) -> dict[str, Any]:
    """A reason as the contract has it; what is kept beside that is for refitting."""
    return {name: reason[name] for name in ("signal", "points", "text", "evidence")}


def _print_client(client: Client, state: RelationshipState, moves: list[LadderMove]) -> None:
    console = Console()
    console.print(f"[bold]{client.name}[/bold] ({client.ref}): {state.rung.value} since {_day(state.rung_since)}")
    console.print(state.rung_reason)
    console.print(f"Health {state.health:.0f} of 100. Chance of losing them: {words.risk_words(state)}")
    health = Table("health", "", "why", title=f"starts at {START:.0f}", title_justify="left")
    for contribution in state.contributions:
        health.add_row(f"{contribution['amount']:+.1f}", str(contribution["label"]), str(contribution["text"]))
    console.print(health)
    signals = Table("points", "signal", "why", "evidence")
    for signal in state.signals:
        quotes = "\n".join(f"“{quote['text']}”" for quote in signal["evidence"])
        signals.add_row(f"{signal['points']:.2f}", str(signal["signal"]), str(signal["text"]), quotes)
    console.print(signals)
    ladder = Table("moved", "from", "to", "why")
    for move in moves:
        before = move.from_rung.value if move.from_rung else ""
        ladder.add_row(_day(move.moved_at), before, move.to_rung.value, move.reason)
    console.print(ladder)


def _day(moment: datetime | None) -> str:
    return moment.date().isoformat() if moment else ""


def _print_json(document: object) -> None:
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))
