"""Statements about many rows, made once, that take the rows or their ids as one parameter: with a place for each value
they cost more to put together and to bind than to carry out.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import ColumnElement, Dialect, Table, TextClause, literal_column, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql import ClauseElement

from survey.db import Base


def add(
    session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]], returning: Sequence[str] = ()
) -> Sequence[tuple[Any, ...]]:
    """Store rows that all have the same columns, each with all that have no default value in the database. A moment is
    given as `said` says it, a document as `document` does. Answers with the columns `returning` of each row, in no
    certain order.
    """
    if not rows:
        return ()
    table = cast("Table", model.__table__)
    statement = _statement(session.get_bind().dialect.name, table, tuple(rows[0]), tuple(returning))
    result = run(session, statement, document(rows))
    return result.fetchall() if returning else ()


def run(session: Session, statement: str, *values: object) -> Any:
    """Carry out a statement in the session's transaction; answers with the driver's cursor."""
    cursor = session.connection().connection.cursor()
    cursor.execute(statement, values)
    return cursor


def moment(said: str | datetime) -> datetime:
    """A moment as the driver's cursor gives it."""
    return datetime.fromisoformat(said).replace(tzinfo=UTC) if isinstance(said, str) else said


document = json.JSONEncoder(ensure_ascii=False).encode  # refuses what is no text, as the driver would


def said(dialect: Dialect, moment: datetime) -> str:
    """A moment as the database takes it in a text; SQLite as SQLAlchemy keeps it there."""
    if dialect.name == "postgresql":
        return moment.isoformat()
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


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
    """A statement for `run`. What it is given stands in the order of its text."""
    compiled = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    return compiled.replace("@value", "%s" if dialect.name == "postgresql" else "?")


@lru_cache(maxsize=64)
def _statement(dialect: str, table: Table, names: tuple[str, ...], returning: tuple[str, ...]) -> str:
    columns = [table.c[name] for name in names]
    into = f"INSERT INTO {table.name} ({', '.join(names)})"
    if dialect == "postgresql":
        spelt = [column.type.compile(postgresql.dialect()) for column in columns]  # type: ignore[no-untyped-call]
        types = [f"{name} {'TEXT' if kind == 'JSONB' else kind}" for name, kind in zip(names, spelt, strict=True)]
        values = [f"CAST({name} AS {kind})" for name, kind in zip(names, spelt, strict=True)]
        given = f"FROM json_to_recordset(%s) AS given ({', '.join(types)})"
    else:
        values = [f"value->>'$.{name}'" for name in names]
        given = "FROM json_each(?)"
    chosen = f"SELECT {', '.join(values)} {given}"
    return f"{into} {chosen}" + (f" RETURNING {', '.join(returning)}" if returning else "")
