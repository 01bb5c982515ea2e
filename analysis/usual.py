"""What is usual for the firm, counted from its own history."""

from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from analysis.relationships.usual import PRIOR_LEVEL, FirmUsual, level_from, shrinkage_from
from survey.models import Answer, Invitation, InvitationState, Job, Resolution, SurveyResponse

LARGEST_SHARE = 0.8  # clients above this quantile of yearly value are "large"
LEAST_CLIENTS = 10  # with fewer, nobody is "large"
ANSWERING_PRIOR_WEIGHT = 3.0
TYPICAL_ASKS, TYPICAL_ANSWERING = 20, 0.5
TYPICAL_JOBS, TYPICAL_LATE = 20, 0.2
YEAR = timedelta(days=365)


def load_firm_usual(session: Session, now: datetime) -> FirmUsual:
    """How this firm's clients usually are: four aggregates over its history."""
    levels = {}
    for question in PRIOR_LEVEL:
        levels[question] = level_from(question, 0, 0.0, 0.0)
    rows = session.execute(
        select(Answer.question, func.count(), func.sum(Answer.number), func.sum(Answer.number * Answer.number))
        .where(Answer.question.in_(list(PRIOR_LEVEL)), Answer.number.is_not(None))
        .group_by(Answer.question)
    )
    for question, count, total, squares in rows:
        levels[question] = level_from(question, count, float(total or 0), float(squares or 0))
    groups = session.execute(
        select(func.count(), func.sum(Answer.number), func.sum(Answer.number * Answer.number))
        .join(SurveyResponse, SurveyResponse.id == Answer.response_id)
        .where(Answer.question == "csat", Answer.number.is_not(None))
        .group_by(SurveyResponse.client_id)
    )
    return FirmUsual(
        levels=levels,
        shrinkage=shrinkage_from([(count, float(total or 0), float(squares or 0)) for count, total, squares in groups]),
        answering=_answering(session),
        late_share=_late_share(session, now),
        value_high=_value_high(session, now),
    )


def _answering(session: Session) -> tuple[float, float]:
    asked, answered = session.execute(
        select(
            func.count(), func.coalesce(func.sum(case((Invitation.state == InvitationState.ANSWERED, 1), else_=0)), 0)
        )
        .select_from(Invitation)
        .where(Invitation.state.in_([InvitationState.ANSWERED, InvitationState.EXPIRED]))
    ).one()
    share = (answered + TYPICAL_ASKS * TYPICAL_ANSWERING) / (asked + TYPICAL_ASKS)
    return ANSWERING_PRIOR_WEIGHT * share, ANSWERING_PRIOR_WEIGHT * (1 - share)


def _late_share(session: Session, now: datetime) -> float:
    dated, late = session.execute(
        select(func.count(), func.coalesce(func.sum(case((Resolution.completed_at > Job.promised_at, 1), else_=0)), 0))
        .select_from(Resolution)
        .join(Job, Job.id == Resolution.job_id)
        .where(Job.promised_at.is_not(None), Resolution.completed_at > now - YEAR)
    ).one()
    return float((late + TYPICAL_JOBS * TYPICAL_LATE) / (dated + TYPICAL_JOBS))


def _value_high(session: Session, now: datetime) -> float:
    totals = sorted(
        float(total or 0)
        for total in session.scalars(
            select(func.coalesce(func.sum(Job.value), 0))
            .join(Resolution, Resolution.job_id == Job.id)
            .where(Resolution.sequence == 1, Resolution.completed_at > now - YEAR)
            .group_by(Job.client_id)
        )
        if total
    )
    return totals[int(LARGEST_SHARE * len(totals))] if len(totals) >= LEAST_CLIENTS else float("inf")
