"""From the provider's form to a comment on a job, a stop, or a question to a person."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from emails import tasks
from emails.events import SIGNATURE_HEADER, TIMESTAMP_HEADER
from emails.models import EmailAttempt
from emails.replies.address import inbound_key, reply_address
from emails.replies.form import from_form, from_mime, read_form
from emails.replies.models import Reply, ReplyState
from survey import clock, responses, tokens
from survey.config import Settings
from survey.errors import InvalidInputError
from survey.models import Answer, Contact, Invitation, InvitationState, MailBlock
from tests.conftest import NOW, SECRET_KEY
from tests.emails.factories import begin, queue_survey
from tests.factories import make_contact, make_invitation
from tests.fakes import FakeSendGrid

DOMAIN = "replies.brightside.example"
PATH = f"/webhooks/sendgrid/inbound/{inbound_key(SECRET_KEY)}"
QUOTED = "\n\nOn Tue, 10 Mar 2026 at 12:00, Brightside IT <x@y.example> wrote:\n> How did we do?\n"


@dataclass(frozen=True)
class Post:
    """Posts a reply as Inbound Parse does, lets the worker look at it, and shows what came of it."""

    client: FlaskClient
    session: Session
    settings: Settings

    def __call__(self, invitation: Invitation | None, text: str = "", **fields: Any) -> Reply:
        assert self.send(invitation, text, **fields) == 204
        with clock.fixed_at(NOW):
            tasks.read_replies(self.settings, NOW)
        self.session.rollback()
        self.session.expire_all()
        return self.session.scalars(select(Reply).order_by(Reply.id.desc())).first()  # type: ignore[return-value]

    def send(self, invitation: Invitation | None, text: str = "", path: str = PATH, **fields: Any) -> int:
        to, sender = "someone@else.example", "stranger@else.example"
        if invitation is not None:
            to = reply_address(SECRET_KEY, invitation.id, invitation.seed, DOMAIN)
            sender = invitation.contact.email
        data = {
            "from": f"Mona Lind <{sender}>",
            "to": f"Brightside IT <{to}>",
            "envelope": json.dumps({"to": [to], "from": sender}),
            "subject": "Re: How did we do?",
            "text": text,
            "headers": f"Message-ID: <{hash((text, to))}@mail.example>\nAuto-Submitted: no\n",
            "charsets": json.dumps({"text": "utf-8"}),
            "SPF": "pass",
            "attachments": "0",
            **fields,
        }
        self.session.commit()  # the application writes on a connection of its own
        return self.client.post(path, data=data, content_type="multipart/form-data").status_code

    def answers(self) -> dict[str, str | int | None]:
        rows = self.session.scalars(select(Answer).order_by(Answer.id))
        return {row.question: row.text if row.number is None else row.number for row in rows}


@pytest.fixture
def receiving(settings: Settings) -> Settings:
    return settings.model_copy(update={"inbound_domain": DOMAIN})


@pytest.fixture
def post(receiving: Settings, make_app: Callable[[Settings], Flask], session: Session) -> Post:
    return Post(make_app(receiving).test_client(), session, receiving)


@pytest.fixture
def invitation(session: Session) -> Invitation:
    made = make_invitation(session)
    session.commit()
    return made


def test_a_reply_is_a_comment_on_its_job(post: Post, session: Session, invitation: Invitation) -> None:
    """The words without the quotation; the survey counts as answered, and the relationship is looked at anew."""
    before = invitation.client.evidence_version
    reply = post(invitation, "It took three visits." + QUOTED)
    assert (reply.state, reply.own_words) == (ReplyState.COMMENT, "It took three visits.")
    assert post.answers() == {"reply": "It took three visits."}
    fresh = session.get_one(Invitation, invitation.id, populate_existing=True)
    assert fresh.state is InvitationState.ANSWERED
    assert fresh.client.evidence_version == before + 1


@pytest.mark.parametrize(
    "wrapped",
    [
        "http://localhost/s/{0}?csat=5",
        "<http://localhost/u/{0}>",
        "https://eur01.safelinks.example/?url=https%3A%2F%2Fx.example%2Fs%2F{0}%3Fcsat%3D1&data=05",
        "https://urldefense.example/v2/url?u=https-3A__x.example_s_{0}-3Fcsat-3D5&d=DwMF",
    ],
)
def test_the_link_that_a_reply_quotes_is_not_kept(
    post: Post, session: Session, invitation: Invitation, manager: FlaskClient, wrapped: str
) -> None:
    """With the link the desk could open the survey, and read what was said in confidence."""
    token = tokens.derive(SECRET_KEY, "survey", invitation.seed)
    link = wrapped.format(token)
    reply = post(invitation, f"The link {link} is dead. Mail /s/short instead.{QUOTED}> Very good: {link}\n")
    assert reply.state is ReplyState.COMMENT
    assert reply.own_words.endswith("is dead. Mail /s/short instead.")
    assert "Very good" in reply.body
    pages = [manager.get(f"/desk/emails/replies{path}").text for path in ("", f"/{reply.id}")]
    for text in (reply.body, reply.own_words, *map(str, post.answers().values()), *pages):
        assert token not in text


def test_a_reply_never_touches_what_was_confirmed(post: Post, session: Session, invitation: Invitation) -> None:
    """A confirmed rating and comment stay; each further reply is one more comment; the same words count once."""
    responses.submit(session, invitation, {"csat": 2, "comment": "Late."}, {}, NOW)
    session.commit()
    post(invitation, "5/5")
    post(invitation, "And nobody called." + QUOTED)
    again = post(invitation, "And nobody called.", headers="Message-ID: <another@mail.example>")
    assert again.state is ReplyState.EMPTY
    assert post.answers() == {"csat": 2, "comment": "Late.", "reply": "5/5", "reply_2": "And nobody called."}


def test_a_page_that_is_open_meanwhile_can_still_be_sent(session: Session, invitation: Invitation) -> None:
    """Somebody replies, then presses the button on the page they had open: both count."""
    seen = responses.version(session, responses.find_response(session, invitation))
    responses.add_reply(session, invitation, "Good.", NOW)
    responses.submit(session, invitation, {"csat": 4}, {}, NOW, based_on=seen)
    response = responses.find_response(session, invitation)
    assert responses.answers_of(response) == {"reply": "Good.", "csat": 4}


@pytest.mark.parametrize(("text", "rating"), [("4/5", 4), ("5", None), ("8/10", None)])
def test_only_a_rating_that_cannot_be_misread_counts(
    post: Post, invitation: Invitation, text: str, rating: int | None
) -> None:
    """With its scale named and none given before, it is a rating; else it is words."""
    post(invitation, text)
    assert post.answers() == ({"reply": text, "csat": rating} if rating else {"reply": text})


def test_a_late_reply_still_counts(post: Post, session: Session, invitation: Invitation) -> None:
    """After the survey has closed the words are kept, and nobody is taken for silent."""
    invitation.state = InvitationState.EXPIRED
    session.commit()
    post(invitation, "Sorry, I was away. All good.")
    assert session.get_one(Invitation, invitation.id, populate_existing=True).state is InvitationState.ANSWERED


def test_stop_stops(post: Post, session: Session, invitation: Invitation) -> None:
    """The sender is asked no more, at once; what else they said is a comment, the wish itself is not."""
    reply = post(invitation, "The fitter was late. Please unsubscribe me." + QUOTED)
    assert reply.state is ReplyState.STOP
    assert session.get_one(Contact, invitation.contact_id, populate_existing=True).mail_block is MailBlock.UNSUBSCRIBED
    assert post.answers() == {"reply": "The fitter was late."}


def test_the_mail_programs_unsubscribe_button(post: Post, session: Session, invitation: Invitation) -> None:
    """List-Unsubscribe's mailto: an empty email with the subject "unsubscribe"."""
    assert post(invitation, "", subject="unsubscribe").state is ReplyState.STOP
    assert post.answers() == {}


def test_a_machine_is_no_answer(post: Post, session: Session, invitation: Invitation) -> None:
    """An out-of-office note changes nothing: the survey stays open, the reminder may go."""
    reply = post(invitation, "I am away.", headers="Message-ID: <1@x>\nAuto-Submitted: auto-replied")
    assert reply.state is ReplyState.AUTOMATIC
    assert session.get_one(Invitation, invitation.id, populate_existing=True).state is InvitationState.SENT
    assert post.answers() == {}


def test_somebody_elses_reply_waits_for_a_person(post: Post, session: Session, invitation: Invitation) -> None:
    """A colleague answered, or somebody pretends to: nothing counts until a person says so."""
    reply = post(invitation, "She is right.", **{"from": "Bo <bo@client.example>"})
    assert reply.state is ReplyState.QUARANTINED
    assert "bo@client.example wrote" in reply.why
    assert post.answers() == {}


def test_a_sender_that_cannot_be_confirmed_waits_for_a_person(post: Post, invitation: Invitation) -> None:
    """The right name in From is easily written; a failing check of the domain says that somebody did."""
    assert post(invitation, "Great!", SPF="fail", dkim="none").state is ReplyState.QUARANTINED
    signed = post(invitation, "Great indeed!", SPF="fail", dkim="{@client.example : pass}")
    assert signed.state is ReplyState.COMMENT


@pytest.mark.parametrize("change", ["proof", "domain", "number"])
def test_a_made_up_address_leads_nowhere(post: Post, session: Session, invitation: Invitation, change: str) -> None:
    """An address with another proof, another domain or another number opens no survey."""
    right = reply_address(SECRET_KEY, invitation.id, invitation.seed, DOMAIN)
    wrong = {
        "proof": right.replace("-", "-aaaa")[: len(right)],
        "domain": right.replace(DOMAIN, "evil.example"),
        "number": right.replace(f"+{invitation.id}-", "+99999-"),
    }[change]
    reply = post(invitation, "Hello", envelope=json.dumps({"to": [wrong]}), to=wrong)
    assert reply.state is ReplyState.QUARANTINED
    assert reply.invitation_id is None


def test_the_message_it_answers_names_the_survey_too(post: Post, session: Session, settings: Settings) -> None:
    """A forwarded address is lost, but In-Reply-To carries the id of our try."""
    message = queue_survey(session)
    with clock.fixed_at(NOW):
        begun = begin(session, settings)
    assert session.get(EmailAttempt, begun.attempt_id) is not None
    invitation = session.get_one(Invitation, message.invitation_id)
    reply = post(
        invitation,
        "All fine.",
        to="hello@brightside.example",
        envelope="{}",
        headers=f"Message-ID: <7@x>\nIn-Reply-To: <{begun.attempt_id}@brightside.example>",
    )
    assert (reply.state, reply.invitation_id) == (ReplyState.COMMENT, invitation.id)


def test_a_repeated_post_counts_once(post: Post, session: Session, invitation: Invitation) -> None:
    """The provider repeats what was not confirmed in time."""
    for _ in range(3):
        assert post.send(invitation, "Once.") == 204
    assert len(session.scalars(select(Reply)).all()) == 1


def test_a_wrong_key_in_the_address_is_refused(post: Post, session: Session, invitation: Invitation) -> None:
    """401 for a guessed address, 503 where signatures are wanted and no key is set; nothing is stored."""
    assert post.send(invitation, "x", path="/webhooks/sendgrid/inbound/guess") == 401
    assert post.send(invitation, "x", path="/webhooks/sendgrid/inbound") == 503
    assert session.scalars(select(Reply)).all() == []


@pytest.fixture
def provider() -> Iterator[FakeSendGrid]:
    with FakeSendGrid() as fake:
        yield fake


def test_with_a_key_every_reply_must_be_signed(
    provider: FakeSendGrid, receiving: Settings, make_app: Callable[[Settings], Flask], session: Session
) -> None:
    """With a verification key both addresses want the signature over the whole raw form."""
    client = make_app(receiving.model_copy(update={"sendgrid_inbound_public_key": provider.public_key})).test_client()
    body = b'--b\r\nContent-Disposition: form-data; name="from"\r\n\r\na@b.example\r\n--b--\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    signed = {
        name: value for name, value in provider.sign(body).items() if name in (SIGNATURE_HEADER, TIMESTAMP_HEADER)
    }
    for path in (PATH, "/webhooks/sendgrid/inbound"):
        assert client.post(path, data=body, headers=kind).status_code == 401
        assert client.post(path, data=body + b" ", headers=kind | signed).status_code == 401
        assert client.post(path, data=body, headers=kind | signed).status_code == 204
    assert [row.from_email for row in session.scalars(select(Reply))] == ["a@b.example"]


def test_what_cannot_be_read_is_not_asked_for_again(post: Post, session: Session) -> None:
    """A broken form is confirmed, since no later try could be better; a huge one is refused."""
    assert post.client.post(PATH, data=b"nonsense").status_code == 204
    assert post.send(None, "x", **{"from": "nobody"}) == 204
    huge = {"CONTENT_LENGTH": str(40 * 1024 * 1024)}
    assert post.client.post(PATH, data=b"x", environ_overrides=huge).status_code == 413
    assert session.scalars(select(Reply)).all() == []


def test_each_field_has_its_own_encoding() -> None:
    """`charsets` says how each field is written; an unknown one is read as UTF-8, and NUL goes."""
    fields = {
        "from": b"Zo\xeb <zoe@client.example>",
        "text": "Très bien\x00".encode("utf-16-le"),
        "subject": "Größe".encode("iso-8859-1"),
        "charsets": json.dumps({"text": "utf-16-le", "from": "latin1", "subject": "no-such-thing"}).encode(),
    }
    inbound = from_form(fields)
    assert (inbound.from_name, inbound.text) == ("Zoë", "Très bien")
    assert inbound.subject.startswith("Gr")


def test_the_raw_message_is_read_as_well() -> None:
    """Where the provider posts the whole MIME message, its parts, encodings and headers are found in it."""
    raw = (
        b"From: =?utf-8?q?Zo=C3=AB?= <Zoe@Client.example>\r\nTo: reply@x.example\r\nSubject: Re: hi\r\n"
        b"Message-ID: <m@x>\r\nReferences: <a@x> <b@x>\r\nIn-Reply-To: <b@x>\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/alternative; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\nTr=E8s bien\r\n"
        b"--b\r\nContent-Type: text/html\r\n\r\n<p>x</p>\r\n--b--\r\n"
    )
    inbound = from_form({"email": raw, "envelope": b'{"to": ["reply+1-x@d.example"]}', "SPF": b"pass"})
    assert (inbound.from_email, inbound.from_name, inbound.text.strip()) == ("zoe@client.example", "Zoë", "Très bien")
    assert inbound.recipients == ("reply+1-x@d.example", "reply@x.example")
    assert inbound.answers_to == ("b@x", "a@x")
    assert inbound.authentic is True
    with pytest.raises(InvalidInputError):
        from_mime(b"no headers at all")


def test_a_form_without_an_end_is_refused() -> None:
    """A body that was cut off on its way is no form."""
    for body in (b"", b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx'):
        with pytest.raises(InvalidInputError):
            read_form("multipart/form-data; boundary=b", body)


@pytest.fixture
def doubtful(post: Post, session: Session, invitation: Invitation) -> Reply:
    return post(invitation, "She is right.", **{"from": "Bo <bo@client.example>"})


def test_a_person_accepts_a_doubtful_reply(manager: FlaskClient, session: Session, doubtful: Reply) -> None:
    """The list says why it waits; accepted, it is a comment like any other; a second click is told that it is late."""
    page = manager.get("/desk/emails/replies").text
    assert "She is right." in page
    assert "wrote, but we asked" in page
    assert manager.post(f"/desk/emails/replies/{doubtful.id}/accept").status_code == 303
    session.rollback()
    assert session.scalars(select(Answer.text)).all() == ["She is right."]
    assert manager.post(f"/desk/emails/replies/{doubtful.id}/accept").status_code == 409
    assert "Nothing to look at" in manager.get("/desk/emails/replies?state=quarantined").text


def test_a_person_dismisses_a_reply_and_changes_their_mind(
    manager: FlaskClient, session: Session, doubtful: Reply
) -> None:
    """Dismissed it counts for nothing and stays readable; it may still be accepted."""
    assert manager.post(f"/desk/emails/replies/{doubtful.id}/dismiss").status_code == 303
    session.rollback()
    assert session.scalars(select(Answer)).all() == []
    assert "She is right." in manager.get("/desk/emails/replies?state=dismissed").text
    assert manager.post(f"/desk/emails/replies/{doubtful.id}/accept").status_code == 303


def test_a_reply_to_nothing_is_put_beside_a_survey_by_a_person(
    manager: FlaskClient, session: Session, post: Post, invitation: Invitation
) -> None:
    """Somebody wrote a fresh email: the page offers the surveys that went to them, and takes the one chosen."""
    make_contact(session, email="else@free.example")
    session.commit()
    reply = post(None, "About last week: well done.", **{"from": invitation.contact.email})
    page = manager.get(f"/desk/emails/replies/{reply.id}").text
    assert f'value="{invitation.id}"' in page
    assert manager.post(f"/desk/emails/replies/{reply.id}/accept").status_code == 422
    data = {"invitation": str(invitation.id)}
    assert manager.post(f"/desk/emails/replies/{reply.id}/accept", data=data).status_code == 303
    session.rollback()
    assert session.scalars(select(Answer.text)).all() == ["About last week: well done."]


def test_a_viewer_reads_replies_and_decides_nothing(viewer: FlaskClient, doubtful: Reply) -> None:
    """Viewers see the list and the page; the decision is a manager's."""
    assert viewer.get("/desk/emails/replies").status_code == 200
    assert viewer.get(f"/desk/emails/replies/{doubtful.id}").status_code == 200
    assert viewer.post(f"/desk/emails/replies/{doubtful.id}/dismiss").status_code == 403


def test_the_commands_take_an_email_in_and_list_it(app: Flask, session: Session) -> None:
    """A mail server may pipe messages in; the address for the provider and the list are shown as JSON."""
    runner = app.test_cli_runner()
    raw = b"From: a@b.example\nTo: x@y.example\nMessage-ID: <1@x>\n\nHello\n"
    for new in (True, False):
        result = runner.invoke(args=["emails", "receive", "--json"], input=raw)
        assert json.loads(result.stdout) == {"new": new}
    (row,) = json.loads(runner.invoke(args=["emails", "replies", "--json"]).stdout)
    assert (row["from"], row["own_words"], row["state"]) == ("a@b.example", "Hello", "received")
    shown = json.loads(runner.invoke(args=["emails", "inbound", "--json"]).stdout)
    assert shown["url"].endswith(PATH)
    assert "Signature: not required" in runner.invoke(args=["emails", "inbound"]).stdout
