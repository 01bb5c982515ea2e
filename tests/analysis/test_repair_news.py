"""Managers hear at once what clients put right; the relationship is seen in its light."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.flags.repair_news import repair_batch
from analysis.relationships.evidence import Person
from analysis.scoring.evidence import load_evidence
from emails.models import EmailKind, EmailMessage
from survey.config import Settings
from survey.firms import get_firm
from survey.models import Invitation, RepairKind
from survey.people import create_person
from survey.repairs import requests as repairs
from survey.repairs.links import Link
from survey.repairs.requests import Said
from tests.conftest import NOW
from tests.factories import make_client, make_contact, make_invitation, make_job, make_resolution


@pytest.fixture
def invitation(session: Session) -> Invitation:
    """A survey to Ana of the Harbour Café, which Mo looks after; Kim is a manager too."""
    mo = create_person(session, "mo@brightside.example", "manager", NOW, name="Mo")
    create_person(session, "kim@brightside.example", "admin", NOW, name="Kim")
    create_person(session, "vi@brightside.example", "viewer", NOW, name="Vi")
    ana = make_contact(session, make_client(session, name="Harbour Café", owner_id=mo.id), name="Ana Xu")
    return make_invitation(session, make_resolution(session, make_job(session, ana, summary="Till repaired")))


def say(session: Session, invitation: Invitation, kind: RepairKind, **more: Any) -> None:
    repairs.say(session, Link(invitation, invitation.contact), Said(kind, **more), NOW)


def mail(session: Session) -> list[EmailMessage]:
    return list(session.scalars(select(EmailMessage).order_by(EmailMessage.id)))


def test_the_owner_hears_at_once_that_a_job_is_not_finished(
    session: Session, settings: Settings, invitation: Invitation
) -> None:
    """One email to the owner alone, with the words, due now; asked again, nothing more is queued."""
    say(session, invitation, RepairKind.NOT_FINISHED, words="No paper feed.")
    assert repair_batch(session, settings, NOW) == 1
    assert repair_batch(session, settings, NOW) == 0

    (message,) = mail(session)
    assert (message.kind, message.to_email, message.due_at) == (EmailKind.FLAG_ALERT, "mo@brightside.example", NOW)
    assert message.context["title"] == "Harbour Café says that a job is not finished"
    assert message.context["items"][0]["why"] == "Till repaired. “No paper feed.”"
    assert message.context["items"][0]["url"].startswith(f"{settings.base_url}/desk/repairs#repair-")


def test_without_an_owner_everybody_who_acts_hears_it(
    session: Session, settings: Settings, invitation: Invitation
) -> None:
    """Managers and admins, no viewer; whom the client named is in it, and nobody has written there."""
    invitation.client.owner_id = None
    say(session, invitation, RepairKind.WRONG_PERSON, name="Cleo Diaz", email="cleo@harbour.example")
    assert repair_batch(session, settings, NOW) == 2
    assert {message.to_email for message in mail(session)} == {"mo@brightside.example", "kim@brightside.example"}
    assert "They name Cleo Diaz cleo@harbour.example." in mail(session)[0].context["items"][0]["why"]


def test_what_needs_nobody_is_not_told(session: Session, settings: Settings, invitation: Invitation) -> None:
    """ "Ask me less" is done at once; what was taken back before the worker came, or is a day old, is no news."""
    say(session, invitation, RepairKind.LESS)
    say(session, invitation, RepairKind.LEFT)
    assert repair_batch(session, settings, NOW + timedelta(days=2)) == 0
    repairs.take_back_leaving(session, Link(invitation, invitation.contact), NOW)
    assert repair_batch(session, settings, NOW) == 0


def test_the_wrong_person_is_nobody_to_be_silent(session: Session, invitation: Invitation) -> None:
    """Nobody waits for an answer of somebody who was never the one to ask; an undo brings them back."""
    ben = make_contact(session, invitation.client, name="Ben Kay")
    say(session, invitation, RepairKind.WRONG_PERSON)
    assert [person.name for person in _people(session, invitation)] == ["Ben Kay"]
    assert ben.client.evidence_version > 1
    invitation.contact.wrong_at = None
    session.flush()
    assert [person.name for person in _people(session, invitation)] == ["Ana Xu", "Ben Kay"]


def _people(session: Session, invitation: Invitation) -> tuple[Person, ...]:
    return load_evidence(session, get_firm(session), [invitation.client_id], NOW)[invitation.client_id].people
