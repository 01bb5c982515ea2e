"""Commands: demo."""

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from rich.console import Console
from rich.progress import Progress

from demo.load import load
from survey import clock

demo = AppGroup("demo", help="The demo firm: forty clients and eighteen months, in the local mailbox.")


@demo.command("load")
def load_command() -> None:
    """Load the demo firm into an empty installation. Does nothing when there are clients already."""
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("Playing eighteen months of the demo firm", total=None)
        loaded = load(
            current_app._get_current_object(),  # type: ignore[attr-defined]
            clock.now(),
            lambda done, total: progress.update(bar, completed=done, total=total),
        )
    click.echo("The demo firm is loaded." if loaded else "There are clients already; the demo firm was left out.")


def init_app(app: Flask) -> None:
    """Add the commands to `app`."""
    app.cli.add_command(demo)
