"""A database connection of each thread's own, for questions of one value that are asked all the time.

Below SQLAlchemy, and on PostgreSQL below the driver's cursors: what they do for each question costs several times
what the question itself does (`bench/load.py` measures it).
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Engine

from survey.front.sqlite_reader import Connection, library

Ask = Callable[[str, str], Sequence[str]]  # a statement and its one value → the one column of each row


class Connections:
    """Connections without transactions. One that fails is given up; its thread's next question opens another."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._own = threading.local()
        self._opened: list[Any] = []

    def ask(self, statement: str, value: str) -> Sequence[str]:
        """The rows of a statement that gives one column. Its value is `?1`, on PostgreSQL `$1`."""
        ask: Ask = getattr(self._own, "ask", None) or self._open()
        try:
            return ask(statement, value)
        except BaseException:
            self._own.ask = None
            self._opened.remove(self._own.connection)
            self._own.connection.close()
            raise

    def _open(self) -> Ask:
        dialect = self._engine.dialect
        arguments, named = dialect.create_connect_args(self._engine.url)
        connection: Any
        ask: Ask
        if dialect.name == "sqlite" and library() and not named.get("uri"):
            connection = Connection(arguments[0])
            ask = connection.asking()
        else:
            connection = dialect.connect(*arguments, **named)
            ask = _on_sqlite(connection) if dialect.name == "sqlite" else _on_postgresql(connection)
        self._opened.append(connection)
        self._own.connection, self._own.ask = connection, ask
        return ask

    def close(self) -> None:
        """Close the connections of all threads."""
        for connection in self._opened:
            connection.close()
        self._opened.clear()


def _on_sqlite(connection: Any) -> Ask:
    connection.isolation_level = None
    connection.execute("PRAGMA busy_timeout=5000")
    connection.execute("PRAGMA query_only=ON")

    def ask(statement: str, value: str) -> Sequence[str]:
        return [row[0] for row in connection.execute(statement, (value,)).fetchall()]

    return ask


def _on_postgresql(connection: Any) -> Ask:
    from psycopg.errors import error_from_result
    from psycopg.pq import ExecStatus

    connection.autocommit = True
    server, prepared = connection.pgconn, dict[str, bytes]()

    def checked(result: Any) -> Any:
        if result.status not in {ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK}:
            raise error_from_result(result)
        return result

    def ask(statement: str, value: str) -> Sequence[str]:
        name = prepared.get(statement)
        if name is None:
            name = b"asked%d" % len(prepared)
            checked(server.prepare(name, statement.encode()))
            prepared[statement] = name
        result = checked(server.exec_prepared(name, [value.encode()]))
        return [result.get_value(row, 0).decode() for row in range(result.ntuples)]

    return ask
