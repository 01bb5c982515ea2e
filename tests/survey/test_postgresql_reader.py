"""Questions that are asked together: to each its own answer, and nobody waits for a connection that is gone."""

import asyncio
from collections.abc import Iterator, Sequence

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from survey.db import db
from survey.front import postgresql_reader
from survey.front.postgresql_reader import OnPostgresql
from tests.asgi import Loop

COUNT = "SELECT CAST(n AS text) FROM generate_series(1, CAST(asked.value AS integer)) AS n"
ECHO = "SELECT asked.value"
SLEEP = "SELECT CAST(pg_sleep(CAST(asked.value AS float)) AS text)"


@pytest.fixture
def loop(session: Session) -> Iterator[Loop]:
    if session.get_bind().dialect.name != "postgresql":
        pytest.skip("PostgreSQL's own")
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture
def together(loop: Loop) -> Iterator[OnPostgresql]:
    together = OnPostgresql(db.engine, (COUNT, ECHO, SLEEP))
    yield together
    together.close()


async def asked(together: OnPostgresql, *questions: tuple[str, str]) -> Sequence[Sequence[str]]:
    return await asyncio.gather(*(together.ask(statement, value) for statement, value in questions))


def test_each_has_its_own_answer(loop: Loop, together: OnPostgresql) -> None:
    """Several statements, several values, none, many rows, more at once than go into one statement."""
    questions = [
        (COUNT, "0"),
        (ECHO, "a"),
        (COUNT, "3"),
        *((COUNT, str(number)) for number in range(150)),
        (COUNT, "1"),
    ]
    answers = loop.run(asked(together, *questions))
    assert answers[:3] == [[], ["a"], ["1", "2", "3"]]
    assert [len(answer) for answer in answers[3:]] == [*range(150), 1]


@pytest.mark.parametrize("value", ["", 'say "ah"', "back\\slash", "{a,b}", "NULL", "é\n"])
def test_a_value_arrives_as_it_was_given(loop: Loop, together: OnPostgresql, value: str) -> None:
    assert loop.run(together.ask(ECHO, value)) == [value]


def test_one_that_fails_fails_those_beside_it_and_none_after_it(loop: Loop, together: OnPostgresql) -> None:
    async def three() -> Sequence[object]:
        values = ("2", "two", "3")
        return await asyncio.gather(*(together.ask(COUNT, value) for value in values), return_exceptions=True)

    assert all(isinstance(answer, psycopg.Error) for answer in loop.run(three()))
    assert loop.run(together.ask(COUNT, "2")) == ["1", "2"]


def test_a_connection_that_the_server_closed_is_opened_again(loop: Loop, together: OnPostgresql) -> None:
    loop.run(together.ask(ECHO, "a"))
    with db.engine.begin() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE query LIKE '%asked.value%' AND pid <> pg_backend_pid() AND datname = current_database()"
            )
        )

    async def twice() -> str:
        for _ in range(2):  # who asks before it is known is told so, and asks elsewhere
            try:
                return (await together.ask(ECHO, "b"))[0]
            except psycopg.OperationalError:
                continue
        raise AssertionError

    assert loop.run(twice()) == "b"


def test_nobody_waits_for_ever(loop: Loop, together: OnPostgresql, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql_reader, "LONGEST_WAIT", 0.2)
    with pytest.raises(TimeoutError):
        loop.run(together.ask(SLEEP, "3"))
    assert loop.run(together.ask(ECHO, "a")) == ["a"]


def test_whoever_asks_is_told_that_no_connection_can_be_had(loop: Loop) -> None:
    together = OnPostgresql(create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none"), (ECHO,))
    with pytest.raises(psycopg.OperationalError):
        loop.run(together.ask(ECHO, "a"))
