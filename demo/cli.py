"""Commands: demo."""

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from rich.console import Console
from rich.progress import Progress

from demo.load import load
from survey import clock
from survey.config import EmailTransport
from survey.runtime import settings

demo = AppGroup("demo", help="The demo firm: forty clients and eighteen months, in the local mailbox.")


@demo.command("load")
@click.option("--first-start", is_flag=True, help="Only where DEMO is on and email stays in the local mailbox.")
def load_command(first_start: bool) -> None:
    """Load the demo firm into an empty installation. Does nothing when there are clients already."""
    wanted = settings().demo and settings().transport is EmailTransport.MAILBOX
    if first_start and not wanted:
        return
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("Playing eighteen months of the demo firm", total=None)
        loaded = load(
            current_app._get_current_object(),  # type: ignore[attr-defined]
            clock.now(),
            lambda done, total: progress.update(bar, completed=done, total=total),
        )
    if loaded or not first_start:
        click.echo("The demo firm is loaded." if loaded else "There are clients already; the demo firm was left out.")


def init_app(app: Flask) -> None:
    """Add the commands to `app`."""
    app.cli.add_command(demo)
