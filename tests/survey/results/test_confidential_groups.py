"""Who may be in a group of confidential answers, as the database tells it: five people, and nobody who may still change
their mind."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey.evidence import held
from survey.models import Invitation, InvitationState, QuestionnaireVersion, SurveyResponse
from survey.questionnaires.confidential import keep
from survey.results.confidential import confidential
from survey.results.scope import load_scope
from tests.conftest import NOW
from tests.factories import make_contact
from tests.survey.results.rows import answered, asks, confide, published, questionnaire

TODAY = date(2026, 3, 10)
FEBRUARY = datetime(2025, 2, 15, 12, tzinfo=UTC)


def shown(session: Session, today: date = TODAY, open_days: int = 7) -> list[tuple[str, int]]:
    [kept] = confidential(session, load_scope(session, "", ""), today, open_days)
    return [(group.label, group.n) for group in kept.groups]


def version(session: Session) -> QuestionnaireVersion:
    made = questionnaire(session, "After a job", asks("fair", "agreement", confidentiality="confidential"))
    return published(session, made)


def test_five_answers_of_one_client_are_no_group(session: Session) -> None:
    """Somebody who answers after each of six jobs is alone in that quarter; it is shown together with later ones, once
    four others have surely answered."""
    asked, often = version(session), make_contact(session)
    for number in range(6):
        answered(session, asked, csat=4, contact=often, at=FEBRUARY + timedelta(days=number))
        keep(session, f"link {number}", asked.id, {"fair": 1}, FEBRUARY)
    assert shown(session) == []

    confide(session, asked, "2025-05", "fair", 7, 7, 7)
    assert shown(session) == []
    confide(session, asked, "2025-08", "fair", 7, 7)
    assert shown(session) == [("Q1 2025 to Q3 2025", 11)]


def test_setting_an_answer_aside_changes_no_group(session: Session) -> None:
    """A manager who sets answers aside and looks again would learn who said what, if groups followed."""
    asked = version(session)
    confide(session, asked, "2025-02", "fair", 1, 1, 1, 1, 1)
    confide(session, asked, "2025-05", "fair", 7, 7, 7, 7, 7)
    before = shown(session)
    assert len(before) == 2

    early = select(SurveyResponse).where(SurveyResponse.submitted_at < FEBRUARY + timedelta(days=1))
    for response in session.scalars(early):
        held.not_a_person(session, response, None, NOW)

    assert session.scalars(select(SurveyResponse.id)).all() != []
    assert shown(session) == before


def test_a_survey_that_was_left_open_longer_keeps_its_quarter_hidden(session: Session) -> None:
    """It may still change its answer, however soon the surveys sent today close."""
    asked = version(session)
    confide(session, asked, "2025-11", "fair", 3, 3, 3, 3, 3)
    assert shown(session) == [("Q4 2025", 5)]

    late = session.scalars(select(Invitation).limit(1)).one()
    late.expires_at = NOW + timedelta(days=60)
    session.flush()
    assert late.state is InvitationState.ANSWERED
    assert shown(session) == []
    late.state = InvitationState.EXPIRED
    session.flush()
    assert shown(session) == [("Q4 2025", 5)]
