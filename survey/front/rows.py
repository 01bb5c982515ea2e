"""Statements about many rows, made once, carried out by the driver's cursor alone: what SQLAlchemy does around one of
them costs more than the statement.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from typing import Any, cast

from sqlalchemy import ColumnElement, Dialect, Engine, Table, TextClause, literal_column, text
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql import ClauseElement

from survey.db import Base

_AT_ONCE = (64, 32, 16, 8, 4, 2, 1)  # rows in a statement on SQLite: few, so that the driver keeps them prepared


@dataclass(frozen=True)
class Hand:
    """A transaction by the driver's cursor."""

    dialect: Dialect
    cursor: Any

    @classmethod
    def of(cls, session: Session) -> "Hand":
        """Within the session's transaction."""
        connection = session.connection()
        return cls(connection.dialect, connection.connection.cursor())

    def run(self, statement: str, *values: object) -> Any:
        """Carry out a statement; answers with the driver's cursor."""
        self.cursor.execute(statement, values)
        return self.cursor

    def add(
        self, model: type[Base], names: tuple[str, ...], rows: Sequence[tuple[Any, ...]], *returning: str
    ) -> Sequence[tuple[Any, ...]]:
        """Store rows of the columns `names`, with all that have no default value in the database. A moment is given as
        `said` says it, a document as `document` does. Answers with the columns `returning` of each, in any order.
        PostgreSQL is sent them by COPY, which returns none.
        """
        table, answers = cast("Table", model.__table__), list[tuple[Any, ...]]()
        if not rows:
            return answers
        if self.dialect.name == "postgresql":
            assert not returning, "COPY says nothing of the rows"
            with self.cursor.copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return answers
        start = 0
        for size in _AT_ONCE:
            while len(rows) - start >= size:
                values = tuple(chain.from_iterable(rows[start : start + size]))
                self.cursor.execute(_with_places(table, names, returning, size), values)
                start += size
                if returning:
                    answers += self.cursor.fetchall()
        return answers


@contextmanager
def by_hand(engine: Engine) -> Iterator[Hand]:
    """A transaction of its own, as `survey.db.transaction`: committed at the end, rolled back on any error."""
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        if engine.dialect.name == "sqlite":
            cursor.execute("BEGIN IMMEDIATE")
        yield Hand(engine.dialect, cursor)
        connection.commit()
    except BaseException:
        connection.invalidate()  # closed, which rolls back; it may be broken
        raise
    finally:
        connection.close()


def moment(said: str | datetime) -> datetime:
    """A moment as the driver's cursor gives it."""
    return datetime.fromisoformat(said).replace(tzinfo=UTC) if isinstance(said, str) else said


document = json.JSONEncoder(ensure_ascii=False).encode  # refuses what is no text, as the driver would


def said(dialect: Dialect, moment: datetime) -> str:
    """A moment as the database takes it in a text; SQLite as SQLAlchemy keeps it there."""
    if dialect.name == "postgresql":
        return moment.isoformat()
    return moment.astimezone(UTC).isoformat(" ", "microseconds")[:26]


VALUE: ColumnElement[Any] = literal_column("@value")  # one that a statement is given when it is carried out
_AMONG = {
    "sqlite": "IN (SELECT value FROM json_each(@value))",
    "postgresql": "= ANY (CAST(@value AS INTEGER[]))",
}


def among(dialect: Dialect, column: InstrumentedAttribute[int]) -> TextClause:
    """Whether a column is one of the ids that a statement is given, as `ids` says them."""
    return text(f"{column.class_.__tablename__}.{column.key} {_AMONG[dialect.name]}")


def ids(dialect: Dialect, given: Iterable[int]) -> str:
    """Ids as one value."""
    inside = ",".join(map(str, given))
    return f"{{{inside}}}" if dialect.name == "postgresql" else f"[{inside}]"


def made(dialect: Dialect, statement: ClauseElement) -> str:
    """A statement for `Hand.run`. What it is given stands in the order of its text."""
    compiled = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    return compiled.replace("@value", "%s" if dialect.name == "postgresql" else "?")


@lru_cache(maxsize=64)
def _with_places(table: Table, names: tuple[str, ...], returning: tuple[str, ...], size: int) -> str:
    places = ", ".join([f"({', '.join('?' * len(names))})"] * size)
    return f"{_into(table, names)} VALUES {places}{_returning(returning)}"


def _into(table: Table, names: Sequence[str]) -> str:
    return f"INSERT INTO {table.name} ({', '.join(names)})"


def _returning(names: Sequence[str]) -> str:
    return f" RETURNING {', '.join(names)}" if names else ""
