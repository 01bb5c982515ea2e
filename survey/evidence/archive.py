"""Takes a row out of the database together with all that hangs on it, as JSON, and puts it back.

What hangs on it is what the database would delete with it (ON DELETE CASCADE). Rows that only name one of these
(ON DELETE SET NULL) lose the name, and get it back. Rows get new ids when they come back: the old ones may be taken.
"""

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any

from sqlalchemy import Column, Table, delete, insert, select, update
from sqlalchemy import Enum as EnumType
from sqlalchemy.orm import Session

from survey.db import UTCDateTime

Archive = dict[str, Any]
_FROM_TEXT: Mapping[type, Any] = {
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    time: time.fromisoformat,
    Decimal: Decimal,
    bytes: bytes.fromhex,
}


def take(session: Session, root: Table, row_id: int) -> Archive:
    """Delete the row `row_id` of `root` and what hangs on it. Returns what `put_back` needs, as JSON."""
    session.flush()
    found: dict[Table, dict[int, dict[str, Any]]] = {}
    for table in root.metadata.sorted_tables:
        where = [table.c.id == row_id] if table is root else _hanging(table, found)
        rows = [dict(row) for condition in where for row in session.execute(select(table).where(condition)).mappings()]
        if rows:
            found[table] = {row["id"]: row for row in rows}
    named = _named(session, root, found)
    for table in reversed(found):
        session.execute(delete(table).where(table.c.id.in_(list(found[table]))))
    rows_by_table = {
        table.name: [{name: _as_json(value) for name, value in row.items()} for row in rows.values()]
        for table, rows in found.items()
    }
    return {"rows": rows_by_table, "named": named}


def put_back(session: Session, root: Table, archive: Archive) -> None:
    """Insert what `take` took."""
    tables, ids = root.metadata.tables, dict[str, dict[int, int]]()
    for table in root.metadata.sorted_tables:  # JSONB keeps no order
        name = table.name
        for row in archive["rows"].get(name, ()):
            values = {key: _from_json(table.c[key], value) for key, value in row.items() if key in table.c}
            old_id = values.pop("id")
            for column in table.c:
                target = _target(column)
                if target in ids and values.get(column.name) is not None:
                    values[column.name] = ids[target].get(values[column.name], values[column.name])
            new_id = session.execute(insert(table).values(values).returning(table.c.id)).scalar_one()
            ids.setdefault(name, {})[old_id] = new_id
    for name, column, row_id, target, old_id in archive["named"]:
        table = tables[name]
        session.execute(update(table).where(table.c.id == row_id).values({column: ids[target][old_id]}))
    session.expire_all()


def _hanging(table: Table, found: Mapping[Table, Mapping[int, Any]]) -> list[Any]:
    return [
        key.parent.in_(list(found[key.column.table]))
        for key in table.foreign_keys
        if key.ondelete == "CASCADE" and key.column.table in found
    ]


def _named(session: Session, root: Table, found: Mapping[Table, Mapping[int, Any]]) -> list[list[Any]]:
    """The rows outside that name one inside: table, column, id, table inside, id inside."""
    named: list[list[Any]] = []
    for table in root.metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.ondelete != "SET NULL" or key.column.table not in found:
                continue
            rows = session.execute(select(table.c.id, key.parent).where(key.parent.in_(list(found[key.column.table]))))
            inside = found.get(table, {})
            named += [
                [table.name, key.parent.name, row_id, key.column.table.name, old_id]
                for row_id, old_id in rows
                if row_id not in inside
            ]
    return named


def _target(column: Column[Any]) -> str:
    return next((key.column.table.name for key in column.foreign_keys), "")


def _as_json(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return str(value) if isinstance(value, Decimal) else value


def _from_json(column: Column[Any], value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if isinstance(column.type, EnumType) and column.type.enum_class is not None:
        return column.type.enum_class(value)
    kind = datetime if isinstance(column.type, UTCDateTime) else column.type.python_type
    return _FROM_TEXT.get(kind, str)(value)
