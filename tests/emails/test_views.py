"""The signed webhook, unsubscribing, the mailbox, and the desk's emails, over HTTP."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from emails import pauses, suppressions, tasks
from emails.models import (
    DeliveryEvent,
    DeliveryState,
    EmailMessage,
    EmailState,
    MailboxMessage,
    Suppression,
    SuppressionReason,
)
from emails.senders import MailboxSender
from survey import clock
from survey.config import Settings
from survey.invitations import survey_url
from survey.models import Contact, Invitation, MailBlock, SurveyEvent, SurveyEventKind
from tests.conftest import NOW
from tests.emails.factories import queue_survey
from tests.factories import make_invitation
from tests.fakes import FakeSendGrid, SentMail

EVENTS = "/webhooks/sendgrid/events"
PERSON = {"to": [{"email": "mona@client.example"}], "custom_args": {"attempt_id": "0" * 32}}
MAIL = SentMail("m1", NOW, PERSON, {"content": []})


@pytest.fixture
def provider() -> Iterator[FakeSendGrid]:
    with FakeSendGrid() as fake:
        yield fake


@pytest.fixture
def hooked(settings: Settings, provider: FakeSendGrid, make_app: Callable[[Settings], Flask]) -> FlaskClient:
    """A client of an application that knows the provider's key."""
    changed = settings.model_copy(update={"sendgrid_webhook_public_key": provider.public_key})
    return make_app(changed).test_client()


def stored(session: Session) -> list[DeliveryEvent]:
    session.rollback()
    return list(session.scalars(select(DeliveryEvent).order_by(DeliveryEvent.id)))


def test_a_signed_batch_is_stored_once(hooked: FlaskClient, provider: FakeSendGrid, session: Session) -> None:
    """2xx for a batch with CRLF in it; the same batch again is 2xx too and adds nothing."""
    body = provider.body_of([provider.event(MAIL, "processed"), provider.event(MAIL, "delivered")])
    for _ in range(2):
        assert hooked.post(EVENTS, data=body, headers=provider.sign(body)).status_code == 204
    assert [row.raw["event"] for row in stored(session)] == ["processed", "delivered"]


def test_a_forged_batch_is_refused(hooked: FlaskClient, provider: FakeSendGrid, session: Session) -> None:
    """Unsigned, signed by another key, or changed on the way: 401, and nothing is stored."""
    body = provider.body_of([provider.event(MAIL, "bounce")])
    with FakeSendGrid() as stranger:
        forged = stranger.sign(body)
    old = provider.sign(body, str(int(time.time()) - 3 * 86_400))
    for data, headers in ((body, {}), (body, forged), (body + b" ", provider.sign(body)), (body, old)):
        assert hooked.post(EVENTS, data=data, headers=headers).status_code == 401
    assert stored(session) == []


def test_a_bad_event_does_not_cost_its_batch(
    hooked: FlaskClient, provider: FakeSendGrid, app: Flask, session: Session
) -> None:
    """Nonsense between two good events is kept in quarantine; the good ones are processed."""
    body = b'[{"event": "delivered", "sg_event_id": "a"}, 7, {"event": "x\\u0000", "n": NaN}, {"sg_event_id": "b"}]'
    assert hooked.post(EVENTS, data=body, headers=provider.sign(body)).status_code == 204
    assert tasks.process_events(NOW) == 4
    assert all(row.quarantine for row in stored(session))
    assert tasks.process_events(NOW) == 0


def test_a_body_that_is_no_batch(hooked: FlaskClient, provider: FakeSendGrid) -> None:
    """Rightly signed nonsense is refused without a crash, and so is a body that is far too large."""
    assert hooked.post(EVENTS, data=b"{}", headers=provider.sign(b"{}")).status_code == 422
    large = b"[" + b" " * 5_000_000 + b"]"
    assert hooked.post(EVENTS, data=large, headers=provider.sign(large)).status_code == 413


def test_without_a_key_the_webhook_says_not_ready(client: FlaskClient) -> None:
    """503 makes the provider keep its events until the key is set."""
    assert client.post(EVENTS, data=b"[]").status_code == 503


@dataclass(frozen=True)
class Link:
    invitation: Invitation
    path: str


@pytest.fixture
def link(session: Session, settings: Settings) -> Link:
    invitation = make_invitation(session)
    session.commit()
    return Link(invitation, "/u/" + survey_url(settings, invitation).rpartition("/")[2])


def block_of(session: Session, link: Link) -> MailBlock | None:
    session.rollback()
    return session.get_one(Contact, link.invitation.contact_id, populate_existing=True).mail_block


def test_opening_the_link_only_asks(client: FlaskClient, session: Session, link: Link) -> None:
    """A scanner that follows every link unsubscribes nobody."""
    for _ in range(2):
        page = client.get(link.path)
        assert page.status_code == 200
        assert "Stop our questions?" in page.text
    assert block_of(session, link) is None


def test_one_click_works_without_cookies_and_twice(guarded_app: Flask, session: Session, link: Link) -> None:
    """RFC 8058: a bare POST from a mail program, no cookie, no CSRF token: 200 at once, and again."""
    for _ in range(2):
        answer = guarded_app.test_client(use_cookies=False).post(link.path, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
    assert block_of(session, link) is MailBlock.UNSUBSCRIBED
    kinds = session.scalars(select(SurveyEvent.kind)).all()
    assert kinds == [SurveyEventKind.UNSUBSCRIBED]


def test_a_mistake_can_be_undone(client: FlaskClient, session: Session, link: Link) -> None:
    """The page after unsubscribing offers the way back; a bounced address stays left alone."""
    page = client.post(link.path, data={"unsubscribe": "yes"})
    assert "You are unsubscribed" in page.text
    assert "You are unsubscribed" in client.get(link.path).text
    assert "Welcome back" in client.post(link.path, data={"again": "yes"}).text
    assert block_of(session, link) is None
    email = session.scalars(select(Contact.email)).one()
    suppressions.suppress(session, email, SuppressionReason.BOUNCED, "x", NOW)
    session.commit()
    client.post(link.path, data={"again": "yes"})
    assert block_of(session, link) is MailBlock.BOUNCED


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_unknown_unsubscribe_link_gets_a_kind_page(client: FlaskClient, method: str) -> None:
    """A link cut off by a mail program leads to words, not to an error."""
    answer = getattr(client, method)("/u/cut-off")
    assert answer.status_code == 404
    assert "find this link" in answer.text


@pytest.fixture
def letter(app: Flask, session: Session, settings: Settings) -> MailboxMessage:
    """A survey email that went through the outbox into the mailbox."""
    queue_survey(session)
    with clock.fixed_at(NOW):
        tasks.send_batch(MailboxSender(), settings, NOW)
    return session.scalars(select(MailboxMessage)).one()


def test_the_mailbox_lists_and_shows_a_message(client: FlaskClient, letter: MailboxMessage) -> None:
    """An .example address receives; the list finds it; each tab shows its part."""
    assert letter.to_email.endswith(".example")
    for query in ("", letter.to_email[:8].upper(), "how did we do"):
        assert letter.subject in client.get("/mailbox/", query_string={"q": query}).text
    assert "No email fits this" in client.get("/mailbox/?q=nobody").text
    shown = client.get(f"/mailbox/{letter.id}")
    assert f'src="/mailbox/{letter.id}/html"' in shown.text
    assert "?csat=5" in client.get(f"/mailbox/{letter.id}?tab=text").text
    assert "List-Unsubscribe-Post" in client.get(f"/mailbox/{letter.id}?tab=headers").text
    assert client.get("/mailbox/9999").status_code == 404


def test_the_email_is_shown_in_a_locked_frame(client: FlaskClient, letter: MailboxMessage) -> None:
    """No script, no form, no network inside; only our own pages may frame it; links open outside."""
    body = client.get(f"/mailbox/{letter.id}/html")
    policy = body.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups" in policy
    assert "script" not in policy
    assert "frame-ancestors 'self'" in policy
    assert "X-Frame-Options" not in body.headers
    assert '<base target="_blank">' in body.text


def test_an_empty_mailbox_says_what_to_do(client: FlaskClient) -> None:
    """The first visitor reads how an email gets there."""
    assert "No email yet" in client.get("/mailbox/").text


def test_another_transport_has_no_mailbox(settings: Settings, make_app: Callable[[Settings], Flask]) -> None:
    """With SMTP or SendGrid in force the address does not exist."""
    app = make_app(settings.model_copy(update={"smtp_url": "smtp://127.0.0.1"}))
    assert app.test_client().get("/mailbox/").status_code == 404


def test_from_another_machine_the_mailbox_asks_for_a_sign_in(app: Flask, manager: FlaskClient) -> None:
    """It holds sign-in links; a stranger on the network must not read them."""
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert app.test_client().get("/mailbox/", environ_base=elsewhere).status_code == 303
    assert manager.get("/mailbox/", environ_base=elsewhere).status_code == 200


@pytest.fixture
def parked(session: Session) -> EmailMessage:
    message = queue_survey(session)
    message.state, message.reason, message.sending_at = EmailState.PARKED, "No answer to the request.", NOW
    session.commit()
    return message


def state_of(session: Session, message: EmailMessage) -> EmailState:
    session.rollback()
    return session.get_one(EmailMessage, message.id, populate_existing=True).state


def test_the_desk_lists_emails_by_state(manager: FlaskClient, session: Session, parked: EmailMessage) -> None:
    """Shelves put states together, the search narrows, and an unknown shelf shows everything."""
    waiting, bounced = queue_survey(session), queue_survey(session)
    bounced.state, bounced.delivery = EmailState.ACCEPTED, DeliveryState.BOUNCED
    session.commit()
    everything = {message.to_email for message in (waiting, bounced, parked)}
    for state, expected in (
        ("", everything),
        ("nonsense", everything),
        ("waiting", {waiting.to_email}),
        ("trouble", {bounced.to_email}),
        ("sent", set()),
    ):
        page = manager.get("/desk/emails", query_string={"state": state}, follow_redirects=True).text
        assert {email for email in everything if email in page} == expected, state
    page = manager.get("/desk/emails/", query_string={"q": waiting.to_email}).text
    assert waiting.to_email in page
    assert bounced.to_email not in page


def test_a_manager_sends_a_parked_email_again(manager: FlaskClient, session: Session, parked: EmailMessage) -> None:
    """The page states the risk; the button queues the email; a second click is told that it is late."""
    assert "same email twice" in manager.get("/desk/emails/parked").text
    assert manager.post(f"/desk/emails/{parked.id}/send-again").status_code == 303
    assert state_of(session, parked) is EmailState.PENDING
    assert manager.post(f"/desk/emails/{parked.id}/send-again").status_code == 409


def test_a_manager_gives_a_parked_email_up(manager: FlaskClient, session: Session, parked: EmailMessage) -> None:
    """It is off the list, and its page says who decided."""
    assert manager.post(f"/desk/emails/{parked.id}/give-up").status_code == 303
    assert state_of(session, parked) is EmailState.CANCELLED
    assert "Nothing to decide" in manager.get("/desk/emails/parked").text
    assert "Given up by Manager" in manager.get(f"/desk/emails/{parked.id}").text


def test_a_viewer_only_reads(viewer: FlaskClient, session: Session, parked: EmailMessage) -> None:
    """Viewers see everything and decide nothing."""
    assert viewer.get(f"/desk/emails/{parked.id}").status_code == 200
    assert viewer.post(f"/desk/emails/{parked.id}/send-again").status_code == 403
    assert state_of(session, parked) is EmailState.PARKED


def test_a_pause_is_shown_and_can_be_ended(manager: FlaskClient, session: Session) -> None:
    """The desk says why nothing goes out, and a manager who mended it starts sending at once."""
    pauses.pause(session, "SendGrid refuses us with 401", clock.now(), needs_person=True)
    session.commit()
    assert "SendGrid refuses us with 401" in manager.get("/desk/emails/").text
    assert "No email goes out" not in manager.get("/desk/jobs").text  # an admin's to mend
    assert manager.post("/desk/emails/resume").status_code == 303
    session.rollback()
    assert pauses.current_pause(session) is None


def test_a_refused_key_stands_on_every_page_for_admins_until_it_works(admin: FlaskClient, session: Session) -> None:
    """Email cannot say that email is refused: the desk does, and is silent once something went through."""
    pauses.pause(session, "SendGrid refuses us with 401", clock.now(), needs_person=True)
    session.commit()
    page = admin.get("/desk/jobs").text
    assert "No email goes out" in page
    assert "with 401. Nothing is lost" in page
    own = admin.get("/desk/emails/").text  # which says more of it
    assert "No email goes out" not in own
    assert "within a minute" in own
    pauses.resume(session)
    pauses.pause(session, "SendGrid asks for time", clock.now(), needs_person=False)
    session.commit()
    assert "No email goes out" not in admin.get("/desk/jobs").text


def test_lifting_a_suppression_wants_a_reason(manager: FlaskClient, session: Session) -> None:
    """Without a reason nothing changes; with one it is kept with the name of who decided."""
    suppressions.suppress(session, "mona@client.example", SuppressionReason.UNSUBSCRIBED, "their own link", NOW)
    session.commit()
    assert "mona@client.example" in manager.get("/desk/emails/suppressed?q=MONA").text
    assert manager.post("/desk/emails/suppressed/lift", data={"email": "mona@client.example"}).status_code == 422
    data = {"email": "mona@client.example", "why": "She asked on the phone"}
    assert manager.post("/desk/emails/suppressed/lift", data=data).status_code == 303
    session.rollback()
    row = session.scalars(select(Suppression)).one()
    assert row.lifted_at is not None
    assert row.lifted_why == "Manager: She asked on the phone"
    assert "may be written to again" in manager.get("/desk/emails/suppressed").text
    assert "mona@client.example" not in manager.get("/desk/emails/suppressed").text
