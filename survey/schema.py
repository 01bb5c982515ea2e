"""Whether the database has the tables that this version of the code expects."""

from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from survey.db import alembic, db
from survey.errors import ClienteleError


class SchemaError(ClienteleError):
    """The database cannot be reached, or `flask db upgrade` has not been run."""


def check(app: Flask) -> None:
    """Do nothing when the database is reachable and current.

    Raises:
        SchemaError: one sentence that says what to do.
    """
    with app.app_context():
        current, newest = revisions()
    if not current:
        raise SchemaError("The database has no tables yet. Run `flask db upgrade`.")
    if current != newest:
        raise SchemaError("The database is from another version of Clientele. Run `flask db upgrade`.")


def revisions() -> tuple[set[str], set[str]]:
    """The migrations that the database has, and the newest ones that the code has. Needs an application context.

    Raises:
        SchemaError: the database cannot be reached.
    """
    try:
        with db.engine.connect().execution_options(reading=True) as connection:
            current = set(MigrationContext.configure(connection).get_current_heads())
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise SchemaError(f"Cannot open the database {db.engine.url.render_as_string()}: {reason}") from None
    return current, set(alembic.script_directory.get_heads())
