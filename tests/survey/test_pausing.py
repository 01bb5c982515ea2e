"""One switch that lets everything wait, the calendar, and why an email goes out when it does."""

from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from survey import clock, invitations
from survey.asking import pausing
from survey.asking.coming import calendar, due_on
from survey.asking.schedule import RESUMED_PER_HOUR
from survey.errors import ConflictError, InvalidInputError
from survey.firms import get_firm
from survey.models import Invitation, InvitationState
from survey.users import User
from tests.conftest import NOW, SECRET_KEY
from tests.factories import make_contact, make_invitation, make_job, make_resolution

CLOSED = NOW - timedelta(hours=24)


def state_of(invitation: Invitation) -> InvitationState:
    return invitation.state


def scheduled(session: Session, count: int = 1, closed: datetime = CLOSED) -> list[Invitation]:
    """Surveys that are due a day after closing."""
    found = [make_resolution(session, completed_at=closed) for _ in range(count)]
    invitations.schedule_batch(session, SECRET_KEY, closed + timedelta(hours=1))
    return [resolution.invitation for resolution in found if resolution.invitation]


def make_user(session: Session) -> User:
    user = User(email="m@firm.example", name="Mara Doyle", fs_uniquifier="m", created_at=NOW)
    session.add(user)
    session.flush()
    return user


def test_nothing_is_due_while_paused(session: Session) -> None:
    """Neither a survey nor a reminder, nor a survey that a manager wants sent now."""
    (invitation,) = scheduled(session)
    reminded = make_invitation(session, sent_at=NOW - timedelta(days=4), reminder_due_at=NOW)
    reminded.expires_at = NOW + timedelta(days=3)
    pausing.pause(session, "The phones are down", None, NOW)
    assert invitations.due_invitations(session, NOW) == []
    assert invitations.due_reminders(session, NOW) == []
    with pytest.raises(ConflictError, match="Resume them first"):
        invitations.send_now(session, invitation, None, NOW)
    told = [verdict for verdict in invitations.explain(session, invitation.resolution, NOW) if not verdict.passed]
    assert [verdict.why for verdict in told] == [
        "All surveys are paused since Tuesday 10 March, 13:00: The phones are down."
    ]
    pausing.resume(session, None, NOW)
    assert invitations.due_invitations(session, NOW) == [invitation]
    assert invitations.due_reminders(session, NOW) == [reminded]


def test_who_why_and_when_are_kept(session: Session) -> None:
    """One pause at a time, with a reason; the history keeps those that are over."""
    user = make_user(session)
    with pytest.raises(InvalidInputError):
        pausing.pause(session, "  ", user.id, NOW)
    pausing.pause(session, "Bank holiday", user.id, NOW)
    with pytest.raises(ConflictError):
        pausing.pause(session, "Again", user.id, NOW)
    pausing.resume(session, user.id, NOW + timedelta(hours=1))
    with pytest.raises(ConflictError):
        pausing.resume(session, user.id, NOW)
    pausing.pause(session, "Again", user.id, NOW + timedelta(hours=2))
    assert [(row.why, row.in_force) for row in pausing.pause_history(session)] == [
        ("Again", True),
        ("Bank holiday", None),
    ]


def test_resuming_is_no_herd(session: Session) -> None:
    """Forty that piled up in a night go out in an even stream, the oldest first, each in its own hours."""
    rows = scheduled(session, 40)
    pausing.pause(session, "Moving the servers", None, NOW)
    resumed = NOW + timedelta(hours=2)
    assert pausing.piled_up(session, resumed) == pausing.Piled(40, 0, 0)
    row = pausing.resume(session, None, resumed)
    due = [invitation.due_at for invitation in rows]
    assert due == sorted(due)
    assert due[0] == resumed
    assert due[-1] - due[0] == pytest.approx(timedelta(hours=39 / RESUMED_PER_HOUR), abs=timedelta(seconds=1))
    assert (row.moved, row.skipped) == (40, 0)


def test_what_became_too_late_is_skipped_with_the_reason(session: Session) -> None:
    """A pause of three weeks outlasts the surveys of before; one closed lately is still asked."""
    (old,) = scheduled(session)
    pausing.pause(session, "Waiting for the new contract", None, NOW)
    later = NOW + timedelta(days=21)
    (new,) = scheduled(session, closed=later - timedelta(hours=30))
    row = pausing.resume(session, None, later)
    assert (state_of(old), state_of(new)) == (InvitationState.SKIPPED, InvitationState.SCHEDULED)
    assert old.reason == (
        "All surveys were paused from 10 March until it was too late to ask (Waiting for the new contract)."
    )
    assert (row.moved, row.skipped) == (1, 1)


def test_the_worker_says_the_same_of_what_expires_during_a_pause(session: Session) -> None:
    """Expiry goes on while paused, and the reason names the pause."""
    (invitation,) = scheduled(session)
    pausing.pause(session, "Quiet time", None, NOW)
    assert invitations.expire_batch(session, NOW + timedelta(days=10)) == 1
    assert "paused from 10 March" in invitation.reason


def test_a_reminder_waits_for_proof_that_the_first_email_arrived(session: Session) -> None:
    """Where receipts come: not before the survey is known to have arrived; looked at again the next day."""
    (invitation,) = scheduled(session)
    assert invitations.release(session, invitation, NOW)
    due = invitation.reminder_due_at
    assert due == NOW + timedelta(days=4)
    assert invitations.due_reminders(session, due, receipts=True) == []
    assert invitation.reminder_due_at == due + timedelta(days=1)
    invitations.mark_delivered(session, invitation, NOW)
    later = due + timedelta(days=1)
    assert invitations.due_reminders(session, later, receipts=True) == [invitation]


def test_reminders_are_counted_and_spaced(session: Session) -> None:
    """Two at most, three days apart, none after the survey has closed."""
    firm = get_firm(session)
    firm.reminder_count, firm.reminder_after_days, firm.reminder_every_days, firm.expire_after_days = 3, 2, 3, 7
    (invitation,) = scheduled(session)
    assert invitations.release(session, invitation, NOW)
    days = []
    while invitation.reminder_due_at is not None:
        at = invitation.reminder_due_at
        assert invitations.due_reminders(session, at) == [invitation]
        invitations.mark_reminded(session, invitation, at)
        days.append((at - NOW).days)
    assert days == [2, 5]
    assert invitation.reminders_sent == 2
    last = invitations.explain(session, invitation.resolution, NOW)[-1]
    assert (last.rule, last.passed) == ("reminder", False)
    assert last.why == "2 reminders of 3 went out; the next would come too late."


def test_every_rule_of_the_schedule_says_what_it_did(session: Session) -> None:
    """Closed on a Thursday evening before Good Friday with workdays only: the page says why it is Tuesday."""
    firm = get_firm(session)
    firm.send_weekdays = [1, 2, 3, 4, 5]
    closed = datetime.fromisoformat("2026-04-02T18:00+00:00")
    (invitation,) = scheduled(session, closed=closed)
    told = {v.rule: v.why for v in invitations.explain(session, invitation.resolution, closed + timedelta(hours=2))}
    assert told["delay after closing"] == "We wait 24 hours after closing: until Friday 3 April, 20:00."
    assert told["sending hours"] == (
        "We write from 09:00 until 19:00 in Berlin, so it waits for that: it goes out on Tuesday 7 April, 09:00."
    )
    assert told["open day"] == (
        "On 3 April it is a public holiday (Good Friday); on 4 April we do not write on a Saturday; "
        "on 5 April we do not write on a Sunday; and 1 more day. The next open day is 7 April."
    )
    assert told["not paused"] == "Surveys are not paused."


def test_the_calendar_counts_by_day_and_hour(session: Session) -> None:
    """Surveys and reminders of two weeks on the firm's clock; what is late counts into the present hour."""
    get_firm(session).timezone = "Europe/Berlin"
    get_firm(session).send_weekdays = [1, 2, 3, 4, 5]
    scheduled(session, 3, NOW - timedelta(hours=22))  # due at 15:00 in Berlin
    scheduled(session, 1, NOW - timedelta(hours=26))  # due two hours ago
    reminded = make_invitation(session, sent_at=NOW, reminder_due_at=NOW + timedelta(days=2))
    reminded.expires_at = NOW + timedelta(days=7)
    make_invitation(session, state=InvitationState.SCHEDULED, due_at=NOW + timedelta(days=40), sent_at=None)
    found = calendar(session, NOW)
    assert [day.day for day in found.days][:2] == [date(2026, 3, 10), date(2026, 3, 11)]
    assert len(found.days) == 14
    today = {hour.hour: (hour.surveys, hour.reminders) for hour in found.days[0].hours if hour.total}
    assert today == {13: (1, 0), 15: (3, 0)}
    assert (found.days[2].reminders, found.total, found.busiest) == (1, 5, 3)
    assert found.hours == range(9, 19)
    assert found.days[4].why_closed == "we do not write on a Saturday"
    page = due_on(session, date(2026, 3, 10), NOW)
    assert page.total == 4
    assert [item.is_reminder for item in due_on(session, date(2026, 3, 12), NOW).items] == [True]
    assert due_on(session, date(2026, 3, 11), NOW).total == 0


def test_the_calendar_shows_an_hour_in_which_only_clients_far_away_get_something(session: Session) -> None:
    """Nine in Tokyo is one in the morning in Berlin: the column is there, and marked as outside the firm's hours."""
    get_firm(session).timezone = "Europe/Berlin"
    contact = make_contact(session, timezone="Asia/Tokyo")
    make_resolution(session, make_job(session, contact), completed_at=NOW)
    invitations.schedule_batch(session, SECRET_KEY, NOW)
    found = calendar(session, NOW)
    assert found.hours == range(1, 19)
    night = next(hour for day in found.days for hour in day.hours if hour.total)
    assert (night.hour, night.is_open) == (1, False)


def test_the_pages_of_the_calendar(session: Session, viewer: FlaskClient) -> None:
    """Days lead to their lists; an empty calendar says so; a day that is none is not found."""
    with clock.fixed_at(NOW):
        empty = viewer.get("/desk/surveys/calendar").get_data(as_text=True)
        assert "Nothing goes out in the coming two weeks" in empty
        (invitation,) = scheduled(session, closed=NOW - timedelta(hours=20))
        page = viewer.get("/desk/surveys/calendar").get_data(as_text=True)
        assert "1 survey" in page
        assert 'href="/desk/surveys/calendar/2026-03-10"' in page
        day = viewer.get("/desk/surveys/calendar/2026-03-10").get_data(as_text=True)
        assert invitation.contact.name in day
        assert "Nothing goes out on this day" in viewer.get("/desk/surveys/calendar/2026-03-11").get_data(as_text=True)
        assert viewer.get("/desk/surveys/calendar/tomorrow").status_code == 404


def test_pausing_is_seen_by_everybody_and_done_by_managers(
    session: Session, manager: FlaskClient, app: Flask, viewer: FlaskClient
) -> None:
    """A reason is asked for; the banner names it on every page; resuming says what happened."""
    with clock.fixed_at(NOW):
        scheduled(session, 2)
        assert manager.post("/desk/surveys/pause", data={"why": " "}).status_code == 422
        assert viewer.post("/desk/surveys/pause", data={"why": "No"}).status_code == 403
        manager.post("/desk/surveys/pause", data={"why": "The phones are down"})
        banner = viewer.get("/desk/jobs").get_data(as_text=True)
        assert "All surveys are paused" in banner
        assert "The phones are down" in banner
        assert "by Manager" in banner
        waits = manager.get("/desk/surveys/pause").get_data(as_text=True)
        assert "What waits" in waits
        said = manager.post("/desk/surveys/resume", follow_redirects=True).get_data(as_text=True)
        assert "2 that had piled up go out one after another" in said
        assert "All surveys are paused" not in viewer.get("/desk/jobs").get_data(as_text=True)
        again = manager.post("/desk/surveys/resume", follow_redirects=True).get_data(as_text=True)
        assert "Surveys are not paused" in again
