"""The desk's list of surveys and what managers do to them."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from survey import clock
from survey.models import Invitation, InvitationState
from tests.conftest import NOW
from tests.factories import make_contact, make_invitation, make_job, make_resolution, make_response

STATES = list(InvitationState)


def waiting(session: Session) -> Invitation:
    return make_invitation(session, state=InvitationState.SCHEDULED, sent_at=None, due_at=NOW + timedelta(hours=2))


def state_of(session: Session, invitation: Invitation) -> InvitationState:
    return session.get_one(Invitation, invitation.id).state


@pytest.mark.parametrize("state", STATES, ids=[state.value for state in STATES])
def test_each_state_has_a_tab_with_its_surveys(session: Session, viewer: FlaskClient, state: InvitationState) -> None:
    """A tab lists the surveys of its state, with the reason, and counts them."""
    contact = make_contact(session, name="Uma Vogel")
    make_invitation(session, make_resolution(session, make_job(session, contact)), state=state, reason="Because.")
    found = viewer.get(f"/desk/surveys?state={state.value}").get_data(as_text=True)
    assert "Uma Vogel" in found
    other = next(other for other in STATES if other is not state)
    assert "Uma Vogel" not in viewer.get(f"/desk/surveys?state={other.value}").get_data(as_text=True)
    assert "Uma Vogel" in viewer.get("/desk/surveys?state=all&q=vogel").get_data(as_text=True)
    assert "No survey fits" in viewer.get("/desk/surveys?state=all&q=zzz").get_data(as_text=True)


def test_answered_surveys_show_their_rating(session: Session, viewer: FlaskClient) -> None:
    """The rating of 1 to 5 stands in the list."""
    invitation = make_invitation(session, state=InvitationState.ANSWERED, answered_at=NOW)
    make_response(session, invitation.resolution, csat=4).invitation_id = invitation.id
    assert "4 of 5" in viewer.get("/desk/surveys?state=answered").get_data(as_text=True)


def test_hold_resume_send_and_cancel(session: Session, manager: FlaskClient) -> None:
    """Each button does one thing and says so; a hold can be undone from its message."""
    with clock.fixed_at(NOW):
        invitation = waiting(session)
        held = manager.post(f"/desk/surveys/{invitation.id}/hold", follow_redirects=True).get_data(as_text=True)
        assert state_of(session, invitation) is InvitationState.HELD
        assert f'action="/desk/surveys/{invitation.id}/resume"' in held
        manager.post(f"/desk/surveys/{invitation.id}/resume")
        assert state_of(session, invitation) is InvitationState.SCHEDULED
        manager.post(f"/desk/surveys/{invitation.id}/send-now")
        assert invitation.forced_by_id is not None
        assert invitation.due_at == NOW
        manager.post(f"/desk/surveys/{invitation.id}/cancel", data={"reason": "We talked"})
        assert (invitation.state, invitation.reason) == (InvitationState.CANCELLED, "We talked")


def test_what_cannot_be_done_is_said_in_a_sentence(session: Session, manager: FlaskClient) -> None:
    """An answered survey cannot be held: the page says why, and nothing changes."""
    invitation = make_invitation(session, state=InvitationState.ANSWERED)
    said = manager.post(f"/desk/surveys/{invitation.id}/hold", follow_redirects=True).get_data(as_text=True)
    assert "cannot be held" in said
    assert manager.post("/desk/surveys/4711/hold").status_code == 404
    assert manager.post(f"/desk/surveys/{invitation.id}/frobnicate").status_code == 404


def test_many_at_once_keeps_what_cannot_be_changed(session: Session, manager: FlaskClient) -> None:
    """Ticked surveys are held together; those that are over stay, with the first reason told."""
    first, second = waiting(session), waiting(session)
    over = make_invitation(session, state=InvitationState.EXPIRED)
    sent = {"act": "hold", "id": [first.id, second.id, over.id], "back": "/desk/surveys?state=scheduled"}
    response = manager.post("/desk/surveys/many", data=sent)
    assert response.location == "/desk/surveys?state=scheduled"
    assert {first.state, second.state} == {InvitationState.HELD}
    assert over.state is InvitationState.EXPIRED
    said = manager.get("/desk/surveys?state=held").get_data(as_text=True)
    assert "2 surveys put on hold." in said
    assert "1 stayed as it was" in said


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/desk/surveys\\@evil.example"])
def test_the_way_back_stays_on_the_desk(session: Session, manager: FlaskClient, back: str) -> None:
    """A form cannot send a manager to another site."""
    response = manager.post("/desk/surveys/many", data={"act": "hold", "back": back})
    assert response.location == "/desk/surveys"
