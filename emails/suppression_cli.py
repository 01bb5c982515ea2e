"""Commands: emails suppressions."""

import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from emails import suppression_files, suppression_queries, suppressions
from emails.models import SuppressionReason, SuppressionScope
from survey import clock
from survey.cells import BadCellError, read_address
from survey.db import begin_reading, db, transaction

FILE_WIDTH = 200  # a pipe has no width; cutting cells there would lose what is looked for
WHO = "the command line"

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
scope_choice = click.Choice([scope.value for scope in SuppressionScope])

suppressions_group = click.Group("suppressions", help="Addresses that are left alone, and why.")


@suppressions_group.command("list")
@click.option("--search", default="", help="Only addresses that contain this.")
@click.option("--history", is_flag=True, help="Also what was lifted.")
@json_option
def list_stops(search: str, history: bool, as_json: bool) -> None:
    """Every address that is left alone, the newest first."""
    begin_reading(db.session)
    rows = [
        suppression_queries.as_dict(r)
        for r in suppression_queries.all_suppressions(db.session, search, history=history)
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    table = Table("Address", "Scope", "Reason", "From", "Since", "Lifted")
    for row in rows:
        lifted = f"{row['lifted_at']} {row['lifted_why']}" if row["lifted_at"] else ""
        cells = (row["email"], row["scope"], row["reason"], row["source"], row["since"], lifted)
        table.add_row(*(Text(cell) for cell in cells))
    console = Console(width=None if sys.stdout.isatty() else FILE_WIDTH, highlight=False)
    console.print(table if rows else "No address is left alone.")


@suppressions_group.command("add")
@click.argument("email")
@click.option("--why", required=True, help="Who asked for it, or what happened.")
@click.option("--scope", type=scope_choice, default=SuppressionScope.ALL.value, show_default=True)
@json_option
def add(email: str, why: str, scope: str, as_json: bool) -> None:
    """Write to EMAIL no more."""
    address = _address(email)
    with transaction() as session:
        new = suppressions.suppress(
            session, address, SuppressionReason.MANUAL, f"{WHO}: {why}", clock.now(), scope=SuppressionScope(scope)
        )
    _say({"email": address, "new": new}, f"{address} is left alone{'' if new else ', as before'}.", as_json=as_json)


@suppressions_group.command("remove")
@click.argument("email")
@click.option(
    "--why", required=True, help="Why it may be written to again. After a complaint only their clear yes counts."
)
@click.option("--scope", type=scope_choice, help="Only this scope; all of them when left out.")
@json_option
def remove(email: str, why: str, scope: str | None, as_json: bool) -> None:
    """Allow EMAIL again. What was lifted, when and why is kept."""
    address = _address(email)
    with transaction() as session:
        only = SuppressionScope(scope) if scope else None
        lifted = suppressions.unsuppress(session, address, f"{WHO}: {why}", clock.now(), scope=only)
    if not lifted:
        raise click.ClickException(f"{address} was not left alone.")
    _say({"email": address, "lifted": lifted}, f"{address} may be written to again.", as_json=as_json)


@suppressions_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Check everything, write nothing.")
@json_option
def import_stops(file: str, dry_run: bool, as_json: bool) -> None:
    """Bring in a CSV FILE (- reads stdin) with a column email, and maybe scope, reason, source."""
    data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    rows = list(suppression_files.read(data).rows)
    errors = [error for row in rows for error in row.errors]
    records = [row.record for row in rows if row.record is not None]
    with transaction() as session:
        done = suppression_files.store(session, records, WHO, clock.now())
        if dry_run:
            session.rollback()
    for error in errors:
        click.echo(str(error), err=True)
    rejected = sum(1 for row in rows if row.record is None)
    fields = {"rows": len(rows), "new": done.new, "known": done.known, "rejected": rejected, "dry_run": dry_run}
    shown = [{"line": error.line, "column": error.column, "error": error.message} for error in errors]
    text = f"{len(rows):,} rows read: {done.new:,} new, {done.known:,} known, {rejected:,} rejected."
    _say(fields | {"errors": shown}, text + (" Nothing was written." if dry_run else ""), as_json=as_json)
    if rejected:
        sys.exit(1)


@suppressions_group.command("export")
@click.option("--history", is_flag=True, help="Also what was lifted.")
@json_option
def export(history: bool, as_json: bool) -> None:
    """The list as CSV on stdout, as `import` reads it."""
    begin_reading(db.session)
    if as_json:
        rows = suppression_queries.all_suppressions(db.session, "", history=history)
        click.echo(json.dumps([suppression_queries.as_dict(row) for row in rows], ensure_ascii=False, indent=2))
        return
    for line in suppression_files.lines(db.session, history=history):
        click.echo(line, nl=False)


def _address(text: str) -> str:
    try:
        return read_address(text.strip())
    except BadCellError as error:
        raise click.ClickException(str(error)) from None


def _say(fields: dict[str, Any], sentence: str, *, as_json: bool) -> None:
    click.echo(json.dumps(fields, ensure_ascii=False, indent=2) if as_json else sentence)
