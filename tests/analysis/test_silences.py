"""What became of unanswered surveys, read from emails and visits; who decides since when; what they care about."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from analysis.models import RelationshipState
from analysis.scoring.assessments import lock_due_clients, score_clients
from analysis.scoring.evidence import load_evidence
from analysis.scoring.interests import note_interests
from analysis.scoring.silences import fates
from emails.models import DeliveryState, EmailKind, EmailMessage, EmailState
from survey.editing import ContactChange, edit_contact
from survey.errors import InvalidInputError
from survey.evidence.records import record_visit
from survey.evidence.verdicts import renew
from survey.firms import get_firm
from survey.models import Invitation, InvitationState, SurveyEventKind
from tests.conftest import NOW
from tests.factories import make_client, make_contact, make_invitation, make_job, make_resolution, make_response

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"


def ask(session: Session, contact: object, delivery: DeliveryState | None = None) -> Invitation:
    """A survey about a job of a month ago that nobody answered, and its email."""
    done = make_resolution(session, make_job(session, contact), completed_at=NOW - timedelta(days=30))  # type: ignore[arg-type]
    invitation = make_invitation(session, done, state=InvitationState.EXPIRED)
    session.add(
        EmailMessage(
            once_key=f"survey/{invitation.id}",
            kind=EmailKind.SURVEY,
            invitation_id=invitation.id,
            to_email="ida@example.com",
            context={},
            state=EmailState.ACCEPTED,
            due_at=NOW,
            delivery=delivery,
            created_at=NOW,
        )
    )
    session.flush()
    return invitation


def visit(
    session: Session,
    invitation: Invitation,
    agent: str,
    kind: SurveyEventKind = SurveyEventKind.OPENED,
    fetch: Mapping[str, str] | None = None,
) -> None:
    at = (invitation.sent_at or NOW) + timedelta(hours=1)
    record_visit(session, invitation, kind, at, agent, method="GET", fetch=fetch or {})
    session.flush()


def test_each_silence_is_told_apart(session: Session) -> None:
    """Not delivered, never opened, opened by a machine, opened and left; a person's visit outweighs a machine's."""
    contact = make_contact(session)
    bounced, unopened = ask(session, contact, DeliveryState.BOUNCED), ask(session, contact, DeliveryState.DELIVERED)
    scanned, opened = ask(session, contact), ask(session, contact)
    visit(session, scanned, "Proofpoint")
    visit(session, opened, "Proofpoint")
    visit(session, opened, CHROME, fetch={"Sec-Fetch-Mode": "navigate"})
    visit(session, opened, "Proofpoint")
    expected = {bounced.id: "undelivered", unopened.id: "unopened", scanned.id: "scanner", opened.id: "opened"}
    assert fates(session, [contact.client_id]) == expected, "the links still wait to be judged"
    assert renew(session, NOW) == 2
    assert fates(session, [contact.client_id]) == expected
    known = load_evidence(session, get_firm(session), [contact.client_id], NOW)[contact.client_id]
    assert sorted(ask.fate for ask in known.asks) == ["opened", "scanner", "undelivered", "unopened"]


def test_a_press_that_does_not_count_is_no_visit(session: Session) -> None:
    """What was pressed and held back was not taken for a person's, whatever the visitor calls itself."""
    contact = make_contact(session)
    pressed = ask(session, contact)
    visit(session, pressed, "Proofpoint")
    visit(session, pressed, CHROME, SurveyEventKind.PRESSED, {"Sec-Fetch-Mode": "navigate"})
    assert fates(session, [contact.client_id]) == {pressed.id: "scanner"}
    renew(session, NOW)
    assert fates(session, [contact.client_id]) == {pressed.id: "scanner"}
    visit(session, pressed, CHROME, fetch={"Sec-Fetch-User": "?1"})
    assert fates(session, [contact.client_id]) == {pressed.id: "opened"}, "seen since the verdict"


def test_who_becomes_a_decision_maker_is_remembered(session: Session) -> None:
    """A change of role is dated; coming as a decision-maker, or staying one, is not."""
    contact, boss = make_contact(session, role="user"), make_contact(session)
    change = ContactChange(name="Ida", role="decision-maker", language="", timezone="", left_at=None)
    edit_contact(session, contact, change, NOW)
    edit_contact(session, boss, change, NOW)
    assert (contact.decides_since, boss.decides_since) == (NOW, None)
    edit_contact(session, contact, ContactChange(name="Ida", role="user", language="", timezone="", left_at=None), NOW)
    assert contact.decides_since is None


def test_interests_are_noted_and_read(session: Session) -> None:
    """One a line, each once; the client is scored again, and nothing changes for the same words."""
    client = make_client(session)
    make_contact(session, client)
    session.refresh(client)
    before = client.evidence_version
    assert note_interests(session, client, " the new  plant\n\nsailing\nSailing") == ""
    session.refresh(client)
    assert client.interests == "the new plant\nsailing"
    assert client.evidence_version == before + 1
    note_interests(session, client, "the new plant\nsailing")
    session.refresh(client)
    assert client.evidence_version == before + 1
    known = load_evidence(session, get_firm(session), [client.id], NOW)[client.id]
    assert known.interests == ("the new plant", "sailing")
    with pytest.raises(InvalidInputError, match="12 that matter"):
        note_interests(session, client, "\n".join(map(str, range(13))))
    with pytest.raises(InvalidInputError, match="under 80"):
        note_interests(session, client, "x" * 81)


def test_the_page_shows_ties_coverage_and_silences(manager: FlaskClient, session: Session) -> None:
    """Beside the risk: what holds them, how well they are heard, and what words and score say against each other."""
    contact = make_contact(session, name="Ida Berg")
    for days in (300, 200, 100, 20):
        job = make_job(session, contact, kind=f"Kind {days}")
        make_response(session, make_resolution(session, job, completed_at=NOW - timedelta(days=days)), csat=5, nps=9)
    ask(session, contact, DeliveryState.DELIVERED)
    score_clients(session, lock_due_clients(session, NOW), NOW)
    state = session.get_one(RelationshipState, contact.client_id)
    assert [tie["name"] for tie in state.picture["strengths"]] == ["kinds", "answers"]
    session.commit()
    page = manager.get(f"/desk/clients/{contact.client_id}").text
    assert "What ties you together" in page
    assert "4 of 5 jobs" in page
    assert "1 never opened" in page
    assert "of 5" in page


def test_interests_on_the_page(manager: FlaskClient, session: Session) -> None:
    """Saved and shown; what is too long comes back with what was typed."""
    client = make_client(session)
    session.commit()
    url = f"/desk/clients/{client.id}/interests"
    assert manager.post(url, data={"interests": "the new plant"}).status_code == 303
    assert "the new plant" in manager.get(f"/desk/clients/{client.id}").text
    refused = manager.post(url, data={"interests": "y" * 81})
    assert refused.status_code == 422
    assert "under 80 characters" in refused.text
    assert "y" * 81 in refused.text
