"""Fixtures that every test may use: an application on a database of its own, a session, HTTP clients."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import CodeType
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask, has_app_context
from flask.testing import FlaskClient, FlaskCliRunner
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy.orm import Session
from typing_extensions import override

import survey.db
from survey import clock
from survey.auth import make_sign_in_link
from survey.config import Settings, load_settings
from survey.db import db, transaction
from survey.people import create_person
from tests.databases import Databases, PostgreSQLDatabases, SQLiteDatabases
from wsgi import create_app

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)  # a Tuesday
SECRET_KEY = "only-for-tests-0123456789"
UNGUARDED = {"WTF_CSRF_ENABLED": False, "RATE_LIMITS": False}


class DeskClient(FlaskClient):
    """An HTTP client whose requests have a database session of their own, as on a server.

    What the test's `session` has made so far is committed before each request, and read afresh after it.
    """

    @override
    def open(self, *args: Any, **kwargs: Any) -> Any:
        outer = db.session if has_app_context() else None
        if outer is not None:
            outer.commit()
        try:
            with self.application.app_context():
                return super().open(*args, **kwargs)
        finally:
            if outer is not None:
                outer.expire_all()


class Commands(FlaskCliRunner):
    """Runs commands; what one raises without a message for people is raised in the test."""

    @override
    def invoke(self, *args: Any, **kwargs: Any) -> Any:
        return super().invoke(*args, **{"catch_exceptions": False, **kwargs})


class Compiled(BytecodeCache):
    """Templates' code by their name and content, which one application leaves to the next."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    @override
    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    @override
    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self._codes[bucket.key, bucket.checksum] = bucket.code


def pytest_configure() -> None:
    """Nothing outlives the run, so nothing waits for the disk. Not on import: benchmarks use the factories too."""
    survey.db.SQLITE_SYNCHRONOUS = "OFF"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=("sqlite", "postgresql"), default="sqlite", help="where tests keep rows")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL only what uses a database is run, and is not marked `once`: the rest would say the same again."""
    if config.getoption("--database") == "postgresql":
        kept = [
            item
            for item in items
            if "databases" in getattr(item, "fixturenames", ()) and item.get_closest_marker("once") is None
        ]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        items[:] = kept


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """The kind of database chosen with --database, prepared once for this test process."""
    made: Databases = (
        PostgreSQLDatabases() if request.config.getoption("--database") == "postgresql" else SQLiteDatabases()
    )
    yield made
    made.close()


@pytest.fixture
def now() -> datetime:
    """The moment at which tests take place."""
    return NOW


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """A database of this test's own, with one firm and the roles in it."""
    yield databases.fresh()
    databases.give_back()


@pytest.fixture(scope="session")
def instance_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The instance folder of this test process, which `settings` hands to every test empty."""
    return tmp_path_factory.mktemp("instance")


@pytest.fixture
def settings(instance_path: Path, database_url: str) -> Iterator[Settings]:
    """Settings that touch nothing outside this test process's folder: the same for every test."""
    yield load_settings(_env_file=None, instance_path=instance_path, database_url=database_url, secret_key=SECRET_KEY)
    for left in instance_path.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()


@pytest.fixture(scope="session")
def compiled() -> Compiled:
    """Templates, compiled once for all applications of this test process."""
    return Compiled()


@pytest.fixture(scope="session")
def applications(databases: Databases) -> Iterator[dict[str, Flask]]:
    """The applications of this test process that were used by a test already, by the address of their database.

    Building one costs more than most tests; the statements compiled for its engine serve every test as well.
    """
    made: dict[str, Flask] = {}
    yield made
    for app in made.values():
        _disconnect(app)


@pytest.fixture
def app(settings: Settings, applications: dict[str, Flask], compiled: Compiled) -> Iterator[Flask]:
    """The whole application on its own database. Forms need no CSRF token and nothing is rate-limited here;

    `guarded_app` is the same with both, as in production. One application serves all tests of a process, and is as
    new for each, unless a test registers something with it: that one takes `own_app`.
    """
    made = applications.get(settings.database_url) or _ready(create_app(settings), compiled, **UNGUARDED)
    applications[settings.database_url] = made
    config, extensions = dict(made.config), dict(made.extensions)
    yield made
    for now, before in ((made.config, config), (made.extensions, extensions)):
        now.clear()
        now.update(before)
    if settings.database_url.startswith("sqlite"):
        _disconnect(made)  # the next test's file has the same address


@pytest.fixture
def own_app(settings: Settings, compiled: Compiled) -> Iterator[Flask]:
    """Like `app`, and made for this test alone."""
    made = _ready(create_app(settings), compiled, **UNGUARDED)
    yield made
    _disconnect(made)


@pytest.fixture
def guarded_app(settings: Settings, compiled: Compiled) -> Iterator[Flask]:
    """The application exactly as it is served: CSRF tokens and rate limits in force."""
    made = _ready(create_app(settings), compiled)
    yield made
    _disconnect(made)


def _ready(app: Flask, compiled: Compiled, **config: object) -> Flask:
    app.config.update(TESTING=True, **config)
    app.jinja_env.bytecode_cache = compiled
    app.test_client_class = DeskClient
    app.test_cli_runner_class = Commands
    return app


def _disconnect(app: Flask) -> None:
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def make_app(settings: Settings, compiled: Compiled) -> Iterator[Callable[[Settings], Flask]]:
    """Makes applications with other settings; their connections are closed once no context of theirs holds one."""
    made: list[Flask] = []

    def make(changed: Settings) -> Flask:
        made.append(create_app(changed))
        made[-1].jinja_env.bytecode_cache = compiled
        return made[-1]

    yield make
    for app in made:
        _disconnect(app)


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A session in an application context, for testing services directly and for preparing rows."""
    with app.app_context():
        yield db.session


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """An HTTP client that is not signed in."""
    return app.test_client()


@pytest.fixture
def admin(app: Flask) -> FlaskClient:
    """An HTTP client signed in as admin@brightside.example."""
    return sign_in(app, "admin")


@pytest.fixture
def manager(app: Flask) -> FlaskClient:
    """An HTTP client signed in as manager@brightside.example."""
    return sign_in(app, "manager")


@pytest.fixture
def viewer(app: Flask) -> FlaskClient:
    """An HTTP client signed in as viewer@brightside.example."""
    return sign_in(app, "viewer")


def sign_in(app: Flask, role: str) -> FlaskClient:
    """A client of `app`, signed in by a one-time link as <role>@brightside.example (name: the role, capitalised)."""
    with app.app_context(), transaction() as session:
        user = create_person(session, f"{role}@brightside.example", role, NOW, name=role.capitalize())
        link = make_sign_in_link(session, user, clock.now())
    client = app.test_client()
    response = client.post(urlsplit(link).path)
    assert response.status_code == 303, response.get_data(as_text=True)
    return client
