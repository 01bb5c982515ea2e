"""The database: types, base class, transactions, and every difference between SQLite and PostgreSQL.

On SQLite every writing transaction starts with BEGIN IMMEDIATE: with the driver's default begin, two transactions may
both read, then both write, and one change is lost or fails at once with "database is locked". Reading requests call
`begin_reading` and get a plain BEGIN; a write in one of them is refused, so it cannot slip back in.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from inspect import iscoroutinefunction
from typing import Any, ClassVar, TypeVar, cast

from flask import Flask
from flask_alembic import Alembic
from flask_sqlalchemy_lite import SQLAlchemy
from sqlalchemy import (
    JSON,
    ColumnElement,
    CursorResult,
    DateTime,
    Dialect,
    Engine,
    Enum,
    Integer,
    MetaData,
    Numeric,
    Subquery,
    Table,
    Text,
    TypeDecorator,
    create_engine,
    event,
    func,
    literal,
    select,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeEngine

from survey.clock import as_utc
from survey.errors import NotFoundError
from survey.full_text import belongs_to_metadata

SQLITE_SYNCHRONOUS = "FULL"  # a confirmed answer outlives a power cut; the tests need not
BUSY_TIMEOUT_MS = 15_000


class UTCDateTime(TypeDecorator[datetime]):
    """An aware moment. PostgreSQL keeps the zone; SQLite keeps naive UTC. A naive value is refused."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment = as_utc(value)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def result_processor(self, dialect: Dialect, _coltype: object) -> Any:
        # Functions without a method around them take half of the time: scoring a firm reads millions of moments.
        return _from_sqlite if dialect.name == "sqlite" else _from_postgresql


def _from_sqlite(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text + "+00:00")


def _from_postgresql(value: datetime | None) -> datetime | None:
    return value if value is None or value.tzinfo is UTC else value.astimezone(UTC)


class _WrittenArray(TypeDecorator[Any]):
    """A parameter of an array's type that is written out as text already."""

    impl = postgresql.ARRAY
    cache_ok = True

    def bind_processor(self, _dialect: Dialect) -> None:
        """Nothing is done to it on the way."""


JSONDocument = JSON().with_variant(postgresql.JSONB(), "postgresql")


class Base(DeclarativeBase):
    """Every table of the project. Constraints are named, so that migrations can change them on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UTCDateTime(),
        Decimal: Numeric(12, 2),
        StrEnum: Enum(
            StrEnum,
            native_enum=False,
            create_constraint=True,
            length=24,
            values_callable=lambda members: [member.value for member in members],
        ),
        dict[str, Any]: JSONDocument,
        list[Any]: JSONDocument,
        list[dict[str, Any]]: JSONDocument,
        list[str]: JSONDocument,
    }


Row = TypeVar("Row", bound=Base)

db = SQLAlchemy(session_options={"expire_on_commit": False})
alembic = Alembic(metadatas=Base.metadata)


class ReadOnlyTransactionError(RuntimeError):
    """A write was attempted in a transaction opened with `begin_reading`. A mistake in the code, never in the input."""


def init_app(app: Flask) -> None:
    """Bind engine and migrations to `app` and install the SQLite rules on its engine."""
    db.init_app(app)
    # No session here is asynchronous; closing none of them would still start a thread at the end of every request.
    app.teardown_appcontext_funcs = [f for f in app.teardown_appcontext_funcs if not iscoroutinefunction(f)]
    app.config.setdefault("ALEMBIC_CONTEXT", {})["include_name"] = belongs_to_metadata
    alembic.init_app(app)
    with app.app_context():
        _install_rules(db.engine)


def engine_for(url: str) -> Engine:
    """An engine of its own for a process without the app, by the same rules."""
    engine = create_engine(url, hide_parameters=True)
    _install_rules(engine)
    return engine


def _install_rules(engine: Engine) -> None:
    if engine.dialect.name == "postgresql":
        event.listen(engine, "connect", _speak_utc)
        return

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not emit its own BEGIN
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",  # first: switching to WAL may itself have to wait for another process
            "journal_mode=WAL",
            f"synchronous={SQLITE_SYNCHRONOUS}",
            "foreign_keys=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Any) -> None:
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _speak_utc(connection: Any, _record: Any) -> None:
    connection.execute("SET TIME ZONE 'UTC'")  # from any other, each moment would have to be converted
    connection.commit()


def begin_reading(session: Session) -> None:
    """Open this session's transaction for reading only: it takes no write lock, and a flush raises.

    Raises:
        ReadOnlyTransactionError: later, when something tries to write.
    """
    if session.in_transaction():
        session.rollback()  # what was opened before (say, by loading the user) would go on with its own kind of begin
    session.info["reading"] = True
    session.connection(execution_options={"reading": True})


@event.listens_for(Session, "before_flush")
def _refuse_writes(session: Session, _context: Any, _instances: Any) -> None:
    if session.info.get("reading"):
        raise ReadOnlyTransactionError("this request may only read; open a writing transaction with transaction()")


@contextmanager
def transaction() -> Iterator[Session]:
    """One use case, one transaction, owned by the edge: commit at the end, roll back on any error.

    On SQLite the write lock is held from the first line of the block on, so a `now` read inside lies after all that
    others have committed.
    """
    session = db.session
    if session.info.pop("reading", False):
        session.rollback()  # end the reading transaction, so that this one begins IMMEDIATE
    try:
        session.connection()
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise


def join_by_key(session: Session) -> None:
    """Until this transaction ends, PostgreSQL looks up row by row what a batch needs, and reads no table as a whole."""
    if session.get_bind().dialect.name == "postgresql":
        off = (func.set_config(f"enable_{way}", "off", True) for way in ("hashjoin", "mergejoin"))
        session.execute(select(*off))


def row_by_id(session: Session, table: type[Row], row_id: int | str, missing: str, *, lock: bool = False) -> Row:
    """The row; with `lock`, for this transaction alone unless it only reads.

    Raises:
        NotFoundError: there is none; `missing` says so.
    """
    found = session.get(table, row_id, with_for_update=lock and not session.info.get("reading"))
    if found is None:
        raise NotFoundError(missing)
    return found


def insert_or_ignore(session: Session, table: type[Base], rows: Sequence[dict[str, Any]]) -> int:
    """INSERT … ON CONFLICT DO NOTHING; returns how many rows were new. Both dialects share the syntax."""
    if not rows:
        return 0
    target = cast("Table", table.__table__)
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert(target).on_conflict_do_nothing()
    counted = statement.execution_options(preserve_rowcount=True)  # the driver adds up the rows of all parameter sets
    result = cast("CursorResult[Any]", session.execute(counted, [*rows]))
    return max(result.rowcount, 0)


def ids_in(dialect: str, column: Any, ids: Collection[int]) -> ColumnElement[bool]:
    """Whether `column` is one of `ids`, as one parameter: a list of a thousand costs more to bind than to look up."""
    return _one_of(dialect, column, ids, str, Integer())


def words_in(dialect: str, column: Any, words: Collection[str]) -> ColumnElement[bool]:
    """Whether `column` is one of `words`, as one parameter."""
    return _one_of(dialect, column, words, _quoted, Text())


def _one_of(
    dialect: str, column: Any, values: Collection[Any], written: Callable[[Any], str], kind: TypeEngine[Any]
) -> ColumnElement[bool]:
    if dialect == "postgresql":
        return cast("ColumnElement[bool]", column == func.any(_array(map(written, values), kind)))
    found = func.json_each(json.dumps(list(values))).table_valued("value")
    return cast("ColumnElement[bool]", column.in_(select(found.c.value)))


def pairs_table(dialect: str, pairs: Iterable[tuple[int, str]]) -> Subquery:
    """(number, word) pairs as a table with these two columns, handed over as one or two parameters. No word twice."""
    if dialect == "postgresql":
        numbers, words = zip(*pairs, strict=True)
        found = (
            func.unnest(_array(map(str, numbers), Integer()), _array(map(_quoted, words), Text()))
            .table_valued("number", "word", name="given")
            .render_derived()
        )
        return select(found.c.number, found.c.word).subquery("pairs")
    rows = func.json_each(json.dumps({word: number for number, word in pairs})).table_valued("key", "value")
    return select(rows.c.value.label("number"), rows.c.key.label("word")).subquery("pairs")


def _array(items: Iterable[str], kind: TypeEngine[Any]) -> ColumnElement[Any]:
    """PostgreSQL's own writing of an array: the driver takes ten times as long over a list of Python's.

    The parameter itself has the type: a cast from text would be worked out again for every row.
    """
    return literal(f"{{{','.join(items)}}}", _WrittenArray(kind))


def _quoted(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def json_list_holds(dialect: str, column: Any, item: dict[str, str]) -> ColumnElement[bool]:
    """Whether a list of JSON objects holds one with all of `item`'s values."""
    if dialect == "postgresql":
        return type_coerce(column, postgresql.JSONB).contains([item])
    each = func.json_each(column).table_valued("value")
    conditions = (func.json_extract(each.c.value, f"$.{key}") == value for key, value in item.items())
    return select(1).select_from(each).where(*conditions).exists()
