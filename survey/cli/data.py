"""Commands: jobs, responses, invitations."""

import json
from collections.abc import Sequence
from datetime import datetime, tzinfo

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from survey import clock, imports, invitations, queries
from survey.asking.deciding import load_house
from survey.cli import tables
from survey.cli.importing import Report, Stored, finish, import_file
from survey.db import begin_reading, db
from survey.errors import ClienteleError, InvalidInputError
from survey.evidence import records as evidence
from survey.history import ImportedResponse, import_responses
from survey.jobs import JobRecord, record_jobs
from survey.models import InvitationState

jobs_group = AppGroup("jobs", help="Jobs from other systems.")
responses_group = AppGroup("responses", help="Answers from another survey tool.")
invitations_group = AppGroup("invitations", help="What is asked, when, and why not.")

file_argument = click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
dry_run_option = click.option("--dry-run", is_flag=True, help="Check everything, write nothing.")
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")


def init_app(app: Flask) -> None:
    """Add the commands to `app`."""
    for group in (jobs_group, responses_group, invitations_group):
        app.cli.add_command(group)


@jobs_group.command("import")
@file_argument
@dry_run_option
@json_option
def import_jobs(file: str, dry_run: bool, as_json: bool) -> None:
    """Bring in jobs from a CSV FILE (- reads stdin); a job that is known already is brought up to date.

    Required columns: source, external_id, client, contact_email, completed_at (empty while the job is open).
    """
    try:
        table = imports.read_jobs(_read(file), _zone())
    except InvalidInputError as error:
        raise click.ClickException(f"{file}: {error}") from None
    report: Report = import_file(file, table, _store_jobs, clock.now(), dry_run=dry_run)
    finish(report, "jobs", as_json=as_json)


def _store_jobs(session: Session, records: Sequence[JobRecord], now: datetime) -> list[Stored]:
    return [
        Stored("new" if recorded.created else "updated" if recorded.changed else "unchanged")
        for recorded in record_jobs(session, records, now)
    ]


@responses_group.command("import")
@file_argument
@dry_run_option
@json_option
def import_answers(file: str, dry_run: bool, as_json: bool) -> None:
    """Bring in answers from a CSV FILE (- reads stdin); they are read and scored like any answer.

    Required columns: source, external_id, contact_email, submitted_at. The jobs must be known already.
    """
    try:
        table = imports.read_responses(_read(file), _zone())
    except InvalidInputError as error:
        raise click.ClickException(f"{file}: {error}") from None
    report: Report = import_file(file, table, _store_responses, clock.now(), dry_run=dry_run)
    finish(report, "answers", as_json=as_json)


def _store_responses(session: Session, records: Sequence[ImportedResponse], now: datetime) -> list[Stored]:
    stored = []
    for result in import_responses(session, records, now):
        if result.error is None:
            stored.append(Stored("new" if result.new else "unchanged"))
        else:
            column = getattr(result.error, "field", None) or "external_id"
            stored.append(Stored("", column, str(result.error)))
    return stored


def _read(file: str) -> bytes:
    with click.open_file(file, "rb") as stream:
        return bytes(stream.read())


def _zone() -> tzinfo:
    begin_reading(db.session)
    return load_house(db.session).policy.zone


@invitations_group.command("list")
@click.option("--state", type=click.Choice([state.value for state in InvitationState]), help="Only those.")
@json_option
def list_invitations(state: str | None, as_json: bool) -> None:
    """What is scheduled, held, sent, answered, or not sent, with the reason."""
    begin_reading(db.session)
    page = queries.list_invitations(db.session, state=InvitationState(state) if state else None)
    if as_json:
        click.echo(json.dumps([tables.invitation_fields(item) for item in page.items], ensure_ascii=False, indent=2))
    else:
        tables.print_invitations(page.items)


@invitations_group.command("explain")
@click.argument("source")
@click.argument("external_id")
@json_option
def explain(source: str, external_id: str, as_json: bool) -> None:
    """Every rule's verdict on a job, for each time it was closed; and what was seen on its survey's link."""
    begin_reading(db.session)
    try:
        job = queries.find_job(db.session, source, external_id)
    except ClienteleError as error:
        raise click.ClickException(str(error)) from None
    now = clock.now()
    verdicts = [invitations.explain(db.session, resolution, now) for resolution in job.resolutions]
    seen = {
        resolution.id: evidence.lines(db.session, resolution.invitation)
        for resolution in job.resolutions
        if resolution.invitation
    }
    if as_json:
        click.echo(json.dumps(tables.explanation_fields(job, verdicts, seen), ensure_ascii=False, indent=2))
    else:
        tables.print_explanation(job, verdicts, seen)
