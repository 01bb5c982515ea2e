"""Rows of the second half for tests of the desk: flags, states, readings, moves. Each adds and flushes."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from analysis.flags import followups
from analysis.models import (
    AnswerAnalysis,
    Calibration,
    CalibrationStatus,
    Flag,
    FlagStatus,
    LadderMove,
    Outcome,
    OutcomeResult,
    RelationshipState,
    Rung,
    Severity,
)
from analysis.reading.readings import text_hash
from survey.models import Answer, Client, Firm, SurveyResponse, Touchpoint
from tests.conftest import NOW
from tests.factories import make_client, make_contact, make_invitation, make_job, make_resolution, make_response

COMMENT = "Nobody called us back. The technician was friendly, but we are looking for another firm."
WORST = "we are looking for another firm"


def make_state(session: Session, client: Client, **values: Any) -> RelationshipState:
    defaults = {
        "rung": Rung.CLIENT,
        "rung_since": NOW - timedelta(days=90),
        "rung_reason": "5 jobs in the last 12 months, answers, and trusts you.",
        "health": 31.0,
        "risk": 0.82,
        "points": 4.5,
        "signals": reasons(),
        "contributions": [
            {"name": "leaving", "label": "Intent to leave", "amount": -32.0, "text": "Their words say they may leave."},
            {"name": "answers", "label": "Answers", "amount": 4.0, "text": "2 answers in the last 12 months."},
        ],
        "value_year": Decimal(12400),
        "last_job_at": NOW - timedelta(days=12),
        "last_answer_at": NOW - timedelta(days=2),
        "model": "relationship-1",
        "evidence_version": 1,
        "scored_at": NOW - timedelta(hours=1),
        "rescore_at": NOW + timedelta(days=1),
    }
    state = RelationshipState(client=client, **{**defaults, **values})
    session.add(state)
    session.flush()
    return state


def reasons(answer: Answer | None = None, at: datetime = NOW) -> list[dict[str, Any]]:
    """Two reasons in the contract's shape; the stronger one quotes `answer` when there is one."""
    start = COMMENT.index(WORST)
    quote = {"text": WORST, "start": start, "end": start + len(WORST), "at": at.isoformat()}
    quotes = [{**quote, "source": f"answer/{answer.id}"}] if answer else []
    fact = {"text": "Promised for 2 Mar 2026, done on 6 Mar 2026", "start": 0, "end": 0, "at": at.isoformat()}
    return [
        {
            "signal": "late_jobs",
            "points": 0.9,
            "text": "The last job was late.",
            "evidence": [{**fact, "source": "job/1"}],
        },
        {"signal": "leaving", "points": 3.6, "text": "Their words say they may leave.", "evidence": quotes},
    ]


def make_flag(session: Session, client: Client | None = None, **values: Any) -> Flag:
    client = client or make_client(session)
    if session.get(RelationshipState, client.id) is None:
        make_state(session, client)
    defaults = {
        "status": FlagStatus.OPEN,
        "severity": Severity.HIGH,
        "risk": 0.82,
        "points": 4.5,
        "reasons": reasons(),
        "clears_if": "Clears if they say that they stay.",
        "model": "relationship-1",
        "raised_at": NOW - timedelta(days=3),
        "updated_at": NOW - timedelta(days=1),
    }
    flag = Flag(client=client, **{**defaults, **values})
    session.add(flag)
    session.flush()
    return flag


def make_outcome(session: Session, flag: Flag, result: OutcomeResult, at: datetime = NOW) -> Outcome:
    flag.status, flag.closed_at = FlagStatus.RESOLVED, at
    outcome = Outcome(flag=flag, result=result, note="We spoke.", at=at)
    session.add(outcome)
    session.flush()
    return outcome


def make_reading(session: Session, answer: Answer, client_id: int, at: datetime = NOW) -> AnswerAnalysis:
    """How the analyser read COMMENT: against us where they look elsewhere, for us where the technician was friendly."""
    text = answer.text or ""
    bad, good = text.index(WORST), text.index("friendly")
    reading = AnswerAnalysis(
        answer_id=answer.id,
        client_id=client_id,
        model="lexicon-1",
        text_hash=text_hash(text),
        language="en",
        sentiment="mixed",
        score=-0.5,
        probabilities={"negative": 0.6, "neutral": 0.1, "positive": 0.1, "mixed": 0.2},
        aspects=[{"aspect": "staff_attitude", "sentiment": "positive", "start": good, "end": good + 8}],
        intents={"leaving": 0.9, "complaint": 0.4, "callback": 0.1, "praise": 0.1},
        severity=0.8,
        evidence=[
            {"start": bad, "end": bad + len(WORST), "weight": -0.8},
            {"start": good, "end": good + 8, "weight": 0.4},
        ],
        analysed_at=at,
    )
    session.add(reading)
    session.flush()
    return reading


def make_move(session: Session, client: Client, before: Rung | None, after: Rung, at: datetime) -> LadderMove:
    move = LadderMove(client_id=client.id, from_rung=before, to_rung=after, moved_at=at, reason="Because of the rules.")
    session.add(move)
    session.flush()
    return move


def make_hurt_client(session: Session, name: str = "Harbour Dental", now: datetime = NOW, **flag: Any) -> Flag:
    """A client with a late job, a bad answer in words, a missed step, a colleague who left, and a live flag."""
    client = make_client(session, name=name, created_at=now - timedelta(days=400))
    boss = make_contact(session, client, name="Mona Costa", role="decision-maker")
    make_contact(session, client, name="Old Hand", role="office", left_at=now - timedelta(days=60))
    job = make_job(session, boss, summary="Server move", promised_at=now - timedelta(days=8))
    resolution = make_resolution(session, job, completed_at=now - timedelta(days=4))
    make_invitation(session, resolution)
    response = make_response(
        session, resolution, csat=2, nps=4, comment=COMMENT, contact_me=1, submitted_at=now - timedelta(days=2)
    )
    _miss_step(response)
    answer = next(answer for answer in response.answers if answer.text)
    session.flush()
    make_reading(session, answer, client.id, now)
    make_state(session, client, last_job_at=now - timedelta(days=4), scored_at=now, rung_since=now - timedelta(days=90))
    make_move(session, client, Rung.CUSTOMER, Rung.CLIENT, now - timedelta(days=90))
    raised = {"raised_at": now - timedelta(days=1), "updated_at": now - timedelta(hours=3)}
    return make_flag(session, client, **{"reasons": reasons(answer, now), **raised, **flag})


def _miss_step(response: SurveyResponse) -> None:
    for step, value in (("greeted", 1), ("kept_informed", -1)):
        response.touchpoints.append(Touchpoint(resolution_id=response.resolution_id, step=step, value=value))


def make_desk(session: Session, now: datetime) -> Flag:
    """A desk with something on every page; returns the most urgent flag."""
    session.get_one(Firm, 1).promise = [
        {"key": "greeted", "text": "We greeted you"},
        {"key": "kept_informed", "text": "We kept you informed"},
    ]
    urgent = make_hurt_client(session, "Harbour Dental", now, severity=Severity.SEVERE)
    promised = make_hurt_client(session, "Lindqvist & Daughters", now, status=FlagStatus.ACKNOWLEDGED)
    due, made_at = now - timedelta(hours=2), now - timedelta(days=1)
    followups.promise_call(session, promised, None, due, "I call today.", made_at)
    make_hurt_client(session, "Okafor School", now, severity=Severity.MODERATE)
    for number, result in enumerate([*OutcomeResult] * 2):
        made = make_hurt_client(session, f"Past Client {number}", now, raised_at=now - timedelta(days=40 * number + 9))
        make_outcome(session, made, result, now - timedelta(days=40 * number + 1))
    make_move(session, urgent.client, Rung.CLIENT, Rung.COOLING, now - timedelta(minutes=2))
    make_move(session, promised.client, Rung.CUSTOMER, Rung.CLIENT, now - timedelta(minutes=1))
    session.add(
        Calibration(
            status=CalibrationStatus.PROPOSED,
            weights={"leaving": 1.4, "late_jobs": 0.2, "intercept": -0.1},
            report={"outcomes": 24, "loss_before": 0.61, "loss_after": 0.52},
            proposed_at=now,
        )
    )
    session.flush()
    return urgent
