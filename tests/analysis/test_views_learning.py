"""What became of the flags, and the decision about proposed weights, over HTTP."""

from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from analysis.desk.proposal import proposal_page
from analysis.models import Calibration, CalibrationStatus, DriftCheck, FlagStatus, OutcomeResult
from survey import clock
from tests.analysis.desk_rows import make_flag, make_outcome, make_state
from tests.conftest import NOW
from tests.factories import make_client


def _text(response: object) -> str:
    return " ".join(response.get_data(as_text=True).split())  # type: ignore[attr-defined]


def _propose(session: Session, **weights: float) -> Calibration:
    report = {"outcomes": 24, "loss_before": 0.61, "loss_after": 0.52}
    proposal = Calibration(status=CalibrationStatus.PROPOSED, weights=weights, report=report, proposed_at=NOW)
    session.add(proposal)
    session.flush()
    return proposal


def test_nothing_to_learn_from_yet(manager: FlaskClient) -> None:
    """Without a flag the page says what it will show."""
    assert "Nothing to learn from yet" in _text(manager.get("/desk/learning"))


def test_rates_carry_their_intervals(manager: FlaskClient, session: Session) -> None:
    """Useful, false alarm, too late: each with its count and its Wilson interval, and by sign."""
    for result in (OutcomeResult.KEPT, OutcomeResult.KEPT, OutcomeResult.LOST, OutcomeResult.FALSE_ALARM):
        make_outcome(session, make_flag(session), result)
    page = _text(manager.get("/desk/learning"))
    assert "3 of 4" in page
    assert "between 30% and 95%" in page  # Wilson's interval of 3 of 4
    assert "Intent to leave" in page
    assert "more outcomes are needed" in page


def test_months_are_shown_and_downloaded(manager: FlaskClient, session: Session) -> None:
    """Each flag counts in the month it was raised and in the month of its outcome; the same as a spreadsheet."""
    now = clock.now()
    make_outcome(session, make_flag(session, raised_at=now - timedelta(days=40)), OutcomeResult.KEPT, now)
    make_flag(session, raised_at=now - timedelta(days=40), status=FlagStatus.CLEARED, closed_at=now)
    session.commit()
    page = _text(manager.get("/desk/learning"))
    assert "Too few to say: 1 outcome." in page
    assert "Nothing said" in page
    response = manager.get("/desk/learning/scorecard.csv")
    assert response.mimetype == "text/csv"
    head, *months = response.get_data(as_text=True).splitlines()
    assert head.startswith("month,raised,worked,cleared,resolved,kept,")
    assert months[-1].split(",")[:6] == [f"{now:%Y-%m}", "0", "0", "1", "1", "1"]
    assert sum(int(month.split(",")[1]) for month in months) == 2


def test_drift_is_said_on_the_page(manager: FlaskClient, session: Session) -> None:
    """What has drifted, and what to do about it, as long as it is so."""
    assert "than it used to be" not in _text(manager.get("/desk/learning"))
    found = {"inputs": {"late_jobs": {"now": 1.2, "before": 0.4}}, "calibration": None}
    session.add(DriftCheck(day=NOW, at=NOW, found=found, crossed=["inputs/late_jobs"], news=[]))
    session.commit()
    assert "Promised dates missed: worse than it used to be" in _text(manager.get("/desk/learning"))


def test_a_proposal_says_for_whom_it_changes_something(session: Session) -> None:
    """Weights that count a sign less clear flags; that count it more raise some. Strongest change first."""
    flagged = make_client(session, name="Flagged")
    make_state(session, flagged, risk=0.05)
    make_flag(session, flagged)
    quiet = make_client(session, name="Quiet")
    late = [{"signal": "late_jobs", "points": 1.5, "text": "Late.", "evidence": []}]
    make_state(session, quiet, risk=0.18, points=1.5, signals=late)
    page = proposal_page(session, _propose(session, leaving=0.1, late_jobs=2.5, intercept=-0.5))
    assert [(change.label, change.direction) for change in page.changes] == [
        ("Promised dates missed", "more"),
        ("Intent to leave", "less"),
    ]
    assert (page.shift_before, page.shift_after) == (0.0, -0.5)
    assert page.raised == [quiet]
    assert page.cleared == [flagged]


def test_a_manager_accepts_a_proposal_once(manager: FlaskClient, session: Session) -> None:
    """Accepted, it is in force; a second decision is told kindly that it is too late."""
    make_flag(session)
    proposal_id = _propose(session, leaving=1.4, intercept=0.0).id
    page = _text(manager.get("/desk/learning"))
    assert "×1.40" in page
    assert "Nothing changes unless you accept it." in page
    assert manager.post(f"/desk/learning/{proposal_id}/accept").status_code == 303
    assert session.get_one(Calibration, proposal_id).status is CalibrationStatus.ACCEPTED
    response = manager.post(f"/desk/learning/{proposal_id}/reject", follow_redirects=True)
    assert response.status_code == 200
    assert session.get_one(Calibration, proposal_id).status is CalibrationStatus.ACCEPTED
    assert "Adjusted" in _text(response)


def test_a_proposal_is_turned_down(manager: FlaskClient, session: Session) -> None:
    """The weights stay as they are."""
    make_flag(session)
    proposal_id = _propose(session, leaving=1.4).id
    manager.post(f"/desk/learning/{proposal_id}/reject")
    assert session.get_one(Calibration, proposal_id).status is CalibrationStatus.REJECTED
    assert "As delivered" in _text(manager.get("/desk/learning"))


def test_too_few_outcomes_propose_nothing(manager: FlaskClient, session: Session) -> None:
    """Asked all the same, the desk says that outcomes are missing; unknown proposals are not found."""
    make_flag(session)
    page = _text(manager.post("/desk/learning/propose", follow_redirects=True))
    assert "more outcomes are needed" in page
    for decision in ("accept", "reject"):
        assert manager.post(f"/desk/learning/999/{decision}").status_code == 404


def test_viewers_decide_nothing(viewer: FlaskClient, session: Session) -> None:
    """They see the proposal without its buttons."""
    make_flag(session)
    proposal_id = _propose(session, leaving=1.4).id
    assert "/accept" not in _text(viewer.get("/desk/learning"))
    assert viewer.post(f"/desk/learning/{proposal_id}/accept").status_code == 403
