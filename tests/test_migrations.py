"""The migrations build what the models describe, on both databases, and can be taken back with data in the tables."""

import gc
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import Inspector, inspect, select, text

from emails.models import DeliveryEvent, EmailAttempt
from survey import schema
from survey.config import load_settings
from survey.db import Base, alembic, db
from survey.full_text import belongs_to_metadata
from survey.models import Client
from survey.people import create_person
from survey.schema import SchemaError
from tests.conftest import NOW, SECRET_KEY
from tests.databases import Databases
from tests.emails.factories import queue_survey
from tests.factories import make_response
from wsgi import create_app


@pytest.fixture
def empty_app(databases: Databases, tmp_path: Any) -> Iterator[Flask]:
    """The application on a database without any table."""
    settings = load_settings(
        _env_file=None,
        instance_path=tmp_path / "instance",
        database_url=databases.empty(tmp_path),
        secret_key=SECRET_KEY,
    )
    app = create_app(settings)
    with app.app_context():
        engine = db.engine
        yield app
    engine.dispose()
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        gc.collect()  # Flask-Alembic invalidates its connection when the context ends, and leaves the closing to this


def _shape(inspector: Inspector) -> dict[str, Any]:
    """What autogenerate does not compare: the names of every constraint and index, table by table."""
    return {
        table: {
            "primary key": inspector.get_pk_constraint(table)["name"],
            "foreign keys": sorted(
                (key["name"], key["referred_table"], str(key["options"])) for key in inspector.get_foreign_keys(table)
            ),
            "unique": sorted(str(item["name"]) for item in inspector.get_unique_constraints(table)),
            "checks": sorted(str(item["name"]) for item in inspector.get_check_constraints(table)),
            "indexes": sorted(str(item["name"]) for item in inspector.get_indexes(table)),
        }
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def test_migrations_build_what_the_models_describe(empty_app: Flask, app: Flask) -> None:
    """After every migration, autogenerate finds nothing to add, and constraints have the same names."""
    alembic.upgrade()
    with db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_name": belongs_to_metadata}
        )
        assert compare_metadata(context, Base.metadata) == []
    migrated = _shape(inspect(db.engine))
    with app.app_context():
        described = _shape(inspect(db.engine))
    assert migrated == described


def test_every_migration_goes_up_down_and_up_again_with_data(empty_app: Flask) -> None:
    """Rows of the whole story survive up to the newest migration; taking everything back leaves nothing behind."""
    alembic.upgrade()
    make_response(db.session, csat=2, comment="It took three visits.")
    create_person(db.session, "ana@brightside.example", "admin", NOW)
    message = queue_survey(db.session)
    db.session.add(EmailAttempt(id="a" * 32, message_id=message.id, started_at=NOW))
    db.session.add(DeliveryEvent(sg_event_id="e1", message_id=message.id, raw={}, received_at=NOW))
    db.session.commit()
    for script in alembic.script_directory.walk_revisions():
        if script.down_revision:
            alembic.downgrade(script.down_revision)  # type: ignore[arg-type]
            alembic.upgrade(script.revision)
            alembic.downgrade(script.down_revision)  # type: ignore[arg-type]
    alembic.upgrade()
    assert db.session.scalars(select(Client.name)).all() != []
    assert len(db.session.scalars(select(EmailAttempt.id)).all()) == 1  # rebuilding a table takes no child along
    assert db.session.scalars(select(DeliveryEvent.message_id)).all() == [message.id]
    db.session.close()
    alembic.downgrade("base")
    assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
    alembic.upgrade()
    assert set(Base.metadata.tables) < set(inspect(db.engine).get_table_names())


def test_moments_keep_their_zone_in_migrated_tables(empty_app: Flask) -> None:
    """A moment written to a migrated table comes back aware and equal."""
    alembic.upgrade()
    moment = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)
    db.session.add(Client(ref="C1", name="Harbour Café", created_at=moment))
    db.session.commit()
    db.session.expire_all()
    assert db.session.scalars(select(Client.created_at)).one() == moment


def test_a_database_without_tables_is_told_in_one_sentence(empty_app: Flask) -> None:
    """Neither web nor worker starts on it; the message says what to type."""
    with pytest.raises(SchemaError, match=r"no tables yet\. Run `flask db upgrade`"):
        schema.check(empty_app)


def test_a_database_of_another_version_is_told_in_one_sentence(empty_app: Flask) -> None:
    """A revision that this code does not know is not taken for the newest."""
    alembic.upgrade()
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'other'"))
    with pytest.raises(SchemaError, match="another version"):
        schema.check(empty_app)
