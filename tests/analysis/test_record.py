"""What an assessment was made of, kept: the same numbers give the same flag again."""

import json
from dataclasses import replace
from math import log
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from analysis.flags.followups import resolve
from analysis.models import Calibration, CalibrationKind, CalibrationStatus, Flag, Outcome, OutcomeResult
from analysis.models import RelationshipState as State
from analysis.relationships.assessment import Assessment, assess
from analysis.relationships.evidence import Ask, Evidence
from analysis.relationships.ladder import Before
from analysis.relationships.loss import FITTED, LossWeights, shipped
from analysis.relationships.record import again, record_from, weights_kept
from analysis.relationships.signals import Weights
from analysis.relationships.usual import FirmUsual
from tests.analysis.stories import ago, client, loyal, rated, read
from tests.analysis.test_assessments import answer_last, live_flag, make_history, score
from tests.conftest import NOW
from tests.factories import make_client

FIRM = FirmUsual()
ANSWERS = st.lists(st.tuples(st.integers(1, 300), st.integers(1, 5)), max_size=6, unique_by=lambda item: item[0])
OWN = LossWeights(-4.0, dict.fromkeys(FITTED, 1.0), shipped().judged, version="l7")


def kept(found: Assessment) -> dict[str, Any]:
    """As a JSON column gives it back."""
    document: dict[str, Any] = json.loads(json.dumps(found.kept()))
    return document


def same(document: dict[str, Any]) -> None:
    """The kept inputs and weights give what was said on that day."""
    record, weights = record_from(document), weights_kept(document)
    assert record is not None
    assert weights is not None
    found, said = again(record, weights), document["said"]
    assert (found.loss.risk, found.loss.low, found.loss.high) == (said["risk"], said["low"], said["high"])
    assert found.loss.baseline == pytest.approx(said["baseline"])
    assert found.loss.too_little == said["too_little"]
    assert (found.alarm, found.judgement.severity) == (said["alarm"], said["severity"])


@settings(deadline=None, max_examples=30)  # machines may be busy
@given(
    ANSWERS,
    st.booleans(),
    st.booleans(),
    st.floats(0, 60),
    st.sampled_from([None, "severe", "high", "moderate"]),
    st.sampled_from([shipped(), OWN]),
)
def test_kept_inputs_give_the_same_assessment(
    answers: list[tuple[int, int]],
    late: bool,
    silent: bool,
    waiting: float,
    severity: str | None,
    weights: LossWeights,
) -> None:
    """Whatever happened, whatever weights were in force, whatever flag stood: to the last digit."""
    evidence = client(
        job_days=tuple(waiting + 15 * n for n in range(6)),
        responses=tuple(rated(day, csat) for day, csat in answers),
        asks=tuple(Ask(1, ago(200 - 20 * n), n < 4) for n in range(9)) if silent else (),
        late=late,
    )
    points = Weights({"low_scores": 1.4}, -0.2, "c3")
    found = assess(evidence, FIRM, NOW, Before(live_severity=severity), points, loss_weights=weights)
    document = kept(found)
    same(document)
    record = record_from(document)
    assert record is not None
    repeated = again(record, weights)
    assert [(s.name, s.loss) for s in repeated.loss.signals] == [(s.name, s.loss) for s in found.signals]
    assert repeated.clears_if == found.clears_if
    assert document["model"] == f"relationship-2+c3+{weights.version}"


def test_contributions_add_up_to_the_log_odds() -> None:
    """The baseline and what each sign adds are the log-odds of the risk, also by a firm's own weights."""
    words = read("Nobody told us anything.", aspect="communication")
    for weights in (shipped(), OWN):
        found = assess(loyal(rated(20, 2, words), rated(2, 1)), FIRM, NOW, Before(), loss_weights=weights)
        assert found.loss.baseline + found.points == pytest.approx(log(found.risk / (1 - found.risk)))
        assert found.points == pytest.approx(sum(signal.loss for signal in found.signals))


def test_a_record_of_other_features_is_none() -> None:
    """A version that reads other features makes nothing of what it was not made for."""
    document = kept(assess(loyal(rated(2, 1)), FIRM, NOW, Before()))
    assert record_from({**document, "features": {"moon": 1.0}}) is None
    assert record_from({}) is None
    assert weights_kept({}) is None
    nothing = kept(assess(Evidence(), FIRM, NOW, Before()))
    same(nothing)
    assert nothing["said"]["too_little"] == "No job finished yet."


def angry(session: Session) -> Flag:
    """A flag by two very bad answers of a loyal client."""
    contact = make_history(session)
    answer_last(session, contact, csat=1)
    answer_last(session, contact, csat=1, would_return=0)
    score(session)
    flag = live_flag(session, contact.client)
    assert flag is not None
    return flag


def test_a_flag_keeps_what_it_rests_on(session: Session) -> None:
    """Interval, baseline and inputs stand on state and flag; days later they still give the flag as it was raised."""
    flag = angry(session)
    state = session.get_one(State, flag.client_id)
    assert flag.risk_low is not None
    assert flag.risk_high is not None
    assert flag.risk_low < flag.risk < flag.risk_high
    assert (state.risk_low, state.risk_high, state.baseline) == (flag.risk_low, flag.risk_high, flag.baseline)
    assert flag.baseline is not None
    assert flag.baseline + flag.points == pytest.approx(log(flag.risk / (1 - flag.risk)))
    assert flag.model == state.model == f"relationship-2+{shipped().version}"
    raised = dict(flag.raised_with)
    later = NOW.replace(day=NOW.day + 3)
    score(session, later)
    session.expire_all()
    assert flag.raised_with == raised
    assert flag.inputs["at"] == later.isoformat() != raised["at"]
    for document in (flag.raised_with, flag.inputs):
        same(document)
    assert flag.inputs["said"]["risk"] == flag.risk


def test_an_outcome_keeps_the_inputs_of_its_day(session: Session) -> None:
    """What was known when the flag was closed stays with what came of it."""
    flag = angry(session)
    resolve(session, flag, None, OutcomeResult.KEPT, "We spoke.", NOW)
    session.expire_all()
    outcome = session.query(Outcome).filter_by(flag_id=flag.id).one()
    assert outcome.inputs == flag.inputs
    same(outcome.inputs)


def test_a_firms_own_weights_are_used_named_and_kept(session: Session) -> None:
    """Scored with accepted weights, state and flag say so; a row for other features is left aside."""
    own = replace(OWN, fitted={**dict.fromkeys(FITTED, 0.5), "satisfaction": 4.0})
    row = Calibration(
        kind=CalibrationKind.LOSS,
        base=shipped().version,
        status=CalibrationStatus.ACCEPTED,
        weights=own.as_dict(),
        report={},
        proposed_at=NOW,
    )
    session.add(row)
    session.flush()
    flag = angry(session)
    assert flag.model == f"relationship-2+l{row.id}"
    assert flag.inputs["weights"]["fitted"]["satisfaction"] == 4.0
    same(flag.inputs)
    row.base = "loss-0"
    other = make_client(session)
    score(session)
    assert session.get_one(State, other.id).model == f"relationship-2+{shipped().version}"
