"""The desk's pages about jobs and contacts, as managers and viewers use them."""

import io
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from survey import clock
from survey.models import Client, Exclusion, InvitationState, Job
from tests.conftest import NOW, SECRET_KEY
from tests.factories import make_client, make_contact, make_invitation, make_job, make_resolution, make_response

HEADER = "source,external_id,client,contact_email,completed_at,value"


def page(client: FlaskClient, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status, response.get_data(as_text=True)
    return response.get_data(as_text=True)


def test_the_list_finds_jobs_by_client_reference_and_words(session: Session, viewer: FlaskClient) -> None:
    """Every word must occur in the client's name, the reference or the summary, in any case."""
    lund = make_contact(session, make_client(session, name="Lund Farms"))
    make_resolution(session, make_job(session, lund, summary="Cooler replaced", external_id="A-77"))
    make_resolution(session, make_job(session, summary="Printer replaced"))
    found = page(viewer, "/desk/jobs?q=lund+REPLACED")
    assert "Cooler replaced" in found
    assert "Printer replaced" not in found
    assert "Cooler replaced" in page(viewer, "/desk/jobs?q=a-77")
    assert "No job fits" in page(viewer, "/desk/jobs?q=100%25")


def test_the_list_reads_the_kinds_of_job_once(session: Session, viewer: FlaskClient) -> None:
    """For its filter and for the list to choose from alike; the choice shows the kind as most jobs write it."""
    for kind in ("Repair", "REPAIR", "Repair", "Advice"):
        make_resolution(session, make_job(session, kind=kind, summary=f"About {kind}"))
    session.commit()
    statements: list[str] = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *args: statements.append(args[2]))
    found = page(viewer, "/desk/jobs?kind=rEPAIR")
    assert [found.count(f"About {kind}<") for kind in ("Repair", "REPAIR", "Advice")] == [2, 1, 0]
    assert re.search(r"<option value=\"Repair\"[^>]* selected", found)
    assert len([one for one in statements if "RECURSIVE" in one and "jobs.kind" in one]) == 1


def test_the_list_filters_by_survey_kind_and_exclusion(session: Session, viewer: FlaskClient) -> None:
    """Filters look at the latest closing of each job."""
    held = make_invitation(session, state=InvitationState.HELD)
    held.resolution.job.summary, held.resolution.job.kind = "Held back", "Audit"
    make_job(session, summary="In progress", is_open=True)
    spam = make_resolution(session, make_job(session, summary="Buy pills", exclusion=Exclusion.SPAM)).job
    for query, expected in (
        ("survey=held", {"Held back"}),
        ("survey=open", {"In progress"}),
        ("survey=none", {spam.summary}),
        ("kind=Audit", {"Held back"}),
        ("excluded=any", {spam.summary}),
        ("excluded=internal", set()),
    ):
        found = page(viewer, f"/desk/jobs?{query}")
        assert {name for name in ("Held back", "In progress", "Buy pills") if name in found} == expected, query


def test_a_job_of_two_closings_is_listed_once(session: Session, viewer: FlaskClient) -> None:
    """A reopened job appears with its latest closing, and pages count it once."""
    job = make_resolution(session, make_job(session, summary="Twice closed")).job
    make_resolution(session, job, completed_at=NOW)
    found = page(viewer, "/desk/jobs")
    assert found.count(">Twice closed<") == 1
    assert "1–1 of 1" in found


@pytest.mark.parametrize("query", ["page=999", "page=-1", "sort=nonsense", "survey=nonsense", "excluded=nonsense"])
def test_odd_addresses_of_the_list_are_no_errors(session: Session, viewer: FlaskClient, query: str) -> None:
    """A mistyped or stale address gives a page."""
    make_resolution(session)
    page(viewer, f"/desk/jobs?{query}")


def test_a_job_shows_its_survey_with_every_rule_and_the_answer(session: Session, viewer: FlaskClient) -> None:
    """Facts, staff with shares, verdicts with their reasons, answers and local times are on one page."""
    contact = make_contact(session, name="Uma Vogel", timezone="America/New_York")
    resolution = make_resolution(session, make_job(session, contact), staff={"Ana Xu": 0.7, "Ben Ode": 0.3})
    verdicts = [{"rule": "contact rested", "passed": False, "why": "Uma was asked yesterday."}]
    make_invitation(session, resolution, verdicts=verdicts, state=InvitationState.ANSWERED, answered_at=NOW)
    make_response(session, resolution, csat=2, comment="Nobody <called> back", nps=3)
    found = page(viewer, f"/desk/jobs/{resolution.job.id}")
    for text in ("70%", "Not asked lately", "Uma was asked yesterday.", "1 of 1 rules says no", "2 of 5", "3 of 10"):
        assert text in found, text
    assert "Nobody &lt;called&gt; back" in found
    assert "New York" in found


def test_a_viewer_sees_no_buttons_and_may_not_press_them(session: Session, viewer: FlaskClient) -> None:
    """Reading is for everyone, acting for managers."""
    invitation = make_invitation(session, state=InvitationState.SCHEDULED)
    job_id = invitation.resolution.job_id
    assert "Send now" not in page(viewer, f"/desk/jobs/{job_id}")
    for path in (f"/desk/jobs/{job_id}/reopen", f"/desk/surveys/{invitation.id}/hold", "/desk/jobs/new"):
        assert viewer.post(path).status_code == 403


def test_an_unknown_job_is_a_kind_404(viewer: FlaskClient) -> None:
    """A job that does not exist is said plainly."""
    assert "There is no such job" in page(viewer, "/desk/jobs/4711", 404)


def test_reopening_takes_back_the_survey_and_closing_asks_again(session: Session, manager: FlaskClient) -> None:
    """The two buttons of a job's page do what the source system's messages do."""
    invitation = make_invitation(session, state=InvitationState.SENT)
    job_id = invitation.resolution.job_id
    assert manager.post(f"/desk/jobs/{job_id}/reopen").status_code == 303
    assert invitation.state is InvitationState.WITHDRAWN
    assert "open already" in manager.post(f"/desk/jobs/{job_id}/reopen", follow_redirects=True).get_data(as_text=True)
    sent = {"completed_at": "2026-03-10T11:30", "staff": "Ben Ode: 60\nAna Xu: 40"}
    assert manager.post(f"/desk/jobs/{job_id}/close", data=sent).status_code == 303
    job = session.get_one(Job, job_id)
    assert [resolution.sequence for resolution in job.resolutions] == [1, 2]
    assert {person.name: person.share for person in job.resolutions[1].staff} == {"Ben Ode": 0.6, "Ana Xu": 0.4}


def test_closing_without_a_time_says_what_is_missing(session: Session, manager: FlaskClient) -> None:
    """The form comes back with its error."""
    job = make_job(session, is_open=True)
    response = manager.post(f"/desk/jobs/{job.id}/close", data={"completed_at": ""})
    assert response.status_code == 422
    assert "Say when the job was closed." in response.get_data(as_text=True)


def test_a_job_can_be_excluded_and_taken_back(session: Session, manager: FlaskClient) -> None:
    """Marking a job as spam skips its survey; taking the mark back decides again."""
    with clock.fixed_at(NOW):
        invitation = make_invitation(session, state=InvitationState.SCHEDULED, sent_at=None)
        job_id = invitation.resolution.job_id
        manager.post(f"/desk/jobs/{job_id}/exclude", data={"exclusion": "spam"})
        assert (invitation.state.value, invitation.reason) == (
            "skipped",
            "The job was marked as spam, so nobody is asked about it.",
        )
        manager.post(f"/desk/jobs/{job_id}/exclude", data={"exclusion": ""})
        assert invitation.state.value == "scheduled"


def test_a_job_is_added_by_hand_on_the_clock_of_the_firm(session: Session, manager: FlaskClient) -> None:
    """A new client, its contact and a closed job come from one form."""
    sent = {
        "client": "Neue Bäckerei",
        "contact_email": "Eva@Baeckerei.example",
        "contact_name": "Eva Holt",
        "kind": "Repair",
        "summary": "Oven repaired",
        "staff": "Ana Xu: 1",
        "opened_at": "2026-03-09T08:00",
        "completed_at": "2026-03-10T11:00",
        "value": "250.50",
    }
    response = manager.post("/desk/jobs/new", data=sent)
    assert response.status_code == 303
    job = session.scalars(select(Job).where(Job.summary == "Oven repaired")).one()
    assert (job.client.name, job.contact.email, job.source) == ("Neue Bäckerei", "eva@baeckerei.example", "desk")
    assert f"{job.value}" == "250.50"
    assert not job.is_open


def test_mistakes_in_a_new_job_keep_what_was_typed(session: Session, manager: FlaskClient) -> None:
    """Each mistake is named beside its field and in a summary; nothing is written."""
    sent = {
        "client": "Lund",
        "contact_email": "nobody",
        "contact_timezone": "Mars/Olympus",
        "opened_at": "2026-03-10T12:00",
        "completed_at": "2026-03-09T12:00",
        "value": "much",
    }
    response = manager.post("/desk/jobs/new", data=sent)
    text = response.get_data(as_text=True)
    assert response.status_code == 422
    for message in ("is not an email address", "is not a time zone", "earlier than the job was opened", 'value="Lund"'):
        assert message in text, message
    assert session.scalars(select(Client)).all() == []


def test_clients_and_contacts_are_suggested_while_typing(session: Session, manager: FlaskClient) -> None:
    """The suggestions are options for a datalist."""
    make_contact(session, make_client(session, name="Lund Farms"), email="mona@lund.example")
    assert '<option value="Lund Farms">' in page(manager, "/desk/jobs/clients?client=lun")
    assert '<option value="mona@lund.example">' in page(manager, "/desk/jobs/contacts?client=lund+farms")


def test_editing_a_job_changes_its_facts_and_no_other_clients_contact_fits(
    session: Session, manager: FlaskClient
) -> None:
    """What is emptied is empty afterwards; the contact must be one of the client's."""
    job = make_resolution(session).job
    stranger = make_contact(session)
    page(manager, f"/desk/jobs/{job.id}/edit")
    sent = {"contact_id": job.contact_id, "kind": "", "summary": "Put right", "value": "10", "currency": "usd"}
    assert manager.post(f"/desk/jobs/{job.id}/edit", data=sent).status_code == 303
    assert (job.kind, job.summary, job.currency) == ("", "Put right", "USD")
    assert manager.post(f"/desk/jobs/{job.id}/edit", data={**sent, "contact_id": stranger.id}).status_code == 422


def test_a_contact_who_left_is_not_asked_any_more(session: Session, manager: FlaskClient) -> None:
    """Saying that somebody left decides their waiting survey again."""
    with clock.fixed_at(NOW):
        invitation = make_invitation(session, state=InvitationState.SCHEDULED, sent_at=None)
        contact = invitation.contact
        page(manager, f"/desk/contacts/{contact.id}")
        sent = {"name": contact.name, "role": "", "language": "de", "timezone": "", "left_at": "2026-03-01T00:00"}
        assert manager.post(f"/desk/contacts/{contact.id}", data=sent).status_code == 303
        assert contact.language == "de"
        assert invitation.state is InvitationState.SKIPPED


def upload(client: FlaskClient, text: str) -> str:
    response = client.post("/desk/jobs/import", data={"file": (io.BytesIO(text.encode()), "jobs.csv")})
    assert response.status_code == 303, response.get_data(as_text=True)
    return response.location


def test_an_import_shows_what_is_in_the_file_before_it_writes(session: Session, manager: FlaskClient) -> None:
    """Bad rows are named by line and column; nothing is written until the manager says so."""
    good = "crm,1,Lund Farms,mona@lund.example,2026-03-09T10:00:00Z,10"
    at = upload(manager, f"{HEADER}\n{good}\ncrm,2,Lund Farms,nobody,yesterday,10\n")
    found = page(manager, at)
    for text in ("contact_email", "completed_at", "“yesterday” is not a date", "Import 1 job"):
        assert text in found, text
    assert session.scalars(select(Job)).all() == []
    rejects = manager.get(f"{at}/rejects.csv").get_data(as_text=True)
    assert "crm,2,Lund Farms" in rejects
    assert "crm,1" not in rejects
    done = manager.post(at).get_data(as_text=True)
    assert "1 row could not be read" in done
    assert [job.external_id for job in session.scalars(select(Job))] == ["1"]


def test_a_long_import_goes_on_in_parts(session: Session, manager: FlaskClient) -> None:
    """Each request imports a part; the page carries the counts to the next one."""
    rows = "\n".join(f"crm,{n},Client {n % 40},p{n}@c{n % 40}.example,2026-03-09T10:00:00Z,5" for n in range(700))
    at = upload(manager, f"{HEADER}\n{rows}\n")
    first = manager.post(at).get_data(as_text=True)
    assert "500 of 700 rows" in first
    counts = {"done": "500", "created": "500", "changed": "0", "rejected": "0"}
    assert manager.post(at, data=counts).status_code == 303
    assert len(session.scalars(select(Job.id)).all()) == 700


@pytest.mark.parametrize("text", ["", "no,such,columns\n1,2,3\n", "\x00\xff"])
def test_a_file_that_is_no_jobs_file_says_so(manager: FlaskClient, text: str) -> None:
    """The form comes back with one sentence that helps."""
    response = manager.post("/desk/jobs/import", data={"file": (io.BytesIO(text.encode("latin-1")), "jobs.csv")})
    assert response.status_code == 422
    assert "field-error" in response.get_data(as_text=True)


@pytest.mark.parametrize("name", ["nothing-here-nothing-here", "..%2f..%2fsecret_key"])
def test_a_file_that_is_gone_is_a_404(manager: FlaskClient, name: str) -> None:
    """Neither a forgotten upload nor a path out of the folder is read."""
    assert manager.get(f"/desk/jobs/import/{name}").status_code == 404


def test_empty_lists_say_what_to_do(app: Flask, manager: FlaskClient) -> None:
    """A fresh installation's lists invite to the next step."""
    assert "No jobs yet" in page(manager, "/desk/jobs")
    assert "Nothing is scheduled" in page(manager, "/desk/surveys")
    assert app.config["SECRET_KEY"] == SECRET_KEY
