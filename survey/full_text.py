"""Full-text search over what clients wrote: the index, kept by the database itself, and queries that no input breaks.

SQLite has an FTS5 table beside `answers`, kept by triggers; PostgreSQL has a GIN index over an expression. Neither is
in the models' metadata: `register` makes them with the table, and the migration calls `create`.
"""

import re
import unicodedata
from typing import Any

from sqlalchemy import (
    DDL,
    ColumnElement,
    Connection,
    Table,
    Text,
    column,
    event,
    func,
    literal_column,
    select,
    table,
    true,
)
from sqlalchemy.orm import InstrumentedAttribute

WORDS_TABLE = "answers_words"
WORDS_INDEX = "ix_answers_words"
LONGEST_QUERY = 200  # characters; what comes after is not looked for
MOST_WORDS = 12
_WORD = re.compile(r"[^\W_]+")

_PUNCTUATION = '-_./:;,@+&%=?#~<>()[]{}|*"!$^`'


def _vector(text_column: str) -> str:
    """PostgreSQL's parser takes "parts/labour" for a file's name and "3.5" for a number; here both are two words."""
    return f"to_tsvector('simple', translate({text_column}, '{_PUNCTUATION}', '{' ' * len(_PUNCTUATION)}'))"


_CREATE = {
    "sqlite": (
        "CREATE VIRTUAL TABLE answers_words USING fts5("
        "text, content='answers', content_rowid='id', prefix='2 3', tokenize='unicode61 remove_diacritics 2')",
        "CREATE TRIGGER answers_words_added AFTER INSERT ON answers WHEN new.text IS NOT NULL BEGIN "
        "INSERT INTO answers_words(rowid, text) VALUES (new.id, new.text); END",
        "CREATE TRIGGER answers_words_removed AFTER DELETE ON answers WHEN old.text IS NOT NULL BEGIN "
        "INSERT INTO answers_words(answers_words, rowid, text) VALUES ('delete', old.id, old.text); END",
        "CREATE TRIGGER answers_words_changed AFTER UPDATE OF id, text ON answers BEGIN "
        "INSERT INTO answers_words(answers_words, rowid, text) "
        "SELECT 'delete', old.id, old.text WHERE old.text IS NOT NULL; "
        "INSERT INTO answers_words(rowid, text) SELECT new.id, new.text WHERE new.text IS NOT NULL; END",
        "INSERT INTO answers_words(rowid, text) SELECT id, text FROM answers WHERE text IS NOT NULL",
    ),
    "postgresql": (f"CREATE INDEX {WORDS_INDEX} ON answers USING gin (({_vector('text')}))",),
}
_DROP = {
    "sqlite": (
        "DROP TRIGGER answers_words_added",
        "DROP TRIGGER answers_words_removed",
        "DROP TRIGGER answers_words_changed",
        "DROP TABLE answers_words",
    ),
    "postgresql": (f"DROP INDEX {WORDS_INDEX}",),
}


def create(connection: Connection) -> None:
    """Make the index and put every answer that is there into it."""
    for statement in _CREATE[connection.dialect.name]:
        connection.execute(_ddl(statement))


def drop(connection: Connection) -> None:
    """Take the index away; the answers stay."""
    for statement in _DROP[connection.dialect.name]:
        connection.execute(_ddl(statement))


def register(answers: Table) -> None:
    """Let `create_all` make the index with the table, and `drop_all` take it away first."""
    for dialect, statements in _CREATE.items():
        for statement in statements:
            event.listen(answers, "after_create", _ddl(statement).execute_if(dialect=dialect))
    for dialect, statements in _DROP.items():
        for statement in statements:
            event.listen(answers, "before_drop", _ddl(statement).execute_if(dialect=dialect))


def _ddl(statement: str) -> DDL:
    return DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]


def belongs_to_metadata(name: str | None, kind: str, _parents: Any) -> bool:
    """Alembic's `include_name`: the index and its shadow tables are not the models', so comparing leaves them out."""
    if kind == "table":
        return not (name or "").startswith(WORDS_TABLE)
    return not (kind == "index" and name == WORDS_INDEX)


def words_of(query: str) -> list[str]:
    """The words that `query` asks for: letters and digits only, so that no operator of either database is left."""
    found = _WORD.findall(unicodedata.normalize("NFC", query[:LONGEST_QUERY]))
    return list(dict.fromkeys(word.lower() for word in found))[:MOST_WORDS]


def matches(
    id_column: InstrumentedAttribute[int],
    text_column: InstrumentedAttribute[str | None],
    query: str,
    dialect: str,
) -> ColumnElement[bool]:
    """Answers whose text has, for every word of `query`, a word that begins with it; any input is safe.

    A query without a word (an emoji, "?!") is looked for as it stands. An empty one matches everything.
    """
    words = words_of(query)
    if not words:
        symbols = query[:LONGEST_QUERY].strip()
        return text_column.contains(symbols, autoescape=True) if symbols else true()
    if dialect == "sqlite":
        found = table(WORDS_TABLE, column("rowid"))
        asked = " ".join(f'"{word}"*' for word in words)
        return id_column.in_(select(found.c.rowid).where(literal_column(WORDS_TABLE, Text).op("MATCH")(asked)))
    # the very expression that the index holds, or the planner would not use it
    vector: ColumnElement[Any] = literal_column(_vector(f"{text_column.class_.__tablename__}.{text_column.key}"))
    return vector.op("@@")(func.to_tsquery("simple", " & ".join(f"'{word}':*" for word in words)))
