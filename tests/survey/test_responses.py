"""What counts as an answer, and what a replay or an old page can do to it: nothing."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey import responses
from survey.db import transaction
from survey.errors import InvalidInputError, NotFoundError
from survey.history import ImportedResponse, import_response, import_responses
from survey.models import (
    Contact,
    Invitation,
    InvitationState,
    ResponseOrigin,
    SurveyEvent,
    SurveyEventKind,
    SurveyResponse,
)
from survey.responses import StaleAnswersError, SurveyClosedError, answers_of, steps_of, submit, version
from tests.conftest import NOW
from tests.factories import make_contact, make_invitation, make_job, make_resolution, make_response

LATER = timedelta(minutes=5)


def events(session: Session, invitation: Invitation) -> list[SurveyEvent]:
    statement = select(SurveyEvent).where(SurveyEvent.invitation_id == invitation.id).order_by(SurveyEvent.id)
    return list(session.scalars(statement))


def test_first_answer_is_confirmed(session: Session, now: datetime) -> None:
    """The first submission stores every value, closes the asking and tells the scorer."""
    invitation = make_invitation(session)
    before = invitation.client.evidence_version

    response = submit(session, invitation, {"csat": 4, "comment": " Fine \r\nwork "}, {"greeted": 1}, now, "Phone")

    assert answers_of(response) == {"csat": 4, "comment": "Fine \nwork"}
    assert steps_of(response) == {"greeted": 1}
    assert (response.submitted_at, response.changed_at, response.origin) == (now, None, ResponseOrigin.SURVEY)
    assert (invitation.state, invitation.answered_at) == (InvitationState.ANSWERED, now)
    assert invitation.client.evidence_version == before + 1
    (event,) = events(session, invitation)
    assert (event.kind, event.user_agent) == (SurveyEventKind.CONFIRMED, "Phone")
    assert event.details == {"changed": ["comment", "csat", "step_greeted"]}


def test_later_answers_join_the_earlier_ones(session: Session, now: datetime) -> None:
    """A follow-up page adds its answer; what it does not name stays, with the moment it was given."""
    invitation = make_invitation(session)
    submit(session, invitation, {"csat": 4, "comment": "Fine"}, {}, now)

    response = submit(session, invitation, {"nps": 9}, {"greeted": -1, "explained": 0}, now + LATER)

    assert answers_of(response) == {"csat": 4, "comment": "Fine", "nps": 9}
    assert steps_of(response) == {"greeted": -1, "explained": 0}
    assert {answer.question: answer.answered_at for answer in response.answers}["csat"] == now
    assert response.changed_at == now + LATER
    assert [event.kind for event in events(session, invitation)] == [SurveyEventKind.CONFIRMED] * 2
    assert invitation.answered_at == now


def test_changing_an_answer_moves_only_that_answer(session: Session, now: datetime) -> None:
    """A changed value is stored with its new moment, so that only it is analysed again."""
    invitation = make_invitation(session)
    submit(session, invitation, {"csat": 4, "comment": "Fine"}, {"greeted": 1}, now)

    response = submit(session, invitation, {"csat": 2, "comment": "Fine"}, {"greeted": -1}, now + LATER)

    moments = {answer.question: answer.answered_at for answer in response.answers}
    assert moments == {"csat": now + LATER, "comment": now}
    assert steps_of(response) == {"greeted": -1}
    last = events(session, invitation)[-1]
    assert (last.kind, last.details) == (SurveyEventKind.CHANGED, {"changed": ["csat", "step_greeted"]})


def test_an_emptied_comment_goes(session: Session, now: datetime) -> None:
    """Taking the words away deletes that answer and says so; an empty box that was empty is no change."""
    invitation = make_invitation(session)
    submit(session, invitation, {"csat": 4, "comment": "Fine"}, {}, now)

    response = submit(session, invitation, {"comment": ""}, {}, now + LATER)
    submit(session, invitation, {"comment": "  "}, {}, now + 2 * LATER)

    session.expire_all()
    assert answers_of(response) == {"csat": 4}
    assert [event.details["changed"] for event in events(session, invitation)] == [["comment", "csat"], ["comment"]]


def test_a_replay_changes_nothing(session: Session, now: datetime) -> None:
    """A scanner that posts the same again, even from the old page, leaves no event and moves no moment."""
    invitation = make_invitation(session)
    answers: dict[str, int | str] = {"csat": 5, "comment": "Great"}
    submit(session, invitation, answers, {"greeted": 1}, now, based_on=responses.NOTHING_YET)
    seen = invitation.client.evidence_version

    for _ in range(3):
        response = submit(session, invitation, answers, {"greeted": 1}, now + LATER, based_on=responses.NOTHING_YET)

    assert len(events(session, invitation)) == 1
    assert invitation.client.evidence_version == seen
    assert invitation.answered_at == now
    assert response.changed_at is None
    assert {answer.answered_at for answer in response.answers} == {now}


def test_an_old_page_cannot_overwrite(session: Session, now: datetime) -> None:
    """Replaying the first post after the client changed their mind is refused, and the later answer stands."""
    invitation = make_invitation(session)
    first = submit(session, invitation, {"csat": 5}, {}, now, based_on=responses.NOTHING_YET)
    submit(session, invitation, {"csat": 1}, {}, now + LATER, based_on=version(session, first))

    with pytest.raises(StaleAnswersError):
        submit(session, invitation, {"csat": 5}, {}, now + 2 * LATER, based_on=responses.NOTHING_YET)

    assert answers_of(responses.find_response(session, invitation)) == {"csat": 1}


def test_a_version_never_comes_back(session: Session, now: datetime) -> None:
    """After good → bad → good, a post made from the first good is still recognised as old."""
    invitation = make_invitation(session)
    response = submit(session, invitation, {"csat": 5}, {}, now)
    old = version(session, response)
    submit(session, invitation, {"csat": 1}, {}, now + LATER, based_on=old)
    submit(session, invitation, {"csat": 5}, {}, now + 2 * LATER, based_on=version(session, response))

    with pytest.raises(StaleAnswersError):
        submit(session, invitation, {"csat": 1}, {}, now + 3 * LATER, based_on=old)


@pytest.mark.parametrize(
    "state",
    [
        InvitationState.SCHEDULED,
        InvitationState.HELD,
        InvitationState.SKIPPED,
        InvitationState.CANCELLED,
        InvitationState.WITHDRAWN,
        InvitationState.EXPIRED,
    ],
)
def test_a_closed_survey_takes_nothing(session: Session, now: datetime, state: InvitationState) -> None:
    """Only a survey that was sent or answered takes answers."""
    invitation = make_invitation(session, state=state)

    with pytest.raises(SurveyClosedError):
        submit(session, invitation, {"csat": 5}, {}, now)

    assert responses.find_response(session, invitation) is None


def test_the_survey_closes_at_its_date(session: Session, now: datetime) -> None:
    """At expires_at the answers are final, one second before they are not."""
    invitation = make_invitation(session, expires_at=now)
    submit(session, invitation, {"csat": 5}, {}, now - timedelta(seconds=1))

    with pytest.raises(SurveyClosedError):
        submit(session, invitation, {"csat": 1}, {}, now)


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"csat": 0}, "csat"),
        ({"csat": 6}, "csat"),
        ({"nps": 11}, "nps"),
        ({"ces": 8}, "ces"),
        ({"would_return": 2}, "would_return"),
        ({"csat": "4"}, "csat"),
        ({"comment": 4}, "comment"),
        ({"comment": "x" * 5001}, "comment"),
        ({"mood": 4}, "mood"),
        ({}, None),
        ({"comment": " "}, None),
    ],
)
def test_values_outside_their_scale_are_refused(
    session: Session, now: datetime, answers: dict[str, int | str], field: str | None
) -> None:
    """The error names the field; nothing is stored."""
    invitation = make_invitation(session)

    with pytest.raises(InvalidInputError) as caught:
        submit(session, invitation, answers, {}, now)

    assert caught.value.field == field
    assert invitation.state is InvitationState.SENT


def history(**values: object) -> ImportedResponse:
    moment = datetime(2026, 3, 1, 9, tzinfo=UTC)
    defaults = {"source": "psa", "external_id": "1", "contact_email": "ana@x.example", "submitted_at": moment}
    return ImportedResponse(**{**defaults, **values})  # type: ignore[arg-type]


def psa_job(session: Session) -> Contact:
    contact = make_contact(session, email="ana@x.example")
    job = make_job(session, contact, source="psa", external_id="1")
    for day in (1, 20):
        make_resolution(session, job, completed_at=datetime(2026, 2, day, tzinfo=UTC))
    return contact


def test_history_is_taken_over_once(session: Session, now: datetime) -> None:
    """An imported answer keeps its own moment, and a second import of it changes nothing."""
    contact = psa_job(session)
    record = history(csat=2, nps=3, comment="Slow", language="de", contact_email=" Ana@X.example")

    assert import_response(session, record, now) is True
    assert import_response(session, record, now) is False

    (response,) = session.scalars(select(SurveyResponse)).all()
    assert answers_of(response) == {"csat": 2, "nps": 3, "comment": "Slow"}
    assert (response.origin, response.language) == (ResponseOrigin.IMPORT, "de")
    assert (response.contact_id, response.submitted_at) == (contact.id, record.submitted_at)
    assert contact.client.evidence_version == 2


@pytest.mark.parametrize(("day", "sequence"), [(10, 1), (25, 2), (20, 2)])
def test_history_belongs_to_the_closing_before_it(session: Session, now: datetime, day: int, sequence: int) -> None:
    """An answer is about the last closing before it."""
    psa_job(session)
    import_response(session, history(csat=2, submitted_at=datetime(2026, 2, day, tzinfo=UTC)), now)

    (response,) = session.scalars(select(SurveyResponse)).all()
    assert response.resolution.sequence == sequence


def test_history_before_every_closing_belongs_to_the_latest(session: Session, now: datetime) -> None:
    """Clocks of two tools differ; an answer that seems to come first is still kept."""
    psa_job(session)
    import_response(session, history(csat=2, submitted_at=datetime(2026, 1, 1, tzinfo=UTC)), now)

    (response,) = session.scalars(select(SurveyResponse)).all()
    assert response.resolution.sequence == 2


def test_history_from_a_colleague_makes_a_contact(session: Session, now: datetime) -> None:
    """Somebody else at the client may have answered; they become a contact of that client."""
    contact = psa_job(session)
    import_response(session, history(csat=2, contact_email="bo@x.example"), now)

    (response,) = session.scalars(select(SurveyResponse)).all()
    assert response.contact.email == "bo@x.example"
    assert response.contact.client_id == contact.client_id


def test_a_bad_record_does_not_stop_the_others(session: Session, now: datetime) -> None:
    """Every record has its own result; the good ones are kept."""
    psa_job(session)
    make_job(session, source="psa", external_id="open")
    records = [
        history(csat=9),
        history(csat=4, external_id="nowhere"),
        history(csat=4, external_id="open"),
        history(csat=4, contact_email="nobody"),
        history(),
        history(csat=4),
        history(csat=5),
    ]

    results = import_responses(session, records, now)

    assert [type(result.error) for result in results] == [
        InvalidInputError,
        NotFoundError,
        NotFoundError,
        InvalidInputError,
        InvalidInputError,
        type(None),
        type(None),
    ]
    assert [result.new for result in results] == [False] * 5 + [True, False]
    assert results[0].error is not None
    assert getattr(results[0].error, "field", None) == "csat"


def test_unknown_job_is_not_found(session: Session, now: datetime) -> None:
    """One record at a time, a refusal is raised."""
    with pytest.raises(NotFoundError):
        import_response(session, history(csat=4), now)


def test_the_survey_continues_an_imported_answer(session: Session, now: datetime) -> None:
    """Answering the survey about a job that history already has an answer for merges into it."""
    invitation = make_invitation(session)
    imported = make_response(session, invitation.resolution, csat=3)
    imported.origin = ResponseOrigin.IMPORT

    response = submit(session, invitation, {"nps": 8}, {}, now + LATER)

    assert response.id == imported.id
    assert response.invitation_id == invitation.id
    assert answers_of(response) == {"csat": 3, "nps": 8}


def test_two_first_posts_at_once_make_one_response(app: Flask, session: Session) -> None:
    """A double tap, or a scanner's replay at the same moment: one is stored, the other finds it there."""
    invitation_id = make_invitation(session).id
    session.commit()
    ready = threading.Barrier(4)

    def post() -> None:
        with app.app_context():
            ready.wait()
            with transaction() as own:
                submit(own, own.get_one(Invitation, invitation_id), {"csat": 4}, {"greeted": 1}, NOW, based_on="0")

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(post) for _ in range(4)]:
            done.result()

    assert session.scalar(select(func.count()).select_from(SurveyResponse)) == 1
    assert session.scalar(select(func.count()).select_from(SurveyEvent)) == 1
