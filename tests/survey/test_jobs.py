"""What a source system tells us about its jobs, told once or ten times."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from survey import invitations
from survey.errors import ConflictError, InvalidInputError
from survey.jobs import JobRecord, close_job, exclude_job, record_job, record_jobs, reopen_job
from survey.models import Client, Contact, Exclusion, Firm, Invitation, InvitationState, Job, Resolution
from survey.register import slug
from tests.conftest import NOW, SECRET_KEY
from tests.factories import make_client

CLOSED = NOW - timedelta(hours=3)
RECORD = JobRecord(
    source="psa",
    external_id="J1",
    client="Garcia Legal",
    client_ref="C7",
    contact_email="Ana@Garcia.example",
    contact_name="Ana Xu",
    contact_timezone="Europe/Berlin",
    completed_at=CLOSED,
    kind="Repair",
    staff=(("Ben Ode", 3.0), ("Cy Lund", 1.0)),
    value=Decimal("575.50"),
    currency="EUR",
)


def state_of(invitation: Invitation) -> InvitationState:
    """Its state now: a call, because the type checker remembers what was asserted before."""
    return invitation.state


def count(session: Session, table: type) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def scheduled(session: Session, moment: datetime = NOW) -> Invitation:
    """The newest invitation, after everything undecided was decided."""
    invitations.schedule_batch(session, SECRET_KEY, moment)
    return session.scalars(select(Invitation).order_by(Invitation.id.desc()).limit(1)).one()


def sent(session: Session, moment: datetime = NOW) -> Invitation:
    """The newest invitation, sent when it was due."""
    invitation = scheduled(session, moment)
    assert invitations.release(session, invitation, invitation.due_at)
    return invitation


def test_a_closed_job_is_recorded_with_its_people(session: Session) -> None:
    """Client, contact, job, resolution and staff shares that add up to 1."""
    recorded = record_job(session, RECORD, NOW)
    assert (recorded.created, recorded.changed) == (True, True)
    assert recorded.resolution is not None
    assert recorded.resolution.completed_at == CLOSED
    assert {person.name: person.share for person in recorded.resolution.staff} == {"Ben Ode": 0.75, "Cy Lund": 0.25}
    assert recorded.job.contact.email == "ana@garcia.example"
    assert recorded.job.client.ref == "C7"
    assert recorded.job.is_open is False


def test_the_first_job_of_an_installation_makes_its_firm(session: Session) -> None:
    """Whoever imports before anybody has opened the settings gets the firm with its defaults."""
    session.execute(delete(Firm))
    record_job(session, RECORD, NOW)
    assert session.get_one(Firm, 1).count_unconfirmed is False


def test_the_same_record_again_changes_nothing(session: Session) -> None:
    """Ten times the same is once, and gives no new evidence."""
    first = record_job(session, RECORD, NOW)
    evidence = first.job.client.evidence_version
    again = record_job(session, RECORD, NOW + timedelta(days=1))
    assert (again.created, again.changed) == (False, False)
    assert again.job is first.job
    assert again.job.client.evidence_version == evidence
    assert [count(session, table) for table in (Client, Contact, Job, Resolution)] == [1, 1, 1, 1]


def test_changed_fields_are_taken_and_empty_ones_erase_nothing(session: Session) -> None:
    """A new kind is taken; a record without name, value and kind leaves them as they were."""
    record_job(session, RECORD, NOW)
    changed = record_job(session, replace(RECORD, kind="Migration", contact_role="IT lead"), NOW)
    assert (changed.created, changed.changed) == (False, True)
    bare = replace(RECORD, kind="", contact_name="", value=None)
    assert record_job(session, bare, NOW).changed is False
    job = changed.job
    assert (job.kind, job.value, job.contact.name, job.contact.role) == (
        "Migration",
        Decimal("575.50"),
        "Ana Xu",
        "IT lead",
    )


def test_staff_is_a_snapshot_at_closing(session: Session) -> None:
    """The same closing told with other staff keeps the shares of the first telling."""
    record_job(session, RECORD, NOW)
    recorded = record_job(session, replace(RECORD, staff=(("Dee Fox", 1.0),)), NOW)
    assert recorded.resolution is not None
    assert {person.name for person in recorded.resolution.staff} == {"Ben Ode", "Cy Lund"}


def test_clients_are_found_by_reference_then_by_name(session: Session) -> None:
    """A reference decides; without one the name does, in any case; a made-up reference gives way to a real one."""
    by_name = record_job(session, replace(RECORD, client_ref="", client="MÜLLER & Söhne"), NOW).job.client
    assert by_name.ref == "muller-sohne"
    same = record_job(session, replace(RECORD, external_id="J2", client_ref="", client="Müller & söhne"), NOW)
    assert same.job.client is by_name
    adopted = record_job(session, replace(RECORD, external_id="J3", client_ref="C9", client="Müller & Söhne"), NOW)
    assert adopted.job.client is by_name
    assert by_name.ref == "C9"
    other = record_job(session, replace(RECORD, external_id="J4", client_ref="C10", client="Müller & Söhne"), NOW)
    assert other.job.client is not by_name
    renamed = record_job(session, replace(RECORD, external_id="J5", client_ref="C9", client="Söhne"), NOW)
    assert renamed.job.client is by_name
    assert by_name.name == "Söhne"


def test_made_up_references_are_unique(session: Session) -> None:
    """Two names that make the same reference get two, also when the first is someone's own reference."""
    make_client(session, ref="muller", name="Somebody else")
    first = record_job(session, replace(RECORD, client_ref="", client="Müller"), NOW).job.client
    second = record_job(session, replace(RECORD, external_id="J2", client_ref="", client="Muller!"), NOW).job.client
    assert (first.ref, second.ref) == ("muller-2", "muller-3")
    assert slug("日本") == "client"


def test_the_same_address_at_two_clients_is_two_contacts(session: Session) -> None:
    """A consultant who works for two clients is a contact of each."""
    one = record_job(session, RECORD, NOW).job
    two = record_job(session, replace(RECORD, external_id="J2", client="Other", client_ref="C8"), NOW).job
    assert one.contact_id != two.contact_id
    assert one.contact.email == two.contact.email


def test_a_batch_may_name_a_job_twice(session: Session) -> None:
    """The second row of one file sees what the first one did."""
    twice = [RECORD, replace(RECORD, kind="Migration"), replace(RECORD, external_id="J2")]
    recorded = record_jobs(session, twice, NOW)
    assert [(item.created, item.changed) for item in recorded] == [(True, True), (False, True), (True, True)]
    assert [count(session, table) for table in (Client, Contact, Job, Resolution)] == [1, 1, 2, 2]


def test_a_reopened_job_withdraws_its_survey_and_asks_once_more(session: Session) -> None:
    """Closed, asked, opened again: withdrawn. Closed again: a second resolution that is asked, rest or not."""
    record_job(session, RECORD, NOW)
    first = sent(session)
    reopened = record_job(session, replace(RECORD, completed_at=None), NOW + timedelta(days=2))
    assert (reopened.changed, reopened.job.is_open) == (True, True)
    assert state_of(first) is InvitationState.WITHDRAWN
    assert first.resolution.reopened_at == NOW + timedelta(days=2)
    assert record_job(session, RECORD, NOW + timedelta(days=2)).changed is False  # an old export read once more
    assert record_job(session, replace(RECORD, completed_at=None), NOW + timedelta(days=2)).changed is False
    again = record_job(session, replace(RECORD, completed_at=NOW + timedelta(days=3)), NOW + timedelta(days=3))
    assert again.resolution is not None
    assert (again.resolution.sequence, again.job.is_open) == (2, False)
    second = sent(session, NOW + timedelta(days=3))
    assert second.resolution is again.resolution
    assert state_of(second) is InvitationState.SENT


def test_an_answered_survey_is_not_withdrawn(session: Session) -> None:
    """What the client said stays said."""
    job = record_job(session, RECORD, NOW).job
    invitation = sent(session)
    invitation.state = InvitationState.ANSWERED
    reopen_job(session, job, NOW + timedelta(days=2))
    assert state_of(invitation) is InvitationState.ANSWERED


def test_a_later_closing_than_we_recorded_is_a_second_one(session: Session) -> None:
    """A source that only tells closings: one after the moment we heard of the first must be another."""
    record_job(session, RECORD, NOW)
    first = scheduled(session)
    recorded = record_job(session, replace(RECORD, completed_at=NOW + timedelta(days=5)), NOW + timedelta(days=5))
    assert recorded.resolution is not None
    assert recorded.resolution.sequence == 2
    assert state_of(first) is InvitationState.WITHDRAWN


def test_a_closing_before_we_recorded_it_corrects_the_time(session: Session) -> None:
    """The same closing told with another time moves it, and the survey with it."""
    record_job(session, RECORD, NOW)
    invitation = scheduled(session)
    due_at = invitation.due_at
    recorded = record_job(session, replace(RECORD, completed_at=CLOSED - timedelta(hours=1)), NOW)
    assert recorded.changed is True
    assert recorded.resolution is not None
    assert (recorded.resolution.sequence, recorded.resolution.completed_at) == (1, CLOSED - timedelta(hours=1))
    assert invitation.due_at == due_at - timedelta(hours=1)


def test_stale_closings_are_ignored(session: Session) -> None:
    """A time before an earlier closing is an old story, whether the job is open or closed."""
    record_job(session, RECORD, NOW)
    record_job(session, replace(RECORD, completed_at=None), NOW)
    assert record_job(session, replace(RECORD, completed_at=CLOSED - timedelta(days=1)), NOW).changed is False
    record_job(session, replace(RECORD, completed_at=NOW + timedelta(days=1)), NOW + timedelta(days=1))
    assert record_job(session, replace(RECORD, completed_at=CLOSED - timedelta(days=1)), NOW).changed is False
    assert count(session, Resolution) == 2


def test_an_open_job_is_closed_later(session: Session) -> None:
    """A job first told as open has no resolution until it is closed."""
    opened = record_job(session, replace(RECORD, completed_at=None), NOW)
    assert (opened.resolution, opened.job.is_open) == (None, True)
    closed = record_job(session, RECORD, NOW)
    assert closed.changed is True
    assert closed.resolution is not None
    assert len(closed.resolution.staff) == 2


def test_by_hand_the_same_rules_hold(session: Session) -> None:
    """Closing a closed job, opening an open one, or closing before the last closing is a conflict."""
    job = record_job(session, RECORD, NOW).job
    with pytest.raises(ConflictError):
        close_job(session, job, NOW, NOW)
    reopen_job(session, job, NOW)
    with pytest.raises(ConflictError):
        reopen_job(session, job, NOW)
    with pytest.raises(ConflictError):
        close_job(session, job, CLOSED, NOW)
    with pytest.raises(InvalidInputError):
        close_job(session, job, NOW, NOW, staff=[("Ben", 0.0)])
    resolution = close_job(session, job, NOW, NOW)
    assert resolution.sequence == 2
    assert {person.name for person in resolution.staff} == {"Ben Ode", "Cy Lund"}


def test_another_contact_takes_over_the_unsent_survey(session: Session) -> None:
    """A job whose contact is corrected asks the right person; a survey that was skipped for the address is decided
    again."""
    record_job(session, replace(RECORD, contact_email="ana@garcia"), NOW)
    invitation = scheduled(session)
    assert state_of(invitation) is InvitationState.SKIPPED
    record_job(session, replace(RECORD, contact_email="bo@garcia.example", contact_name="Bo Holt"), NOW)
    assert state_of(invitation) is InvitationState.SCHEDULED
    assert invitation.contact.email == "bo@garcia.example"


def test_an_excluded_job_is_never_asked_about_until_the_mark_is_taken_back(session: Session) -> None:
    """Marked as spam: skipped. Mark taken back: scheduled."""
    job = record_job(session, RECORD, NOW).job
    invitation = scheduled(session)
    exclude_job(session, job, Exclusion.SPAM, NOW)
    assert state_of(invitation) is InvitationState.SKIPPED
    assert invitation.reason.startswith("The job was marked as spam")
    exclude_job(session, job, None, NOW)
    assert state_of(invitation) is InvitationState.SCHEDULED


@pytest.mark.parametrize("field", ["source", "external_id", "client", "contact_email"])
def test_required_fields_are_required(session: Session, field: str) -> None:
    """A record without one of the four is refused and names it."""
    with pytest.raises(InvalidInputError) as caught:
        record_job(session, replace(RECORD, **{field: " "}), NOW)  # type: ignore[arg-type]
    assert caught.value.field == field
