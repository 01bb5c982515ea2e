"""`flask text reanalyse`: a new version reads history when somebody says so, after showing what would change."""

import json
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis.models import AnswerAnalysis, Flag
from analysis.reading import reanalyse_cli, reanalysis
from analysis.reading.analysers import analyser
from analysis.reading.readings import in_force, readings_of
from analysis.reading.reanalysis import Choice
from analysis.scoring.assessments import analyse_batch, lock_due_clients, score_clients
from analysis.text.analyser import Comment, Reading
from survey import clock
from survey.config import ReadingMode, Settings
from survey.db import db
from survey.models import Answer, Client
from tests.analysis.test_assessments import KeywordAnalyser, answer_last, make_history
from tests.conftest import NOW
from tests.factories import make_job, make_resolution, make_response
from tests.processes import Python
from tests.survey.test_processes import start

MODEL = analyser(ReadingMode.CASCADE).model
LEAVING = "Nobody called us back, that is bad, and so we leave."


@pytest.fixture
def run(app: Flask) -> Callable[..., Result]:
    """Runs `flask text reanalyse …` in an application context of its own."""

    def run(*arguments: str, answer: str = "") -> Result:
        with app.app_context(), clock.fixed_at(NOW):
            return app.test_cli_runner().invoke(args=["text", "reanalyse", *arguments], input=answer)

    return run


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> str:
    """The command reads with keywords: what it says does not hang on what the present model makes of a text."""
    monkeypatch.setattr(reanalyse_cli, "analyser_with", lambda *_: KeywordAnalyser("newer-1"))
    return "newer-1"


class Deaf(KeywordAnalyser):
    """An older version, to which everything sounds friendly."""

    def analyse(self, comments: Sequence[Comment]) -> list[Reading]:
        return super().analyse([replace(comment, text="Fine.") for comment in comments])


def make_read(session: Session, *texts: str, model: str = "older-1") -> list[Answer]:
    """A client for each text, read by an older version and scored."""
    answers = [answer_last(session, make_history(session), csat=3, comment=text) for text in texts]
    while analyse_batch(session, Deaf(model), NOW):
        pass
    while score_clients(session, lock_due_clients(session, NOW), NOW):
        session.flush()
    session.commit()
    return answers


def models_in_force() -> dict[str, int]:
    statement = (
        select(AnswerAnalysis.model, func.count())
        .join(Answer, Answer.id == AnswerAnalysis.answer_id)
        .where(in_force())
        .group_by(AnswerAnalysis.model)
    )
    with db.engine.connect().execution_options(reading=True) as connection:  # takes no lock from the command
        return {model: count for model, count in connection.execute(statement)}  # noqa: C416 - rows are no tuples to mypy


def versions(session: Session) -> list[int]:
    session.expire_all()
    found = list(session.scalars(select(Client.evidence_version).order_by(Client.id)))
    session.rollback()
    return found


def test_a_dry_run_says_what_would_change_and_writes_nothing(
    run: Callable[..., Result], session: Session, newer: str
) -> None:
    """Verdicts before and after, the share with its interval, and the flags that would be raised."""
    make_read(session, "Lovely work, thank you.", LEAVING)
    before = versions(session)
    result = run("--dry-run", "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert (document["model"], document["answers"], document["by_model"]) == (newer, 2, {"older-1": 2})
    preview = document["preview"]
    assert preview["read"] == 2
    assert preview["verdicts"]["positive"]["positive"] == 1
    assert preview["changed"] == 1
    low, high = preview["interval"]
    assert low < preview["share"] == 0.5 < high
    assert preview["clients"] == 2
    assert preview["flags"] == {"raised": 1, "cleared": 0, "severity": 0}
    assert preview["flag_changes"][0]["after"] in ("high", "severe")
    assert (document["reread"], document["left"]) == (0, 2)
    assert models_in_force() == {"older-1": 2}
    assert versions(session) == before
    assert session.scalars(select(Flag)).all() == []


def test_people_see_tables_and_are_asked(run: Callable[..., Result], session: Session, newer: str) -> None:
    """ "No" writes nothing; "yes" reads all again, and the worker raises what the sample announced."""
    answers = make_read(session, "Lovely work, thank you.", LEAVING)
    refused = run(answer="n\n")
    assert refused.exit_code == 1
    assert "2 answers would be read again" in refused.output
    assert "1 raised" in refused.output
    assert "no flag → " in refused.output
    assert models_in_force() == {"older-1": 2}
    done = run(answer="y\n")
    assert done.exit_code == 0, done.output
    assert models_in_force() == {newer: 2}
    assert len(session.scalars(select(AnswerAnalysis)).all()) == 4  # the old ones are why flags were raised
    score_clients(session, lock_due_clients(session, NOW), NOW)
    assert [flag.client_id for flag in session.scalars(select(Flag))] == [answers[1].response.client_id]


def test_a_second_start_has_nothing_to_do(run: Callable[..., Result], session: Session) -> None:
    """The stored rows say what is done, and each client is scored again once."""
    answers = make_read(session, LEAVING, "Fine.")
    contact = answers[0].response.contact
    for day in (3, 2):
        resolution = make_resolution(session, make_job(session, contact), completed_at=NOW - timedelta(days=day))
        make_response(session, resolution, submitted_at=NOW, comment=f"bad {day}")
    analyse_batch(session, KeywordAnalyser("older-1"), NOW)
    session.commit()
    before = versions(session)
    first = json.loads(run("--yes", "--json").stdout)
    assert (first["reread"], first["left"], first["stopped"]) == (4, 0, False)
    assert versions(session) == [version + 1 for version in before]
    again = run("--yes", "--json")
    assert again.exit_code == 0
    assert json.loads(again.stdout)["answers"] == 0
    assert versions(session) == [version + 1 for version in before]
    assert "Nothing to read again" in run().output


def test_batches_take_clients_in_turn_and_tell_each_at_its_end(session: Session) -> None:
    """A client whose words are spread over two batches is scored again after the second, wherever it stops between."""
    contact = make_read(session, "bad 1")[0].response.contact
    for number in (2, 3):
        resolution = make_resolution(session, make_job(session, contact))
        make_response(session, resolution, submitted_at=NOW, comment=f"bad {number}")
    answer_last(session, make_history(session), comment="another client")
    analyse_batch(session, KeywordAnalyser("older-1"), NOW)
    session.commit()
    newer, choice, place = KeywordAnalyser("newer-1"), Choice("newer-1"), reanalysis.START
    before = versions(session)
    told = []
    while batch := reanalysis.next_batch(session, choice, place, 2):
        found = newer.analyse([words.comment for words in batch.words])
        reanalysis.store_batch(session, "newer-1", batch, found, NOW)
        session.commit()
        place = reanalysis.START  # as if it had been killed and started again
        told.append([now - was for now, was in zip(versions(session), before, strict=True)])
    assert told == [[0, 0], [1, 1]]
    assert models_in_force() == {"newer-1": 4}


def test_half_done_each_answer_shows_one_reading(session: Session) -> None:
    """Some by the new version, the others by the old one, none twice and none missing."""
    answers = make_read(session, "bad 1", "bad 2", "bad 3")
    batch = reanalysis.next_batch(session, Choice("newer-1"), reanalysis.START, 2)
    assert batch is not None
    found = KeywordAnalyser("newer-1").analyse([words.comment for words in batch.words])
    reanalysis.store_batch(session, "newer-1", batch, found, NOW)
    shown = readings_of(session, [answer.id for answer in answers])
    assert [shown[answer.id].model for answer in answers] == ["newer-1", "newer-1", "older-1"]


def test_options_choose_what_is_read_again(run: Callable[..., Result], session: Session) -> None:
    """By the version that read it, and by the day it was answered."""
    make_read(session, "bad 1", model="older-1")
    recent = answer_last(session, make_history(session), comment="bad 2")
    recent.answered_at = NOW + timedelta(days=2)
    make_read(session, model="older-2")
    assert json.loads(run("--dry-run", "--json").stdout)["answers"] == 2
    assert json.loads(run("--dry-run", "--json", "--model-from", "older-2").stdout)["by_model"] == {"older-2": 1}
    assert json.loads(run("--dry-run", "--json", "--since", "2026-03-11").stdout)["answers"] == 1
    assert run("--yes", "--model-from", "older-1").exit_code == 0
    assert models_in_force() == {MODEL: 1, "older-2": 1}


@pytest.mark.usefixtures("newer")
def test_all_first_judges_everybody(run: Callable[..., Result], session: Session) -> None:
    """Not a sample: every answer and every client."""
    make_read(session, LEAVING, *(f"Fine {number}." for number in range(5)))
    document = json.loads(run("--dry-run", "--json", "--all-first").stdout)
    assert document["preview"]["read"] == 6
    assert document["preview"]["clients"] == 6
    assert document["preview"]["flags"]["raised"] == 1


def test_json_never_waits_for_an_answer(run: Callable[..., Result], session: Session) -> None:
    """A script has to say what it wants."""
    make_read(session, "bad")
    result = run("--json")
    assert result.exit_code == 2
    assert "--yes" in result.stderr


def make_fifty(session: Session) -> None:
    """Fifty answers of one client, read by an older version."""
    contact = make_history(session)
    for number in range(50):
        resolution = make_resolution(session, make_job(session, contact))
        make_response(session, resolution, submitted_at=NOW, comment=f"bad work, number {number}, and late again")
    analyse_batch(session, KeywordAnalyser("older-1"), NOW, 50)
    session.commit()


@contextmanager
def halted(settings: Settings, halt_at: str) -> Iterator[Python]:
    """A `flask text reanalyse` with batches of ten that halts at its second one; it never outlives the block."""
    with start(settings, "-m", "tests.analysis.stopped_reanalyse", halt_at) as process:
        try:
            assert process.has_said("halted\n"), process.communicate()
            yield process
        finally:
            process.kill()


def goes_on(settings: Settings) -> int:
    """Start it again; how many it read then."""
    with start(settings, "-m", "tests.analysis.stopped_reanalyse", "never", "--json") as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return int(json.loads(out)["reread"])


@pytest.mark.servers
@pytest.mark.parametrize("halt_at", ["reading", "writing"])
def test_killed_it_goes_on_where_it_was(settings: Settings, session: Session, halt_at: str) -> None:
    """With -9, between batches or with one written and not committed: nothing is lost and nothing is doubled."""
    make_fifty(session)
    with halted(settings, halt_at) as process:
        process.kill()
        process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert models_in_force() == {"newer-1": 10, "older-1": 40}
    assert goes_on(settings) == 40
    assert models_in_force() == {"newer-1": 50}
    assert session.scalar(select(func.count(AnswerAnalysis.id))) == 100


@pytest.mark.servers
def test_ctrl_c_finishes_the_batch_in_hand(settings: Settings, session: Session) -> None:
    """And it says how to go on."""
    make_fifty(session)
    with halted(settings, "writing") as process:
        process.send_signal(signal.SIGINT)
        _out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "start the command again to go on" in err
    assert models_in_force() == {"newer-1": 20, "older-1": 30}
    assert goes_on(settings) == 30
    assert models_in_force() == {"newer-1": 50}
