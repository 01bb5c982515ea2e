"""A backtest asked for on the desk: taken under a lease, worked off beside other tasks, told, cancelled, deleted."""

import csv
import io
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis.backtest import run as service
from analysis.backtest import runs as backtests
from analysis.backtest.files import parse
from analysis.backtest.own_past import own_counts, own_material
from analysis.backtest.runs import Step
from analysis.backtest.worker import BacktestTask
from analysis.desk import backtest_rows
from analysis.models.backtests import Backtest, BacktestFile, BacktestState, BacktestWeek
from analysis.text.analyser import Comment, Reading
from survey import clock
from survey.db import transaction
from survey.errors import ConflictError, InvalidInputError, NotFoundError
from survey.history import import_responses
from survey.jobs import record_jobs
from tests.analysis.past import make_done, uploads
from tests.analysis.test_backtest import JOBS, Flat, files
from tests.conftest import NOW

LATER = NOW + backtests.LEASE + timedelta(seconds=1)


def ask(session: Session) -> Backtest:
    return backtests.ask_with_files(session, uploads(), UTC, None, NOW)


def work(task: BacktestTask, seconds: float = 60) -> None:
    """Call the task as the worker does, until nothing is left to do."""
    until = time.monotonic() + seconds
    while task(clock.now()):
        assert time.monotonic() < until


def count(session: Session, table: type[Backtest | BacktestFile | BacktestWeek]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def text(response: object) -> str:
    return " ".join(response.get_data(as_text=True).split())  # type: ignore[attr-defined]


def test_bad_rows_are_named_and_the_good_ones_kept(session: Session) -> None:
    """By file, line and column."""
    found = backtests.ask_with_files(session, uploads(bad=b"\nC1,never"), UTC, None, NOW)
    assert (found.problem_count, found.problems[0]["file"], found.problems[0]["column"]) == (1, "lost", "last_job_at")
    assert found.counts["lost"] == 4
    assert found.counts["jobs"] > 100


def test_one_worker_at_a_time_holds_a_run(session: Session) -> None:
    """A second finds nothing, until the first has been silent for a lease; then the first may write no more."""
    found = ask(session)
    first = backtests.claim(session, NOW)
    assert first is not None
    assert backtests.claim(session, NOW) is None
    assert backtests.renew(session, first, Step("replay weeks", 3, 9), NOW)
    assert (found.stage, found.done, found.total) == ("replay weeks", 3, 9)
    second = backtests.claim(session, LATER)
    assert second is not None
    assert second.token != first.token
    assert not backtests.renew(session, first, Step(), LATER)
    assert not backtests.finish(session, first, {}, [], [], [], LATER)
    backtests.fail(session, first, "too late", LATER)
    assert found.state is BacktestState.RUNNING


def test_a_run_that_kills_its_workers_is_given_up(session: Session) -> None:
    """After three deaths it has failed, and says so; a person may start it again."""
    found = ask(session)
    now = NOW
    for _ in range(backtests.TRIES):
        assert backtests.claim(session, now) is not None
        now += backtests.LEASE + timedelta(seconds=1)
    assert backtests.claim(session, now) is None
    assert found.state is BacktestState.FAILED
    assert "stopped 3 times" in found.error
    backtests.again(session, found.id)
    assert backtests.claim(session, now) is not None


def test_only_what_is_over_is_started_again(session: Session) -> None:
    """A run that waits is not; one that was stopped is; stopping twice changes nothing."""
    found = ask(session)
    with pytest.raises(ConflictError):
        backtests.again(session, found.id)
    assert backtests.cancel(session, found.id, NOW)
    assert not backtests.cancel(session, found.id, NOW)
    backtests.again(session, found.id)
    assert found.state is BacktestState.WAITING


def test_a_queue_has_an_end(session: Session) -> None:
    """Five wait; the sixth is refused."""
    for _ in range(backtests.MOST_WAITING):
        ask(session)
    with pytest.raises(ConflictError, match="waiting already"):
        ask(session)


def test_the_worker_does_it(session: Session) -> None:
    """From the files to the stories; the flags are those of `flask backtest`."""
    run_id = ask(session).id
    session.commit()
    work(BacktestTask(Flat))
    session.expire_all()
    found = session.get(Backtest, run_id)
    assert found is not None
    assert (found.state, found.error) == (BacktestState.DONE, "")
    assert found.report["curves"]["ten"]["lost"] == 4
    assert backtest_rows.stories_of(session, run_id)
    expected = service.flags_csv(service.run(parse(*files(), UTC), Flat()).snapshots)
    written = "".join(backtest_rows.flag_lines(session, run_id))
    assert sorted(csv.reader(io.StringIO(written))) == sorted(csv.reader(io.StringIO(expected)))


def test_a_killed_workers_run_is_taken_up_again(session: Session) -> None:
    """The next worker starts it anew once the lease has run out; what the dead one holds is worth nothing."""
    run_id = ask(session).id
    session.commit()
    dead = BacktestTask(Flat)
    assert dead(clock.now()) == 1  # it has claimed it, and is never heard of again
    with clock.fixed_at(clock.now() + backtests.LEASE + timedelta(seconds=1)):
        alive = BacktestTask(Flat)
        assert alive(clock.now()) == 1
        dead(clock.now())  # should it come back, it finds that the run is no longer its own
        work(alive)
    session.expire_all()
    found = session.get(Backtest, run_id)
    assert found is not None
    assert (found.state, found.tries) == (BacktestState.DONE, 2)


def test_a_cancelled_run_stops(session: Session) -> None:
    """The worker lets go of it, and nothing of it is kept but the files."""
    run_id = ask(session).id
    session.commit()
    task = BacktestTask(Flat)
    assert task(clock.now()) == 1
    with transaction() as writing:
        backtests.cancel(writing, run_id, clock.now())
    work(task)
    session.expire_all()
    found = session.get(Backtest, run_id)
    assert found is not None
    assert (found.state, found.report) == (BacktestState.CANCELLED, {})
    assert (count(session, BacktestFile), count(session, BacktestWeek)) == (3, 0)


class Broken(Flat):
    """An analyser whose model is not there."""

    def analyse(self, comments: Sequence[Comment]) -> list[Reading]:
        raise OSError(f"no such file, {len(comments)} comments unread")


def test_what_breaks_is_said_plainly(session: Session) -> None:
    """The run has failed with a sentence; the technical reason is in the log alone."""
    run_id = ask(session).id
    session.commit()
    work(BacktestTask(Broken))
    session.expire_all()
    found = session.get(Backtest, run_id)
    assert found is not None
    assert found.state is BacktestState.FAILED
    assert "Something broke" in found.error
    assert "no such file" not in found.error


def bring_history(session: Session) -> None:
    jobs, responses, _ = files()
    parsed = parse(jobs, responses, b"client_ref,last_job_at\n", UTC)
    record_jobs(session, parsed.jobs, NOW + timedelta(days=365))
    import_responses(session, parsed.responses, NOW + timedelta(days=365))


def test_the_firms_own_history_needs_no_files(session: Session) -> None:
    """Its jobs and answers are what the files would hold; lost are those who have lapsed."""
    now = datetime(2026, 7, 1, tzinfo=UTC)
    with pytest.raises(InvalidInputError, match="0 finished jobs"):
        backtests.ask_with_own(session, None, now)
    bring_history(session)
    assert own_counts(session, now)["clients"] == 12
    found = own_material(session, now)
    assert {past.ref for past in found.history.clients} == {f"C{number}" for number in range(12)}
    assert set(found.lost) == {"C0", "C3", "C6"}
    run_id = backtests.ask_with_own(session, None, now).id
    session.commit()
    with clock.fixed_at(now):
        work(BacktestTask(Flat))
    session.expire_all()
    run = session.get(Backtest, run_id)
    assert run is not None
    assert run.state is BacktestState.DONE
    assert run.report["clients"] == 12


def sent(**changes: bytes) -> dict[str, tuple[io.BytesIO, str]]:
    data = {name: upload.data for name, upload in uploads().items()} | changes
    return {name: (io.BytesIO(content), f"{name}.csv") for name, content in data.items()}


def test_files_are_brought_and_the_run_is_watched(manager: FlaskClient, session: Session) -> None:
    """A bad row is shown by line and column; the page says that the worker is away, and can be left."""
    lost = uploads(bad=b"\nC1,never")["lost"].data
    response = manager.post("/desk/backtest", data=sent(lost=lost))
    assert response.status_code == 303
    page = text(manager.get(response.location))
    assert "Waiting for the worker" in page
    assert "1 problem in the files" in page
    assert "last_job_at" in page
    assert "The background worker is not there" in page
    assert "You can leave this page" in page


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("jobs", b"", "this one is empty"),
        ("jobs", JOBS.encode(), "nothing to replay"),
        ("lost", b"client\nC1\n", "The required columns are missing: client_ref, last_job_at"),
        ("responses", b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(manager: FlaskClient, name: str, data: bytes, words: str) -> None:
    """At once, beside its own field; nothing is kept."""
    response = manager.post("/desk/backtest", data=sent(**{name: data}))
    assert response.status_code == 422
    assert words in text(response)
    assert f'id="{name}-error"' in text(response)


def test_the_pages_of_a_run(manager: FlaskClient, session: Session) -> None:
    """Verdict, table, charts with their figures in the HTML, stories, lists by month and week, both downloads."""
    run_id = make_done(session, NOW).id
    result = text(manager.get(f"/desk/backtest/{run_id}"))
    assert "Of the 4 clients who were lost, 4 would have been in your weekly ten" in result
    assert "too little to judge by" in result
    assert result.count('<svg class="plot"') == 3
    stories = text(manager.get(f"/desk/backtest/{run_id}/stories"))
    assert stories.count("Why this one.") == 4
    assert "satisfaction 2 of 5" in stories
    month = text(manager.get(f"/desk/backtest/{run_id}/flagged?month=2025-08"))
    assert "In August 2025" in month
    assert "What became of them" in month
    week = text(manager.get(f"/desk/backtest/{run_id}/flagged?week=2025-08-11"))
    assert "In the week of 11 Aug 2025" in week
    assert manager.get(f"/desk/backtest/{run_id}/flags.csv").text.startswith(
        "week,client_ref,risk,flagged\n2025-01-06,"
    )
    document = manager.get(f"/desk/backtest/{run_id}/report.json").get_json()
    assert document["primary"]["models"]["model"]["recall"]["lost"] == 4


def test_who_waits_is_brought_to_the_result(manager: FlaskClient, session: Session) -> None:
    """The page that asks by itself is told to load anew once the run is done."""
    run_id = make_done(session, NOW).id
    response = manager.get(f"/desk/backtest/{run_id}", headers={"HX-Request": "true"})
    assert response.headers["HX-Refresh"] == "true"


def test_a_viewer_reads_and_starts_nothing(viewer: FlaskClient, session: Session) -> None:
    """The pages open without their buttons; a post is refused."""
    run_id = make_done(session, NOW).id
    assert "Replay these files" not in text(viewer.get("/desk/backtest"))
    assert viewer.get(f"/desk/backtest/{run_id}/stories").status_code == 200
    for path in ("", "/own", f"/{run_id}/cancel", f"/{run_id}/again", f"/{run_id}/delete"):
        assert viewer.post(f"/desk/backtest{path}").status_code == 403


def test_deleting_leaves_nothing(manager: FlaskClient, session: Session) -> None:
    """The page asks first; then the files, weeks, stories and figures are gone."""
    run_id = make_done(session, NOW).id
    assert "Delete for good" in text(manager.get(f"/desk/backtest/{run_id}/delete"))
    assert manager.post(f"/desk/backtest/{run_id}/delete").location == "/desk/backtest"
    assert [count(session, table) for table in (Backtest, BacktestFile, BacktestWeek)] == [0, 0, 0]
    assert manager.get(f"/desk/backtest/{run_id}").status_code == 404
    with pytest.raises(NotFoundError):
        backtests.remove(session, run_id)


def test_stopping_and_starting_again(manager: FlaskClient, session: Session) -> None:
    """By two buttons."""
    run_id = ask(session).id
    manager.post(f"/desk/backtest/{run_id}/cancel")
    assert "This run was stopped" in text(manager.get(f"/desk/backtest/{run_id}"))
    manager.post(f"/desk/backtest/{run_id}/again")
    assert "Waiting for the worker" in text(manager.get(f"/desk/backtest/{run_id}"))


@pytest.mark.parametrize("name", ["jobs", "responses", "lost"])
def test_the_examples_are_good_files(manager: FlaskClient, name: str) -> None:
    """Each downloads, and the three fit together without a bad row."""
    assert manager.get(f"/desk/backtest/example/{name}.csv").status_code == 200
    data = {kind: manager.get(f"/desk/backtest/example/{kind}.csv").data for kind in ("jobs", "responses", "lost")}
    parsed = parse(data["jobs"], data["responses"], data["lost"], UTC)
    assert parsed.errors == ()
    assert {job.client_ref for job in parsed.jobs} >= set(parsed.lost)
