"""The commands that bring data in and say what will be asked."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask, has_app_context
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey import invitations
from survey.asking.eligibility import RULES
from survey.clock import fixed_at
from survey.db import db
from survey.models import Job, SurveyResponse
from tests.conftest import NOW, SECRET_KEY

HEADER = "source,external_id,client,client_ref,contact_email,completed_at,kind"
GOOD = "psa,J1,Garcia Legal,C7,ana@garcia.example,2026-03-09T12:00:00Z,Repair"
OTHER = "psa,J2,Lund Farms,C8,bo@lund.example,2026-03-09T12:00:00Z,Repair"
BAD = "psa,J3,,C9,nobody,yesterday,Repair"


@pytest.fixture
def jobs_csv(tmp_path: Path) -> Path:
    """Two good rows around a bad one."""
    path = tmp_path / "jobs.csv"
    path.write_text("\n".join((HEADER, GOOD, BAD, OTHER)) + "\n", encoding="utf-8")
    return path


def run(app: Flask, *arguments: object, stdin: str | None = None) -> Result:
    if has_app_context():
        db.session.commit()  # the command has a session of its own and must not wait for the test's
    with app.app_context(), fixed_at(NOW):
        return app.test_cli_runner().invoke(args=[str(argument) for argument in arguments], input=stdin)


def document(result: Result) -> Any:
    """The one JSON document on stdout."""
    return json.loads(result.stdout)


def jobs_in(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Job)) or 0


def test_good_rows_are_kept_and_bad_ones_named(app: Flask, jobs_csv: Path, session: Session) -> None:
    """Two jobs in, the bad row on stderr and in the rejects file, exit code 1."""
    result = run(app, "jobs", "import", jobs_csv)
    assert result.exit_code == 1
    assert result.stdout.startswith("3 jobs read in ")
    assert "2 new, 0 updated, 0 unchanged, 1 rejected" in result.stdout
    assert "line 3, client: is empty; a value is required" in result.stderr
    assert "line 3, completed_at: “yesterday” is not a date" in result.stderr
    with Path(f"{jobs_csv}.rejects.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["line"], row["column"], row["external_id"]) for row in rows] == [
        ("3", "client; contact_email; completed_at", "J3")
    ]
    assert jobs_in(session) == 2


def test_a_rejects_file_put_right_is_imported_as_it_is(app: Flask, jobs_csv: Path, session: Session) -> None:
    """Its first three columns are unknown and ignored, and the file with rejects disappears with the last reject."""
    run(app, "jobs", "import", jobs_csv)
    rejects = Path(f"{jobs_csv}.rejects.csv")
    text = rejects.read_text(encoding="utf-8-sig")
    rejects.write_text(
        text.replace(",,C9,nobody,yesterday", ",Holt,C9,cy@holt.example,2026-03-01"), encoding="utf-8-sig"
    )
    result = run(app, "jobs", "import", rejects, "--json")
    assert (result.exit_code, document(result)["new"]) == (0, 1)
    jobs_csv.write_text(f"{HEADER}\n{GOOD}\n", encoding="utf-8")
    assert run(app, "jobs", "import", jobs_csv).exit_code == 0
    assert not rejects.exists()
    assert jobs_in(session) == 3


def test_json_is_one_document_and_nothing_else(app: Flask, jobs_csv: Path) -> None:
    """Counts and errors on stdout, people's text on stderr."""
    found = document(run(app, "jobs", "import", jobs_csv, "--json"))
    assert (found["rows"], found["new"], found["rejected"]) == (3, 2, 1)
    assert found["errors"][0] == {"line": 3, "column": "client", "error": "is empty; a value is required"}
    assert found["rejects_file"] == f"{jobs_csv}.rejects.csv"


def test_again_is_unchanged_and_a_change_is_an_update(app: Flask, jobs_csv: Path) -> None:
    """Idempotent by (source, external_id)."""
    jobs_csv.write_text(f"{HEADER}\n{GOOD}\n{OTHER}\n", encoding="utf-8")
    assert run(app, "jobs", "import", jobs_csv).exit_code == 0
    jobs_csv.write_text(f"{HEADER}\n{GOOD}\n{OTHER.replace('Repair', 'Migration')}\n", encoding="utf-8")
    found = document(run(app, "jobs", "import", jobs_csv, "--json"))
    assert (found["new"], found["updated"], found["unchanged"]) == (0, 1, 1)


def test_a_dry_run_writes_nothing(app: Flask, jobs_csv: Path, session: Session) -> None:
    """The same report, no job and no rejects file."""
    found = document(run(app, "jobs", "import", jobs_csv, "--dry-run", "--json"))
    assert (found["new"], found["rejected"], found["dry_run"], found["rejects_file"]) == (2, 1, True, None)
    assert jobs_in(session) == 0
    assert not Path(f"{jobs_csv}.rejects.csv").exists()


def test_stdin_is_read_with_a_dash(app: Flask, session: Session) -> None:
    """`flask jobs import -` in a pipe."""
    assert run(app, "jobs", "import", "-", stdin=f"{HEADER}\n{GOOD}\n").exit_code == 0
    assert jobs_in(session) == 1


@pytest.mark.parametrize("text", ["", "source;client\n", "\xff"])
def test_a_file_that_cannot_be_read_is_one_sentence(app: Flask, tmp_path: Path, text: str) -> None:
    """Nothing on stdout, the reason on stderr, exit code 1."""
    path = tmp_path / "x.csv"
    path.write_text(text, encoding="latin-1")
    result = run(app, "jobs", "import", path, "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert str(path) in result.stderr
    assert "Traceback" not in result.stderr


def test_answers_need_their_job(app: Flask, jobs_csv: Path, tmp_path: Path, session: Session) -> None:
    """An answer about an unknown job is rejected by name, the good one is kept, once."""
    run(app, "jobs", "import", jobs_csv)
    path = tmp_path / "responses.csv"
    path.write_text(
        "source,external_id,contact_email,submitted_at,csat,comment\n"
        "psa,J1,ana@garcia.example,2026-03-09T18:00:00Z,2,Too slow\n"
        "psa,J404,ana@garcia.example,2026-03-09T18:00:00Z,2,\n",
        encoding="utf-8",
    )
    result = run(app, "responses", "import", path, "--json")
    assert result.exit_code == 1
    found = document(result)
    assert (found["new"], found["rejected"]) == (1, 1)
    assert (found["errors"][0]["line"], found["errors"][0]["column"]) == (3, "external_id")
    again = document(run(app, "responses", "import", path, "--json"))
    assert (again["new"], again["unchanged"]) == (0, 1)
    assert session.scalar(select(func.count()).select_from(SurveyResponse)) == 1


def test_what_will_be_asked_is_listed(app: Flask, jobs_csv: Path, session: Session) -> None:
    """Every invitation with its state and when it is due; one state on demand."""
    assert "There is no invitation yet" in run(app, "invitations", "list").stdout
    assert document(run(app, "invitations", "list", "--json")) == []
    run(app, "jobs", "import", jobs_csv)
    invitations.schedule_batch(session, SECRET_KEY, NOW)
    session.commit()
    listed = document(run(app, "invitations", "list", "--json"))
    assert [(item["external_id"], item["state"]) for item in listed] == [("J1", "scheduled"), ("J2", "scheduled")]
    assert document(run(app, "invitations", "list", "--state", "sent", "--json")) == []
    table = run(app, "invitations", "list").stdout
    assert "ana@garcia.example" in table
    assert "scheduled" in table


def test_why_or_why_not_is_explained(app: Flask, jobs_csv: Path, session: Session) -> None:
    """Every rule's verdict, for people and as JSON, before and after the worker decided."""
    run(app, "jobs", "import", jobs_csv)
    before = document(run(app, "invitations", "explain", "psa", "J1", "--json"))
    assert before["resolutions"][0]["state"] is None
    invitations.schedule_batch(session, SECRET_KEY, NOW)
    session.commit()
    found = document(run(app, "invitations", "explain", "psa", "J1", "--json"))
    [resolution] = found["resolutions"]
    assert resolution["state"] == "scheduled"
    told = [verdict["rule"] for verdict in resolution["verdicts"]]
    assert told[: len(RULES)] == [rule.name for rule in RULES]
    assert told[len(RULES) :] == ["delay after closing", "sending hours", "open day", "not paused"]
    assert set(resolution["verdicts"][0]) == {"rule", "passed", "why"}
    text = run(app, "invitations", "explain", "psa", "J1").stdout
    assert "contact rested" in text
    assert "ana@garcia.example is a valid address." in text


def test_an_unknown_job_is_an_error(app: Flask) -> None:
    """Exit code 1 and a sentence."""
    result = run(app, "invitations", "explain", "psa", "nope")
    assert result.exit_code == 1
    assert "There is no job nope from psa." in result.stderr
