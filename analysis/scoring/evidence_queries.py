"""What is asked of the database about clients. Statements are written once: building a dozen of them anew for every
client who answers would take longer than the database does.

Each takes `ids`, the clients' ids, and most of them `now`.
"""

from sqlalchemy import BindParameter, ColumnElement, Double, bindparam, func, select, type_coerce

from analysis.models import AnswerAnalysis, Flag, FollowUp, FollowUpKind, Outcome
from analysis.reading.readings import in_force
from survey.db import UTCDateTime
from survey.models import (
    Answer,
    Client,
    ClientUpdate,
    Contact,
    Exclusion,
    Invitation,
    InvitationState,
    Job,
    Resolution,
    ResolutionStaff,
    ResponseOrigin,
    SurveyResponse,
    Touchpoint,
)

NOT_WORK = (Exclusion.SPAM, Exclusion.INTERNAL)
ASKED = (InvitationState.SENT, InvitationState.EXPIRED, InvitationState.ANSWERED)

_IDS: BindParameter[list[int]] = bindparam("ids", expanding=True)
_NOW = bindparam("now", type_=UTCDateTime())


def among(*states: InvitationState) -> ColumnElement[bool]:
    """Invitations in one of these states, found by whose they are: SQLite would take the index of the states, and go
    through those of the whole firm for a few clients."""
    return func.coalesce(Invitation.state, Invitation.state).in_(states)


JOBS = (
    select(
        Job.client_id,
        Job.id,
        Job.contact_id,
        Job.summary,
        Job.kind,
        Job.promised_at,
        type_coerce(Job.value, Double).label("value"),
        Resolution.id.label("resolution_id"),
        Resolution.sequence,
        Resolution.completed_at,
        Resolution.reopened_at,
    )
    .join(Resolution, Resolution.job_id == Job.id)
    .where(
        Job.client_id.in_(_IDS),
        Resolution.completed_at <= _NOW,
        (Job.exclusion.is_(None)) | (Job.exclusion.not_in(NOT_WORK)),
    )
    .order_by(Resolution.completed_at, Resolution.id)
)
STAFF = (
    select(ResolutionStaff.resolution_id, ResolutionStaff.name, ResolutionStaff.share)
    .join(Resolution, Resolution.id == ResolutionStaff.resolution_id)
    .join(Job, Job.id == Resolution.job_id)
    .where(Job.client_id.in_(_IDS))
    .order_by(ResolutionStaff.resolution_id, ResolutionStaff.name)
)
RESPONSES = (
    select(
        SurveyResponse.id,
        SurveyResponse.client_id,
        SurveyResponse.contact_id,
        SurveyResponse.submitted_at,
        Resolution.job_id,
    )
    .join(Resolution, Resolution.id == SurveyResponse.resolution_id)
    .where(SurveyResponse.client_id.in_(_IDS), SurveyResponse.submitted_at <= _NOW)
    .order_by(SurveyResponse.submitted_at, SurveyResponse.id)
)
NUMBERS = (
    select(Answer.response_id, Answer.question, Answer.number)
    .join(SurveyResponse, SurveyResponse.id == Answer.response_id)
    .where(SurveyResponse.client_id.in_(_IDS), Answer.number.is_not(None))
)
STEPS = (
    select(Touchpoint.response_id, Touchpoint.step, Touchpoint.value)
    .join(SurveyResponse, SurveyResponse.id == Touchpoint.response_id)
    .where(SurveyResponse.client_id.in_(_IDS))
)
READINGS = (
    select(
        AnswerAnalysis.answer_id,
        AnswerAnalysis.text_hash,
        AnswerAnalysis.sentiment,
        AnswerAnalysis.score,
        AnswerAnalysis.aspects,
        AnswerAnalysis.intents,
        AnswerAnalysis.evidence,
        AnswerAnalysis.severity,
        AnswerAnalysis.abstained,
        AnswerAnalysis.language,
        AnswerAnalysis.model,
        Answer.response_id,
        Answer.text,
        Answer.managers_only,
    )
    .join(Answer, Answer.id == AnswerAnalysis.answer_id)
    .where(AnswerAnalysis.client_id.in_(_IDS), Answer.text.is_not(None), in_force())
    .order_by(Answer.id)
)
ASKS = (
    select(
        Invitation.id,
        Invitation.client_id,
        Invitation.contact_id,
        Invitation.sent_at,
        Invitation.expires_at,
        Invitation.state,
        Invitation.answered_at,
    )
    .where(
        Invitation.client_id.in_(_IDS),
        among(*ASKED),
        Invitation.sent_at.is_not(None),
        Invitation.sent_at <= _NOW,
    )
    .order_by(Invitation.sent_at, Invitation.id)
)
# The moment of the first and of the last answer of another tool: each by itself, since an index knows it at once.
FIRST_IMPORTED, LAST_IMPORTED = (
    select(end(SurveyResponse.submitted_at)).where(SurveyResponse.origin == ResponseOrigin.IMPORT)
    for end in (func.min, func.max)
)
PEOPLE = select(Contact).where(Contact.client_id.in_(_IDS)).order_by(Contact.id)
INTERESTS = select(Client.id, Client.interests).where(Client.id.in_(_IDS))
FOLLOW_UPS = (
    select(FollowUp)
    .where(
        FollowUp.client_id.in_(_IDS),
        FollowUp.kind.in_([FollowUpKind.PROMISED_CALL, FollowUpKind.CONTACTED]),
        FollowUp.undone_at.is_(None),
        FollowUp.at <= _NOW,
    )
    .order_by(FollowUp.at, FollowUp.id)
)
OUTCOMES = (
    select(Flag.client_id, Outcome.at, Outcome.result)
    .join(Outcome, Outcome.flag_id == Flag.id)
    .where(Flag.client_id.in_(_IDS), Outcome.at <= _NOW)
)
TOLD = (
    select(ClientUpdate)
    .where(ClientUpdate.client_id.in_(_IDS), ClientUpdate.undone_at.is_(None), ClientUpdate.at <= _NOW)
    .order_by(ClientUpdate.id)
)
