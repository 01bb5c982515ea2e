"""Questions to PostgreSQL on the event loop: no thread waits, and what is asked while an answer is on its way goes with
the next question, which costs the server a fraction of what one by one does (`bench/lookups.py`).
"""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGresult
from sqlalchemy import Engine

MOST_AT_ONCE = 64  # so that sending never waits for the server to read
LONGEST_WAIT = 10  # seconds, for a connection and for an answer; then it is given up
# Every question finds rows by their keys, one after the other. Without statistics the server would read whole tables.
_PLANS = (
    b"SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;"
    b"SET plan_cache_mode = force_generic_plan; SET jit = off"
)


class _Question(NamedTuple):
    statement: str
    value: str
    answer: asyncio.Future[Sequence[str]]


class OnPostgresql:
    """One connection. `statements`: all that will be asked, each with `asked.value` for its value."""

    def __init__(self, engine: Engine, statements: Sequence[str]) -> None:
        self._engine = engine
        self._names = {statement: b"asked%d" % number for number, statement in enumerate(statements)}
        self._connection: psycopg.Connection[Any] | None = None
        self._socket = -1
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opening: asyncio.Task[None] | None = None
        self._waiting: list[_Question] = []
        self._asked: list[_Question] = []  # together, whose answers are on their way
        self._result: PGresult | None = None  # until the server is done with it
        self._alarm: asyncio.TimerHandle | None = None

    async def ask(self, statement: str, value: str) -> Sequence[str]:
        loop = self._loop = asyncio.get_running_loop()
        answer: asyncio.Future[Sequence[str]] = loop.create_future()
        self._waiting.append(_Question(statement, value, answer))
        if len(self._waiting) == 1 and not self._asked and self._opening is None:
            loop.call_soon(self._send)  # with what else is asked in this turn of the loop
        return await answer

    def close(self) -> None:
        self._give_up(psycopg.OperationalError("the connection was closed"))

    def _send(self) -> None:
        if self._asked or not self._waiting:
            return
        if self._connection is None:
            assert self._loop is not None
            self._opening = self._opening or self._loop.create_task(self._open())
            return
        statement, waiting, self._waiting = self._waiting[0].statement, self._waiting, []
        for one in waiting:
            fits = one.statement == statement and len(self._asked) < MOST_AT_ONCE
            (self._asked if fits else self._waiting).append(one)
        values = ",".join([_quoted(one.value) for one in self._asked])
        try:
            self._connection.pgconn.send_query_prepared(self._names[statement], [f"{{{values}}}".encode()])
        except Exception as error:  # noqa: BLE001  whoever asked is told
            self._give_up(error)
            return
        assert self._loop is not None
        self._alarm = self._loop.call_later(LONGEST_WAIT, self._give_up, TimeoutError("PostgreSQL does not answer"))

    def _read(self) -> None:
        """The server sent something."""
        assert self._connection is not None
        server = self._connection.pgconn
        try:
            server.consume_input()
            if server.status == ConnStatus.BAD:
                raise psycopg.OperationalError(server.get_error_message())
            while not server.is_busy() and (part := server.get_result()) is not None:
                self._result = part
            result = self._result
            if result is None or server.is_busy():
                return
            if result.status != ExecStatus.TUPLES_OK:
                raise error_from_result(result)
            found: list[list[str]] = [[] for _ in self._asked]
            for row in range(result.ntuples):
                found[int(result.get_value(row, 0) or 0) - 1].append((result.get_value(row, 1) or b"").decode())
        except Exception as error:  # noqa: BLE001  whoever asked is told
            self._give_up(error)
            return
        asked, self._asked, self._result = self._asked, [], None
        if self._alarm is not None:
            self._alarm.cancel()
        for one, rows in zip(asked, found, strict=True):
            if not one.answer.done():
                one.answer.set_result(rows)
        self._send()

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            self._connection = await loop.run_in_executor(None, self._connect)
            self._socket = self._connection.pgconn.socket
            loop.add_reader(self._socket, self._read)
        except Exception as error:  # noqa: BLE001  whoever asked is told
            self._opening = None
            self._give_up(error)
            return
        self._opening = None
        self._send()

    def _connect(self) -> psycopg.Connection[Any]:
        dialect = self._engine.dialect
        arguments, named = dialect.create_connect_args(self._engine.url)
        connection: psycopg.Connection[Any] = psycopg.connect(
            *arguments, **{"connect_timeout": LONGEST_WAIT, **named}, autocommit=True
        )
        try:
            connection.execute(_PLANS)
            for statement, name in self._names.items():
                prepared = connection.pgconn.prepare(name, _for_many(statement).encode())
                if prepared.status != ExecStatus.COMMAND_OK:
                    raise error_from_result(prepared)
        except BaseException:
            connection.close()
            raise
        return connection

    def _give_up(self, error: BaseException) -> None:
        """Close the connection; all that was asked has this error for an answer."""
        if self._alarm is not None:
            self._alarm.cancel()
        if self._connection is not None:
            if self._loop is not None and not self._loop.is_closed():
                self._loop.remove_reader(self._socket)  # a lost connection does not know it any more
            self._connection.close()
            self._connection = self._result = None
        unanswered, self._asked, self._waiting = [*self._asked, *self._waiting], [], []
        for one in unanswered:
            if not one.answer.done():
                one.answer.set_exception(error)


def _for_many(statement: str) -> str:
    """The statement for each of an array of values: the value's place, and a row."""
    given = "unnest($1::text[]) WITH ORDINALITY AS asked (value, place)"
    return f"SELECT asked.place, found.said FROM {given}, LATERAL ({statement} OFFSET 0) AS found (said)"  # noqa: S608


def _quoted(value: str) -> str:
    """A value in an array, as PostgreSQL reads one from text."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
