"""The command text themes: what several clients say, new this month and all along."""

import json
from collections.abc import Sequence
from typing import Any

import click
from flask.cli import with_appcontext
from rich.console import Console
from rich.table import Table
from rich.text import Text

from analysis.desk.themes import ThemeRow, themes_page
from analysis.reading import themes
from analysis.reading.analysers import embedder
from survey import clock
from survey.asking.schedule import zone_for
from survey.db import begin_reading, db, transaction
from survey.firms import get_firm
from survey.runtime import settings


@click.command("themes")
@with_appcontext
@click.option("--now", "at_once", is_flag=True, help="Look for them now; the worker does it once a day.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def show_themes(at_once: bool, as_json: bool) -> None:
    """What several clients say: new this month, and all along."""
    if at_once:
        _look()
    begin_reading(db.session)
    page = themes_page(db.session, clock.now(), zone_for(get_firm(db.session).timezone))
    if as_json:
        document = {
            "looked_for_at": page.run.at.isoformat() if page.run else None,
            "comments": page.run.comments if page.run else 0,
            "new": [_document(row) for row in page.new],
            "known": [_document(row) for row in page.known],
        }
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    _print("New this month", page.new)
    _print("Said all along", page.known)
    if page.run is None:
        click.echo("Themes were not looked for yet. Run: flask text themes --now", err=True)
    elif not page.enough:
        click.echo(f"Themes need about {themes.FEWEST_COMMENTS} comments; you have {page.comments}.", err=True)


def _look() -> None:
    able = embedder(settings().text_analyser)
    if able is None:
        raise click.ClickException("Themes need the accurate reading: set TEXT_ANALYSER to cascade or accurate.")
    begin_reading(db.session)
    material = themes.gather(db.session, able.space, clock.now())
    db.session.rollback()
    found = themes.look(able, material)
    with transaction() as session:
        themes.store(session, material, found, clock.now())


def _document(row: ThemeRow) -> dict[str, Any]:
    return {
        "id": row.theme.id,
        "name": row.theme.name,
        "words": row.theme.words,
        "first_seen_at": row.theme.first_seen_at.isoformat(),
        "last_seen_at": row.theme.last_seen_at.isoformat(),
        "comments": row.total,
        "clients": row.clients,
        "lately": row.said.lately,
        "before": row.said.before,
        "negative": row.read.negative,
        "quotes": [{"answer": quote.answer_id, "text": quote.words} for quote in row.quotes],
    }


def _print(title: str, rows: Sequence[ThemeRow]) -> None:
    table = Table("theme", "comments", "clients", "last 30 days", "bad", "for example", title=title)
    for row in rows:
        quote = Text(row.quotes[0].words if row.quotes else "")
        figures = (str(row.total), str(row.clients), str(row.said.lately), str(row.read.negative))
        table.add_row(Text(row.theme.name), *figures, quote)
    Console().print(table)
