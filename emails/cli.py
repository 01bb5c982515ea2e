"""Commands: emails."""

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click
from flask import Flask
from flask.cli import AppGroup
from rich.console import Console
from rich.table import Table
from rich.text import Text

from emails import queries, recovery
from emails.backfill_cli import events, fetch_events
from emails.models import EmailMessage, EmailState
from emails.pause_cli import pause, resume, try_again
from emails.rehearsal import drill
from emails.rehearsal.drill import Plan
from emails.replies.commands import inbound, receive, replies
from emails.suppression_cli import suppressions_group
from emails.texts.commands import texts_group
from survey import clock
from survey.db import begin_reading, db, transaction
from survey.errors import ClienteleError

FILE_WIDTH = 200  # a pipe has no width; cutting cells there would lose what is looked for

emails_group = AppGroup("emails", help="The outbox: what went out, what waits, what needs a decision.")

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")


def init_app(app: Flask) -> None:
    """Add the commands to `app`."""
    for command in (
        *(suppressions_group, texts_group, inbound, receive, replies, fetch_events, events),
        *(pause, resume, try_again),
    ):
        emails_group.add_command(command)
    app.cli.add_command(emails_group)


@emails_group.command("list")
@click.option("--state", type=click.Choice([state.value for state in EmailState]), help="Only those.")
@json_option
def list_emails(state: str | None, as_json: bool) -> None:
    """Every email with its state, tries and the provider's id, newest first."""
    begin_reading(db.session)
    _print(queries.all_messages(db.session, EmailState(state) if state else None), as_json=as_json)


@emails_group.command("parked")
@json_option
def parked(as_json: bool) -> None:
    """Emails of which nobody knows whether they went out. Each needs a decision: retry or give-up."""
    begin_reading(db.session)
    _print(queries.list_parked(db.session), as_json=as_json)


@emails_group.command("retry")
@click.argument("message_id", type=int)
def retry(message_id: int) -> None:
    """Send a parked email once more. It may arrive twice."""
    try:
        with transaction() as session:
            recovery.send_again(session, [queries.get_message(session, message_id)], "the command line", clock.now())
    except ClienteleError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Email {message_id} goes out again.", err=True)


@emails_group.command("give-up")
@click.argument("message_id", type=int)
def give_up(message_id: int) -> None:
    """Never send a parked email again."""
    try:
        with transaction() as session:
            recovery.give_up(session, [queries.get_message(session, message_id)], "the command line")
    except ClienteleError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Email {message_id} will not be sent again.", err=True)


@emails_group.command("rehearse")
@click.option("--messages", type=click.IntRange(10, 100_000), default=300, show_default=True)
@click.option("--workers", type=click.IntRange(1, 16), default=2, show_default=True)
@click.option("--faults", type=click.IntRange(0, 90), default=15, show_default=True, help="Percent of bad answers.")
@click.option("--kills", type=click.IntRange(0, 1000), default=10, show_default=True, help="Workers killed on the way.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed meets the same faults.")
@click.option("--database", default="", help="An empty database of its own. Without: a file that is thrown away.")
@json_option
def rehearse(messages: int, workers: int, faults: int, kills: int, seed: int, database: str, as_json: bool) -> None:
    """Try the whole engine against a provider that fails, with workers that are killed. Nobody is written to."""
    plan = Plan(messages=messages, workers=workers, fault_chance=faults / 100, kills=kills, seed=seed)
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory() as folder, console.status("Starting") as status:
        url = database or f"sqlite:///{folder}/rehearsal.sqlite"
        try:
            report = drill.run(url, Path(folder), plan, status.update)
        except ClienteleError as error:
            raise click.ClickException(str(error)) from None
    click.echo(json.dumps(report.as_dict()) if as_json else report.in_words())
    if report.verdict.wrong:
        sys.exit(1)


def _print(messages: Sequence[EmailMessage], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([queries.as_dict(message) for message in messages], ensure_ascii=False, indent=2))
        return
    table = Table("Id", "Kind", "To", "State", "Delivery", "Tries", "Provider's id", "Why")
    for message in messages:
        fields = queries.as_dict(message)
        names = ("id", "kind", "to", "state", "delivery", "attempts", "provider_id", "reason")
        table.add_row(*(Text("" if fields[name] is None else str(fields[name])) for name in names))
    console = Console(width=None if sys.stdout.isatty() else FILE_WIDTH, highlight=False)
    console.print(table if messages else "There is no such email.")
