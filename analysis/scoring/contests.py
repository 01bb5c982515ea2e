"""Contested ratings: a reason, a second reviewer, a deadline.

A contest is about a person's score alone. What the client said stays as it is, everywhere else.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.models import RatingContest, Verdict
from survey.errors import ConflictError, InvalidInputError, NotFoundError
from survey.models import Answer, ResolutionStaff, SurveyResponse
from survey.users import User

REVIEW_IN = timedelta(days=14)
UNDO_WINDOW = timedelta(hours=24)
NOTE_LENGTH = 2_000


def contest_rating(
    session: Session, response_id: int, name: str, reason: str, user_id: int | None, now: datetime
) -> RatingContest:
    """Say that a rating should not count for `name`. Another user has to decide within 14 days; until then it counts.

    Raises:
        NotFoundError: no such rating of a job that this person worked on. InvalidInputError: no reason.
        ConflictError: it is contested already.
    """
    text = _written(reason, "Please write why this rating should not count.", "reason")
    rated = session.scalar(
        select(SurveyResponse.id)
        .join(ResolutionStaff, ResolutionStaff.resolution_id == SurveyResponse.resolution_id)
        .join(Answer, Answer.response_id == SurveyResponse.id)
        .where(SurveyResponse.id == response_id, ResolutionStaff.name == name, Answer.question == "csat")
    )
    if rated is None:
        raise NotFoundError("There is no such rating.")
    if standing_contest(session, response_id, name) is not None:
        raise ConflictError("This rating has been contested already.")
    contest = RatingContest(
        response_id=response_id,
        name=name,
        reason=text,
        contested_by_id=user_id,
        contested_at=now,
        due_at=now + REVIEW_IN,
    )
    session.add(contest)
    session.flush()
    return contest


def standing_contest(session: Session, response_id: int, name: str) -> RatingContest | None:
    """The contest of this rating for this person that was not withdrawn."""
    return session.scalar(
        select(RatingContest).where(
            RatingContest.response_id == response_id,
            RatingContest.name == name,
            RatingContest.withdrawn_at.is_(None),
        )
    )


def withdraw(session: Session, contest: RatingContest, user_id: int | None, now: datetime) -> None:
    """Take one's own contest back, as long as nobody has decided.

    Raises:
        ConflictError: it is somebody else's, decided or withdrawn.
    """
    _lock(session, contest)
    if contest.contested_by_id != user_id:
        raise ConflictError("Only the person who contested this rating can take that back.")
    if contest.verdict is not None:
        raise ConflictError("This has been decided already.")
    contest.withdrawn_at = now
    session.flush()


def review(
    session: Session, contest: RatingContest, verdict: Verdict, note: str, user_id: int | None, now: datetime
) -> None:
    """Decide as the second reviewer.

    Raises:
        InvalidInputError: no note. ConflictError: decided or withdrawn, or `why_not_review` says why.
    """
    text = _written(note, "Please write why: both sides read it.", "note")
    _lock(session, contest)
    if contest.verdict is not None:
        raise ConflictError("This has been decided already.")
    why_not = why_not_review(contest, session.get(User, user_id) if user_id else None)
    if why_not:
        raise ConflictError(why_not)
    contest.verdict, contest.review_note = verdict, text
    contest.reviewed_by_id, contest.reviewed_at = user_id, now
    session.flush()


def why_not_review(contest: RatingContest, user: User | None) -> str:
    """Why this user may not decide, as a sentence; "" when they may."""
    if user is None or user.id == contest.contested_by_id:
        return "Somebody other than the person who contested it has to decide."
    if user.display_name.casefold() == contest.name.casefold():
        return "This rating is about you: somebody else has to decide."
    return ""


def undo_review(session: Session, contest: RatingContest, user_id: int | None, now: datetime) -> None:
    """Take one's own decision back within a day.

    Raises:
        ConflictError: it is somebody else's, older, or not decided.
    """
    _lock(session, contest)
    if contest.verdict is None or contest.reviewed_at is None or contest.reviewed_by_id != user_id:
        raise ConflictError("Only the person who decided this can undo it.")
    if now - contest.reviewed_at > UNDO_WINDOW:
        raise ConflictError("This is more than a day old and can no longer be undone.")
    contest.verdict, contest.review_note = None, ""
    contest.reviewed_by_id, contest.reviewed_at = None, None
    session.flush()


def _lock(session: Session, contest: RatingContest) -> None:
    session.flush()
    session.refresh(contest, with_for_update=True)
    if contest.withdrawn_at is not None:
        raise ConflictError("This has been taken back by the person who contested it.")


def _written(text: str, missing: str, field: str) -> str:
    cleaned = text.strip()
    if not cleaned:
        raise InvalidInputError(missing, field)
    if len(cleaned) > NOTE_LENGTH:
        raise InvalidInputError(f"Please keep this under {NOTE_LENGTH:,} characters.", field)
    return cleaned
