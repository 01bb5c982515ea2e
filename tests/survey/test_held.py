"""Presses of the button that do not count, answers set aside, and the way back."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis.models import AnswerAnalysis
from survey import clock, tokens
from survey.errors import ConflictError
from survey.evidence import archive, held
from survey.evidence.queries import unconfirmed
from survey.evidence.records import VISIT_LIMIT, lines, record_visit, visits_of
from survey.evidence.taps import Request
from survey.models import (
    Answer,
    ClientUpdate,
    HeldAnswer,
    HeldOutcome,
    HeldWhy,
    Invitation,
    InvitationState,
    SurveyEvent,
    SurveyEventKind,
    SurveyResponse,
    UpdateStage,
    VisitTally,
)
from survey.responses import add_reply, answers_of, find_response, steps_of, submit
from tests.conftest import NOW, SECRET_KEY
from tests.factories import make_invitation
from tests.survey.gauntlet import CHROME, HEADLESS, TAPPED, Browser

SECOND = timedelta(seconds=1)
GIVEN: tuple[dict[str, Any], dict[str, Any]] = ({"csat": 2, "comment": "It leaks again"}, {"greeted": 1})


@pytest.fixture
def invitation(session: Session) -> Invitation:
    return asked(session)


def asked(session: Session) -> Invitation:
    """A survey that was sent yesterday and is open for a week."""
    return make_invitation(session, sent_at=NOW - timedelta(days=1), expires_at=NOW + timedelta(days=7))


def press(agent: str = CHROME, again: str = "", **fetch: str) -> Request:
    return Request(user_agent=agent, fetch=fetch or TAPPED, again=again)


def shown(session: Session, invitation: Invitation, agent: str, at: Any, **details: Any) -> None:
    for kind in (SurveyEventKind.OPENED, SurveyEventKind.SHOWN):
        record_visit(session, invitation, kind, at, agent, method="GET", fetch=TAPPED, **details)
    session.flush()


def test_a_tap_after_the_page_counts(session: Session, invitation: Invitation) -> None:
    """Somebody who was shown the page and tapped is weighed as a person, and nothing is held."""
    shown(session, invitation, CHROME, NOW)

    found = held.weigh(session, invitation, press(), GIVEN, NOW + 9 * SECOND)

    assert found.counts
    assert found.details["kind"] == "person"
    assert found.details["waited"] == 9.0
    assert session.scalar(select(func.count()).select_from(HeldAnswer)) == 0


def test_what_a_machine_pressed_is_held_once_and_tapping_once_more_frees_it(
    session: Session, invitation: Invitation
) -> None:
    """The words are kept, once; a second tap with the fresh value counts, a made-up one does not."""
    shown(session, invitation, CHROME, NOW, offered={"csat": 1})
    shown(session, invitation, CHROME, NOW + SECOND, offered={"csat": 2})
    first = held.weigh(session, invitation, press(), GIVEN, NOW + 5 * SECOND)
    second = held.weigh(session, invitation, press(), GIVEN, NOW + 6 * SECOND)
    [row] = session.scalars(select(HeldAnswer)).all()

    assert not first.counts
    assert row.why is HeldWhy.PRESSED
    assert row.answers == GIVEN[0]
    assert row.reasons == ["It fetched two ratings within a minute: 1 and 2."]
    for forged in ("", "x", "1.x", first.again.replace(".", "1.", 1), f"{'9' * 30}.x", "٣.x"):
        assert not held.weigh(session, invitation, press(again=forged), GIVEN, NOW + 8 * SECOND).counts
    assert not held.weigh(session, invitation, press(again=second.again), GIVEN, NOW + 6.5 * SECOND).counts
    assert held.weigh(session, invitation, press(again=second.again), GIVEN, NOW + 9 * SECOND).counts
    assert row.outcome is HeldOutcome.CONFIRMED
    assert find_response(session, invitation) is None  # weighing alone stores no answer


def test_a_value_for_another_survey_frees_nothing(session: Session, invitation: Invitation) -> None:
    """The fresh value belongs to one survey."""
    other = asked(session)
    token = held.weigh(session, other, press(HEADLESS), GIVEN, NOW).again

    assert not held.weigh(session, invitation, press(HEADLESS, again=token), GIVEN, NOW + 60 * SECOND).counts


def test_held_answers_have_an_end(session: Session, invitation: Invitation) -> None:
    """A robot that presses with ever other answers fills no disk."""
    for number in range(held.HELD_LIMIT + 5):
        held.weigh(session, invitation, press(HEADLESS), ({"comment": f"Words {number}"}, {}), NOW)
    session.flush()

    assert session.scalar(select(func.count()).select_from(HeldAnswer)) == held.HELD_LIMIT


def test_an_answer_is_set_aside_with_all_that_hangs_on_it_and_comes_back(
    session: Session, invitation: Invitation
) -> None:
    """Reading, updates and steps go and come back; the survey is open in between; the scorer hears of both."""
    response = submit(session, invitation, *GIVEN, NOW)
    comment = next(answer for answer in response.answers if answer.question == "comment")
    session.add_all(
        [
            AnswerAnalysis(
                answer_id=comment.id,
                client_id=invitation.client_id,
                model="test",
                text_hash="x",
                language="en",
                sentiment="negative",
                score=-0.5,
                probabilities={"negative": 1.0},
                aspects=[],
                intents={},
                evidence=[],
                analysed_at=NOW,
            ),
            ClientUpdate(response=response, client_id=invitation.client_id, stage=UpdateStage.SEEN, at=NOW),
        ]
    )
    session.flush()
    version = invitation.client.evidence_version

    row = held.not_a_person(session, response, None, NOW + SECOND)

    assert (invitation.state, invitation.answered_at) == (InvitationState.SENT, None)
    assert _count(session, SurveyResponse, Answer, AnswerAnalysis, ClientUpdate) == [0, 0, 0, 0]
    assert row.answers == GIVEN[0]
    assert invitation.client.evidence_version == version + 1

    held.restore(session, row, None, NOW + 2 * SECOND)

    back = find_response(session, invitation)
    assert (answers_of(back), steps_of(back)) == GIVEN
    assert _count(session, SurveyResponse, Answer, AnswerAnalysis, ClientUpdate) == [1, 2, 1, 1]
    assert back is not None
    assert back.submitted_at == NOW
    assert invitation.state is InvitationState.ANSWERED
    assert invitation.client.evidence_version == version + 2
    with pytest.raises(ConflictError, match="counts already"):
        held.restore(session, row, None, NOW)


def _count(session: Session, *tables: Any) -> list[int]:
    return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def test_a_new_answer_stands_against_the_way_back(session: Session, invitation: Invitation) -> None:
    """The person has answered meanwhile: neither undo nor counting the held one overwrites that."""
    row = held.not_a_person(session, submit(session, invitation, *GIVEN, NOW), None, NOW)
    submit(session, invitation, {"csat": 5}, {}, NOW)

    with pytest.raises(ConflictError, match="That answer stands"):
        held.count(session, row, None, NOW)
    assert answers_of(find_response(session, invitation)) == {"csat": 5}


def test_after_it_closed_a_survey_set_aside_is_unanswered(session: Session, invitation: Invitation) -> None:
    """It is not opened again by it; a manager may still count what a machine seemed to press."""
    held.weigh(session, invitation, press(HEADLESS), GIVEN, NOW)
    session.flush()
    [row] = session.scalars(select(HeldAnswer)).all()
    invitation.state = InvitationState.EXPIRED

    held.count(session, row, None, invitation.expires_at + SECOND)
    response = find_response(session, invitation)
    assert response is not None
    assert answers_of(response) == GIVEN[0]
    assert row.outcome is HeldOutcome.COUNTED

    held.not_a_person(session, response, None, invitation.expires_at + 2 * SECOND)
    assert invitation.state is InvitationState.EXPIRED


def test_words_that_came_by_email_are_not_set_aside(session: Session, invitation: Invitation) -> None:
    """Somebody wrote them."""
    add_reply(session, invitation, "Please call me", NOW)
    response = find_response(session, invitation)
    assert response is not None

    with pytest.raises(ConflictError, match="answered the email"):
        held.not_a_person(session, response, None, NOW)


def test_an_answer_of_another_tool_is_not_set_aside(session: Session, invitation: Invitation) -> None:
    """It was given elsewhere; we saw nothing of it."""
    response = submit(session, invitation, *GIVEN, NOW)
    response.invitation_id = None

    with pytest.raises(ConflictError, match="another tool"):
        held.not_a_person(session, response, None, NOW)


@pytest.mark.parametrize(("waited", "stands"), [(0.3, False), (8.0, True)])
def test_a_quick_press_falls_with_its_visitor(
    session: Session, invitation: Invitation, waited: float, stands: bool
) -> None:
    """Pressed at once and then on to the next link of the email: a machine. Who took their time is believed."""
    shown(session, invitation, CHROME, NOW, offered={"csat": 1})
    at = NOW + timedelta(seconds=waited)
    found = held.weigh(session, invitation, press(), ({"csat": 1}, {}), at)
    submit(session, invitation, {"csat": 1}, {}, at, CHROME, press=found.details)
    shown(session, invitation, CHROME, at + SECOND, offered={"csat": 2})

    row = held.reconsider(session, invitation, at + SECOND)

    assert found.counts
    assert (find_response(session, invitation) is not None) is stands
    if not stands:
        assert row is not None
        assert row.why is HeldWhy.MACHINE
        assert invitation.state is InvitationState.SENT


@pytest.mark.parametrize("undone_at", [None, NOW + SECOND])
def test_what_the_firm_has_answered_to_is_not_set_aside_by_itself(
    session: Session, invitation: Invitation, undone_at: datetime | None
) -> None:
    """A scanner with the person's browser name comes after a manager told them something: the answer stands."""
    shown(session, invitation, CHROME, NOW, offered={"csat": 1})
    found = held.weigh(session, invitation, press(), ({"csat": 1}, {}), NOW)
    response = submit(session, invitation, {"csat": 1}, {}, NOW, CHROME, press=found.details)
    seen = {"client_id": invitation.client_id, "stage": UpdateStage.SEEN, "at": NOW, "undone_at": undone_at}
    session.add(ClientUpdate(response_id=response.id, **seen))
    session.flush()
    shown(session, invitation, CHROME, NOW + 2 * SECOND, offered={"csat": 2})

    row = held.reconsider(session, invitation, NOW + 2 * SECOND)

    assert (row is None) is (undone_at is None)
    assert (find_response(session, invitation) is not None) is (undone_at is None)


def test_visits_beyond_the_limit_are_counted_and_still_judged(session: Session, invitation: Invitation) -> None:
    """A robot fills the limit, then a person comes: the person is still seen, and the robot's count is kept."""
    for _ in range(VISIT_LIMIT + 30):
        record_visit(session, invitation, SurveyEventKind.OPENED, NOW, "Barracuda", method="GET", fetch={})
    shown(session, invitation, CHROME, NOW + SECOND, offered={"csat": 4})
    shown(session, invitation, CHROME, NOW + 2 * SECOND)

    visits = visits_of(session, [invitation.id])[invitation.id]
    assert session.scalar(select(func.count()).select_from(SurveyEvent)) == VISIT_LIMIT
    assert sum(visit.times for visit in visits) == VISIT_LIMIT + 30 + 4
    told = lines(session, invitation)
    assert {line.who: line.kind for line in told} == {"Barracuda": "machine", "Chrome on Windows": "person"}
    assert held.weigh(session, invitation, press(), GIVEN, NOW + 9 * SECOND).counts


def test_names_beyond_the_limit_are_counted_together(session: Session, invitation: Invitation) -> None:
    """A robot with ever other names cannot fill the disk either."""
    for number in range(VISIT_LIMIT + 60):
        record_visit(session, invitation, SurveyEventKind.OPENED, NOW, f"Robot {number}", method="GET")

    tallies = session.scalars(select(VisitTally)).all()
    assert len(tallies) == 41
    assert sum(tally.times for tally in tallies) == 60


def _clicked(session: Session, invitation: Invitation, value: int = 4, **details: Any) -> None:
    shown(session, invitation, CHROME, NOW, offered={"csat": value}, **details)


def test_a_lone_click_is_unconfirmed_after_a_day(session: Session, invitation: Invitation) -> None:
    """Not before, not from a machine, not beside another choice, not once answered."""
    _clicked(session, invitation)
    swept = asked(session)
    for value in (1, 2, 3):
        shown(session, swept, CHROME, NOW, offered={"csat": value})
    changed = asked(session)
    shown(session, changed, CHROME, NOW, offered={"csat": 2})
    shown(session, changed, CHROME, NOW + timedelta(hours=2), offered={"csat": 3})
    answered = asked(session)
    _clicked(session, answered)
    submit(session, answered, {"csat": 4}, {}, NOW)
    tomorrow = NOW + timedelta(days=1)

    assert unconfirmed(session, tomorrow - SECOND) == []
    [click] = unconfirmed(session, tomorrow)
    assert (click.invitation_id, click.question, click.value, click.at) == (invitation.id, "csat", 4, NOW)
    assert unconfirmed(session, invitation.expires_at) == [click]
    assert unconfirmed(session, tomorrow, Invitation.client_id == swept.client_id) == []


def test_an_archive_gives_new_ids(session: Session, invitation: Invitation) -> None:
    """What was taken comes back even where its old id belongs to another row by now."""
    table = SurveyResponse.__table__
    response = submit(session, invitation, *GIVEN, NOW)
    old_id = response.id
    for row in (*response.answers, *response.touchpoints, response):
        session.expunge(row)
    taken = archive.take(session, table, old_id)  # type: ignore[arg-type]
    other = asked(session)
    submit(session, other, {"csat": 5}, {}, NOW)

    archive.put_back(session, table, taken)  # type: ignore[arg-type]

    assert answers_of(find_response(session, invitation)) == GIVEN[0]
    assert answers_of(find_response(session, other)) == {"csat": 5}


def test_the_desk_sets_aside_and_counts(manager: FlaskClient, session: Session, invitation: Invitation) -> None:
    """A manager says "not a person" on the job's page, sees what was set aside and why, and takes it back."""
    page = f"/desk/jobs/{invitation.resolution.job_id}"
    with clock.fixed_at(NOW):
        assert "Nobody has opened the link yet" in manager.get(page).text
        response = submit(session, invitation, *GIVEN, NOW)
        answer = manager.post(f"/desk/evidence/answers/{response.id}/not-a-person", follow_redirects=True)
        assert "Set aside" in answer.text
        assert "It leaks again" in answer.text
        assert "This answer was set aside" in answer.text
        [row] = session.scalars(select(HeldAnswer)).all()
        assert find_response(session, invitation) is None
        undone = manager.post(f"/desk/evidence/held/{row.id}/count", follow_redirects=True)
        assert "The answer counts." in undone.text
        again = manager.post(f"/desk/evidence/held/{row.id}/count", follow_redirects=True)
        assert "counts already" in again.text
    assert answers_of(find_response(session, invitation)) == GIVEN[0]


def test_the_desk_shows_what_was_seen(manager: FlaskClient, client: FlaskClient, session: Session) -> None:
    """Openings, the trap and the lone click, each with its verdict and reasons; in three places."""
    invitation = asked(session)
    path = f"/s/{tokens.derive(SECRET_KEY, 'survey', invitation.seed)}"
    with clock.fixed_at(NOW):
        Browser(client, path, CHROME).get("?csat=4")
        assert client.get(path + "/all-links", headers={"User-Agent": "Odd"}).status_code == 200
        assert client.get("/s/no-such/all-links").status_code == 404
    with clock.fixed_at(NOW + timedelta(days=2)):
        page = manager.get(f"/desk/jobs/{invitation.resolution.job_id}").text
        listed = manager.get("/desk/surveys?state=sent").text
        client_page = manager.get(f"/desk/clients/{invitation.client_id}").text

    assert "Opened the link (csat 4)" in page
    assert "It followed the link that no person can see." in page
    assert "A person was here, and machines too" in page
    for text in (page, listed, client_page):
        assert "4 of 5, clicked but not confirmed" in text


def test_a_viewer_may_not_set_aside(viewer: FlaskClient, session: Session, invitation: Invitation) -> None:
    """Reading is no right to decide."""
    response = submit(session, invitation, *GIVEN, NOW)

    assert viewer.post(f"/desk/evidence/answers/{response.id}/not-a-person").status_code == 403
    assert "Not a person" not in viewer.get(f"/desk/jobs/{invitation.resolution.job_id}").text


def test_explain_tells_what_was_seen(app: Flask, session: Session, invitation: Invitation) -> None:
    """The terminal shows each visit with its verdict, and the JSON stays one document."""
    shown(session, invitation, CHROME, NOW, offered={"csat": 4})
    shown(session, invitation, "Barracuda", NOW)
    session.commit()
    job = invitation.resolution.job
    told = ["invitations", "explain", job.source, job.external_id]
    text = app.test_cli_runner().invoke(args=told).stdout
    found = json.loads(app.test_cli_runner().invoke(args=[*told, "--json"]).stdout)

    assert "Opened the link (csat 4)" in text
    assert "It calls itself a mail scanner or robot (Barracuda)." in text
    verdicts = [(line["who"], line["verdict"]) for line in found["resolutions"][0]["seen"]]
    assert set(verdicts) == {("Chrome on Windows", "person"), ("Barracuda", "machine")}
