"""Processes that fight over the same row: every change is kept, on both databases."""

import os

from flask import Flask
from sqlalchemy import select

from survey.db import ReadOnlyTransactionError, begin_reading, db, transaction
from survey.models import Client
from tests.conftest import SECRET_KEY
from tests.factories import make_client
from tests.processes import Python

PROCESSES, TIMES = 3, 40
FIGHT = f"""
import sys
from sqlalchemy import select
from survey.config import load_settings
from survey.db import db, transaction
from survey.models import Client
from wsgi import create_app
app = create_app(load_settings(_env_file=None, database_url=sys.argv[1], secret_key={SECRET_KEY!r}))
for _ in range({TIMES}):
    with app.app_context(), transaction() as session:
        client = session.scalars(select(Client).with_for_update()).one()
        client.evidence_version = client.evidence_version + 1
"""


def test_read_then_write_from_several_processes_loses_nothing(app: Flask, database_url: str) -> None:
    """Each process reads a number and writes it plus one, many times at once; the sum is exact."""
    with app.app_context():
        with transaction() as session:
            make_client(session, evidence_version=0)
        url = db.engine.url.render_as_string(hide_password=False)
        running = [Python("-c", FIGHT, url, environment=os.environ) for _ in range(PROCESSES)]
        printed = [process.communicate() for process in running]
        assert [process.returncode for process in running] == [0] * PROCESSES, printed
        db.session.rollback()
        assert db.session.scalars(select(Client.evidence_version)).one() == PROCESSES * TIMES


def test_a_write_in_a_reading_request_is_refused(app: Flask) -> None:
    """A write cannot slip into a transaction that holds no write lock."""
    with app.app_context():
        begin_reading(db.session)
        db.session.add(Client(ref="C1", name="Harbour Café"))
        try:
            db.session.flush()
        except ReadOnlyTransactionError:
            db.session.rollback()
        else:
            raise AssertionError("the write went through")
