"""What became of an answer: told by managers, read by the client on their own link, answered with "fixed" or not."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from survey import clock, tokens, updates
from survey.errors import ConflictError, InvalidInputError
from survey.models import Client, ClientUpdate, InvitationState, SurveyResponse, UpdateStage
from tests.conftest import NOW, SECRET_KEY
from tests.factories import make_invitation, make_response

DOING, DONE = UpdateStage.DOING, UpdateStage.DONE


@pytest.fixture
def response(session: Session) -> SurveyResponse:
    """An unhappy answer to a survey that is still open."""
    invitation = make_invitation(session, state=InvitationState.ANSWERED, expires_at=NOW + timedelta(days=7))
    made = make_response(session, invitation.resolution, csat=2)
    made.invitation_id = invitation.id
    session.commit()
    return made


def path_of(response: SurveyResponse, session: Session) -> str:
    invitation = response.resolution.invitation
    assert invitation is not None
    return f"/s/{tokens.derive(SECRET_KEY, 'survey', invitation.seed)}"


def latest(session: Session, response: SurveyResponse) -> ClientUpdate | None:
    session.expire_all()
    return updates.progress_of(session, [response])[response.id].latest


def test_the_client_reads_how_far_it_is(session: Session, client: FlaskClient, response: SurveyResponse) -> None:
    """What a manager writes is on the client's link, with the day that was promised; stages passed over count."""
    updates.tell(session, response, DOING, "Sam brings the part.", NOW.date() + timedelta(days=2), None, NOW)
    session.commit()
    with clock.fixed_at(NOW):
        page = client.get(path_of(response, session) + "/done").text
    assert "Sam brings the part." in page
    assert "Seen<span" in page
    assert "Did that fix it?" not in page


def test_a_promise_that_was_not_kept_is_owned_up_to(
    session: Session, client: FlaskClient, response: SurveyResponse
) -> None:
    """Once the day has passed, the client's page says that we are late."""
    updates.tell(session, response, DOING, "Sam brings the part.", NOW.date() + timedelta(days=2), None, NOW)
    session.commit()
    with clock.fixed_at(NOW + timedelta(days=3)):
        assert "We are late with this" in client.get(path_of(response, session) + "/done").text


def test_a_promise_stands_through_news_without_a_day(
    session: Session, client: FlaskClient, response: SurveyResponse
) -> None:
    """News beside a promise neither hides it nor lets it pass unkept; another day or "done" replaces it."""
    promised = NOW.date() + timedelta(days=2)
    updates.tell(session, response, DOING, "Sam brings the part.", promised, None, NOW)
    updates.tell(session, response, DOING, "The part has left the warehouse.", None, None, NOW)
    session.commit()
    with clock.fixed_at(NOW + timedelta(days=1)):
        page = client.get(path_of(response, session) + "/done").text
    assert "The part has left the warehouse." in page
    assert "By Thursday 12 March." in page
    with clock.fixed_at(NOW + timedelta(days=3)):
        assert "We are late with this" in client.get(path_of(response, session) + "/done").text

    later = updates.tell(session, response, DOING, "Tomorrow.", NOW.date() + timedelta(days=4), None, NOW)
    assert later.by == NOW.date() + timedelta(days=4)
    after = updates.tell(session, response, DOING, "Still at it.", None, None, NOW + timedelta(days=5))
    assert after.by is None
    assert updates.tell(session, response, DONE, "It is in.", None, None, NOW).by is None


def test_the_client_says_whether_it_is_fixed(session: Session, client: FlaskClient, response: SurveyResponse) -> None:
    """After "done" one question is asked; its answer is evidence about the client, and may change."""
    updates.tell(session, response, DONE, "The part is in.", None, None, NOW)
    session.commit()
    path, seen = path_of(response, session), session.get_one(Client, response.client_id).evidence_version
    with clock.fixed_at(NOW + timedelta(hours=1)):
        assert "Did that fix it?" in client.get(path + "/done").text
        assert client.post(path + "/fixed", data={"fixed": "no"}).status_code == 303
        assert "did not fix it" in client.get(path + "/done").text
        told = latest(session, response)
        assert told is not None
        assert told.fixed is False
        assert session.get_one(Client, response.client_id).evidence_version > seen
        client.post(path + "/fixed", data={"fixed": "yes"})
    told = latest(session, response)
    assert told is not None
    assert told.fixed is True


def test_it_is_asked_after_the_survey_has_closed_too(
    session: Session, client: FlaskClient, response: SurveyResponse
) -> None:
    """Repairs take longer than a survey is open: the closed page shows what was done, and takes the answer."""
    updates.tell(session, response, DONE, "The part is in.", None, None, NOW)
    session.commit()
    path = path_of(response, session)
    with clock.fixed_at(NOW + timedelta(days=30)):
        assert "Did that fix it?" in client.get(path).text
        client.post(path + "/fixed", data={"fixed": "yes"})
        assert "You told us that this fixed it" in client.get(path).text


def test_who_answers_in_a_language_of_their_choice_stays_in_it(
    session: Session, client: FlaskClient, response: SurveyResponse
) -> None:
    """Chosen on the page, it goes along with the tap and back: the words above the button do not change under it."""
    updates.tell(session, response, DONE, "The part is in.", None, None, NOW)
    session.commit()
    path = path_of(response, session)
    with clock.fixed_at(NOW):
        assert f'action="{path}/fixed?lang=de"' in client.get(f"{path}?lang=de").text
        after = client.post(f"{path}/fixed?lang=de", data={"fixed": "yes"})
    assert (after.status_code, after.location) == (303, f"{path}?lang=de")


@pytest.mark.parametrize("fields", [{}, {"fixed": "maybe"}])
def test_nothing_is_kept_of_a_post_that_says_nothing(
    session: Session, client: FlaskClient, response: SurveyResponse, fields: dict[str, str]
) -> None:
    """A POST without yes or no, and one before anything was done, changes nothing."""
    path = path_of(response, session)
    with clock.fixed_at(NOW):
        client.post(path + "/fixed", data={"fixed": "yes"})
        assert latest(session, response) is None
        updates.tell(session, response, DONE, "The part is in.", None, None, NOW)
        session.commit()
        client.post(path + "/fixed", data=fields)
    told = latest(session, response)
    assert told is not None
    assert told.fixed is None


def test_what_cannot_be_told_is_refused(session: Session, response: SurveyResponse) -> None:
    """Something being done needs a word about what; a day that has passed is no promise."""
    with pytest.raises(InvalidInputError):
        updates.tell(session, response, DOING, "  ", None, None, NOW)
    with pytest.raises(InvalidInputError):
        updates.tell(session, response, DOING, "Sam comes.", NOW.date() - timedelta(days=1), None, NOW)
    with pytest.raises(InvalidInputError):
        updates.tell(session, response, DOING, "x" * (updates.LONGEST + 1), None, None, NOW)


def test_it_is_taken_back_until_the_client_answers(session: Session, response: SurveyResponse) -> None:
    """What was told by mistake goes; what the client has answered to stays."""
    told = updates.tell(session, response, DONE, "The part is in.", None, None, NOW)
    updates.undo(session, told.id, NOW)
    assert latest(session, response) is None
    again = updates.tell(session, response, DONE, "The part is in now.", None, None, NOW)
    updates.answer_fixed(session, response, fixed=True, now=NOW)
    with pytest.raises(ConflictError):
        updates.undo(session, again.id, NOW)


def test_seen_is_said_once(session: Session, response: SurveyResponse) -> None:
    """Reading an answer twice tells the client once, and never after something more was said."""
    assert updates.see(session, [response], None, NOW) == 1
    assert updates.see(session, [response], None, NOW) == 0


def test_a_manager_tells_and_takes_back(session: Session, manager: FlaskClient, response: SurveyResponse) -> None:
    """On the job's page: a form, a line that says what was told, a button that takes it back; bad input is named."""
    job = f"/desk/jobs/{response.resolution.job_id}"
    with clock.fixed_at(NOW):
        assert "What they read" in manager.get(job).text
        url = f"/desk/responses/{response.id}/tell"
        assert "the client reads it" in manager.post(url, data={"stage": "doing"}, follow_redirects=True).text
        page = manager.post(url, data={"stage": "done", "text": "The part is in."}, follow_redirects=True).text
        assert "The part is in." in page
        told = latest(session, response)
        assert told is not None
        assert "Taken back" in manager.post(f"/desk/updates/{told.id}/undo", follow_redirects=True).text
    assert latest(session, response) is None


def test_a_viewer_only_reads(viewer: FlaskClient, session: Session, response: SurveyResponse) -> None:
    """Who may not act sees what was told, and no form."""
    assert "What they read" not in viewer.get(f"/desk/jobs/{response.resolution.job_id}").text
    assert viewer.post(f"/desk/responses/{response.id}/tell", data={"stage": "seen"}).status_code == 403
