"""Questions of one value that are asked all the time, below SQLAlchemy and the driver's cursors: what these do for each
question costs several times what the question itself does (`bench/load.py` measures it).

All are asked on the event loop. SQLite answers at once; PostgreSQL answers together what was asked meanwhile.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from sqlalchemy import Engine

from survey.front.sqlite_reader import Connection, library

Ask = Callable[[str, str], Sequence[str]]  # a statement and its one value → the one column of each row


class Questions(Protocol):
    """A connection without transactions. One that fails is given up, and the next question opens another."""

    async def ask(self, statement: str, value: str) -> Sequence[str]:
        """The rows of a statement that gives one column. Its value is `?1`, on PostgreSQL `asked.value`."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


def questions(engine: Engine, statements: Sequence[str]) -> Questions:
    """A connection of its own to the engine's database, for these statements."""
    if engine.dialect.name == "postgresql":
        from survey.front.postgresql_reader import OnPostgresql

        return OnPostgresql(engine, statements)
    return OnSqlite(engine)


class OnSqlite:
    """Asks without letting go of the interpreter's lock where that can be, otherwise through the driver."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Any = None
        self._ask: Ask | None = None

    async def ask(self, statement: str, value: str) -> Sequence[str]:
        ask = self._ask or self._open()
        try:
            return ask(statement, value)
        except BaseException:
            self.close()
            raise

    def _open(self) -> Ask:
        arguments, named = self._engine.dialect.create_connect_args(self._engine.url)
        if library() and not named.get("uri"):
            self._connection = Connection(arguments[0])
            ask: Ask = self._connection.asking()
        else:
            self._connection = self._engine.dialect.connect(*arguments, **named)
            ask = _through_driver(self._connection)
        self._ask = ask
        return ask

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = self._ask = None


def _through_driver(connection: Any) -> Ask:
    connection.isolation_level = None
    connection.execute("PRAGMA busy_timeout=5000")
    connection.execute("PRAGMA query_only=ON")

    def ask(statement: str, value: str) -> Sequence[str]:
        return [row[0] for row in connection.execute(statement, (value,)).fetchall()]

    return ask
