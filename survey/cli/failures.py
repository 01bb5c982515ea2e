"""Errors at the command line: one clear sentence and exit code 1, never a traceback for what a person can mend."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from sqlalchemy.exc import OperationalError, ProgrammingError

from survey.errors import ClienteleError

_MISSING_TABLE = ("no such table", "no such column", "does not exist")


def speak_plainly(group: click.Group) -> None:
    """Wrap every command below `group`, so that errors meant for people are printed as they are."""
    for command in group.commands.values():
        if isinstance(command, click.Group):
            speak_plainly(command)
        elif command.callback is not None:
            command.callback = _plain(command.callback)


def _plain(callback: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(callback)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return callback(*args, **kwargs)
        except ClienteleError as error:
            raise click.ClickException(str(error)) from None
        except (OperationalError, ProgrammingError) as error:
            text = str(error.orig).strip().splitlines()[0]
            if any(words in text.lower() for words in _MISSING_TABLE):
                text = "The database has no tables yet, or those of another version. Run `flask db upgrade`."
            elif error.connection_invalidated or "connect" in text.lower() or "unable to open" in text.lower():
                text = f"Cannot open the database: {text}"
            else:
                raise
            raise click.ClickException(text) from None

    return wrapped
