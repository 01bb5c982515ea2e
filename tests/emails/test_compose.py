"""What a person reads: subject, plain text, HTML, headers."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from emails.compose import compose
from emails.models import EmailKind, EmailMessage
from emails.senders.base import OutgoingEmail, as_mime
from survey import colours
from survey.config import Settings
from survey.firms import get_firm
from survey.invitations import survey_url
from survey.models import Invitation
from survey.speech import first_name, in_sentence, listed
from tests.conftest import NOW
from tests.emails.factories import queue_survey
from tests.factories import make_client, make_contact, make_invitation, make_job, make_resolution

ATTEMPT = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def invitation(session: Session) -> Invitation:
    contact = make_contact(session, make_client(session), name="Mona Costa", timezone="Asia/Tokyo")
    job = make_job(session, contact, kind="Printer repair", summary="Printer on the 2nd floor prints <blank> & jams")
    closed = datetime(2026, 3, 9, 22, 0, tzinfo=UTC)
    resolution = make_resolution(session, job, completed_at=closed, staff={"Ana Xu": 0.7, "Ben Ito": 0.3})
    return make_invitation(session, resolution)


def composed(session: Session, settings: Settings, message: EmailMessage) -> OutgoingEmail:
    return compose(session, message, ATTEMPT, settings, NOW)


def test_the_survey_email_says_what_it_is_about(session: Session, settings: Settings, invitation: Invitation) -> None:
    """Subject, job, day in the contact's own zone and first names stand in both bodies; the HTML is escaped."""
    email = composed(session, settings, queue_survey(session, invitation))
    assert email.subject == "How did we do with your printer repair?"
    for body in (email.text, email.html):
        assert "Hello Mona," in body
        assert "Ana and Ben" in body
        assert "Tuesday 10 March" in body  # it was Monday evening in London, Tuesday morning in Tokyo
        assert "1 Harbour Street, Dublin" in body
    assert "prints <blank> & jams" in email.text
    assert "prints &lt;blank&gt; &amp; jams" in email.html


def test_five_ratings_are_five_real_links(session: Session, settings: Settings, invitation: Invitation) -> None:
    """Each rating of 1…5 is a link of its own, in the HTML and in the plain text."""
    email = composed(session, settings, queue_survey(session, invitation))
    for rating in range(1, 6):
        link = f"{survey_url(settings, invitation)}?csat={rating}"
        assert f'href="{link}"' in email.html
        assert link in email.text


def test_the_list_headers(session: Session, settings: Settings, invitation: Invitation) -> None:
    """RFC 8058: one https link first, a mailto only where somebody reads it, and the one-click promise."""
    message = queue_survey(session, invitation)
    email = composed(session, settings, message)
    link = survey_url(settings, invitation).replace("/s/", "/u/")
    assert email.headers["List-Unsubscribe"] == f"<{link}>"
    assert email.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert email.all_headers["Auto-Submitted"] == "auto-generated"
    assert link in email.text
    assert link in email.html
    get_firm(session).reply_to = "help@brightside.example"
    headers = composed(session, settings, message).headers
    assert headers["List-Unsubscribe"].endswith(", <mailto:help@brightside.example?subject=unsubscribe>")


def test_nothing_from_outside_starts_a_header(session: Session, settings: Settings, invitation: Invitation) -> None:
    """Line breaks in names, kinds and addresses stay inside their own line."""
    invitation.resolution.job.kind = "Repair\r\nBcc: everybody@client.example"
    firm = get_firm(session)
    firm.sender_name = "Bright\nX-Evil: 1"
    message = queue_survey(session, invitation, to_name="Mona\r\nBcc: x@y.example")
    email = composed(session, settings, message)
    mime = as_mime(email)
    assert mime["Bcc"] is None
    assert mime["X-Evil"] is None
    assert "\n" not in email.subject + email.content.sender.name + email.to.name


def test_the_html_survives_outlook_and_strict_clients(
    session: Session, settings: Settings, invitation: Invitation
) -> None:
    """Buttons are table cells with bgcolor, styles are inlined, nothing is loaded, no flex or grid, no script."""
    html = composed(session, settings, queue_survey(session, invitation)).html
    assert html.count('class="rating"') == 5
    assert f'bgcolor="{get_firm(session).colour}"' in html
    assert 'lang="en"' in html
    assert "prefers-color-scheme" in html
    assert "flex" not in html
    assert "grid" not in html
    assert "<script" not in html
    assert "<img" not in html
    assert "src=" not in html
    assert len(html.encode()) < 60_000  # Gmail cuts a message at 102 kB


def test_a_logo_stands_for_the_firms_name(session: Session, settings: Settings, invitation: Invitation) -> None:
    """The one picture that is loaded, from the firm's own address; without pictures its name is read."""
    get_firm(session).logo = {"digest": "0123456789abcdef", "width": 160, "height": 40, "plates": ["dark"]}
    html = composed(session, settings, queue_survey(session, invitation)).html
    (shown,) = re.findall(r"<img[^>]*>", html)
    assert f'src="{settings.base_url}/s/logo/0123456789abcdef.png"' in shown
    for said in ('alt="Brightside IT"', 'width="160"', 'height="40"'):
        assert said in shown
    assert ".plate-dark" in html


@pytest.mark.parametrize("colour", ["#ffff00", "#000000", "#ffffff", "#777777", "#ff6600", "no-such"])
def test_every_colour_gives_a_readable_button(
    session: Session, settings: Settings, invitation: Invitation, colour: str
) -> None:
    """Whatever colour the firm likes, what stands on a button has a contrast of 4.5 or more."""
    get_firm(session).colour = colour
    html = composed(session, settings, queue_survey(session, invitation)).html
    light, _dark = colours.themes(colour)
    assert f'bgcolor="{light.brand}"' in html
    assert colours.contrast(light.on_brand, light.brand) >= colours.READABLE


def test_a_bare_job_still_makes_a_whole_email(session: Session, settings: Settings) -> None:
    """No kind, no summary, no staff, no name: the email reads on without gaps."""
    contact = make_contact(session, name="", timezone="")
    resolution = make_resolution(session, make_job(session, contact, kind="", summary=""), staff={})
    email = composed(session, settings, queue_survey(session, make_invitation(session, resolution)))
    assert email.subject == "How did we do with your recent job?"
    assert email.text.startswith("Hello,\n\nWe finished this for you. Were you well looked after?\n\n  Your job\n")
    assert "None" not in email.text + email.html


@pytest.mark.parametrize("kind", [EmailKind.FLAG_ALERT, EmailKind.DIGEST])
def test_notices_to_managers(session: Session, settings: Settings, kind: EmailKind) -> None:
    """An alert names client, why and where, with complete addresses, and no unsubscribe header."""
    item = {"client": "Lund & Sons", "severity": "severe", "why": "Two bad answers", "url": "/desk/flags/3"}
    context = {"title": "Lund & Sons needs a call", "intro": "This cannot wait.", "items": [item]}
    message = queue_survey(session, kind=kind, once_key="x/1", context=context)
    email = composed(session, settings, message)
    assert email.subject == "Lund & Sons needs a call"
    assert "http://127.0.0.1:8000/desk/flags/3" in email.text
    assert "http://127.0.0.1:8000/desk/flags/3" in email.html
    assert "Lund &amp; Sons" in email.html
    assert "List-Unsubscribe" not in email.headers


def test_without_a_sender_address_the_public_host_is_used(
    session: Session, settings: Settings, invitation: Invitation
) -> None:
    """A fresh installation can send to its mailbox before anybody has filled in the settings."""
    get_firm(session).sender_email = ""
    message = queue_survey(session, invitation)
    assert composed(session, settings, message).content.sender.email == "surveys@clientele.example"
    public = settings.model_copy(update={"public_url": "https://feedback.firm.example"})
    assert composed(session, public, message).content.sender.email == "surveys@feedback.firm.example"
    assert as_mime(replace(composed(session, settings, message), subject="x"))["From"]


@pytest.mark.parametrize(
    ("kind", "written"),
    [("Printer repair", "printer repair"), ("VPN issue", "VPN issue"), ("iPhone setup", "iPhone setup"), ("", "")],
)
def test_a_kind_inside_a_sentence(kind: str, written: str) -> None:
    """Ordinary words lose their capital, abbreviations keep theirs."""
    assert in_sentence(kind) == written


def test_names_as_a_person_says_them() -> None:
    """Given names, joined with "and"; a title is not taken for a name."""
    assert [first_name(name) for name in ("Ana Xu", "Dr. Xu", "Cher", "")] == ["Ana", "Dr. Xu", "Cher", ""]
    assert [listed(names) for names in ([], ["A"], ["A", "B"], ["A", "B", "C"])] == ["", "A", "A and B", "A, B and C"]
