"""The firm's settings: what admins change, what it is worth at once, and what is refused."""

import re
from datetime import time, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey import clock
from survey.api_keys import authenticate
from survey.errors import InvalidInputError
from survey.firm_settings import save_promise
from survey.firms import get_firm
from survey.models import InvitationState
from survey.people import find_person
from survey.promise import PromiseStep
from survey.users import ApiKey
from tests.conftest import NOW
from tests.factories import make_invitation, make_job, make_resolution

FIRM = {
    "name": "Lund & Sons",
    "colour": "#FFD400",
    "sender_email": "Hello@Lund.example",
    "language": "de",
    "timezone": "Europe/Berlin",
    "currency": "sek",
}
RULES = {
    "delay_hours": "48",
    "send_from": "10:00",
    "send_until": "16:00",
    "reminder_after_days": "",
    "expire_after_days": "10",
    "contact_rest_days": "60",
    "client_budget": "2",
    "client_budget_days": "90",
    "hold_while_hurting": "y",
    "other_kinds": "Quote\n",
    "send_weekdays": ["1", "2", "3", "4", "5", "6", "7"],
    "spread_minutes": "0",
    "reminder_count": "1",
    "reminder_every_days": "3",
    "do": "save",
}
PAGES = ("", "/surveys", "/promise", "/people", "/keys", "/colour?colour=%23ff0000")


@pytest.mark.parametrize("path", PAGES)
def test_settings_are_for_admins(manager: FlaskClient, admin: FlaskClient, path: str) -> None:
    """A manager may not look; an admin may."""
    assert manager.get(f"/desk/settings{path}").status_code == 403
    assert admin.get(f"/desk/settings{path}").status_code == 200


def test_the_firm_is_saved_and_a_pale_colour_is_explained(session: Session, admin: FlaskClient) -> None:
    """Values are put into their usual form; the preview says what a pale colour means for text."""
    assert admin.post("/desk/settings", data=FIRM).status_code == 303
    firm = get_firm(session)
    assert (firm.name, firm.colour, firm.currency) == ("Lund & Sons", "#ffd400", "SEK")
    assert firm.sender_email == "hello@lund.example"
    page = admin.get("/desk/settings").get_data(as_text=True)
    assert "Lund &amp; Sons" in page
    assert "Too light for text on white" in page


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", "Your firm needs a name."),
        ("colour", "red", "Give a colour as"),
        ("sender_email", "nobody", "is not an email address"),
        ("timezone", "Berlin", "is not a time zone"),
        ("currency", "EURO", "is not a currency"),
        ("website", "lund.example", "Begin with https://"),
        ("language", "xx", "Not a valid choice"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(
    session: Session, admin: FlaskClient, field: str, value: str, message: str
) -> None:
    """One bad value: the page comes back and nothing is saved."""
    response = admin.post("/desk/settings", data={**FIRM, field: value})
    assert response.status_code == 422
    assert message in response.get_data(as_text=True)
    assert get_firm(session).name == "Brightside IT"


def test_new_rules_hold_for_surveys_that_wait_and_not_for_those_sent(session: Session, admin: FlaskClient) -> None:
    """A scheduled survey moves to the new delay and hours, one of a kind now left out is skipped, a sent one stays."""
    with clock.fixed_at(NOW):
        values: dict[str, Any] = {"state": InvitationState.SCHEDULED, "sent_at": None}
        waiting = make_invitation(session, **values)
        quote = make_invitation(session, make_resolution(session, make_job(session, kind="Quote")), **values)
        sent = make_invitation(session)
        due = sent.due_at
        assert admin.post("/desk/settings/surveys", data=RULES).status_code == 303
    assert waiting.due_at == waiting.resolution.completed_at + timedelta(hours=48)
    assert quote.state is InvitationState.SKIPPED
    assert (sent.state, sent.due_at) == (InvitationState.SENT, due)
    firm = get_firm(session)
    assert (firm.send_from, firm.reminder_after_days, firm.excluded_kinds) == (time(10), None, ["quote"])


def test_the_rules_page_shows_what_is_in_force(session: Session, admin: FlaskClient) -> None:
    """A tick that is set is shown as set, and kinds that occur can be ticked."""
    make_job(session, kind="Audit")
    page = admin.get("/desk/settings/surveys").get_data(as_text=True)
    assert (
        'checked class="form-check-input" id="hold_while_hurting"' in page
        or "checked" in page.split('id="hold_while_hurting"')[0].rsplit("<input", 1)[1]
    )
    assert 'value="Audit"' in page


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("send_until", "10:00", "leaves no time to send"),
        ("reminder_after_days", "10", "would be closed by then"),
        ("delay_hours", "-1", "from 0 to 336"),
        ("client_budget", "", "Give a number."),
    ],
)
def test_rules_that_contradict_each_other_are_refused(
    session: Session, admin: FlaskClient, field: str, value: str, message: str
) -> None:
    """The message says what to do about it."""
    response = admin.post("/desk/settings/surveys", data={**RULES, field: value})
    assert response.status_code == 422
    assert message in response.get_data(as_text=True)
    assert get_firm(session).delay_hours == 24


def texts(session: Session) -> list[str]:
    return [step["text"] for step in get_firm(session).promise]


def test_the_promise_is_rearranged_without_javascript(session: Session, admin: FlaskClient) -> None:
    """Every button sends the whole list: add, move, remove, edit; keys of known steps stay."""
    save_promise(session, [PromiseStep("a", "First"), PromiseStep("b", "Second")], NOW)
    known = {"key": ["a", "b"], "text": ["First", "Second, better"]}
    admin.post("/desk/settings/promise", data={**known, "new": "We left the place tidy", "do": "add"})
    assert get_firm(session).promise == [
        {"key": "a", "text": "First"},
        {"key": "b", "text": "Second, better"},
        {"key": "we_left_the_place_tidy", "text": "We left the place tidy"},
    ]
    admin.post("/desk/settings/promise", data={**known, "do": "up-1"})
    assert texts(session) == ["Second, better", "First"]
    page = admin.post("/desk/settings/promise", data={**known, "do": "remove-0"}, follow_redirects=True).text
    assert texts(session) == ["Second, better"]
    back = re.findall(r'action="(/desk/settings/promise/put-back/[^"]+)"', page)[0]
    assert "The step is back." in admin.post(back, follow_redirects=True).text
    assert texts(session) == ["First", "Second, better"]
    assert [step["key"] for step in get_firm(session).promise] == ["a", "b"]  # its answers go on under its name
    assert "back already" in admin.post(back, follow_redirects=True).text
    assert "be undone here" in admin.post(f"{back}x", follow_redirects=True).text
    admin.post("/desk/settings/promise", data={**known, "do": "remove-0"})
    assert texts(session) == ["Second, better"]
    assert admin.post("/desk/settings/promise", data={"key": "a", "text": ""}).status_code == 422
    assert texts(session) == ["Second, better"]


@pytest.mark.parametrize("steps", [["Same", "same"], [""], ["x" * 161], [str(n) for n in range(11)]])
def test_a_promise_nobody_could_read_is_refused(session: Session, steps: list[str]) -> None:
    """Empty, too long, repeated or too many steps are not saved."""
    with pytest.raises(InvalidInputError):
        save_promise(session, [PromiseStep("", text) for text in steps], NOW)


def test_people_are_invited_by_a_link_that_is_shown_once(session: Session, admin: FlaskClient) -> None:
    """The link signs the new person in; the page does not show it again."""
    sent = {"email": "mo@lund.example", "name": "Mo", "role": "manager"}
    page = admin.post("/desk/settings/people", data=sent).get_data(as_text=True)
    assert "/sign-in/" in page
    assert "/sign-in/" not in admin.get("/desk/settings/people").get_data(as_text=True)
    assert admin.post("/desk/settings/people", data=sent).status_code == 422
    person = find_person(session, "mo@lund.example")
    assert person is not None
    admin.post(f"/desk/settings/people/{person.id}/role", data={"role": "viewer"})
    assert [role.name for role in person.roles] == ["viewer"]
    admin.post(f"/desk/settings/people/{person.id}/active", data={"active": "no"})
    assert not person.active
    assert "/sign-in/" in admin.post(f"/desk/settings/people/{person.id}/link").get_data(as_text=True)


def test_the_last_admin_cannot_be_locked_out(session: Session, admin: FlaskClient) -> None:
    """Somebody must be able to open this page."""
    person = find_person(session, "admin@brightside.example")
    assert person is not None
    said = admin.post(f"/desk/settings/people/{person.id}/active", data={"active": "no"}, follow_redirects=True)
    assert "At least one active admin must remain" in said.get_data(as_text=True)
    assert person.active


def test_a_key_is_shown_once_and_can_be_revoked(session: Session, admin: FlaskClient) -> None:
    """The key works until it is revoked, and only its beginning is kept on the page."""
    page = admin.post("/desk/settings/keys", data={"name": "Helpdesk"}).get_data(as_text=True)
    secret = page.split('id="secret">')[1].split("<")[0].strip()
    assert authenticate(session, secret) is not None
    assert secret not in admin.get("/desk/settings/keys").get_data(as_text=True)
    key = session.scalars(select(ApiKey)).one()
    admin.post(f"/desk/settings/keys/{key.id}/revoke")
    assert authenticate(session, secret) is None
    assert "revoked before" in admin.post(f"/desk/settings/keys/{key.id}/revoke", follow_redirects=True).text
    assert admin.post("/desk/settings/keys", data={"name": " "}).status_code == 422
