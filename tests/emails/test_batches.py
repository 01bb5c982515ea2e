"""Batches: the request's JSON, what is shared, what is each person's own, and refusals that cost only the guilty."""

import json
import logging
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sendgrid.helpers import mail as sg
from sqlalchemy.orm import Session

from emails.rehearsal.limits import check
from emails.senders import SendGridSender, payload
from emails.senders.base import Accepted, CredentialsError, Mailbox, NotSentError, OutgoingEmail, RejectedError
from survey.asking.eligibility import address_problem
from survey.asking.screening import is_plain, screen
from survey.config import Settings
from survey.invitations import reason_not_to_send
from survey.models import Exclusion, QuestionnaireUse
from survey.questionnaires import drafts, library
from tests.conftest import NOW
from tests.emails.factories import begin_all, queue_survey
from tests.emails.test_senders import CONTENT, numbered
from tests.factories import make_client, make_contact, make_invitation, make_job, make_resolution, make_response
from tests.fakes import API_KEY, FakeSendGrid


def by_the_package(emails: list[OutgoingEmail]) -> dict[str, object]:
    """The same request, made of the `sendgrid` package's own objects."""
    content = emails[0].content
    made = sg.Mail()
    made.from_email = sg.From(content.sender.email, content.sender.name or None)
    made.reply_to = sg.ReplyTo(content.reply_to)
    for email in emails:
        person = sg.Personalization()
        person.add_to(sg.To(email.to.email, email.to.name or None))
        person.subject = email.subject
        person.add_custom_arg(sg.CustomArg("attempt_id", email.attempt_id))
        for name, value in email.headers.items():
            person.add_header(sg.Header(name, value))
        for tag, value in email.values.items():
            person.add_substitution(sg.Substitution(tag, value))
        made.add_personalization(person)
    made.content = [sg.Content("text/plain", content.text), sg.Content("text/html", content.html)]
    for name, value in content.headers:
        made.add_header(sg.Header(name, value))
    made.tracking_settings = sg.TrackingSettings(
        click_tracking=sg.ClickTracking(enable=False, enable_text=False),
        open_tracking=sg.OpenTracking(enable=False),
        subscription_tracking=sg.SubscriptionTracking(enable=False),
    )
    document = made.get()
    document["personalizations"].reverse()  # the package puts the latest first
    return dict(document)


def test_our_builder_gives_the_packages_json() -> None:
    """What the `sendgrid` package would send, field by field."""
    emails = numbered(3)
    emails[1] = replace(emails[1], to=Mailbox("no-name@client.example"), values={"-t.0-": "“ä” & <b>"})
    ours = payload.encoded(payload.request(CONTENT, [payload.personalization(email) for email in emails]))
    assert json.loads(ours) == by_the_package(emails)
    assert check(ours)[0] == 202


def test_a_batch_is_one_request(session: Session, settings: Settings) -> None:
    """Twenty people, two shapes of job: two requests, and each reads their own, escaped in the HTML alone."""
    for number in range(20):
        contact = make_contact(session, name=f"Zoë <{number}> & Co")
        summary = f"“Screen” & <b>{number}</b>" if number % 2 else ""
        queue_survey(
            session, make_invitation(session, make_resolution(session, make_job(session, contact, summary=summary)))
        )
    begun = begin_all(session, settings)
    with FakeSendGrid() as fake:
        outcomes = SendGridSender(API_KEY, fake.url).send([one.outgoing for one in begun])
        assert all(isinstance(outcome, Accepted) for outcome in outcomes)
        assert fake.requests == 2
        assert {(mail.to, mail.subject, mail.text, mail.html) for mail in fake.sent} == {
            (one.outgoing.to.email, one.outgoing.subject, one.outgoing.text, one.outgoing.html) for one in begun
        }
        odd = next(mail for mail in fake.sent if "Screen" in mail.text)
        assert "“Screen” & <b>" in odd.text
        assert "“Screen” &amp; &lt;b&gt;" in odd.html
        assert len({mail.headers["List-Unsubscribe"] for mail in fake.sent}) == 20
        assert all(mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click" for mail in fake.sent)


@given(bad=st.sets(st.integers(0, 29), max_size=6), silent=st.booleans())
@examples(max_examples=12, deadline=None)
def test_a_refused_batch_costs_only_the_guilty(bad: set[int], silent: bool) -> None:
    """Whichever addresses are bad, and whether or not the provider says which: they are refused, the others go."""
    batch = numbered(30)
    for number in bad:
        batch[number] = replace(batch[number], to=Mailbox(f"person{number}@nowhere"))
    with FakeSendGrid(names_the_guilty=not silent) as fake:
        outcomes = SendGridSender(API_KEY, fake.url).send(batch)
        assert {number for number, outcome in enumerate(outcomes) if isinstance(outcome, RejectedError)} == bad
        assert sorted(mail.to for mail in fake.sent) == sorted(
            email.to.email for number, email in enumerate(batch) if number not in bad
        )


def test_what_stops_one_request_stops_the_batch() -> None:
    """After a refused key or a plea for time the other groups are not tried, and count as not sent."""
    other = replace(CONTENT, text="another")
    batch = [*numbered(2), *(replace(email, content=other) for email in numbered(2))]
    for status, error in ((401, CredentialsError), (429, NotSentError)):
        with FakeSendGrid() as fake:
            fake.fail_next(status=status, headers={"Retry-After": "5"})
            outcomes = SendGridSender(API_KEY, fake.url).send(batch)
            assert fake.requests == 1
            assert all(isinstance(outcome, error) for outcome in outcomes)


def test_after_an_unclear_answer_the_rest_waits() -> None:
    """A 5xx leaves its own request unclear; what was not tried is proven not to be sent."""
    batch = [*numbered(1), replace(numbered(1)[0], content=replace(CONTENT, text="another"))]
    with FakeSendGrid() as fake:
        fake.fail_next(status=503, accept=True)
        first, second = SendGridSender(API_KEY, fake.url).send(batch)
        assert (type(first).__name__, type(second).__name__) == ("UnknownOutcomeError", "NotSentError")


def test_one_connection_serves_many_batches() -> None:
    """Kept open between requests; one that the other side closed is noticed before anything is written."""
    with FakeSendGrid() as fake:
        sender = SendGridSender(API_KEY, fake.url)
        for _ in range(3):
            sender.send(numbered(1))
        assert fake.connections == 1
        fake.hang_up()
        assert isinstance(sender.send(numbered(1))[0], Accepted)
        assert (fake.connections, len(fake.sent)) == (2, 4)


def test_values_too_long_for_a_batch_go_out_written_out() -> None:
    """More than 10,000 bytes of one person's own values: a request of its own, with nothing left to put in."""
    batch = numbered(2)
    batch[1] = replace(batch[1], values={"-t.0-": "ä" * 6_000, "-t.0h-": "b"})
    with FakeSendGrid() as fake:
        assert all(isinstance(outcome, Accepted) for outcome in SendGridSender(API_KEY, fake.url).send(batch))
        assert sorted(mail.text for mail in fake.sent) == sorted(email.text for email in batch)


def test_the_key_reaches_no_log(caplog: pytest.LogCaptureFixture) -> None:
    """At DEBUG, whatever happens, the API key is in no record."""
    caplog.set_level(logging.DEBUG)
    with FakeSendGrid() as fake:
        sender = SendGridSender(API_KEY, fake.url)
        for status in (0, 400, 401, 429, 500):
            if status:
                fake.fail_next(status=status)
            sender.send(numbered(1))
    assert API_KEY not in caplog.text
    assert API_KEY not in repr(vars(sender))


@given(st.from_regex(r"\A[a-z0-9._+@-]{1,30}@[a-z0-9.-]{1,30}\.(com|de|example|local|test)\Z"))
@examples(max_examples=300, deadline=None)
def test_a_plain_address_is_a_valid_one(address: str) -> None:
    """The quick look takes no address that the rule would refuse."""
    assert not is_plain(address) or address_problem(address) is None


_WAYS = (
    "nothing",
    "answered",
    "reopened",
    "internal",
    "excluded",
    "left",
    "closed",
    "odd address",
    "asked before",
    "not drawn",
)


@pytest.mark.parametrize("way", _WAYS)
@pytest.mark.parametrize("reminder", [False, True])
def test_the_quick_look_agrees_with_the_rules(session: Session, way: str, reminder: bool) -> None:
    """Whatever is wrong with a survey: what is clear at a glance, the rules let through."""
    contact = make_contact(session, make_client(session, internal=way == "internal"))
    job = make_job(session, contact)
    resolution = make_resolution(session, job)
    values = {"expires_at": NOW} if way == "closed" else {}
    invitation = make_invitation(session, resolution, sent_at=NOW, **values)
    if way == "answered":
        make_response(session, resolution)
    elif way == "reopened":
        resolution.reopened_at = NOW
    elif way == "excluded":
        job.exclusion = Exclusion.SPAM
    elif way == "left":
        contact.left_at = NOW
    elif way == "odd address":
        contact.email = "no address"
    elif way == "not drawn":  # since the share fell: what is out stays out
        row = drafts.create(session, "Effort", library.document("ces"), NOW)
        session.add(QuestionnaireUse(kind="", questionnaire_id=row.id, share=0))
    elif way == "asked before":
        make_invitation(session, make_resolution(session, make_job(session, contact)), sent_at=NOW)
    session.commit()
    clear = invitation.id in screen(session, [invitation.id], reminder=reminder, now=NOW).clear
    reason = reason_not_to_send(session, invitation, reminder=reminder, now=NOW)
    assert not (clear and reason)
    assert clear or way not in {"nothing", "not drawn"}
