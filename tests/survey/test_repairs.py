"""What a client puts right with one tap: what holds at once, what waits for a manager, and every way back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey import tokens
from survey.errors import ConflictError, InvalidInputError
from survey.firms import get_firm
from survey.invitations import due_invitations, explain, find_by_token, release
from survey.jobs import JobRecord, close_job, record_job
from survey.models import (
    Contact,
    Invitation,
    InvitationState,
    Job,
    Repair,
    RepairKind,
    RepairState,
    Resolution,
    SurveyEvent,
    SurveyEventKind,
)
from survey.people import create_person
from survey.repairs import requests as repairs
from survey.repairs.decisions import approve, decline, undecide
from survey.repairs.handover import GRACE
from survey.repairs.links import Link, find_link
from survey.repairs.requests import Said
from tests.conftest import NOW, SECRET_KEY
from tests.factories import make_client, make_contact, make_invitation, make_job, make_resolution, make_response

SOON = NOW + timedelta(hours=1)
LATER = NOW + timedelta(hours=3)


@dataclass
class Case:
    """A survey that Ana got, and her colleague Ben."""

    session: Session
    ana: Contact
    ben: Contact
    job: Job
    invitation: Invitation
    token: str

    def link(self) -> Link:
        found = find_link(self.session, self.token)
        assert found is not None
        return found

    def say(self, kind: RepairKind, now: datetime = NOW, **more: Any) -> Repair:
        said = Said(kind, **more)
        return repairs.say(self.session, self.link(), said, now, "Firefox", secret_key=SECRET_KEY)

    def undo(self, repair: Repair, now: datetime = SOON) -> Repair:
        return repairs.undo(self.session, self.link(), repair.id, now)

    def approve(self, repair: Repair, **more: str) -> str:
        return approve(self.session, repair, None, SOON, secret_key=SECRET_KEY, **more)

    def release_due(self, now: datetime) -> list[bool]:
        return [release(self.session, invitation, now) for invitation in due_invitations(self.session, now)]


@pytest.fixture
def case(session: Session) -> Case:
    get_firm(session)
    client = make_client(session, name="Harbour Café")
    ana = make_contact(session, client, name="Ana Xu", email="ana@harbour.example")
    ben = make_contact(session, client, name="Ben Kay", email="ben@harbour.example", role="")
    job = make_job(session, ana, external_id="J-1")
    resolution = make_resolution(session, job, completed_at=NOW - timedelta(days=2))
    sent_at, reminder = NOW - timedelta(days=1), NOW + timedelta(days=3)
    until = NOW + timedelta(days=6)
    invitation = make_invitation(session, resolution, sent_at=sent_at, expires_at=until, reminder_due_at=reminder)
    return Case(session, ana, ben, job, invitation, tokens.derive(SECRET_KEY, "survey", invitation.seed))


def events(session: Session) -> list[tuple[str, str]]:
    rows = session.scalars(select(SurveyEvent).where(SurveyEvent.kind == SurveyEventKind.REPAIRED))
    return [(row.details["what"], row.details["state"]) for row in rows.all()]


def test_a_job_that_is_not_finished_is_open_again_and_its_survey_withdrawn(case: Case) -> None:
    """One tap opens the job, takes the survey back and leaves evidence; the client takes it back with another."""
    version = case.invitation.client.evidence_version
    repair = case.say(RepairKind.NOT_FINISHED, words="The till still fails.")

    assert (repair.state, repair.words) == (RepairState.OPEN, "The till still fails.")
    taken_back = (case.job.is_open, case.invitation.state, case.invitation.reminder_due_at)
    assert taken_back == (True, InvitationState.WITHDRAWN, None)
    assert case.invitation.client.evidence_version > version

    assert case.undo(repair).state is RepairState.UNDONE
    assert (case.job.is_open, repair.undone_at) == (False, SOON)
    assert case.job.resolutions[0].reopened_at is None
    assert (case.invitation.state, case.invitation.reminder_due_at) == (InvitationState.SENT, NOW + timedelta(days=3))
    assert events(case.session) == [("not_finished", "open"), ("not_finished", "undone")]


def test_said_twice_is_said_once(case: Case) -> None:
    """A replayed POST neither makes a second row nor evidence; after an undo it can be said anew."""
    first = case.say(RepairKind.NOT_FINISHED)
    assert case.say(RepairKind.NOT_FINISHED, now=SOON) is first
    assert len(events(case.session)) == 1
    case.undo(first)
    assert case.say(RepairKind.NOT_FINISHED, now=LATER) is not first


def test_a_job_finished_again_since_is_not_closed_by_an_old_undo(case: Case) -> None:
    """The next closing asks by itself; the old page can change nothing any more."""
    repair = case.say(RepairKind.NOT_FINISHED)
    close_job(case.session, case.job, SOON, SOON)
    with pytest.raises(ConflictError, match="finished again"):
        case.undo(repair, LATER)


def test_a_manager_who_knows_that_it_is_finished_opens_the_survey_again(case: Case) -> None:
    """Declined: job closed, survey open. Taking that decision back withdraws it once more."""
    repair = case.say(RepairKind.NOT_FINISHED)
    decline(case.session, repair, None, SOON)
    assert (case.job.is_open, case.invitation.state) == (False, InvitationState.SENT)
    undecide(case.session, repair, LATER)
    assert (case.job.is_open, case.invitation.state) == (True, InvitationState.WITHDRAWN)
    assert repair.state is RepairState.OPEN


def test_the_wrong_person_is_asked_no_more_about_that_client(case: Case) -> None:
    """At once: no reminder, no later survey; the person they name is only written down."""
    repair = case.say(RepairKind.WRONG_PERSON, name=" Cleo Diaz ", email="Cleo@Harbour.example ")

    assert (repair.state, repair.name, repair.email) == (RepairState.OPEN, "Cleo Diaz", "cleo@harbour.example")
    assert case.invitation.reminder_due_at is None
    verdicts = {verdict.rule: verdict for verdict in explain(case.session, _next_closing(case), LATER)}
    assert not verdicts["contact still there"].passed
    assert "Ana Xu is not the one to ask there" in verdicts["contact still there"].why
    assert case.session.scalar(select(Contact).where(Contact.email == "cleo@harbour.example")) is None

    case.undo(repair)
    assert case.ana.wrong_at is None
    assert case.invitation.reminder_due_at == NOW + timedelta(days=3)


def _next_closing(case: Case) -> Resolution:
    return make_resolution(case.session, make_job(case.session, case.ana), completed_at=NOW)


def test_a_stranger_s_address_is_written_to_only_after_a_managers_yes(case: Case) -> None:
    """Approved, the survey goes to the named person under a link of its own, after a moment for second thoughts."""
    repair = case.say(RepairKind.WRONG_PERSON, name="Cleo Diaz", email="cleo@harbour.example")
    assert case.release_due(LATER) == []

    assert case.approve(repair) == ""
    cleo = repair.new_contact
    assert cleo is not None
    assert (cleo.name, cleo.email, cleo.client_id) == ("Cleo Diaz", "cleo@harbour.example", case.ana.client_id)
    assert (case.invitation.contact, case.job.contact) == (cleo, cleo)
    assert case.invitation.due_at >= SOON + GRACE
    assert find_by_token(case.session, case.token) is None
    assert case.link().passed_on is repair
    assert case.link().contact is case.ana

    assert case.release_due(case.invitation.due_at) == [True]
    assert case.invitation.state is InvitationState.SENT
    with pytest.raises(ConflictError, match="has gone out"):
        case.undo(repair, LATER)


def test_an_approval_is_taken_back_before_the_email_goes_out(case: Case) -> None:
    """The manager's undo puts everything back, the new contact included, and the old link opens the survey again."""
    repair = case.say(RepairKind.WRONG_PERSON, email="cleo@harbour.example")
    case.approve(repair)
    undecide(case.session, repair, SOON)

    assert repair.state is RepairState.OPEN
    assert case.job.contact is case.ana
    assert find_by_token(case.session, case.token) is case.invitation
    assert (case.invitation.state, case.invitation.sent_at) == (InvitationState.SENT, NOW - timedelta(days=1))
    assert case.session.scalar(select(Contact).where(Contact.email == "cleo@harbour.example")) is None


def test_the_source_cannot_bring_the_wrong_person_back(case: Case) -> None:
    """A nightly export that still names Ana leaves the survey with the right person, and so do Ana's next jobs."""
    repair = case.say(RepairKind.WRONG_PERSON, email="ben@harbour.example")
    case.approve(repair)
    assert repair.new_contact is case.ben
    record: dict[str, Any] = {"source": "test", "client": "Harbour Café", "client_ref": case.ana.client.ref}
    done = NOW - timedelta(days=2)
    again = JobRecord(external_id="J-1", contact_email=case.ana.email, completed_at=done, kind="Visit", **record)
    record_job(case.session, again, LATER)
    following = JobRecord(external_id="J-2", contact_email=case.ana.email, completed_at=NOW, **record)

    assert case.job.contact is case.ben
    assert record_job(case.session, following, LATER).job.contact is case.ben


def test_a_manager_may_know_the_right_person_better(case: Case) -> None:
    """They can name somebody else than the client did; an address that cannot be one is refused."""
    repair = case.say(RepairKind.WRONG_PERSON, name="Cleo", email="cleo@harbour.example")
    with pytest.raises(InvalidInputError, match="address"):
        case.approve(repair, name="Ben", email="ben at harbour")
    case.approve(repair, name="Ben", email="ben@harbour.example")
    assert case.invitation.contact is case.ben


def test_an_answered_survey_stays_where_it_is(case: Case) -> None:
    """The answer remains Ana's; the job's next closing asks the right person, and the manager is told why."""
    make_response(case.session, case.invitation.resolution, csat=4)
    case.invitation.state = InvitationState.ANSWERED
    repair = case.say(RepairKind.WRONG_PERSON, email="cleo@harbour.example")

    assert "has an answer" in case.approve(repair)
    assert case.invitation.contact is case.ana
    assert case.job.contact is repair.new_contact


def test_a_known_colleague_is_asked_without_anybodys_yes(case: Case) -> None:
    """By name, after a moment in which it can be taken back; Ana's link then says that it was passed on."""
    assert [one.name for one in repairs.colleagues(case.session, case.link())] == ["Ben Kay"]
    repair = case.say(RepairKind.COLLEAGUE, colleague_id=case.ben.id)

    assert repair.state is RepairState.APPROVED
    assert case.invitation.contact is case.ben
    assert case.release_due(NOW + timedelta(minutes=5)) == []
    case.undo(repair, NOW + timedelta(minutes=5))
    assert case.invitation.contact is case.ana
    assert find_by_token(case.session, case.token) is case.invitation


def test_a_survey_does_not_go_back_and_forth(case: Case) -> None:
    """Ben is not offered Ana, who had it; a manager who tries is told so."""
    case.say(RepairKind.COLLEAGUE, colleague_id=case.ben.id)
    case.invitation.state = InvitationState.SENT
    bens = Link(case.invitation, case.ben)
    assert repairs.colleagues(case.session, bens) == []
    typed = Said(RepairKind.COLLEAGUE, email=case.ana.email)
    repair = repairs.say(case.session, bens, typed, LATER)
    with pytest.raises(ConflictError, match="Ana Xu had this survey already"):
        case.approve(repair)


def test_who_passed_a_survey_on_was_asked_all_the_same(case: Case) -> None:
    """Ana got the email: her rest counts from it, and ends with taking it back only as far as the survey is hers."""
    repair = case.say(RepairKind.COLLEAGUE, colleague_id=case.ben.id)
    assert repair.asked_at == NOW - timedelta(days=1)
    verdicts = {verdict.rule: verdict for verdict in explain(case.session, _next_closing(case), NOW)}
    assert not verdicts["contact rested"].passed


def test_a_colleague_who_was_asked_lately_waits_for_a_manager(case: Case) -> None:
    """The rules that protect Ben hold here too; a manager may send it all the same."""
    other = make_resolution(case.session, make_job(case.session, case.ben), completed_at=NOW - timedelta(days=9))
    make_invitation(case.session, other, sent_at=NOW - timedelta(days=8), state=InvitationState.EXPIRED)
    repair = case.say(RepairKind.COLLEAGUE, colleague_id=case.ben.id)

    assert repair.state is RepairState.OPEN
    assert "Ben Kay" in repair.why_open
    assert case.invitation.contact is case.ana
    manager = create_person(case.session, "mo@brightside.example", "manager", NOW)
    assert approve(case.session, repair, manager.id, SOON, secret_key=SECRET_KEY) == ""
    assert (case.invitation.contact, case.invitation.forced_by_id) == (case.ben, manager.id)


@pytest.mark.parametrize("colleague", ["stranger", "herself", "gone"])
def test_only_reachable_people_of_the_same_client_can_be_chosen(case: Case, colleague: str) -> None:
    """An id from elsewhere, her own, or of somebody who left is refused."""
    case.ben.left_at = NOW
    chosen = {"stranger": make_contact(case.session), "herself": case.ana, "gone": case.ben}[colleague]
    with pytest.raises(InvalidInputError):
        case.say(RepairKind.COLLEAGUE, colleague_id=chosen.id)


@pytest.mark.parametrize("email", ["", "no address", "ana@harbour.example"])
def test_a_colleague_needs_an_address_of_their_own(case: Case, email: str) -> None:
    """Neither nothing nor nonsense nor the same address again."""
    with pytest.raises(InvalidInputError) as refused:
        case.say(RepairKind.COLLEAGUE, name="Cleo", email=email)
    assert refused.value.field == "email"


def test_having_left_is_news_about_the_relationship(case: Case) -> None:
    """The contact is marked, the manager notes it, and a mistake is put right; a known leaving is not undone by it."""
    version = case.ana.client.evidence_version
    repair = case.say(RepairKind.LEFT)
    assert (case.ana.left_at, repair.state) == (NOW, RepairState.OPEN)
    assert case.ana.client.evidence_version > version
    case.approve(repair)
    case.undo(repair)
    assert case.ana.left_at is None


def test_what_a_manager_knew_before_survives_an_undo(case: Case) -> None:
    """Ana's leaving was on the desk already: taking her own word back does not erase that."""
    case.ana.left_at = NOW - timedelta(days=30)
    case.undo(case.say(RepairKind.LEFT))
    assert case.ana.left_at == NOW - timedelta(days=30)


def test_asking_less_needs_nobodys_yes(case: Case) -> None:
    """It holds for the address, whoever's contact it is, and can be taken back."""
    twin = make_contact(case.session, email="Ana@harbour.example")
    repair = case.say(RepairKind.LESS)
    assert repair.state is RepairState.APPROVED
    assert case.ana.asks_less_at == twin.asks_less_at == NOW
    case.undo(repair)
    assert case.ana.asks_less_at is None


def test_a_repair_on_an_expired_survey(case: Case) -> None:
    """Who left, or is the wrong one, can say so on an old link; the survey itself goes nowhere any more."""
    case.invitation.state = InvitationState.EXPIRED
    case.invitation.expires_at = NOW - timedelta(days=20)
    case.invitation.resolution.completed_at = NOW - timedelta(days=28)
    repair = case.say(RepairKind.WRONG_PERSON, email="cleo@harbour.example")
    assert "too long ago" in case.approve(repair)
    assert case.invitation.state is InvitationState.EXPIRED


def test_a_passed_on_link_says_nothing_more_about_the_survey(case: Case) -> None:
    """Ana may still say that she left; the job is Ben's to speak about now."""
    case.say(RepairKind.COLLEAGUE, colleague_id=case.ben.id)
    with pytest.raises(ConflictError, match="somebody else"):
        case.say(RepairKind.NOT_FINISHED, now=SOON)
    assert case.say(RepairKind.LEFT, now=SOON).contact is case.ana


def test_nobody_takes_back_what_another_person_said(case: Case) -> None:
    """A repair belongs to the link it was said on."""
    repair = case.say(RepairKind.LEFT)
    other = make_invitation(case.session)
    link = Link(other, other.contact)
    with pytest.raises(Exception, match="nothing to take back"):
        repairs.undo(case.session, link, repair.id, SOON)
