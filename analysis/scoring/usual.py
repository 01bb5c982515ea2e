"""What is usual for the firm, counted from its own history."""

from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from analysis.models import AnswerAnalysis
from analysis.reading.readings import in_force
from analysis.relationships.usual import (
    PRIOR_LEVEL,
    FirmUsual,
    Level,
    answering_from,
    effect_of,
    late_share_from,
    level_from,
    shrinkage_from,
    shrunk_effect,
    words_from,
)
from survey.models import Answer, Invitation, InvitationState, Job, Resolution, ResolutionStaff, SurveyResponse

LARGEST_SHARE = 0.8  # clients above this quantile of yearly value are "large"
LEAST_CLIENTS = 10  # with fewer, nobody is "large"
YEAR = timedelta(days=365)


def load_firm_usual(session: Session, now: datetime) -> FirmUsual:
    """How this firm's clients usually are: aggregates over its history."""
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
        words=_words(session),
        effects=_effects(session, levels["csat"]),
    )


def _words(session: Session) -> Level:
    count, total, squares = session.execute(
        select(func.count(), func.sum(AnswerAnalysis.score), func.sum(AnswerAnalysis.score * AnswerAnalysis.score))
        .join(Answer, Answer.id == AnswerAnalysis.answer_id)
        .where(in_force())
    ).one()
    return words_from(count, float(total or 0), float(squares or 0))


def _effects(session: Session, csat: Level) -> dict[str, float]:
    """How far answers to each one's work, and to each kind of work, lie from the firm's usual, shrunk."""
    rated = (
        select(ResolutionStaff.name, func.sum(ResolutionStaff.share), func.sum(ResolutionStaff.share * Answer.number))
        .join(SurveyResponse, SurveyResponse.resolution_id == ResolutionStaff.resolution_id)
        .join(Answer, Answer.response_id == SurveyResponse.id)
        .where(Answer.question == "csat", Answer.number.is_not(None))
        .group_by(ResolutionStaff.name)
    )
    kinds = (
        select(Job.kind, func.count(), func.sum(Answer.number))
        .join(Resolution, Resolution.job_id == Job.id)
        .join(SurveyResponse, SurveyResponse.resolution_id == Resolution.id)
        .join(Answer, Answer.response_id == SurveyResponse.id)
        .where(Answer.question == "csat", Answer.number.is_not(None))
        .group_by(Job.kind)
    )
    sums: dict[str, tuple[float, float]] = {
        f"staff/{name}": (float(share), float(total)) for name, share, total in session.execute(rated)
    }
    for kind, count, total in session.execute(kinds):
        before, so_far = sums.get(effect_of(kind), (0.0, 0.0))
        sums[effect_of(kind)] = before + count, so_far + float(total or 0)
    return {
        name: shrunk_effect(share, (total - share * csat.mean) / csat.spread) for name, (share, total) in sums.items()
    }


def _answering(session: Session) -> tuple[float, float]:
    asked, answered = session.execute(
        select(
            func.count(), func.coalesce(func.sum(case((Invitation.state == InvitationState.ANSWERED, 1), else_=0)), 0)
        )
        .select_from(Invitation)
        .where(Invitation.state.in_([InvitationState.ANSWERED, InvitationState.EXPIRED]))
    ).one()
    return answering_from(int(answered), int(asked))


def _late_share(session: Session, now: datetime) -> float:
    dated, late = session.execute(
        select(func.count(), func.coalesce(func.sum(case((Resolution.completed_at > Job.promised_at, 1), else_=0)), 0))
        .select_from(Resolution)
        .join(Job, Job.id == Resolution.job_id)
        .where(Job.promised_at.is_not(None), Resolution.completed_at > now - YEAR)
    ).one()
    return late_share_from(int(late), int(dated))


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
