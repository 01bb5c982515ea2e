"""Wording an email on the desk: who may, the preview, the checks, a test to oneself, versions and the way back."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from emails import tasks
from emails.mailbox import get_letter
from emails.models import EmailKind, EmailMessage, EmailState, MailboxMessage
from emails.senders import make_sender
from emails.texts import versions
from emails.texts.built_in import TextKind, built_in
from emails.texts.models import EmailDraft, EmailText
from emails.texts.previews import TESTS_PER_HOUR
from survey import clock
from survey.config import Settings
from survey.firms import get_firm
from survey.people import find_person, set_active
from survey.questionnaires import drafts
from survey.questionnaires.document import read_document
from survey.questionnaires.versions import publish
from tests.conftest import NOW
from tests.factories import make_invitation
from tests.survey.questionnaire_documents import question

PAGE = "/desk/settings/emails"
EDIT = f"{PAGE}/survey/en"
TEXT = {
    "subject": "Hi {first_name}",
    "opening": "Done by {staff|us}.\r\n\r\nWell?",
    "closing": "{firm}",
    "expected": "0",
}


def save(client: FlaskClient, **changes: str) -> int:
    return client.post(EDIT, data={**TEXT, "do": "save", **changes}).status_code


def test_only_managers_word_emails(client: FlaskClient, viewer: FlaskClient, manager: FlaskClient) -> None:
    """A stranger signs in first, a viewer is told no, on every address."""
    for path in ("", "/survey/en", "/survey/en/letter", "/survey/en/versions/0", "/link"):
        assert client.get(PAGE + path).status_code == 303
        assert viewer.get(PAGE + path).status_code == 403
        assert manager.get(PAGE + path).status_code == 200
    for path in ("/survey/en", "/survey/en/preview", "/survey/en/versions/0/restore"):
        assert viewer.post(PAGE + path, data=TEXT).status_code == 403
    assert manager.get(f"{PAGE}/digest/en").status_code == 404
    assert manager.get(f"{PAGE}/survey/pl").status_code == 404


def test_a_text_is_saved_and_can_be_undone(session: Session, manager: FlaskClient) -> None:
    """Saving says so, with a way back; the list and the history show whose words they are."""
    assert save(manager) == 303
    row = session.scalars(select(EmailText)).one()
    assert (row.opening, row.by.email if row.by else "") == (
        "Done by {staff|us}.\n\nWell?",
        "manager@brightside.example",
    )
    page = manager.get(EDIT).text
    assert "Saved as version 1." in page
    assert f'action="{EDIT}/versions/0/restore"' in page
    assert "Your own" in manager.get(PAGE).text
    assert manager.post(f"{EDIT}/versions/0/restore").status_code == 303
    assert versions.wording_of(versions.texts_in_force(session), TextKind.SURVEY, "en") == built_in(
        TextKind.SURVEY, "en"
    )
    assert "The built-in text is in force again" in manager.get(EDIT).text


def test_a_text_with_faults_is_not_saved_and_not_lost(session: Session, manager: FlaskClient) -> None:
    """Each is said at its field; what was typed stays, as a draft that clients do not get."""
    response = manager.post(EDIT, data={**TEXT, "opening": "Dear {nmae}, valued customer", "do": "save"})
    assert response.status_code == 422
    assert "Did you mean {name}?" in response.text
    assert "a client stays" in response.text
    assert session.scalars(select(EmailText)).all() == []
    assert session.scalars(select(EmailDraft.opening)).one() == "Dear {nmae}, valued customer"
    assert "Dear {nmae}, valued customer" in manager.get(EDIT).text


def test_a_link_to_others_must_be_confirmed(session: Session, manager: FlaskClient) -> None:
    """Saved only when a person says that it is meant."""
    assert save(manager, opening="See https://other.example") == 422
    assert save(manager, opening="See https://other.example", confirm="yes") == 303
    get_firm(session).website = "https://brightside.example"
    assert save(manager, opening="See https://brightside.example/help", expected="1") == 303


def test_somebody_else_saved_meanwhile(session: Session, manager: FlaskClient) -> None:
    """The later one is told, and their words are kept as a draft."""
    save(manager)
    assert save(manager, subject="Mine") == 303
    assert "Version 1 was saved while you were writing" in manager.get(EDIT).text
    assert session.scalars(select(EmailDraft.subject)).one() == "Mine"
    assert [row.version for row in session.scalars(select(EmailText))] == [1]


def test_the_preview_works_without_javascript(session: Session, manager: FlaskClient) -> None:
    """A button sends the form, and the page comes back with the draft and the view that was asked for."""
    response = manager.post(EDIT, data={**TEXT, "view": "text", "example": "bare", "do": "preview"})
    assert response.status_code == 303
    page = manager.get(response.location).text
    assert "<pre" in page
    assert "Done by us.\n\nWell?" in page
    assert "This is your draft of" in page
    assert manager.post(EDIT, data={"do": "discard"}).status_code == 303
    assert "Done by us." not in manager.get(f"{EDIT}?view=text").text
    assert session.scalars(select(EmailDraft)).all() == []


def test_the_preview_alone_for_htmx(session: Session, manager: FlaskClient) -> None:
    """A fragment with the subject, the frame to look at, and what the checks say; nothing is saved."""
    part = manager.post(f"{EDIT}/preview", data={**TEXT, "opening": "Hi {frm}", "view": "dark"}).text
    assert part.lstrip().startswith('<div id="preview"')
    assert "Hi Mona" in part
    assert "Did you mean {firm}?" in part
    (source,) = re.findall(r'<iframe[^>]* src="([^"]+)" sandbox>', part)
    assert "view=dark" in source
    assert "Hi {frm}" in manager.get(source.replace("&amp;", "&")).text
    assert session.scalars(select(EmailText)).all() == []


@pytest.mark.parametrize(
    "opening", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }} {% raw %}"]
)
def test_the_frame_runs_nothing(manager: FlaskClient, opening: str) -> None:
    """What was typed is text in it, and its own policy allows no script, no form and no network besides."""
    manager.post(f"{EDIT}/preview", data={**TEXT, "opening": opening})
    response = manager.get(f"{EDIT}/letter?view=light")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "form-action 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert opening not in response.text.replace("{{ 7*7 }} {% raw %}", "")
    assert "<script" not in response.text
    assert "49" not in re.sub(r"<style>.*?</style>", "", response.text, flags=re.DOTALL)
    page = manager.get(EDIT)
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in page.headers["Content-Security-Policy"]
    assert "<script>alert" not in page.text


def test_a_real_job_can_be_shown(session: Session, manager: FlaskClient) -> None:
    """With the contact's own name and job, and never with their own link."""
    invitation = make_invitation(session)
    name, job = invitation.contact.name, invitation.resolution.job.summary
    letter = manager.get(f"{EDIT}/letter?example={invitation.id}").text
    assert job in letter
    assert name.split()[0] in letter
    assert "/s/" not in letter


def send_due(app: Flask, settings: Settings) -> None:
    with app.app_context():
        tasks.send_batch(make_sender(settings), settings, clock.now())


def test_a_test_goes_to_oneself_and_shows_in_the_mailbox(
    app: Flask, session: Session, settings: Settings, manager: FlaskClient
) -> None:
    """To the address one signed in with, whatever else is sent along; nothing of it is kept afterwards."""
    asked = read_document({"questions": [question("nps", "nps", "Would you send us a friend?")]})
    publish(session, drafts.create(session, "Yearly", asked, NOW), [], None, NOW)
    session.commit()
    data = {**TEXT, "do": "test", "to_email": "victim@client.example", "email": "victim@client.example"}
    assert manager.post(EDIT, data=data).status_code == 303
    assert "A test is on its way to manager@brightside.example" in manager.get(EDIT).text
    send_due(app, settings)
    message = session.scalars(select(EmailMessage)).one()
    assert (message.kind, message.to_email, message.state) == (
        EmailKind.TEST,
        "manager@brightside.example",
        EmailState.ACCEPTED,
    )
    assert message.context == {}
    letter = get_letter(session, session.scalars(select(MailboxMessage.id)).one())
    assert letter.subject == "Test: Hi Mona"
    assert "Done by Ana and Ben." in letter.text
    assert "Would you send us a friend?" in letter.text
    assert "/desk/settings/emails/link?nps=9" in letter.text
    assert manager.get(f"/desk/emails/{message.id}").status_code == 200
    assert "Nothing was recorded" in manager.get("/desk/settings/emails/link?csat=5").text


def test_a_test_with_faults_is_not_sent(session: Session, manager: FlaskClient) -> None:
    """A text that cannot be saved is not sent either."""
    assert manager.post(EDIT, data={**TEXT, "opening": "", "do": "test"}).status_code == 422
    assert session.scalars(select(EmailMessage)).all() == []


def test_tests_have_a_limit_and_end_with_the_person(
    app: Flask, session: Session, settings: Settings, manager: FlaskClient
) -> None:
    """Twenty an hour; who may not sign in any more gets none."""
    for _ in range(TESTS_PER_HOUR + 1):
        manager.post(EDIT, data={**TEXT, "do": "test"})
    assert "20 tests an hour are the most" in manager.get(EDIT).text
    user = find_person(session, "manager@brightside.example")
    assert user is not None
    set_active(session, user, False)
    session.commit()
    send_due(app, settings)
    session.expire_all()
    states = session.scalars(select(EmailMessage.state)).all()
    assert states == [EmailState.CANCELLED] * TESTS_PER_HOUR


def test_versions_are_compared_and_restored(session: Session, manager: FlaskClient) -> None:
    """Word by word, against what is in force or any other; one that is not there is a page that says so."""
    save(manager)
    save(manager, subject="Hello {first_name}", expected="1")
    page = manager.get(f"{EDIT}/versions/1").text
    assert re.search(r"<del>.*?Hi</del><ins>.*?Hello</ins>", page)
    assert "From version 1 to version 2" in page
    assert "From the built-in text to version 2" in manager.get(f"{EDIT}/versions/2?with=0").text
    assert "They say the same" in manager.get(f"{EDIT}/versions/1?with=1").text
    assert manager.get(f"{EDIT}/versions/9").status_code == 404
    assert manager.post(f"{EDIT}/versions/9/restore").status_code == 404
    assert manager.post(f"{EDIT}/versions/1/restore").status_code == 303
    newest = versions.history(session, TextKind.SURVEY, "en")[0]
    assert (newest.version, newest.restored, newest.subject) == (3, 1, "Hi {first_name}")
    assert manager.post(f"{EDIT}/versions/1/restore").status_code == 303
    assert "in force already" in manager.get(EDIT).text
    assert "restored from version 1" in manager.get(EDIT).text
