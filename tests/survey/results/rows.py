"""Rows for tests of the results: questionnaires, what clients answered, what was seen on their links."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from survey.evidence.records import record_visit
from survey.models import (
    ConfidentialAnswer,
    Invitation,
    InvitationState,
    Questionnaire,
    QuestionnaireVersion,
    ResponseOrigin,
    SurveyEventKind,
    SurveyResponse,
)
from survey.questionnaires.document import read_document
from survey.questionnaires.versions import publish
from tests.conftest import NOW
from tests.factories import make_contact, make_invitation, make_job, make_resolution, make_response

PERSON = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1 Version/17.0 Safari/604.1"
SCANNER = "BarracudaSentinel bot"


def asks(key: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "type": kind, "text": {"en": f"{key}?"}, **more}


def questionnaire(session: Session, name: str, *questions: dict[str, Any]) -> Questionnaire:
    document = {"format": 1, "language": "en", "questions": [asks("csat", "rating"), *questions]}
    made = Questionnaire(name=name, draft=read_document(document).as_dict(), revision=1, created_at=NOW, changed_at=NOW)
    session.add(made)
    session.flush()
    return made


def published(session: Session, made: Questionnaire) -> QuestionnaireVersion:
    return publish(session, made, [], None, NOW)


def answered(session: Session, version: QuestionnaireVersion | None = None, /, **values: Any) -> SurveyResponse:
    """One client's response, with an invitation of its own; `at`, `language`, `origin`, `kind`, `staff`, `contact`."""
    at: datetime = values.pop("at", NOW - timedelta(days=2))
    contact = values.pop("contact", None) or make_contact(session)
    job = make_job(session, contact, kind=values.pop("kind", "Repair"))
    done = make_resolution(
        session, job, completed_at=at - timedelta(days=1), staff=values.pop("staff", {"Ana Xu": 1.0})
    )
    language, origin = values.pop("language", "en"), values.pop("origin", ResponseOrigin.SURVEY)
    response = make_response(session, done, submitted_at=at, **values)
    response.language, response.origin = language, origin
    response.version_id = version.id if version else None
    if origin is ResponseOrigin.SURVEY:
        invitation = make_invitation(
            session, done, state=InvitationState.ANSWERED, answered_at=at, version_id=response.version_id
        )
        response.invitation_id = invitation.id
    session.flush()
    return response


def confide(session: Session, version: QuestionnaireVersion, month: str, question: str, *values: int | str) -> None:
    """Each said by somebody else, who answered the survey that month."""
    for place, value in enumerate(values):
        answered(session, version, csat=4, at=datetime.fromisoformat(f"{month}-15T12:00+00:00"))
        number, text = (value, None) if isinstance(value, int) else (None, value)
        code = f"{version.id}{month}{question}{place}"
        session.add(
            ConfidentialAnswer(
                code=code, version_id=version.id, question=question, number=number, text=text, month=month
            )
        )
    session.flush()


def visited(session: Session, invitation: Invitation, agent: str) -> None:
    assert invitation.sent_at is not None
    at = invitation.sent_at + timedelta(hours=3)
    details = {"page": "rating", "method": "GET", "offered": {"csat": 5}, "fetch": {}}
    record_visit(session, invitation, SurveyEventKind.OPENED, at, agent, **details)
