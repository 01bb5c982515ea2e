"""What clients were told of their answers, as evidence: a day that passed in silence, a repair that was none."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.flags import followups
from analysis.models import Flag, FlagStatus, OutcomeResult
from analysis.scoring.assessments import lock_due_clients, score_clients
from survey import updates
from survey.models import Client, InvitationState, SurveyResponse, UpdateStage
from tests.conftest import NOW
from tests.factories import make_invitation, make_response


@pytest.fixture
def response(session: Session) -> SurveyResponse:
    """A bad rating, whose flag a person has closed as settled."""
    invitation = make_invitation(session, state=InvitationState.ANSWERED, expires_at=NOW + timedelta(days=7))
    made = make_response(session, invitation.resolution, csat=1, submitted_at=NOW)
    made.invitation_id = invitation.id
    return made


def score(session: Session, response: SurveyResponse, now: object) -> Flag | None:
    session.get_one(Client, response.client_id).add_evidence()
    session.flush()
    score_clients(session, lock_due_clients(session, now), now)  # type: ignore[arg-type]
    live = (FlagStatus.OPEN, FlagStatus.ACKNOWLEDGED)
    return session.scalar(select(Flag).where(Flag.client_id == response.client_id, Flag.status.in_(live)))


def settle(session: Session, response: SurveyResponse) -> None:
    """The flag of the bad rating is seen and closed."""
    flag = score(session, response, NOW + timedelta(hours=1))
    assert flag is not None
    followups.acknowledge(session, flag, None, NOW + timedelta(hours=2))
    followups.resolve(session, flag, None, OutcomeResult.KEPT, "Spoken to.", NOW + timedelta(hours=3))


def test_who_acknowledges_a_flag_has_seen_the_answer(session: Session, response: SurveyResponse) -> None:
    """The client reads "seen" without anybody writing it."""
    settle(session, response)
    latest = updates.progress_of(session, [response])[response.id].latest
    assert latest is not None
    assert latest.stage is UpdateStage.SEEN


def test_a_broken_promise_flags_again(session: Session, response: SurveyResponse) -> None:
    """A settled client who was promised a day is flagged once it has passed without a word, and cleared by one."""
    settle(session, response)
    told = NOW + timedelta(hours=4)
    updates.tell(session, response, UpdateStage.DOING, "Sam comes.", (NOW + timedelta(days=2)).date(), None, told)
    assert score(session, response, NOW + timedelta(days=1)) is None
    flag = score(session, response, NOW + timedelta(days=4))
    assert flag is not None
    assert "have heard nothing since" in flag.reasons[0]["text"]
    updates.tell(session, response, UpdateStage.DONE, "Sam came.", None, None, NOW + timedelta(days=4, hours=1))
    assert score(session, response, NOW + timedelta(days=4, hours=2)) is None


def test_a_repair_that_was_none_flags_again(session: Session, response: SurveyResponse) -> None:
    """ "No, not yet" under "did that fix it?" is reason enough, whatever was settled before; "yes" takes it back."""
    settle(session, response)
    updates.tell(session, response, UpdateStage.DONE, "Sam came.", None, None, NOW + timedelta(hours=5))
    updates.answer_fixed(session, response, fixed=False, now=NOW + timedelta(days=1))
    flag = score(session, response, NOW + timedelta(days=1, hours=1))
    assert flag is not None
    assert flag.reasons[0]["signal"] == "not_fixed"
    assert "Sam came." in flag.reasons[0]["evidence"][0]["text"]
    updates.answer_fixed(session, response, fixed=True, now=NOW + timedelta(days=1, hours=2))
    assert score(session, response, NOW + timedelta(days=1, hours=3)) is None
