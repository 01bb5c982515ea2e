"""Commands: questionnaires."""

import json
from pathlib import Path
from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup
from rich.table import Table
from rich.text import Text

from survey import clock
from survey.cli.tables import plain_console
from survey.db import begin_reading, db, transaction
from survey.errors import InvalidInputError
from survey.models import Questionnaire
from survey.questionnaires import exchange, overview, publishing
from survey.questionnaires.cautions import Weight
from survey.questionnaires.changes import differences
from survey.questionnaires.describing import TYPE_WORDS, count, shown_in_words, title
from survey.questionnaires.document import Document
from survey.questionnaires.drafts import draft_of, steps
from survey.questionnaires.overview import Listed

questionnaires_group = AppGroup("questionnaires", help="What clients are asked.")

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Check everything, write nothing.")
version_option = click.option("--version", type=click.IntRange(1), help="That version. Default: the one in force.")
draft_option = click.option("--draft", is_flag=True, help="The draft.")


def init_app(app: Flask) -> None:
    """Add the commands to `app`."""
    app.cli.add_command(questionnaires_group)


@questionnaires_group.command("list")
@click.option("--archived", is_flag=True, help="Those in the archive.")
@json_option
def list_questionnaires(archived: bool, as_json: bool) -> None:
    """Every questionnaire: its version, which kinds of job it is for, how many answers it has."""
    begin_reading(db.session)
    found = [_fields(one) for one in overview.questionnaires(db.session, archived=archived)]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    table = Table("id", "name", "version", "used for", "questions", "answers", "draft")
    for one in found:
        version = str(one["version"] or "never published")
        used_for, draft = ", ".join(one["used_for"]) or "nothing", "differs" if one["is_changed"] else ""
        cells = (one["id"], one["name"], version, used_for, one["questions"], one["answers"], draft)
        table.add_row(*(Text(str(cell)) for cell in cells))
    plain_console().print(table if found else "No questionnaires yet: clients are asked what comes with Clientele.")


def _fields(one: Listed) -> dict[str, Any]:
    return {
        "id": one.questionnaire.id,
        "name": one.questionnaire.name,
        "version": one.version.number if one.version else None,
        "used_for": list(one.used_for),
        "questions": len(one.draft.questions),
        "languages": one.draft.languages(),
        "answers": one.responses,
        "is_changed": one.is_changed,
        "archived": one.questionnaire.archived_at is not None,
    }


@questionnaires_group.command("show")
@click.argument("name")
@version_option
@draft_option
@json_option
def show(name: str, version: int | None, draft: bool, as_json: bool) -> None:
    """What a questionnaire asks, of whom. NAME may be its number."""
    begin_reading(db.session)
    row = exchange.find(db.session, name)
    document = exchange.content(db.session, row, version, draft=draft)
    if as_json:
        fields = {**_fields(overview.one_listed(db.session, row)), "document": document.as_dict()}
        click.echo(json.dumps(fields, ensure_ascii=False, indent=2))
        return
    click.echo(f"{row.name}: {document.about}" if document.about else row.name)
    known = steps(db.session)
    for number, question in enumerate(document.questions, 1):
        joined = "  " if question.with_previous and number > 1 else ""
        when = shown_in_words(question, document, known)
        kind = TYPE_WORDS[question.type].name
        click.echo(f"{number:>3}. {joined}{title(document, question)}  [{question.key}: {kind}] {when}".rstrip())
    if document.source:
        click.echo(f"Source: {document.source}")
    click.echo(f"Languages: {', '.join(document.languages())}")


@questionnaires_group.command("export")
@click.argument("name")
@version_option
@draft_option
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Into this file.")
def export(name: str, version: int | None, draft: bool, output: Path | None) -> None:
    """A questionnaire as JSON, for `flask questionnaires import`."""
    begin_reading(db.session)
    text = exchange.export(exchange.content(db.session, exchange.find(db.session, name), version, draft=draft))
    if output:
        output.write_text(text, encoding="utf-8")
        click.echo(f"Written to {output}.", err=True)
    else:
        click.echo(text, nl=False)


@questionnaires_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--name", help="What to call it. Default: the file’s name.")
@click.option("--into", metavar="NAME", help="Make it the draft of this questionnaire instead of a new one.")
@dry_run_option
@json_option
def bring_in(file: str, name: str | None, into: str | None, dry_run: bool, as_json: bool) -> None:
    """Bring in a questionnaire from a JSON FILE (- reads stdin). It becomes a draft; nobody is asked it yet."""
    with click.open_file(file, "rb") as stream:
        try:
            document = exchange.read(stream.read())
        except InvalidInputError as error:
            raise click.ClickException(f"{file}: {error}") from None
    called = name or (Path(file).stem if file != "-" else "")
    with transaction() as session:
        if into:
            row = exchange.find(session, into)
            changes = differences(draft_of(row), document, steps(session))
            exchange.put_into(session, row, document, None, clock.now())
        else:
            row, changes = exchange.bring_in(session, document, called, clock.now()), []
        fields = {"id": row.id, "name": row.name, "new": not into, "changes": list(changes), "dry_run": dry_run}
        _say_imported(fields, document, as_json=as_json)
        if dry_run:
            session.rollback()


def _say_imported(fields: dict[str, Any], document: Document, *, as_json: bool) -> None:
    if as_json:
        shown = fields | {"id": None} if fields["dry_run"] and fields["new"] else fields
        click.echo(json.dumps(shown | {"questions": len(document.questions)}, ensure_ascii=False, indent=2))
        return
    done = "Would be" if fields["dry_run"] else "Is"
    what = "a new draft" if fields["new"] else "the draft now"
    click.echo(f"{done} {what}: {fields['name']}, {count(len(document.questions), 'question')}.")
    for change in fields["changes"]:
        click.echo(f"  {change}")


@questionnaires_group.command("schema")
def schema() -> None:
    """The JSON Schema of a questionnaire's file."""
    click.echo(exchange.schema_text(), nl=False)


@questionnaires_group.command("publish")
@click.argument("name")
@click.option("--confirm", is_flag=True, help="It is meant so, whatever there is to know.")
@dry_run_option
@json_option
def publish(name: str, confirm: bool, dry_run: bool, as_json: bool) -> None:
    """Make a draft the version in force: surveys from then on ask it."""
    with transaction() as session:
        row = exchange.find(session, name)
        found = publishing.prepare(session, row)
        for caution in found.cautions:
            click.echo(f"{_WEIGHTS[caution.weight]}: {caution.text}", err=True)
        made = publishing.publish(session, row, row.revision, confirmed=confirm, user_id=None, now=clock.now())
        fields = {"id": row.id, "name": row.name, "version": made.number, "changes": list(found.changes)}
        if dry_run:
            session.rollback()
    if as_json:
        click.echo(json.dumps(fields | {"dry_run": dry_run}, ensure_ascii=False, indent=2))
        return
    click.echo(f"Version {fields['version']} of {fields['name']} {'would be' if dry_run else 'is'} published.")
    for change in found.changes:
        click.echo(f"  {change}")


_WEIGHTS = {Weight.REFUSED: "Can’t be", Weight.CONFIRM: "Please confirm (--confirm)", Weight.NOTE: "Good to know"}


@questionnaires_group.command("archive")
@click.argument("name")
def archive(name: str) -> None:
    """Put a questionnaire that no kind of job uses into the archive. Its versions and answers stay."""
    with transaction() as session:
        row: Questionnaire = exchange.find(session, name)
        publishing.archive(session, row, clock.now())
        called = row.name
    click.echo(f"{called} is archived.")
