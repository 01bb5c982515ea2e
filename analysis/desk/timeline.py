"""Everything that happened with one client, from every package's rows, newest first."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from analysis.desk.words import (
    FOLLOW_UP_WORDS,
    INVITATION_WORDS,
    MOVE_WORDS,
    OUTCOME_WORDS,
    SEVERITY_WORDS,
    delivery_words,
)
from analysis.models import Flag, FlagStatus, FollowUp, FollowUpKind, LadderMove, Outcome, Rung
from analysis.reading.corrections import StandingReading, standing
from analysis.reading.readings import readings_of
from emails.models import EmailKind, EmailMessage
from survey.models import (
    Answer,
    Firm,
    Invitation,
    InvitationState,
    Job,
    Repair,
    RepairKind,
    RepairState,
    Resolution,
    SurveyResponse,
)

PER_PAGE = 40
_FALLS = (Rung.COOLING, Rung.LAPSED)
_REPAIRS = {
    RepairKind.NOT_FINISHED: "{who} said that the job is not finished",
    RepairKind.WRONG_PERSON: "{who} said that they are not the one to ask",
    RepairKind.COLLEAGUE: "{who} asked to ask a colleague instead",
    RepairKind.LEFT: "{who} said that they have left",
    RepairKind.LESS: "{who} asked to be asked less often",
}


@dataclass(frozen=True, kw_only=True)
class Event:
    """One line of the timeline. `kind` chooses the icon; the rows, where given, let the page say more."""

    at: datetime
    kind: str  # job, survey, answer, repair, email, flag, follow_up, ladder
    title: str
    text: str = ""
    tone: str = ""  # danger, warning, good, info or muted
    by: str = ""
    job_id: int | None = None
    flag_id: int | None = None
    response: SurveyResponse | None = None
    readings: dict[int, StandingReading] = field(default_factory=dict)  # by answer id
    missed: list[str] = field(default_factory=list)  # steps of the service promise that did not happen
    follow_up: FollowUp | None = None

    @property
    def numbers(self) -> dict[str, int]:
        """The numbers of the response, by question."""
        answers = self.response.answers if self.response else []
        return {answer.question: answer.number for answer in answers if answer.number is not None}


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """A stretch of a client's history. `earlier` is what to ask for next: events before that moment."""

    events: list[Event]
    earlier: datetime | None


def timeline(session: Session, client_id: int, before: datetime | None = None, limit: int = PER_PAGE) -> Timeline:
    """The `limit` events that happened before `before` (or: the latest), newest first.

    Each kind is read at most `limit` deep, which is enough: the page shows no more than that of all kinds together.
    """
    sources = (_jobs, _surveys, _answers, _repairs, _emails, _flags, _follow_ups, _moves)
    found = [event for source in sources for event in source(session, client_id, before, limit + 1)]
    found = [event for event in found if before is None or event.at < before]
    found.sort(key=lambda event: event.at, reverse=True)
    return Timeline(events=found[:limit], earlier=found[limit - 1].at if len(found) > limit else None)


def _jobs(session: Session, client_id: int, before: datetime | None, limit: int) -> Iterator[Event]:
    statement = (
        select(Resolution, Job)
        .join(Resolution.job)
        .where(Job.client_id == client_id)
        .order_by(Resolution.completed_at.desc())
        .limit(limit)
    )
    if before:
        statement = statement.where(Resolution.completed_at < before)
    for resolution, job in session.execute(statement):
        late = bool(job.promised_at and resolution.completed_at > job.promised_at)
        again = f" (closed for the {resolution.sequence}. time)" if resolution.sequence > 1 else ""
        yield Event(
            at=resolution.completed_at,
            kind="job",
            title=f"{job.kind or 'Job'} completed{', later than promised' if late else ''}{again}",
            text=job.summary,
            tone="warning" if late else "",
            job_id=job.id,
        )


def _surveys(session: Session, client_id: int, before: datetime | None, limit: int) -> Iterator[Event]:
    """Surveys that went out or were stopped by a person; those that a rule skipped are on the job's page."""
    told = (InvitationState.SENT, InvitationState.EXPIRED, InvitationState.HELD, InvitationState.CANCELLED)
    statement = (
        select(Invitation, Resolution.job_id)
        .join(Invitation.resolution)
        .where(Invitation.client_id == client_id, Invitation.state.in_(told))
        .options(joinedload(Invitation.contact))
        .order_by(Invitation.decided_at.desc())
        .limit(limit)
    )
    if before:
        statement = statement.where(Invitation.decided_at < before)
    for invitation, job_id in session.execute(statement):
        who = invitation.contact.name or invitation.contact.email
        expired = invitation.state is InvitationState.EXPIRED
        yield Event(
            at=invitation.expires_at if expired else invitation.sent_at or invitation.decided_at,
            kind="survey",
            title=INVITATION_WORDS[invitation.state].format(who=who),
            text="" if expired or invitation.sent_at else invitation.reason,
            tone="warning" if expired else "muted",
            job_id=job_id,
        )


def _answers(session: Session, client_id: int, before: datetime | None, limit: int) -> Iterator[Event]:
    statement = (
        select(SurveyResponse)
        .where(SurveyResponse.client_id == client_id)
        .options(
            selectinload(SurveyResponse.answers),
            selectinload(SurveyResponse.touchpoints),
            joinedload(SurveyResponse.contact),
            joinedload(SurveyResponse.resolution).joinedload(Resolution.job),
        )
        .order_by(SurveyResponse.submitted_at.desc())
        .limit(limit)
    )
    if before:
        statement = statement.where(SurveyResponse.submitted_at < before)
    responses = session.scalars(statement).all()
    read = readings_of(session, [answer.id for response in responses for answer in response.answers])
    readings = standing(session, read)
    firm = session.get(Firm, 1)
    steps = {str(step["key"]): str(step["text"]) for step in (firm.promise if firm else [])}
    for response in responses:
        who = response.contact.name or response.contact.email
        yield Event(
            at=response.submitted_at,
            kind="answer",
            title=f"{who} answered",
            text=response.resolution.job.summary,
            tone=_answer_tone(response.answers),
            job_id=response.resolution.job_id,
            response=response,
            missed=[steps.get(point.step, point.step) for point in response.touchpoints if point.value < 0],
            readings={answer.id: readings[answer.id] for answer in response.answers if answer.id in readings},
        )


def _repairs(session: Session, client_id: int, before: datetime | None, limit: int) -> Iterator[Event]:
    """What they put right on their survey's link, and stands."""
    statement = (
        select(Repair)
        .where(Repair.client_id == client_id, Repair.state != RepairState.UNDONE)
        .options(joinedload(Repair.contact), joinedload(Repair.invitation).joinedload(Invitation.resolution))
        .order_by(Repair.at.desc())
        .limit(limit)
    )
    if before:
        statement = statement.where(Repair.at < before)
    for repair in session.scalars(statement):
        yield Event(
            at=repair.at,
            kind="repair",
            title=_REPAIRS[repair.kind].format(who=repair.contact.name or repair.contact.email),
            text=repair.words,
            tone="danger" if repair.kind is RepairKind.NOT_FINISHED else "warning",
            job_id=repair.invitation.resolution.job_id,
        )


def _answer_tone(answers: list[Answer]) -> str:
    numbers = {answer.question: answer.number for answer in answers if answer.number is not None}
    csat, nps = numbers.get("csat"), numbers.get("nps")
    if (csat is not None and csat <= 2) or (nps is not None and nps <= 6):
        return "danger"
    if csat == 3:
        return "warning"
    return "good" if csat is not None or nps is not None else ""


def _emails(session: Session, client_id: int, before: datetime | None, limit: int) -> Iterator[Event]:
    """Reminders, and whatever did not arrive; a survey that arrived is already told by its invitation."""
    statement = (
        select(EmailMessage)
        .join(Invitation, Invitation.id == EmailMessage.invitation_id)
        .where(Invitation.client_id == client_id, EmailMessage.accepted_at.is_not(None))
        .order_by(EmailMessage.accepted_at.desc())
        .limit(limit)
    )
    if before:
        statement = statement.where(EmailMessage.accepted_at < before)
    for message in session.scalars(statement):
        trouble = delivery_words(message.delivery)
        who = message.to_name or message.to_email
        if message.accepted_at and (trouble or message.kind is EmailKind.REMINDER):
            noun = "Reminder" if message.kind is EmailKind.REMINDER else "Survey email"
            yield Event(
                at=message.delivery_at or message.accepted_at if trouble else message.accepted_at,
                kind="email",
                title=f"{noun} to {who} {trouble or 'sent'}",
                tone="warning" if trouble else "muted",
            )


def _flags(session: Session, client_id: int, before: datetime | None, limit: int) -> Iterator[Event]:
    statement = select(Flag).where(Flag.client_id == client_id).order_by(Flag.raised_at.desc()).limit(limit)
    if before:
        statement = statement.where(Flag.raised_at < before)
    for flag in session.scalars(statement):
        reason = max(flag.reasons, key=lambda reason: float(reason["points"]), default=None)
        yield Event(
            at=flag.raised_at,
            kind="flag",
            title=f"Flagged: {SEVERITY_WORDS[flag.severity].lower()}",
            text=str(reason["text"]) if reason else "",
            tone="danger",
            flag_id=flag.id,
        )
        if flag.status is FlagStatus.CLEARED and flag.closed_at:
            title = "Flag cleared by itself: the evidence no longer supports it"
            yield Event(at=flag.closed_at, kind="flag", title=title, tone="good", flag_id=flag.id)


def _follow_ups(session: Session, client_id: int, before: datetime | None, limit: int) -> Iterator[Event]:
    statement = (
        select(FollowUp, Outcome.result)
        .outerjoin(Outcome, Outcome.flag_id == FollowUp.flag_id)
        .where(FollowUp.client_id == client_id)
        .options(joinedload(FollowUp.user))
        .order_by(FollowUp.at.desc(), FollowUp.id.desc())
        .limit(limit)
    )
    if before:
        statement = statement.where(FollowUp.at < before)
    for follow_up, result in session.execute(statement):
        title = FOLLOW_UP_WORDS[follow_up.kind]
        if follow_up.kind is FollowUpKind.RESOLVED and result and not follow_up.undone_at:
            title = f"{title}: {OUTCOME_WORDS[result].lower()}"
        yield Event(
            at=follow_up.at,
            kind="follow_up",
            title=title,
            text=follow_up.note,
            tone="muted" if follow_up.undone_at else "info",
            by=follow_up.user.display_name if follow_up.user else "",
            flag_id=follow_up.flag_id,
            follow_up=follow_up,
        )


def _moves(session: Session, client_id: int, before: datetime | None, limit: int) -> Iterator[Event]:
    statement = (
        select(LadderMove).where(LadderMove.client_id == client_id).order_by(LadderMove.moved_at.desc()).limit(limit)
    )
    if before:
        statement = statement.where(LadderMove.moved_at < before)
    for move in session.scalars(statement):
        yield Event(
            at=move.moved_at,
            kind="ladder",
            title=MOVE_WORDS[move.to_rung],
            text=move.reason,
            tone="warning" if move.to_rung in _FALLS else "good",
        )
