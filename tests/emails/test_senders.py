"""One contract for every transport, and what is special about each."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage as MimeMessage
from email.policy import default

import pytest
from flask import Flask
from sqlalchemy import select

from emails.models import MailboxMessage
from emails.senders import MailboxSender, SendGridSender, SmtpSender
from emails.senders.base import (
    Accepted,
    Content,
    CredentialsError,
    Mailbox,
    NotSentError,
    OutgoingEmail,
    RejectedError,
    Sender,
    SendError,
    UnknownOutcomeError,
)
from emails.senders.smtp import parse_smtp_url
from survey.db import db
from survey.errors import SettingsError
from tests.conftest import NOW
from tests.fakes import API_KEY, FakeSendGrid, smtp_sink

CONTENT = Content(
    sender=Mailbox("hello@brightside.example", "Brightside, IT & Söhne"),
    reply_to="help@brightside.example",
    language="en",
    text="Hello -t.0-,\n.a line that starts with a dot\n" + "x" * 2_000 + "\n",
    html="<!doctype html><p>Hello -t.0h- — ✓</p>",
    headers=(("Auto-Submitted", "auto-generated"),),
)
EMAIL = OutgoingEmail(
    attempt_id="0123456789abcdef0123456789abcdef",
    to=Mailbox("mona@client.example", "Møna “M” Costa"),
    subject="How did we do with your Prüfung?",
    content=CONTENT,
    date=NOW,
    message_id="<0123@brightside.example>",
    values={"-t.0-": "Mona & Co", "-t.0h-": "Mona &amp; Co"},
    headers={
        "List-Unsubscribe": "<https://feedback.example/u/abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnop>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    },
)


def send(sender: Sender, email: OutgoingEmail) -> Accepted:
    """Hand over one message, and raise what stood in its way."""
    (outcome,) = sender.send([email])
    if isinstance(outcome, SendError):
        raise outcome
    return outcome


def numbered(count: int) -> list[OutgoingEmail]:
    """Messages with one content, to different people."""
    return [
        replace(
            EMAIL, to=Mailbox(f"person{number}@client.example"), attempt_id=f"{number:032x}", subject=f"No {number}"
        )
        for number in range(count)
    ]


@dataclass(frozen=True)
class Seen:
    """What the other side got."""

    to: str
    subject: str
    text: str
    html: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Transport:
    sender: Sender
    seen: Callable[[], list[Seen]]


@pytest.fixture(params=["mailbox", "smtp", "sendgrid"])
def transport(request: pytest.FixtureRequest, app: Flask) -> Iterator[Transport]:
    """Each transport, with a way to see what the other side got."""
    with ExitStack() as stack:
        stack.enter_context(app.app_context())
        if request.param == "mailbox":
            yield Transport(MailboxSender(), _in_mailbox)
        elif request.param == "smtp":
            sink = stack.enter_context(smtp_sink())
            yield Transport(SmtpSender(sink.url), lambda: [_seen(mime) for mime in sink.received])
        else:
            fake = stack.enter_context(FakeSendGrid())
            yield Transport(
                SendGridSender(API_KEY, fake.url),
                lambda: [Seen(mail.to, mail.subject, mail.text, mail.html, mail.headers) for mail in fake.sent],
            )


def _in_mailbox() -> list[Seen]:
    db.session.rollback()
    return [_seen(message_from_bytes(row.mime, policy=default)) for row in db.session.scalars(select(MailboxMessage))]


def _seen(mime: MimeMessage) -> Seen:
    plain, html = mime.get_body(("plain",)), mime.get_body(("html",))
    assert plain is not None
    assert html is not None
    headers = {name: str(value) for name, value in mime.items()}
    return Seen(
        mime["To"].addresses[0].addr_spec,
        str(mime["Subject"]),
        str(plain.get_content()),
        str(html.get_content()),
        headers,
    )


def test_a_message_arrives_as_it_was_written(transport: Transport) -> None:
    """Recipient, subject, both bodies and our headers reach the other side unchanged, and an id comes back."""
    accepted = send(transport.sender, EMAIL)
    assert accepted.provider_id
    (seen,) = transport.seen()
    assert (seen.to, seen.subject) == ("mona@client.example", EMAIL.subject)
    assert seen.text.replace("\r\n", "\n") == EMAIL.text
    assert seen.html.strip() == EMAIL.html
    assert "Hello Mona & Co," in seen.text
    assert "<p>Hello Mona &amp; Co" in seen.html
    for name, value in EMAIL.all_headers.items():
        assert seen.headers[name] == value


def test_a_batch_is_taken_message_by_message(transport: Transport) -> None:
    """Each person gets their own, in order, and each has an outcome."""
    outcomes = transport.sender.send(numbered(3))
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert [(seen.to, seen.subject) for seen in transport.seen()] == [
        (f"person{number}@client.example", f"No {number}") for number in range(3)
    ]


def test_a_bad_message_does_not_cost_the_others(transport: Transport) -> None:
    """An address that cannot be one is refused alone."""
    batch = numbered(5)
    batch[3] = replace(batch[3], to=Mailbox("nobody"))
    outcomes = transport.sender.send(batch)
    assert [isinstance(outcome, Accepted) for outcome in outcomes] == [True, True, True, False, True]
    assert isinstance(outcomes[3], RejectedError)
    assert len(transport.seen()) == 4


@pytest.mark.parametrize("address", ["no-at-sign", "@client.example", "mona@", "mønä@client.example", ""])
def test_an_impossible_address_is_rejected_and_nothing_is_sent(transport: Transport, address: str) -> None:
    """What cannot be an address is refused for good, by every transport, before anything leaves."""
    with pytest.raises(RejectedError):
        send(transport.sender, replace(EMAIL, to=Mailbox(address)))
    assert transport.seen() == []


def test_a_domain_in_other_letters_is_written_in_ascii(transport: Transport) -> None:
    """münchen.example goes over the wire as IDNA."""
    send(transport.sender, replace(EMAIL, to=Mailbox("mona@münchen.example")))
    assert transport.seen()[0].to == "mona@xn--mnchen-3ya.example"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    "make",
    [
        lambda port: SmtpSender(f"smtp://127.0.0.1:{port}"),
        lambda port: SendGridSender(API_KEY, f"http://127.0.0.1:{port}"),
    ],
)
def test_nobody_listening_proves_that_nothing_was_sent(make: Callable[[int], Sender]) -> None:
    """A refused connection may be tried again, and concerns every message."""
    with pytest.raises(NotSentError) as caught:
        send(make(free_port()), EMAIL)
    assert caught.value.concerns_all


@pytest.fixture
def sendgrid() -> Iterator[FakeSendGrid]:
    with FakeSendGrid() as fake:
        yield fake


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"status": 400}, RejectedError),
        ({"status": 413}, RejectedError),
        ({"status": 401}, CredentialsError),
        ({"status": 403}, CredentialsError),
        ({"status": 404}, CredentialsError),
        ({"status": 302}, CredentialsError),
        ({"status": 429}, NotSentError),
        ({"status": 500}, UnknownOutcomeError),
        ({"status": 503, "accept": True}, UnknownOutcomeError),
        ({"reset": "before"}, (NotSentError, UnknownOutcomeError)),
        ({"reset": "after"}, UnknownOutcomeError),
        ({"slow": 2.0}, UnknownOutcomeError),
    ],
)
def test_sendgrids_answers_decide(
    sendgrid: FakeSendGrid, fault: dict[str, object], error: type[SendError] | tuple[type[SendError], ...]
) -> None:
    """Each status and each broken connection means what DESIGN.md's table says."""
    sendgrid.fail_next(**fault)
    with pytest.raises(error):
        send(SendGridSender(API_KEY, sendgrid.url, total_seconds=0.5), EMAIL)


def test_sendgrids_wait_is_respected(sendgrid: FakeSendGrid) -> None:
    """429 carries the wait in Retry-After, or in the moment of X-RateLimit-Reset."""
    sender = SendGridSender(API_KEY, sendgrid.url)
    for headers in ({"Retry-After": "17"}, {"X-RateLimit-Reset": str(int(time.time()) + 17)}):
        sendgrid.fail_next(status=429, headers=headers)
        with pytest.raises(NotSentError) as caught:
            send(sender, EMAIL)
        assert caught.value.retry_after is not None
        assert timedelta(seconds=14) < caught.value.retry_after <= timedelta(seconds=17)


def test_a_refused_sender_address_is_no_fault_of_the_message(sendgrid: FakeSendGrid) -> None:
    """400 about "from" concerns every message: the queue is kept for when somebody has mended the settings."""
    with pytest.raises(CredentialsError, match="from object"):
        send(
            SendGridSender(API_KEY, sendgrid.url),
            replace(EMAIL, content=replace(CONTENT, sender=Mailbox("hello@localhost"))),
        )


def test_sendgrid_gets_no_personal_data_beside_the_address(sendgrid: FakeSendGrid) -> None:
    """custom_args hold the attempt id alone, there are no categories, and all tracking is off."""
    send(SendGridSender(API_KEY, sendgrid.url), EMAIL)
    payload = sendgrid.sent[0].payload
    assert payload["personalizations"][0]["custom_args"] == {"attempt_id": EMAIL.attempt_id}
    assert "categories" not in payload
    assert payload["tracking_settings"] == {
        "click_tracking": {"enable": False, "enable_text": False},
        "open_tracking": {"enable": False},
        "subscription_tracking": {"enable": False},
    }


def test_a_wrong_key_is_never_repeated_in_words(sendgrid: FakeSendGrid) -> None:
    """The error that ends in the database and on the desk does not contain the API key."""
    with pytest.raises(CredentialsError) as caught:
        send(SendGridSender("SG.very-secret", sendgrid.url), EMAIL)
    assert "very-secret" not in str(caught.value)


def test_smtp_says_for_now_and_for_good() -> None:
    """4yz may be tried again, 5yz not; an unknown mailbox is told apart from a refused message."""
    with smtp_sink() as sink:
        sink.replies = {
            "rcpt": ["450 4.2.1 later", "550 5.1.1 no such user", "550 5.7.1 spam"],
            "data": ["451 4.3.0 later", "554 5.6.0 no"],
        }
        sender = SmtpSender(sink.url)
        with pytest.raises(NotSentError, match="450"):
            send(sender, EMAIL)
        for bad_address in (True, False):
            with pytest.raises(RejectedError) as caught:
                send(sender, EMAIL)
            assert caught.value.bad_address is bad_address
        with pytest.raises(NotSentError, match="451"):
            send(sender, EMAIL)
        with pytest.raises(RejectedError, match="554"):
            send(sender, EMAIL)
        assert sink.received == []


@pytest.mark.parametrize(("moment", "error"), [("rcpt", NotSentError), ("data", UnknownOutcomeError)])
def test_smtp_broken_connection(moment: str, error: type[SendError]) -> None:
    """Cut before the content it is proven absent; cut after it nobody knows."""
    with smtp_sink() as sink:
        sink.hang_up = moment
        with pytest.raises(error):
            send(SmtpSender(sink.url), EMAIL)


def test_smtp_total_time_out() -> None:
    """A server that takes the content and then says nothing is left after the total time-out."""
    with smtp_sink() as sink:
        sink.slow = 2.0
        started = time.monotonic()
        with pytest.raises(UnknownOutcomeError):
            send(SmtpSender(sink.url, total_seconds=0.5), EMAIL)
        assert time.monotonic() - started < 1.9


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # the sink is on this machine
def test_smtp_signs_in() -> None:
    """The right password is used; a wrong one stops all sending and is not repeated in the error."""
    with smtp_sink(login=("user@x", "pass/word")) as sink:
        send(SmtpSender(sink.url.replace("smtp://", "smtp://user%40x:pass%2Fword@")), EMAIL)
        assert len(sink.received) == 1
        with pytest.raises(CredentialsError) as caught:
            send(SmtpSender(sink.url.replace("smtp://", "smtp://user%40x:wrong@")), EMAIL)
        assert "wrong" not in str(caught.value)


def test_smtp_without_starttls_on_the_server_stops_all_sending() -> None:
    """Where TLS is asked for and not offered, nothing goes out in the clear."""
    with smtp_sink() as sink:
        with pytest.raises(CredentialsError):
            send(SmtpSender(f"{sink.url}?starttls=1"), EMAIL)
        assert sink.received == []


def test_smtps_refuses_a_certificate_nobody_vouches_for() -> None:
    """A server without TLS behind smtps:// is no server."""
    with smtp_sink() as sink, pytest.raises(NotSentError):
        send(SmtpSender(sink.url.replace("smtp://", "smtps://")), EMAIL)


@pytest.mark.parametrize("url", ["http://mail.example", "mail.example", "smtp://", "smtp://mail.example:port"])
def test_a_bad_smtp_url_is_named(url: str) -> None:
    """The error says which setting is wrong."""
    with pytest.raises(SettingsError, match="SMTP_URL"):
        parse_smtp_url(url)


def test_smtp_url_defaults() -> None:
    """Ports follow the scheme and the sign-in."""
    assert parse_smtp_url("smtp://mail.example").port == 25
    assert parse_smtp_url("smtp://u:p@mail.example").port == 587
    assert parse_smtp_url("smtps://u:p@mail.example").port == 465
    assert "p@" not in repr(parse_smtp_url("smtps://u:secret@mail.example"))
