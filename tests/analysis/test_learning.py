"""What came of the flags, and the weights that follow from it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from analysis.learning import outcomes as learning
from analysis.models import CalibrationStatus, Flag, FlagStatus, Outcome, OutcomeResult, Severity
from analysis.relationships.calibration import Labelled, mean_log_loss, refit
from analysis.relationships.intervals import wilson
from analysis.relationships.signals import DEFAULT_WEIGHTS
from survey.errors import ConflictError
from tests.conftest import NOW
from tests.factories import make_client


def judge(
    session: Session, result: OutcomeResult | None, signal: str = "low_scores", model: str = "relationship-1"
) -> Flag:
    flag = Flag(
        client=make_client(session),
        status=FlagStatus.RESOLVED if result else FlagStatus.CLEARED,
        severity=Severity.HIGH,
        risk=0.7,
        points=4.0,
        reasons=[{"signal": signal, "points": 4.0, "text": "why", "evidence": []}],
        clears_if="",
        model=model,
        raised_at=NOW,
        updated_at=NOW,
        closed_at=NOW,
    )
    session.add(flag)
    session.flush()
    if result:
        session.add(Outcome(flag_id=flag.id, result=result, note="n", at=NOW))
        session.flush()
    return flag


def enough(session: Session) -> None:
    """Ratings were right, silence was not."""
    for _ in range(12):
        judge(session, OutcomeResult.KEPT, "low_scores")
    for _ in range(10):
        judge(session, OutcomeResult.FALSE_ALARM, "silence")


def test_the_scoreboard_counts_outcomes_with_intervals(session: Session) -> None:
    """Useful is kept or lost with a warning; too late and false alarms are their own."""
    for result in (OutcomeResult.KEPT, OutcomeResult.KEPT, OutcomeResult.LOST, OutcomeResult.FALSE_ALARM):
        judge(session, result)
    judge(session, OutcomeResult.TOO_LATE, "silence")
    judge(session, None)
    board = learning.scoreboard(session)
    assert (board.raised, board.judged, board.cleared, board.live) == (6, 5, 1, 0)
    assert (board.useful.count, board.false_alarm.count, board.too_late.count) == (3, 1, 1)
    assert board.useful.low is not None
    assert board.useful.high is not None
    assert board.useful.low < 0.6 < board.useful.high
    ratings = board.signals[0]
    assert (ratings.label, ratings.right.count, ratings.right.total) == ("Ratings below their usual", 3, 4)


def test_an_empty_scoreboard_claims_nothing(session: Session) -> None:
    """No outcome, no share, and what is missing in words."""
    board = learning.scoreboard(session)
    assert board.useful.share is None
    assert board.missing == "20 more outcomes are needed before new weights can be proposed."
    assert learning.propose(session, NOW) is None


def test_outcomes_of_one_kind_teach_nothing(session: Session) -> None:
    """Without false alarms there is nothing to tell apart."""
    for _ in range(22):
        judge(session, OutcomeResult.KEPT)
    assert "false alarms are needed" in learning.scoreboard(session).missing
    assert learning.propose(session, NOW) is None


def test_a_proposal_changes_nothing_until_accepted(session: Session) -> None:
    """It trusts what was right more than what was not; a manager puts it in force and everyone is scored again."""
    enough(session)
    client = make_client(session)
    proposal = learning.propose(session, NOW)
    assert proposal is not None
    assert learning.weights_in_force(session) == DEFAULT_WEIGHTS
    assert proposal.weights["low_scores"] > proposal.weights["silence"]
    assert proposal.report["loss_after"] < proposal.report["loss_before"]
    before = client.evidence_version
    learning.points.accept(session, proposal, None, NOW)
    session.refresh(client)
    assert client.evidence_version == before + 1
    assert learning.weights_in_force(session).of("silence") == proposal.weights["silence"]
    assert learning.weights_in_force(session).version == f"c{proposal.id}"
    with pytest.raises(ConflictError):
        learning.points.reject(session, proposal, None, NOW)


def test_one_proposal_waits_at_a_time_and_may_be_turned_down(session: Session) -> None:
    """A newer proposal takes the place of the one that waits."""
    enough(session)
    first, second = learning.propose(session, NOW), learning.propose(session, NOW)
    assert first is not None
    assert second is not None
    assert first.status is CalibrationStatus.SUPERSEDED
    assert learning.points.waiting(session) == second
    learning.points.reject(session, second, None, NOW)
    assert learning.points.waiting(session) is None
    assert learning.weights_in_force(session) == DEFAULT_WEIGHTS


def test_accepting_another_set_replaces_the_first(session: Session) -> None:
    """Points judged with the first set are read without its multipliers, so learning does not feed on itself."""
    enough(session)
    first = learning.propose(session, NOW)
    assert first is not None
    learning.points.accept(session, first, None, NOW)
    judge(session, OutcomeResult.KEPT, "low_scores", model=f"relationship-1+c{first.id}")
    second = learning.propose(session, NOW)
    assert second is not None
    learning.points.accept(session, second, None, NOW)
    assert first.status is CalibrationStatus.SUPERSEDED
    current = learning.points.current(session)
    assert current == second


@settings(deadline=None)  # machines may be busy
@given(st.integers(0, 400), st.integers(0, 400))
def test_a_wilson_interval_holds_its_share(count: int, more: int) -> None:
    """Inside [0, 1], around the share, and nothing is claimed of nothing."""
    interval = wilson(count, count + more)
    if interval is None:
        assert count + more == 0
        return
    low, high = interval
    assert 0 <= low <= count / (count + more) + 1e-9
    assert count / (count + more) - 1e-9 <= high <= 1


def test_the_wilson_interval_agrees_with_the_published_example() -> None:
    """81 of 263, Newcombe 1998 (Statistics in Medicine 17:857), method 3: 0.2553 to 0.3662."""
    interval = wilson(81, 263)
    assert interval == pytest.approx((0.2553, 0.3662), abs=1e-4)


@settings(deadline=None)  # machines may be busy
@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0, 5), st.booleans()), min_size=3, max_size=40))
def test_a_refit_is_bounded_and_never_fits_worse(rows: list[tuple[float, float, bool]]) -> None:
    """Multipliers stay in 0…3; signals nobody had keep theirs."""
    labelled = [Labelled({"overdue": a, "silence": b}, real) for a, b, real in rows]
    found = refit(labelled)
    assert all(0 <= value <= 3 for value in found.weights.multipliers.values())
    assert set(found.weights.multipliers) == {"overdue", "silence"}
    assert found.weights.of("leaving") == 1
    assert mean_log_loss(labelled, found.weights) <= mean_log_loss(labelled, DEFAULT_WEIGHTS) + 1e-3
