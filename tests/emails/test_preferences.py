"""The page behind every email's footer link: what may be sent, how often, in the reader's language."""

from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from emails import suppressions
from emails.models import EmailKind, Suppression, SuppressionReason
from survey.config import Settings
from survey.invitations import survey_url
from survey.models import Contact, Invitation, MailBlock, SurveyEvent, SurveyEventKind
from tests.conftest import NOW
from tests.factories import make_contact, make_invitation, make_job, make_resolution

ALL_ON = {"choose": "yes", "after_job": "yes", "reminder": "yes", "often": "always"}


@dataclass(frozen=True)
class Link:
    session: Session
    invitation: Invitation
    path: str

    def contact(self) -> Contact:
        self.session.rollback()
        return self.session.get_one(Contact, self.invitation.contact_id, populate_existing=True)

    def events(self) -> list[SurveyEvent]:
        self.session.rollback()
        return list(self.session.scalars(select(SurveyEvent).order_by(SurveyEvent.id)))


def make_link(session: Session, settings: Settings, language: str = "en") -> Link:
    contact = make_contact(session, language=language)
    invitation = make_invitation(session, make_resolution(session, make_job(session, contact)))
    path = "/u/" + survey_url(settings, invitation).rpartition("/")[2]
    session.commit()
    return Link(session, invitation, path)


@pytest.fixture
def link(session: Session, settings: Settings) -> Link:
    return make_link(session, settings)


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("de", "Sollen wir nicht mehr fragen?"),
        ("es", "¿Quiere que dejemos"),
        ("fr-CA", "Ne plus recevoir nos questions"),
        ("pt-BR", "Quer deixar de receber perguntas?"),
        ("nl", "Wilt u geen vragen meer krijgen?"),
        ("en", "Stop our questions?"),
        ("ja", "Stop our questions?"),
    ],
)
def test_the_page_speaks_the_clients_language(
    client: FlaskClient, session: Session, settings: Settings, language: str, title: str
) -> None:
    """The contact's own language, in the words and in the lang attribute; English where we do not have it."""
    page = client.get(make_link(session, settings, language).path).text
    assert title in page
    assert f'<html lang="{language[:2] if title != "Stop our questions?" else "en"}" dir="ltr">' in page


def test_without_a_known_language_the_browser_decides(
    client: FlaskClient, session: Session, settings: Settings
) -> None:
    """Contact, then browser, then firm; a link at the foot changes it for this visit."""
    link = make_link(session, settings, language="")
    assert "Sollen wir" in client.get(link.path, headers={"Accept-Language": "de-AT,en;q=0.5"}).text
    assert "¿Quiere" in client.get(f"{link.path}?lang=es", headers={"Accept-Language": "de"}).text
    assert "¿Quiere" not in client.get(f"{link.path}?lang=../../etc", headers={"Accept-Language": "de"}).text


def test_no_reminders_but_questions(client: FlaskClient, session: Session, link: Link) -> None:
    """Unticking the reminder stops that alone, at once; ticking it again brings it back."""
    page = client.post(link.path, data={"choose": "yes", "after_job": "yes", "often": "always"})
    assert "Saved" in page.text
    email = link.contact().email
    assert link.contact().mail_block is None
    assert suppressions.reason_suppressed(session, email, EmailKind.REMINDER) is SuppressionReason.UNSUBSCRIBED
    assert suppressions.reason_suppressed(session, email) is None
    client.post(link.path, data=ALL_ON)
    session.rollback()
    assert suppressions.reason_suppressed(session, email, EmailKind.REMINDER) is None


def test_nothing_after_a_job(client: FlaskClient, link: Link) -> None:
    """Without the first kind of email the contact is blocked for surveys, and the page says so when opened again."""
    client.post(link.path, data={"choose": "yes", "reminder": "yes", "often": "always"})
    assert link.contact().mail_block is MailBlock.UNSUBSCRIBED
    assert "checked" not in client.get(link.path).text.partition('name="after_job"')[2].partition("/>")[0]


def test_asking_less_is_kept_for_the_person_not_the_client(client: FlaskClient, session: Session, link: Link) -> None:
    """At most once a quarter holds for every contact with the address, and can be taken back."""
    namesake = make_contact(session, email=link.contact().email)
    session.commit()
    page = client.post(link.path, data={**ALL_ON, "often": "quarterly"})
    assert "at most once in three months" in page.text
    assert link.contact().asks_less_at is not None
    assert session.get_one(Contact, namesake.id, populate_existing=True).asks_less_at is not None
    client.post(link.path, data=ALL_ON)
    assert link.contact().asks_less_at is None


def test_a_choice_is_evidence_once(client: FlaskClient, link: Link) -> None:
    """What was chosen is kept with its moment; saying the same again adds nothing."""
    for _ in range(2):
        client.post(link.path, data={**ALL_ON, "often": "quarterly"})
    (event,) = link.events()
    assert event.kind is SurveyEventKind.PREFERRED
    assert event.details == {"after_job": True, "reminder": True, "less": True}


def test_somebody_who_left_says_so(client: FlaskClient, link: Link) -> None:
    """“I have left” is news about the relationship; a mistake is undone on the same page."""
    before = link.contact().client.evidence_version
    assert "Thank you for telling us" in client.post(link.path, data={"left": "yes"}).text
    assert link.contact().left_at is not None
    assert link.contact().client.evidence_version == before + 1
    assert "I am still there" in client.get(link.path).text
    client.post(link.path, data={"stay": "yes"})
    assert link.contact().left_at is None


def test_a_choice_after_stopping_everything_counts(client: FlaskClient, session: Session, link: Link) -> None:
    """One click stops all; choosing again on the page lifts that; a bounce is not theirs to lift."""
    client.post(link.path, data={"List-Unsubscribe": "One-Click"})
    client.post(link.path, data={"again": "yes"})
    assert link.contact().mail_block is None
    suppressions.suppress(session, link.contact().email, SuppressionReason.BOUNCED, "x", NOW)
    session.commit()
    client.post(link.path, data=ALL_ON)
    assert link.contact().mail_block is MailBlock.BOUNCED
    assert session.scalars(select(Suppression.evidence).order_by(Suppression.id)).first() == {
        "invitation": link.invitation.id,
        "one_click": True,
    }


def test_a_mail_programs_post_stops_everything_whatever_it_carries(guarded_app: Flask, link: Link) -> None:
    """One-click wins over any other field, and a POST without a body is taken for one."""
    client = guarded_app.test_client(use_cookies=False)
    assert client.post(link.path, data={"List-Unsubscribe": "One-Click", "again": "yes"}).status_code == 200
    assert link.contact().mail_block is MailBlock.UNSUBSCRIBED
    client.post(link.path, data={"again": "yes"})
    assert link.contact().mail_block is None
    assert client.post(link.path).status_code == 200
    assert link.contact().mail_block is MailBlock.UNSUBSCRIBED
