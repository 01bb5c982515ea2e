"""Fixtures that every test may use: an application on a database of its own, a session, an HTTP client."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from survey.config import Settings, load_settings
from survey.db import Base, db
from survey.models import Firm
from wsgi import create_app

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)  # a Tuesday


@pytest.fixture
def now() -> datetime:
    """The moment at which tests take place."""
    return NOW


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings that touch nothing outside this test's folder."""
    return load_settings(
        _env_file=None,
        instance_path=tmp_path / "instance",
        database_url=f"sqlite:///{tmp_path / 'test.sqlite'}",
        secret_key="only-for-tests-0123456789",
    )


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The whole application on an empty database with one firm in it."""
    app = create_app(settings)
    app.config.update(TESTING=True)
    with app.app_context():
        Base.metadata.create_all(db.engine)
        db.session.add(
            Firm(
                name="Brightside IT",
                sender_name="Brightside IT",
                sender_email="hello@brightside.example",
                postal_address="1 Harbour Street, Dublin",
                promise=[],
                excluded_kinds=[],
            )
        )
        db.session.commit()
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A session in an application context, for testing services directly."""
    with app.app_context():
        yield db.session


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """An HTTP client that is not signed in."""
    return app.test_client()
