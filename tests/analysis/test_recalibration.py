"""A fair sample of checked comments, and the firm's own calibration that is fitted to it, decided on and taken back."""

import json
from datetime import datetime, timedelta
from itertools import cycle

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis.desk.spot_checks import checks_page
from analysis.learning.refit_worker import refit_weights
from analysis.models import AnswerAnalysis, CalibrationStatus, Correction, SpotCheck, TextCalibration
from analysis.reading import recalibration, spot_checks
from analysis.reading.analysers import calibrated
from analysis.reading.readings import text_hash
from analysis.tasks import read_answers
from analysis.text.analyser import Comment, Reading, TextAnalyser
from analysis.text.recalibration import Recalibration
from survey.errors import ConflictError, InvalidInputError
from survey.models import Answer
from tests.analysis.test_assessments import KeywordAnalyser
from tests.conftest import NOW
from tests.factories import make_response

SAID = {
    "negative": {"negative": 0.6, "neutral": 0.25, "positive": 0.15},
    "neutral": {"negative": 0.3, "neutral": 0.45, "positive": 0.25},
    "positive": {"negative": 0.1, "neutral": 0.2, "positive": 0.7},
}


def _read(session: Session, sentiment: str, count: int = 1, at: datetime = NOW, model: str = "cascade-2") -> None:
    """`count` comments of clients, read so."""
    for _ in range(count):
        number = session.scalar(select(func.count(Answer.id))) or 0
        response = make_response(session, csat=3, comment=f"Comment {number}")
        answer = next(answer for answer in response.answers if answer.text)
        answer.answered_at = at - timedelta(days=1)
        session.add(
            AnswerAnalysis(
                answer_id=answer.id,
                client_id=response.client_id,
                model=model,
                text_hash=text_hash(answer.text or ""),
                language="en",
                sentiment=sentiment,
                score=0.0,
                probabilities=SAID[sentiment],
                aspects=[],
                intents={},
                evidence=[],
                analysed_at=at,
            )
        )
    session.flush()


def _check(session: Session, labels: dict[str, list[str]]) -> None:
    """Draw all there is, and judge it: for each verdict these labels in turn, over and over."""
    turns = {said: cycle(some) for said, some in labels.items()}
    while spot_checks.draw(session, NOW):
        for check in spot_checks.open_checks(session):
            spot_checks.judge(session, check, next(turns[check.said]), None, NOW)


def _differs(session: Session) -> None:
    """A firm whose neutral comments are mostly complaints."""
    for sentiment, count in (("negative", 15), ("neutral", 30), ("positive", 30)):
        _read(session, sentiment, count)
    _check(session, {"negative": ["negative"], "neutral": ["negative"] * 5 + ["neutral"], "positive": ["positive"]})


def test_as_many_of_each_verdict_are_drawn_as_can_be(session: Session) -> None:
    """Rare verdicts are drawn more often than they occur, and every check keeps how often that is."""
    _read(session, "positive", 30)
    _read(session, "negative", 3)
    _read(session, "neutral", 7)
    assert spot_checks.draw(session, NOW, 12) == 12
    drawn = session.scalars(select(SpotCheck)).all()
    assert (
        sorted(check.said for check in drawn) == ["negative"] * 3 + ["neutral"] * 4 + ["positive"] * 5
        or sorted(check.said for check in drawn) == ["negative"] * 3 + ["neutral"] * 5 + ["positive"] * 4
    )
    assert {check.said: check.share for check in drawn} == {"positive": 0.75, "negative": 0.075, "neutral": 0.175}
    assert spot_checks.draw(session, NOW, 12) == 0, "those wait"


def test_shares_are_weighted_back_to_all_comments(session: Session) -> None:
    """Half of the few negative readings wrong is little, when nine in ten comments are positive and right."""
    _read(session, "positive", 90)
    _read(session, "negative", 10)
    spot_checks.draw(session, NOW, 20)
    for at, check in enumerate(sorted(spot_checks.open_checks(session), key=lambda check: check.said)):
        label = "positive" if check.said == "positive" else ("negative", "neutral")[at % 2]
        spot_checks.judge(session, check, label, None, NOW)
    page = checks_page(session)
    assert page.whole.share == pytest.approx(0.95)
    assert {one.said: (one.agreed, one.checked) for one in page.verdicts if one.checked} == {
        "negative": (5, 10),
        "positive": (10, 10),
    }
    assert len(page.disagreements) == 5


def test_what_no_firm_can_be_fitted_to_is_not_drawn(session: Session) -> None:
    """Beta languages, empty words, other versions; and nothing is drawn twice."""
    _read(session, "negative", 4)
    readings = session.scalars(select(AnswerAnalysis)).all()
    readings[0].language, readings[1].abstained, readings[2].model = "fr", "empty", "older-1"
    session.flush()
    assert spot_checks.draw(session, NOW) == 1
    spot_checks.judge(session, spot_checks.open_checks(session)[0], "unclear", None, NOW)
    assert spot_checks.draw(session, NOW) == 0
    assert checks_page(session).unclear == 1


def test_a_changed_comment_is_asked_no_more(session: Session) -> None:
    """Its words are others; and a judgement of the old ones counts for nothing."""
    _read(session, "negative", 2)
    spot_checks.draw(session, NOW)
    first, second = spot_checks.open_checks(session)
    spot_checks.judge(session, first, "negative", None, NOW)
    with pytest.raises(ConflictError, match="judged this comment already"):
        spot_checks.judge(session, first, "positive", None, NOW)
    with pytest.raises(InvalidInputError):
        spot_checks.judge(session, second, "sad", None, NOW)
    second.answer.text = "New words"
    assert spot_checks.open_checks(session) == []
    with pytest.raises(ConflictError, match="changed this comment"):
        spot_checks.judge(session, second, "negative", None, NOW)
    spot_checks.take_back(session, first)
    assert spot_checks.open_checks(session) == [first]
    assert spot_checks.judged(session, "cascade-2") == []


def test_corrections_take_no_part(session: Session) -> None:
    """People correct what looks wrong: that is no fair sample, however many there are."""
    _read(session, "neutral", 60)
    for reading in session.scalars(select(AnswerAnalysis)).all():
        session.add(
            Correction(
                answer_id=reading.answer_id,
                model=reading.model,
                text_hash=reading.text_hash,
                said_sentiment="neutral",
                sentiment="negative",
                said_aspects=[],
                at=NOW,
            )
        )
    session.flush()
    assert recalibration.propose(session, NOW).why.startswith("At least 40 checked comments are needed; there are 0")


def test_a_proposal_says_what_it_changes_and_changes_nothing(session: Session) -> None:
    """Cross-validated figures, the verdicts that would change, examples; one waits at a time."""
    _differs(session)
    found = recalibration.propose(session, NOW)
    assert found.proposal is not None
    assert found.found is not None
    assert found.found.better
    report = found.proposal.report
    assert (report["checked"], report["readings"], report["before"]) == (75, 75, None)
    assert report["loss_after"] < report["loss_before"]
    assert report["moves"] == [{"before": "neutral", "after": "negative", "count": 30}]
    assert {example["after"] for example in report["examples"]} == {"negative"}
    assert recalibration.in_force(session) is None
    again = recalibration.propose(session, NOW)
    assert found.proposal.status is CalibrationStatus.SUPERSEDED
    assert recalibration.calibrations.waiting(session) is again.proposal


def test_where_the_readings_are_right_nothing_is_proposed(session: Session) -> None:
    """Labels as likely as was said: no calibration reads better beyond chance."""
    _agrees(session)
    found = recalibration.propose(session, NOW)
    assert found.proposal is None
    assert "reads better beyond chance" in found.why
    assert session.scalar(select(func.count(TextCalibration.id))) == 0


def _agrees(session: Session) -> None:
    """A firm whose comments mean what was said as often as was said."""
    for sentiment in SAID:
        _read(session, sentiment, 20)
    _check(
        session,
        {
            "negative": ["negative"] * 12 + ["neutral"] * 5 + ["positive"] * 3,
            "neutral": ["negative"] * 6 + ["neutral"] * 9 + ["positive"] * 5,
            "positive": ["negative"] * 2 + ["neutral"] * 4 + ["positive"] * 14,
        },
    )


def test_decisions_are_kept_and_can_be_taken_back(session: Session) -> None:
    """Accepting replaces what was in force; taking that back brings it back, and the proposal waits again."""
    _differs(session)
    first = recalibration.propose(session, NOW).proposal
    assert first is not None
    recalibration.calibrations.accept(session, first, None, NOW)
    with pytest.raises(ConflictError):
        recalibration.calibrations.reject(session, first, None, NOW)
    second = TextCalibration(
        status=CalibrationStatus.PROPOSED,
        base="cascade-2",
        temperature=1.2,
        negative=0.2,
        neutral=-0.1,
        positive=-0.1,
        report={},
        proposed_at=NOW,
    )
    session.add(second)
    recalibration.calibrations.accept(session, second, None, NOW)
    assert (first.status, recalibration.calibrations.current(session)) == (CalibrationStatus.SUPERSEDED, second)
    recalibration.calibrations.undo(session, second, NOW)
    assert (recalibration.calibrations.current(session), recalibration.calibrations.waiting(session)) == (first, second)
    recalibration.calibrations.reject(session, second, None, NOW)
    recalibration.calibrations.undo(session, second, NOW)
    assert recalibration.calibrations.waiting(session) is second
    recalibration.calibrations.undo(session, first, NOW)
    assert recalibration.in_force(session) is None
    assert first.status is CalibrationStatus.SUPERSEDED, "another proposal waits by now"
    with pytest.raises(ConflictError, match="no decision"):
        recalibration.calibrations.undo(session, first, NOW)


def test_readings_that_were_calibrated_are_fitted_as_they_were_shipped(session: Session) -> None:
    """History read again with a calibration gives the same numbers again, not a correction of the correction."""
    _differs(session)
    first = recalibration.propose(session, NOW).proposal
    assert first is not None
    recalibration.calibrations.accept(session, first, None, NOW)
    moved = recalibration.calibration_of(first)
    for reading in session.scalars(select(AnswerAnalysis)).all():
        chances = moved.applied([[reading.probabilities[name] for name in SAID]])[0].round(4).tolist()  # type: ignore[arg-type]
        reading.probabilities = dict(zip(SAID, chances, strict=True))
        reading.model = f"cascade-2{moved.suffix}"
        reading.sentiment = max(reading.probabilities, key=reading.probabilities.__getitem__)
    session.flush()
    assert recalibration.propose(session, NOW).proposal is None, "what is in force fits already"
    recalibration.calibrations.undo(session, first, NOW)
    again = recalibration.propose(session, NOW).proposal
    assert again is not None
    assert again.temperature == pytest.approx(first.temperature, abs=0.01)
    assert again.negative == pytest.approx(first.negative, abs=0.01)


class Able(KeywordAnalyser):
    """A reader that can be calibrated."""

    def with_calibration(self, calibration: Recalibration) -> TextAnalyser:
        return Able(self.model + calibration.suffix)


def test_the_worker_reads_with_what_is_in_force(session: Session) -> None:
    """A calibration fitted to another version is not used."""
    made = Able("keywords-1")
    assert calibrated(made, Recalibration(3, "keywords-1", 1.0, (0.0, 0.0, 0.0))).model == "keywords-1+cal3"
    assert calibrated(made, Recalibration(3, "keywords-2", 1.0, (0.0, 0.0, 0.0))) is made
    assert calibrated(made, None) is made
    make_response(session, csat=3, comment="Terrible")
    row = TextCalibration(
        status=CalibrationStatus.ACCEPTED,
        base="keywords-1",
        temperature=1.0,
        negative=0.0,
        neutral=0.0,
        positive=0.0,
        report={},
        proposed_at=NOW,
        decided_at=NOW,
    )
    session.add(row)
    session.commit()
    assert read_answers(lambda _examples, calibration: calibrated(made, calibration)) == 1
    assert session.scalars(select(AnswerAnalysis.model)).one() == f"keywords-1+cal{row.id}"


def test_the_readers_probabilities_become_the_firms(reader_texts: tuple[list[Reading], list[Reading]]) -> None:
    """The verdict follows the calibrated probabilities; the name says so; what says nothing is left alone."""
    plain, moved = reader_texts
    assert {reading.model for reading in moved} == {f"{plain[0].model}+cal9"}
    assert (plain[0].sentiment, moved[0].sentiment) == ("neutral", "negative")
    assert moved[1].probabilities["negative"] > plain[1].probabilities["negative"]
    assert moved[2].probabilities == plain[2].probabilities
    assert all(sum(reading.probabilities.values()) == pytest.approx(1) for reading in moved)


@pytest.fixture
def reader_texts() -> tuple[list[Reading], list[Reading]]:
    """Three comments read by the fast tier, as shipped and calibrated towards the negative."""
    from analysis.text.reader import Reader

    comments = [Comment("The engineer came on Tuesday."), Comment("Lovely people, thank you."), Comment("")]
    reader = Reader("fast")
    base = reader.model
    return reader.analyse(comments), reader.with_calibration(Recalibration(9, base, 1.0, (4.0, -2.0, -2.0))).analyse(
        comments
    )


def test_a_manager_checks_on_the_desk(session: Session, manager: FlaskClient) -> None:
    """One comment at a time, without how it was read; back to the one before; then how they compare."""
    _read(session, "negative", 2)
    assert b"How right are the readings" in manager.get("/desk/comments/check").data
    assert manager.post("/desk/comments/check/draw").location == "/desk/comments/check/next"
    page = manager.get("/desk/comments/check/next").get_data(as_text=True)
    assert "1 of 2" in page
    assert "mark-negative" not in page
    ids = [check.id for check in spot_checks.open_checks(session)]
    assert manager.post(f"/desk/comments/check/{ids[0]}", data={"label": "negative"}).status_code == 303
    assert "Back to the one before" in manager.get("/desk/comments/check/next").get_data(as_text=True)
    manager.post(f"/desk/comments/check/{ids[0]}/take-back")
    for check_id in ids:
        manager.post(f"/desk/comments/check/{check_id}", data={"label": "positive"})
    page = manager.get("/desk/comments/check").get_data(as_text=True)
    assert "Where you say otherwise" in page
    assert page.count("Correct it") == 2
    assert manager.get("/desk/comments/check/next").location == "/desk/comments/check"
    assert manager.post("/desk/comments/check/9999", data={"label": "positive"}).status_code == 404


def test_a_manager_decides_on_the_desk(session: Session, manager: FlaskClient, viewer: FlaskClient) -> None:
    """Proposed, shown with examples, accepted, taken back; somebody who may only look does none of that."""
    _differs(session)
    manager.post("/desk/comments/check/propose")
    assert "Waiting for the worker" in manager.get("/desk/comments/check").get_data(as_text=True)
    again = manager.post("/desk/comments/check/propose", follow_redirects=True).get_data(as_text=True)
    assert "is being worked out already" in again
    assert refit_weights(NOW) == 1
    row = recalibration.calibrations.waiting(session)
    assert row is not None
    page = manager.get("/desk/comments/check").get_data(as_text=True)
    assert "30</strong>" in page
    assert "from neutral to negative" in page
    assert "Accept" not in viewer.get("/desk/comments/check").get_data(as_text=True)
    assert viewer.post(f"/desk/comments/check/calibrations/{row.id}/accept").status_code == 403
    manager.post(f"/desk/comments/check/calibrations/{row.id}/accept")
    page = manager.get("/desk/comments/check").get_data(as_text=True)
    assert "Yours, since" in page
    assert "flask text reanalyse" in page
    manager.post(f"/desk/comments/check/calibrations/{row.id}/undo")
    manager.post(f"/desk/comments/check/calibrations/{row.id}/reject")
    assert recalibration.calibrations.current(session) is None
    assert "decided on already" in manager.post(
        f"/desk/comments/check/calibrations/{row.id}/reject", follow_redirects=True
    ).get_data(as_text=True)


def test_nothing_better_is_said_on_the_desk(session: Session, manager: FlaskClient) -> None:
    """What came of the worker's try is told where it was asked for; with too few checked nobody is asked."""
    few = manager.post("/desk/comments/check/propose", follow_redirects=True).get_data(as_text=True)
    assert "Waiting for the worker" not in few
    _agrees(session)
    manager.post("/desk/comments/check/propose")
    assert refit_weights(NOW) == 1
    page = manager.get("/desk/comments/check").get_data(as_text=True)
    assert "no calibration reads better beyond chance. Nothing is proposed." in page
    assert recalibration.calibrations.waiting(session) is None


def test_the_command_line_proposes_and_decides(session: Session, app: Flask) -> None:
    """As the desk does; --json prints documents, and what is missing is an error."""
    run = app.test_cli_runner()
    missing = run.invoke(args=["text", "calibrate", "propose"])
    assert missing.exit_code == 1
    assert "there are 0 so far" in missing.output
    assert run.invoke(args=["text", "calibrate", "accept"]).exit_code == 1
    _differs(session)
    session.commit()
    assert "log loss" in run.invoke(args=["text", "calibrate", "propose"]).output
    document = json.loads(run.invoke(args=["text", "calibrate", "--json"]).stdout)
    assert document["proposal"]["status"] == "proposed"
    assert document["agreement"]["all"]["checked"] == 75
    accepted = json.loads(run.invoke(args=["text", "calibrate", "accept", "--json"]).stdout)
    assert accepted["status"] == "accepted"
    assert f"calibration {accepted['id']}" in run.invoke(args=["text", "calibrate"]).output
    assert "is proposed" in run.invoke(args=["text", "calibrate", "undo"]).output
    assert "is rejected" in run.invoke(args=["text", "calibrate", "reject", str(accepted["id"])]).output
