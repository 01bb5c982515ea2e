"""Commands: demo, prepare."""

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from rich.console import Console
from rich.progress import Progress

from demo.load import load
from survey import clock
from survey.config import EmailTransport
from survey.db import alembic
from survey.runtime import settings

demo = AppGroup("demo", help="The demo firm: forty clients and eighteen months, in the local mailbox.")


@demo.command("load")
def load_command() -> None:
    """Load the demo firm into an empty installation. Does nothing when there are clients already."""
    loaded = _load_with_progress()
    click.echo("The demo firm is loaded." if loaded else "There are clients already; the demo firm was left out.")


@click.command("prepare")
@with_appcontext
def prepare() -> None:
    """What `make run` does before it serves: migrate, and on a first start load the demo firm (unless DEMO=0)."""
    alembic.upgrade()
    if settings().demo and settings().transport is EmailTransport.MAILBOX and _load_with_progress():
        click.echo("The demo firm is loaded.")


def _load_with_progress() -> bool:
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("Playing eighteen months of the demo firm", total=None)
        return load(
            current_app._get_current_object(),  # type: ignore[attr-defined]
            clock.now(),
            lambda done, total: progress.update(bar, completed=done, total=total),
        )


def init_app(app: Flask) -> None:
    """Add the commands to `app`."""
    app.cli.add_command(demo)
    app.cli.add_command(prepare)
