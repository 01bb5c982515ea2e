"""Commands: emails backfill, emails events."""

import json
from datetime import UTC, datetime, timedelta

import click

from emails import backfill, queries, receipts
from emails.senders.connection import Connection
from survey import clock
from survey.config import EmailTransport
from survey.db import begin_reading, db, transaction
from survey.runtime import settings

CHUNK = 500

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")


@click.command("backfill")
@click.option("--since", type=click.DateTime(), help="Start in UTC; two days ago when left out.")
@click.option("--until", type=click.DateTime(), help="End in UTC; now when left out.")
@click.option("--dry-run", is_flag=True, help="Fetch and count, write nothing.")
@json_option
def fetch_events(since: datetime | None, until: datetime | None, dry_run: bool, as_json: bool) -> None:
    """Fetch delivery events from SendGrid's log, after an outage of more than a day. Running it twice does no harm."""
    if settings().transport is not EmailTransport.SENDGRID:
        raise click.ClickException("Only SendGrid keeps a log; EMAIL_TRANSPORT is another.")
    now = clock.now()
    end = until.replace(tzinfo=UTC) if until else now
    start = since.replace(tzinfo=UTC) if since else end - timedelta(days=2)
    if not start < end or start < now - backfill.KEPT:
        raise click.ClickException("The log reaches back 30 days, and --since must lie before --until.")
    begin_reading(db.session)
    addresses = backfill.open_addresses(db.session, start, end)
    db.session.rollback()  # nothing is open while the network is
    log = Connection(settings().sendgrid_api_key or "", str(settings().sendgrid_base_url))
    try:
        found = backfill.fetch(log, addresses, start, end)
    finally:
        log.close()
    new = 0
    for at in range(0, 0 if dry_run else len(found.events), CHUNK):
        with transaction() as session:
            new += receipts.store_events(session, found.events[at : at + CHUNK], clock.now())
    fields = {"addresses": len(addresses), "in_log": found.messages, "asked": found.asked}
    fields |= {"events": len(found.events), "new": new}
    if as_json:
        click.echo(json.dumps({**fields, "dry_run": dry_run}, indent=2))
    else:
        click.echo(f"{len(addresses):,} addresses without news, {found.asked:,} found in the log, {new:,} new events.")


@click.command("events")
@click.option("--quarantined", is_flag=True, help="Those that could not be used, with the reason, the newest first.")
@json_option
def events(quarantined: bool, as_json: bool) -> None:
    """How many delivery events came, by kind; and those that could not be used."""
    begin_reading(db.session)
    if quarantined:
        rows = [queries.event_as_dict(row) for row in queries.quarantined_events(db.session)]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2) if as_json else _lines(rows))
        return
    counts = queries.count_events(db.session)
    click.echo(json.dumps(counts, indent=2) if as_json else "\n".join(f"{name}: {n:,}" for name, n in counts.items()))


def _lines(rows: list[dict[str, object]]) -> str:
    return "\n".join(f"{row['received_at']}  {row['why']}" for row in rows) or "Every event could be used."
