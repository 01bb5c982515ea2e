"""SQLite is asked below the driver as by the driver."""

import sqlite3
from pathlib import Path

import pytest

from survey.front.sqlite_reader import Connection, library

pytestmark = pytest.mark.skipif(library() is None, reason="the driver's library cannot be reached here")


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A file with three rows."""
    with sqlite3.connect(tmp_path / "some.db") as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE words (word TEXT, said TEXT)")
        rows = [("a", "é 😀 \u202e"), ("a", "x" * 100_000), ("b", "")]
        connection.executemany("INSERT INTO words VALUES (?, ?)", rows)
    return str(tmp_path / "some.db")


def test_it_answers_as_the_driver_does(path: str) -> None:
    """Every row, whatever it holds; again after somebody else has written."""
    ask, driver = Connection(path).asking(), sqlite3.connect(path)
    statement = "SELECT json_array(said) FROM words WHERE word = ?1 ORDER BY rowid"
    for value in ("a", "b", "nobody", "é' OR 1", "a"):
        expected = [said for (said,) in driver.execute(statement, (value,))]
        assert ask(statement, value) == expected
        driver.execute("INSERT INTO words VALUES ('a', 'more')")
        driver.commit()
    driver.close()


def test_what_is_wrong_is_an_error(path: str) -> None:
    """A mistake in the statement, a write, a file that is locked or missing, a connection that was closed."""
    connection = Connection(path)
    ask = connection.asking()
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        ask("SELECT said FROM nowhere WHERE word = ?1", "a")
    with pytest.raises(sqlite3.OperationalError):
        ask("INSERT INTO words VALUES (?1, '')", "a")
    assert len(ask("SELECT said FROM words WHERE word = ?1", "a")) == 2
    connection.close()
    with pytest.raises(sqlite3.OperationalError):
        ask("SELECT said FROM words WHERE word = ?1", "a")
    with pytest.raises(sqlite3.OperationalError):
        Connection(f"{path}/nowhere")
