"""Several processes fight over the same rows; nothing is lost, nothing happens twice."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey import invitations
from survey.config import Settings
from survey.models import Client, Contact, Invitation, InvitationState, Job, Resolution, ResolutionStaff
from tests.conftest import NOW, SECRET_KEY
from tests.factories import make_contact, make_job, make_resolution
from tests.processes import Python

pytestmark = pytest.mark.servers

RELEASE = """
import sys
from datetime import datetime
from survey import invitations
from survey.config import load_settings
from survey.db import transaction
from wsgi import create_app

app, now, released = create_app(load_settings(_env_file=None)), datetime.fromisoformat(sys.argv[1]), 0
with app.app_context():
    while True:
        with transaction() as session:
            found = invitations.due_invitations(session, now, limit=3)
            released += sum(invitations.release(session, invitation, now) for invitation in found)
        if not found:
            break
print(released)
"""

SCHEDULE = """
import sys
from datetime import datetime
from survey.config import load_settings
from survey.tasks import tasks
from wsgi import create_app

settings = load_settings(_env_file=None)
app, now, decided = create_app(settings), datetime.fromisoformat(sys.argv[1]), 0
with app.app_context():
    while count := tasks(settings)[0].run(now):
        decided += count
print(decided)
"""


def start(settings: Settings, *arguments: str) -> Python:
    """A Python process on the test's database."""
    environment = {
        **os.environ,
        "DATABASE_URL": settings.database_url,
        "INSTANCE_PATH": str(settings.instance_path),
        "SECRET_KEY": SECRET_KEY,
    }
    return Python(*arguments, environment=environment)


def finish(processes: list[Python]) -> list[str]:
    """What each printed; fails with its error if one did not end well."""
    printed = []
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        printed.append(out)
    return printed


def count(session: Session, table: type) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def test_the_same_file_imported_at_once_is_imported_once(settings: Settings, session: Session, tmp_path: Path) -> None:
    """Three processes import 900 jobs of 30 clients at the same time; none fails and nothing is doubled."""
    header = "source,external_id,client,contact_email,completed_at,staff\n"
    rows = [
        f"psa,J{n},Client {n % 30},p{n % 60}@client{n % 30}.example,2026-03-0{n % 9 + 1},Ana Xu:2;Ben Ode:1\n"
        for n in range(900)
    ]
    paths = [tmp_path / f"jobs{number}.csv" for number in range(3)]
    for path in paths:
        path.write_text(header + "".join(rows), encoding="utf-8")
    session.commit()
    finish([start(settings, "-m", "flask", "jobs", "import", str(path)) for path in paths])
    found = [count(session, table) for table in (Client, Contact, Job, Resolution, ResolutionStaff)]
    assert found == [30, 60, 900, 900, 1800]


def test_workers_release_each_survey_once_and_each_address_once(settings: Settings, session: Session) -> None:
    """Three workers release what is due: of two jobs of one contact, one survey goes out, whoever gets there first."""
    for _ in range(20):
        contact = make_contact(session)
        for _ in range(2):
            make_resolution(session, make_job(session, contact), completed_at=NOW - timedelta(days=1))
    invitations.schedule_batch(session, SECRET_KEY, NOW)
    session.commit()
    printed = finish([start(settings, "-c", RELEASE, NOW.isoformat()) for _ in range(3)])
    assert sum(map(int, printed)) == 20
    states = session.execute(select(Invitation.state, func.count()).group_by(Invitation.state))
    assert {state: number for state, number in states} == {  # noqa: C416 - rows are not tuples to mypy
        InvitationState.SENT: 20,
        InvitationState.SKIPPED: 20,
    }
    per_contact = session.scalars(
        select(func.count()).where(Invitation.state == InvitationState.SENT).group_by(Invitation.contact_id)
    )
    assert set(per_contact) == {1}


def test_workers_decide_each_closing_once(settings: Settings, session: Session) -> None:
    """Three workers decide about the same closings; each closing has exactly one invitation."""
    contact = make_contact(session)
    for _ in range(60):
        make_resolution(session, make_job(session, contact), completed_at=NOW - timedelta(days=1))
    session.commit()
    printed = finish([start(settings, "-c", SCHEDULE, NOW.isoformat()) for _ in range(3)])
    assert sum(map(int, printed)) == 60
    assert count(session, Invitation) == 60
