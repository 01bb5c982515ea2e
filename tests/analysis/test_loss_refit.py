"""A firm refits the weights of the chance of loss to its own past: shown first, decided by a person, taken back."""

import json
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.backtest.replay import replay
from analysis.learning import firm_past, loss_refit, refits
from analysis.learning.loss_learning import LEAST_LOSSES, loss_weights_in_force, losses, missing
from analysis.learning.refit_worker import refit_weights
from analysis.models import (
    Calibration,
    CalibrationKind,
    CalibrationStatus,
    OutcomeResult,
    RefitRun,
    RelationshipState,
    Rung,
)
from analysis.relationships.loss import FITTED, shipped
from survey.errors import ConflictError, InvalidInputError
from tests.analysis.desk_rows import make_flag, make_move, make_outcome, make_state
from tests.analysis.lived import make_lived
from tests.analysis.test_assessments import score
from tests.conftest import NOW
from tests.factories import make_client


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody looks at."""


def _text(response: object) -> str:
    return " ".join(response.get_data(as_text=True).split())  # type: ignore[attr-defined]


def test_a_past_from_rows_sees_nothing_of_the_future(session: Session) -> None:
    """Rows later than a week change nothing of what that week's snapshot says, and who was lost is by the ladder."""
    make_lived(session, lost=3, stayed=3)
    whole = firm_past.gather(session, NOW)
    cut = firm_past.gather(session, NOW - timedelta(days=200))
    assert whole is not None
    assert cut is not None
    assert len(whole.lost) == 3
    assert all(last < whole.known_until for last in whole.lost.values())
    assert whole.known_until == whole.history.last - timedelta(days=180)
    early = {(s.week, s.ref): s.inputs for s in replay(whole.history)}
    found = {(s.week, s.ref): s.inputs for s in replay(cut.history) if s.week <= cut.history.last}
    assert len(found) > 100
    assert all(early[key] == inputs for key, inputs in found.items())


def test_too_few_losses_are_said(session: Session) -> None:
    """How many there are of how many that are needed; nothing is fitted, and nothing can be asked for."""
    assert missing(7) == f"Not enough yet: 7 of {LEAST_LOSSES} losses."
    assert missing(LEAST_LOSSES) == ""
    assert loss_refit.fit(loss_refit.gather(session, NOW, silent), silent).why == missing(0)
    make_lived(session, lost=2, stayed=3)
    score(session)
    found = loss_refit.fit(loss_refit.gather(session, NOW, silent), silent)
    assert found.why == missing(2)
    assert loss_refit.keep(session, found, NOW) is None
    with pytest.raises(InvalidInputError, match="2 of 20"):
        refits.ask(session, None, NOW)


def test_a_refit_is_proposed_decided_and_taken_back(session: Session) -> None:
    """Weights ≥ 0, measured on clients held out; nothing changes before it is accepted, and undo brings all back."""
    make_lived(session, lost=LEAST_LOSSES, stayed=8)
    score(session)
    stages: list[str] = []
    material = loss_refit.gather(session, NOW, lambda stage, _done, _total: stages.append(stage))
    found = loss_refit.fit(material, lambda stage, _done, _total: stages.append(stage))
    row = loss_refit.keep(session, found, NOW)
    assert row is not None
    assert list(dict.fromkeys(stages)) == [loss_refit.READING, loss_refit.REPLAYING, loss_refit.FITTING]
    assert all(weight >= 0 for weight in row.weights["fitted"].values())
    assert set(row.weights["fitted"]) == set(FITTED)
    report = row.report
    assert report["lost"] == LEAST_LOSSES
    assert report["gain"]["brier"]["value"] < 0
    assert report["fitted"]["auc"]["low"] <= report["fitted"]["auc"]["value"] <= report["fitted"]["auc"]["high"]
    assert report["scored"] == LEAST_LOSSES + 8
    assert report["changes"][0]["before"] != report["changes"][0]["after"]
    assert loss_weights_in_force(session) == shipped()
    losses.accept(session, row, None, NOW)
    assert loss_weights_in_force(session).version == f"l{row.id}"
    score(session)
    changed = report["changes"][0]
    state = session.get_one(RelationshipState, changed["client_id"])
    assert state.model.endswith(f"+l{row.id}")
    assert state.risk == pytest.approx(changed["after"], abs=1e-3)
    losses.undo(session, row, NOW)
    assert (row.status, loss_weights_in_force(session)) == (CalibrationStatus.PROPOSED, shipped())
    score(session)
    assert state.risk == pytest.approx(changed["before"], abs=1e-3)


def lapsed(session: Session, count: int) -> None:
    """So many clients who have lapsed, as scoring leaves them."""
    for _ in range(count):
        client = make_client(session)
        make_state(session, client, rung=Rung.LAPSED, last_job_at=NOW - timedelta(days=300))
        make_move(session, client, Rung.CLIENT, Rung.LAPSED, NOW - timedelta(days=100))


def test_the_worker_works_off_one_refit_at_a_time(session: Session) -> None:
    """Asked once, claimed once, taken over when its worker died; and it says why nothing came of it."""
    lapsed(session, LEAST_LOSSES)
    number = refits.ask(session, None, NOW).id
    with pytest.raises(ConflictError):
        refits.ask(session, None, NOW)
    run = refits.claim(session, NOW)
    assert run is not None
    assert run.id == number
    assert refits.claim(session, NOW + timedelta(minutes=1)) is None
    refits.beat(session, number, "replay weeks", 3, 60, NOW + timedelta(minutes=1))
    assert (run.done, run.total) == (3, 60)
    run.beat_at = NOW - timedelta(days=400)
    session.commit()
    assert (refit_weights(NOW), refit_weights(NOW)) == (1, 0)
    done = session.get_one(RefitRun, number, populate_existing=True)
    assert done.finished_at is not None
    assert (done.calibration_id, done.why) == (None, missing(0))  # no job of theirs is in the rows
    assert not refits.readiness(session).running


def test_the_worker_fits_the_points_too(manager: FlaskClient, session: Session) -> None:
    """Asked for once at a time, fitted by the worker, shown as a proposal; a refit of the loss is another matter."""
    assert "20 more outcomes are needed" in _text(manager.post("/desk/learning/propose", follow_redirects=True))
    for number in range(22):
        result = OutcomeResult.KEPT if number < 12 else OutcomeResult.FALSE_ALARM
        make_outcome(session, make_flag(session), result)
    session.commit()
    assert manager.post("/desk/learning/propose").status_code == 303
    assert "Waiting for the worker" in _text(manager.get("/desk/learning"))
    assert "is being worked out already" in _text(manager.post("/desk/learning/propose", follow_redirects=True))
    assert not refits.readiness(session).running
    session.rollback()
    assert (refit_weights(NOW), refit_weights(NOW)) == (1, 0)
    run = refits.points_run(session)
    assert run is not None
    assert (run.why, session.get_one(Calibration, run.calibration_id).kind) == ("", CalibrationKind.POINTS)
    session.rollback()
    assert "Other weights would have judged better" in _text(manager.get("/desk/learning"))


def test_the_desk_asks_shows_and_decides(manager: FlaskClient, session: Session) -> None:
    """From "not enough yet" to asking; progress; the proposal with whom it changes; accept, and take back."""
    assert "Not enough yet: 0 of 20 losses." in _text(manager.get("/desk/learning"))
    refused = _text(manager.post("/desk/learning/refit", follow_redirects=True))
    assert "Not enough yet" in refused
    assert session.scalars(select(RefitRun)).all() == []
    lapsed(session, LEAST_LOSSES)
    client = make_client(session, name="Harbour Dental")
    session.commit()
    assert "Replay my past and fit" in _text(manager.get("/desk/learning"))
    assert manager.post("/desk/learning/refit").status_code == 303
    assert "Waiting for the worker" in _text(manager.get("/desk/learning"))
    run = session.scalars(select(RefitRun)).one()
    refits.beat(session, run.id, "replay weeks", 12, 60, NOW)
    session.commit()
    assert "Replay weeks: 12 of 60" in _text(manager.get("/desk/learning"))
    refits.finish(session, run.id, None, loss_refit.NO_BETTER, NOW)
    row = losses.propose(session, make_proposal(client.id), NOW)
    session.commit()
    page = _text(manager.get("/desk/learning"))
    assert "Nothing changes unless you accept it." in page
    assert "Harbour Dental" in page
    assert "Silence against their habit" in page
    done = _text(manager.post(f"/desk/learning/{row.id}/accept", follow_redirects=True))
    assert "Take back" in done
    assert f"/desk/learning/{row.id}/undo" in done
    taken_back = _text(manager.post(f"/desk/learning/{row.id}/undo", follow_redirects=True))
    assert "Taken back" in taken_back
    session.expire_all()
    assert row.status is CalibrationStatus.PROPOSED


def make_proposal(client_id: int) -> Calibration:
    """A proposal as the worker keeps it."""
    ranged = {"value": 0.8, "low": 0.7, "high": 0.9}
    measured = dict.fromkeys(("auc", "brier", "slope"), ranged)
    report = {
        "clients": 40,
        "lost": 22,
        "weeks": 1800,
        "before": shipped().as_dict(),
        "now": measured,
        "fitted": measured,
        "changes": [{"client_id": client_id, "before": 0.1, "after": 0.3}],
        "raised": [client_id],
        "cleared": [],
    }
    weights = shipped().as_dict() | {"version": "", "intercept": -4.0}
    return Calibration(kind=CalibrationKind.LOSS, base=shipped().version, weights=weights, report=report)


def test_viewers_ask_for_nothing(viewer: FlaskClient) -> None:
    """Only who manages may have the past replayed."""
    assert viewer.post("/desk/learning/refit").status_code == 403


def test_the_command_shows_and_decides(app: Flask, session: Session) -> None:
    """Each prints one JSON document; a wrong order and too few losses are refused in words."""
    row = losses.propose(session, make_proposal(make_client(session, name="Harbour Dental").id), NOW)
    number = row.id
    session.commit()
    runner = app.test_cli_runner()

    def run(*arguments: str) -> tuple[int, str]:
        result = runner.invoke(args=["learning", "refit", *arguments])
        return result.exit_code, result.stdout if result.exit_code == 0 else result.output

    code, shown = run("--json")
    document = json.loads(shown)
    assert (code, document["in_force"]["version"]) == (0, shipped().version)
    assert document["proposal"]["changes"][0] == {**document["proposal"]["changes"][0], "client": "Harbour Dental"}
    assert "on clients held out" in run("show")[1]
    assert run("propose") == (1, "Error: Not enough yet: 0 of 20 losses.\n")
    assert run("accept", str(number))[0] == 0
    assert run("accept") == (1, "Error: No proposal waits.\n")
    assert json.loads(run("--json")[1])["in_force"]["version"] == f"l{number}"
    assert run("undo")[0] == 0
    assert json.loads(run("reject", "--json")[1])["status"] == "rejected"
