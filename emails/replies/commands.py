"""Commands: emails inbound, receive, replies."""

import json
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from emails.replies import intake, queries
from emails.replies.address import inbound_key
from emails.replies.form import from_mime
from emails.replies.models import ReplyState
from survey import clock
from survey.db import begin_reading, db, transaction
from survey.runtime import settings

MAX_BYTES = 31 * 1024 * 1024
FILE_WIDTH = 200

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")


@click.command("inbound")
@json_option
def inbound(as_json: bool) -> None:
    """Where SendGrid's Inbound Parse must post replies, and whether everything is set for it."""
    domain, signed = settings().inbound_domain, bool(settings().sendgrid_inbound_public_key)
    secret = f"{settings().base_url}/webhooks/sendgrid/inbound/{inbound_key(settings().secret_key or '')}"
    if as_json:
        click.echo(json.dumps({"domain": domain or None, "url": secret, "signed": signed}, indent=2))
        return
    click.echo(f"Domain: {domain or 'not set (INBOUND_DOMAIN); replies go to the address in Settings'}")
    click.echo("MX record of that domain: mx.sendgrid.net, priority 10")
    click.echo(f"Inbound Parse posts to: {secret}")
    click.echo(f"Signature: {'required (SENDGRID_INBOUND_PUBLIC_KEY is set)' if signed else 'not required'}")
    click.echo("This address is a secret. It changes with SECRET_KEY. See docs/replies.md.", err=True)


@click.command("receive")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True), default="-")
@json_option
def receive(file: str, as_json: bool) -> None:
    """Take in one email as a MIME FILE (- reads stdin): for a mail server's pipe, or to try out how it is read."""
    raw = sys.stdin.buffer.read(MAX_BYTES + 1) if file == "-" else Path(file).read_bytes()
    if len(raw) > MAX_BYTES:
        raise click.ClickException("The email is too large.")
    with transaction() as session:
        new = intake.store(session, from_mime(raw), clock.now())
    if as_json:
        click.echo(json.dumps({"new": new}))
    else:
        click.echo("Stored; the worker reads it next." if new else "This email is here already.")


@click.command("replies")
@click.option("--state", type=click.Choice([state.value for state in ReplyState]), help="Only those.")
@json_option
def replies(state: str | None, as_json: bool) -> None:
    """What people wrote back, and what became of it, the newest first."""
    begin_reading(db.session)
    rows = [queries.as_dict(reply) for reply in queries.all_replies(db.session, ReplyState(state) if state else None)]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    table = Table("Id", "Received", "From", "State", "Why", "Words")
    for row in rows:
        names = ("id", "received_at", "from", "state", "why", "own_words")
        table.add_row(*(Text(str(row[name])) for name in names))
    console = Console(width=None if sys.stdout.isatty() else FILE_WIDTH, highlight=False)
    console.print(table if rows else "Nobody wrote back yet.")
