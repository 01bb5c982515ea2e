"""Commands: emails texts."""

import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy.orm import Session

from emails.texts import files, previews, queries, versions
from emails.texts.built_in import TextKind
from emails.texts.checks import Level, stops
from emails.texts.files import FileText
from emails.wording import Wording
from survey import clock
from survey.db import begin_reading, db, transaction
from survey.errors import ClienteleError, ConflictError
from survey.languages import LANGUAGES
from survey.runtime import settings

FILE_WIDTH = 200  # a pipe has no width; cutting cells there would lose what is looked for

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")

texts_group = click.Group("texts", help="What the emails to clients say: built in, and your own.")


@texts_group.command("list")
@json_option
def list_texts(as_json: bool) -> None:
    """Every text in every language, and whose words it is in."""
    begin_reading(db.session)
    rows = queries.overview(db.session)
    if as_json:
        click.echo(json.dumps([row.as_dict() for row in rows], ensure_ascii=False, indent=2))
        return
    table = Table("Kind", "Language", "Text", "Contacts", "Subject")
    for row in rows:
        whose = f"own, version {row.own.version}" if row.own else "built in"
        table.add_row(row.kind.value, row.language, whose, f"{row.readers:,}", Text(row.words.subject))
    Console(width=None if sys.stdout.isatty() else FILE_WIDTH, highlight=False).print(table)


@texts_group.command("show")
@click.argument("kind", type=click.Choice([kind.value for kind in TextKind]))
@click.argument("language", type=click.Choice(list(LANGUAGES)))
@click.option("--version", type=click.IntRange(0), help="Not the one in force; 0 is the built-in text.")
@json_option
def show(kind: str, language: str, version: int | None, as_json: bool) -> None:
    """One text, with its placeholders."""
    begin_reading(db.session)
    what = TextKind(kind)
    try:
        words = (
            versions.wording_of(versions.texts_in_force(db.session), what, language)
            if version is None
            else versions.version_of(db.session, what, language, version)
        )
    except ClienteleError as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(
            json.dumps({"kind": kind, "language": language, **dict(words.items())}, ensure_ascii=False, indent=2)
        )
        return
    click.echo(f"{words.subject}\n\n{words.opening}\n\n  (job, ratings)\n\n{words.closing}")


@texts_group.command("export")
def export() -> None:
    """Your own texts as JSON on stdout, as `import` reads it."""
    begin_reading(db.session)
    own = ((row.kind, row.language, row.words) for row in queries.overview(db.session) if row.own)
    click.echo(json.dumps(files.document(own), ensure_ascii=False, indent=2))


@texts_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Check everything, write nothing.")
@click.option("--yes", is_flag=True, help="Links to others' pages and the like are meant.")
@json_option
def import_texts(file: str, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Put the texts of a JSON FILE (- reads stdin) in force, each as a new version. Good ones are kept."""
    data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    try:
        found = files.read(data)
        with transaction() as session:
            told = [_bring_in(session, one, confirmed=yes) for one in found]
            if dry_run:
                session.rollback()
    except ClienteleError as error:
        raise click.ClickException(str(error)) from None
    rejected = sum(1 for one in told if one["problems"])
    saved = sum(1 for one in told if one["version"])
    for one in told:
        for problem in one["problems"]:
            click.echo(f"text {one['text']}: {problem}", err=True)
    if as_json:
        fields = {"texts": told, "saved": saved, "rejected": rejected, "dry_run": dry_run}
        click.echo(json.dumps(fields, ensure_ascii=False, indent=2))
    else:
        unchanged = len(told) - saved - rejected
        nothing = " Nothing was written." if dry_run else ""
        click.echo(f"{len(told)} texts read: {saved} new, {unchanged} unchanged, {rejected} rejected.{nothing}")
    if rejected:
        sys.exit(1)


def _bring_in(session: Session, one: FileText, *, confirmed: bool) -> dict[str, Any]:
    """Save one text of a file, if nothing is wrong with it."""
    told: dict[str, Any] = {"text": one.number, "kind": one.kind.value, "language": one.language, "version": 0}
    if one.words is None:
        return told | {"problems": [one.problem]}
    problems = _problems(session, one.kind, one.language, one.words, confirmed=confirmed)
    if problems:
        return told | {"problems": problems}
    try:
        row = versions.save_text(session, one.kind, one.language, one.words, None, clock.now())
    except ConflictError:
        return told | {"problems": []}  # in force already
    return told | {"version": row.version, "problems": []}


def _problems(session: Session, kind: TextKind, language: str, words: Wording, *, confirmed: bool) -> list[str]:
    base_url = settings().base_url
    letter = previews.preview(session, kind, language, words, previews.SAMPLE, base_url, clock.now())
    findings = previews.findings_of(session, language, words, letter, base_url)
    if not stops(findings, confirmed=confirmed):
        return []
    blocking = (Level.ERROR,) if confirmed else (Level.ERROR, Level.CONFIRM)
    return [f"{one.label}: {one.text}" for one in findings if one.level in blocking]
