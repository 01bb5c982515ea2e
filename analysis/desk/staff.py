"""The ratings of the last 12 months by the people who did the work, and those that are contested."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased, joinedload

from analysis.models import RatingContest
from analysis.relationships.staff import OPEN, StaffRating, StaffScore, staff_scores
from survey.errors import NotFoundError
from survey.models import Answer, Client, Job, Resolution, ResolutionStaff, SurveyResponse

WINDOW = timedelta(days=365)
DECIDED_SHOWN = 20


@dataclass(frozen=True)
class Contested:
    """A contested rating with what it is about."""

    contest: RatingContest
    csat: int
    client: Client
    job: Job
    is_overdue: bool


@dataclass(frozen=True)
class StaffPage:
    """`scores` in the order of the alphabet; contests that wait (the most urgent first), and the latest decided."""

    scores: list[StaffScore]
    waiting: list[Contested]
    decided: list[Contested]

    @property
    def without_score(self) -> int:
        return sum(one.score is None for one in self.scores)


@dataclass(frozen=True)
class RatedJob:
    """One rating of one person's job."""

    rating: StaffRating
    client: Client
    job: Job
    contest: RatingContest | None


@dataclass(frozen=True)
class PersonPage:
    """One person: the score and every rating of the last 12 months, the latest first."""

    score: StaffScore
    ratings: list[RatedJob]


def staff_page(session: Session, now: datetime) -> StaffPage:
    """Everybody who worked on a rated job in the last 12 months."""
    waiting = _contested(session, now, select(RatingContest).where(RatingContest.verdict.is_(None)))
    latest = select(RatingContest).where(RatingContest.verdict.is_not(None))
    decided = _contested(session, now, latest.order_by(RatingContest.reviewed_at.desc()).limit(DECIDED_SHOWN))
    return StaffPage(
        scores=staff_scores(staff_ratings(session, now)),
        waiting=sorted(waiting, key=lambda one: one.contest.due_at),
        decided=decided,
    )


def person_page(session: Session, name: str, now: datetime) -> PersonPage:
    """One person's score and ratings.

    Raises:
        NotFoundError: nobody of this name worked on a rated job in the last 12 months.
    """
    ratings = staff_ratings(session, now)
    score = next((one for one in staff_scores(ratings) if one.name == name), None)
    if score is None:
        raise NotFoundError("Nobody of this name worked on a job that was rated in the last 12 months.")
    own = sorted((one for one in ratings if one.name == name), key=lambda one: one.at, reverse=True)
    ids = [one.response_id for one in own]
    jobs = {
        response_id: (client, job)
        for response_id, client, job in session.execute(
            select(SurveyResponse.id, Client, Job)
            .join(Client, Client.id == SurveyResponse.client_id)
            .join(Resolution, Resolution.id == SurveyResponse.resolution_id)
            .join(Job, Job.id == Resolution.job_id)
            .where(SurveyResponse.id.in_(ids))
        )
    }
    contests = {
        contest.response_id: contest
        for contest in session.scalars(
            _with_people(select(RatingContest)).where(RatingContest.name == name, RatingContest.withdrawn_at.is_(None))
        )
    }
    return PersonPage(score, [RatedJob(one, *jobs[one.response_id], contests.get(one.response_id)) for one in own])


def staff_ratings(session: Session, now: datetime) -> list[StaffRating]:
    """Every rating of the last 12 months, once for each person who worked on the job, by the shares kept at closing."""
    csat, about = aliased(Answer), aliased(Answer)
    rows = session.execute(
        select(
            ResolutionStaff.name,
            ResolutionStaff.share,
            csat.number,
            Job.kind,
            SurveyResponse.client_id,
            SurveyResponse.id,
            SurveyResponse.submitted_at,
            about.number,
            RatingContest.id,
            RatingContest.verdict,
        )
        .join(SurveyResponse, SurveyResponse.resolution_id == ResolutionStaff.resolution_id)
        .join(csat, (csat.response_id == SurveyResponse.id) & (csat.question == "csat"))
        .join(Resolution, Resolution.id == ResolutionStaff.resolution_id)
        .join(Job, Job.id == Resolution.job_id)
        .outerjoin(about, (about.response_id == SurveyResponse.id) & (about.question == "about"))
        .outerjoin(
            RatingContest,
            (RatingContest.response_id == SurveyResponse.id)
            & (RatingContest.name == ResolutionStaff.name)
            & RatingContest.withdrawn_at.is_(None),
        )
        .where(csat.number.is_not(None), SurveyResponse.submitted_at > now - WINDOW, SurveyResponse.submitted_at <= now)
    )
    return [
        StaffRating(
            name=name,
            share=share,
            csat=int(number or 0),
            kind=kind,
            client_id=client_id,
            response_id=response_id,
            at=at,
            about=told,
            contest=(verdict.value if verdict else OPEN) if contest_id else "",
        )
        for name, share, number, kind, client_id, response_id, at, told, contest_id, verdict in rows
    ]


def contest_by_id(session: Session, contest_id: int) -> RatingContest:
    """The contest. Raises NotFoundError."""
    contest = session.get(RatingContest, contest_id)
    if contest is None:
        raise NotFoundError("There is no such contested rating.")
    return contest


def _with_people(statement: Select[RatingContest]) -> Select[RatingContest]:
    return statement.options(joinedload(RatingContest.contested_by), joinedload(RatingContest.reviewed_by))


def _contested(session: Session, now: datetime, statement: Select[RatingContest]) -> list[Contested]:
    contests: Sequence[RatingContest] = session.scalars(
        _with_people(statement).where(RatingContest.withdrawn_at.is_(None))
    ).all()
    found = {
        response_id: (number, client, job)
        for response_id, number, client, job in session.execute(
            select(SurveyResponse.id, Answer.number, Client, Job)
            .join(Answer, (Answer.response_id == SurveyResponse.id) & (Answer.question == "csat"))
            .join(Client, Client.id == SurveyResponse.client_id)
            .join(Resolution, Resolution.id == SurveyResponse.resolution_id)
            .join(Job, Job.id == Resolution.job_id)
            .where(SurveyResponse.id.in_([contest.response_id for contest in contests]))
        )
    }
    return [
        Contested(contest, number or 0, client, job, contest.verdict is None and contest.due_at < now)
        for contest in contests
        if contest.response_id in found
        for number, client, job in [found[contest.response_id]]
    ]
