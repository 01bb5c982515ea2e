"""The page "Something not right?" behind a survey's link, and the desk's list of what was put right."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey import clock, tokens
from survey.firms import get_firm
from survey.models import (
    Contact,
    Invitation,
    InvitationState,
    Repair,
    RepairKind,
    RepairState,
    SurveyEvent,
    SurveyEventKind,
)
from tests.conftest import NOW, SECRET_KEY
from tests.factories import make_client, make_contact, make_invitation, make_job, make_resolution
from tests.survey.gauntlet import CHROME, CLICKED_BY_SCRIPT, TAPPED, hidden

ONE_TAP = ["not_finished", "wrong_person", "left", "less"]


@dataclass
class Asked:
    """A survey that Ana got about a till, and the browser that follows its link."""

    client: FlaskClient
    session: Session
    invitation: Invitation
    ana: Contact
    ben: Contact
    path: str

    def post(self, **fields: object) -> str:
        answer = self.client.post(f"{self.path}/repair", data=fields)
        assert answer.status_code == 303
        return self.client.get(answer.location).text

    def repairs(self) -> list[Repair]:
        return list(self.session.scalars(select(Repair).order_by(Repair.id)))


@pytest.fixture
def asked(session: Session, client: FlaskClient) -> Iterator[Asked]:
    get_firm(session).language = "en"
    ours = make_client(session, name="Harbour Café")
    ana = make_contact(session, ours, name="Ana Xu", email="ana@harbour.example", language="en")
    ben = make_contact(session, ours, name="Ben Kay", email="ben@harbour.example")
    job = make_job(session, ana, summary="Till printer repaired")
    resolution = make_resolution(session, job, completed_at=NOW - timedelta(days=2))
    invitation = make_invitation(session, resolution, expires_at=NOW + timedelta(days=6))
    session.commit()  # people who sign in are made in a transaction of their own
    with clock.fixed_at(NOW):
        path = f"/s/{tokens.derive(SECRET_KEY, 'survey', invitation.seed)}"
        yield Asked(client, session, invitation, ana, ben, path)


def test_opening_the_page_changes_nothing(asked: Asked) -> None:
    """Scanners open every link: a GET or HEAD leaves no row, and shows five things to put right."""
    page = asked.client.get(f"{asked.path}/repair")
    assert asked.client.head(f"{asked.path}/repair").status_code == 200

    assert page.status_code == 200
    for words in ("not finished", "the wrong person", "Ask my colleague", "I have left", "Ask me less often"):
        assert words in page.text
    assert "Till printer repaired" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert asked.repairs() == []
    assert asked.session.scalar(select(func.count()).select_from(SurveyEvent)) == 0


def test_every_survey_page_has_its_buttons(asked: Asked) -> None:
    """In the foot of the open survey, on its last page, and on the page that says that it has closed."""
    for page in ("", "/csat", "/done"):
        assert _taps(asked.client.get(asked.path + page, follow_redirects=True).text) == ONE_TAP, page
    asked.invitation.expires_at = NOW - timedelta(hours=1)
    closed = asked.client.get(asked.path)
    assert closed.status_code == 410
    assert _taps(closed.text) == ONE_TAP


@pytest.mark.parametrize("kind", ONE_TAP)
def test_one_tap_on_the_survey_is_enough(asked: Asked, kind: str) -> None:
    """It is done, said so in words, and taken back by one button."""
    page = asked.post(say=kind)
    (repair,) = asked.repairs()
    assert (repair.kind.value, repair.state in {RepairState.OPEN, RepairState.APPROVED}) == (kind, True)
    assert "Take it back" in page

    assert "Taken back" in asked.post(undo=repair.id)
    assert asked.client.get(asked.path).status_code == 200


def test_the_language_chosen_on_the_survey_goes_along(asked: Asked) -> None:
    """From the survey to its repairs, to the emails one gets, and back: nobody is put back into another language."""
    token = asked.path.rpartition("/")[2]
    assert f'href="/u/{token}?lang=de"' in asked.client.get(f"{asked.path}?lang=de").text
    repairs = asked.client.get(f"{asked.path}/repair?lang=de").text
    assert f'href="/s/{token}?lang=de"' in repairs
    assert f'href="/u/{token}?lang=de"' in repairs
    assert f'href="/s/{token}?lang=de"' in asked.client.get(f"/u/{token}?lang=de").text


def test_who_is_the_right_one_can_be_said_after_the_tap(asked: Asked) -> None:
    """The page asks for it; a bad address is said at its field; what was said once is not asked for again."""
    assert "Who should we ask instead?" in asked.post(say="wrong_person")
    bad = asked.client.post(f"{asked.path}/repair", data={"say": "wrong_person", "wrong_person_email": "nobody"})
    assert bad.status_code == 422
    assert 'aria-describedby="wrong_person-error"' in bad.text

    page = asked.post(say="wrong_person", wrong_person_name="Eva Lund", wrong_person_email="eva@harbour.example")
    (repair,) = asked.repairs()
    assert (repair.name, repair.email, repair.state) == ("Eva Lund", "eva@harbour.example", RepairState.OPEN)
    assert "before we write to Eva Lund" in page
    assert "Who should we ask instead?" not in page
    assert "before we write to Eva Lund" in asked.post(say="wrong_person", wrong_person_name="Another")


def test_what_is_missing_can_be_said_after_the_tap(asked: Asked) -> None:
    """The job is open again at once; the words come to the manager when they are written."""
    assert "What is missing?" in asked.post(say="not_finished")
    assert "What is missing?" not in asked.post(say="not_finished", not_finished_words="No paper feed.")
    (repair,) = asked.repairs()
    assert repair.words == "No paper feed."


@pytest.mark.parametrize("what", [{"say": "not_finished"}, {"say": "left"}, {"undo": "1"}])
def test_a_press_without_a_tap_changes_nothing_before_one_more(asked: Asked, what: dict[str, str]) -> None:
    """A scanner that clicks every button withdraws no survey. A person whom it hits taps once more."""
    if "undo" in what:
        asked.post(say="left")
        what = {"undo": str(asked.repairs()[0].id)}
    before = [repair.state for repair in asked.repairs()]
    chrome = {"User-Agent": CHROME}
    held = asked.client.post(f"{asked.path}/repair", data=what, headers={**chrome, **CLICKED_BY_SCRIPT})
    assert held.status_code == 409
    assert "Yes, it was me" in held.text
    assert [repair.state for repair in asked.repairs()] == before
    kinds = select(SurveyEvent.kind).order_by(SurveyEvent.id)
    assert asked.session.scalars(kinds).all()[-1] is SurveyEventKind.PRESSED

    with clock.fixed_at(NOW + timedelta(seconds=3)):
        again = {**what, "again": hidden(held.text)["again"]}
        said = asked.client.post(f"{asked.path}/repair", data=again, headers={**chrome, **TAPPED})
    assert said.status_code == 303
    assert [repair.state for repair in asked.repairs()] != before


def test_asking_a_colleague_opens_where_they_are_named(asked: Asked) -> None:
    """It cannot be one tap: somebody has to be named."""
    assert f'href="{asked.path}/repair?lang=en&amp;open=colleague"' in asked.client.get(asked.path).text
    page = asked.client.get(f"{asked.path}/repair?open=colleague").text
    assert re.search(r'<details class="fix" name="repair" open>\s*<summary>Ask my colleague', page)


def _taps(html: str) -> list[str]:
    (form,) = re.findall(r'<form class="repairs".*?</form>', html, re.DOTALL)
    return re.findall(r'name="say" value="(\w+)"', form)


def test_not_finished_and_back(asked: Asked) -> None:
    """The page says what happened in plain words, and one button takes it back."""
    page = asked.post(say="not_finished", not_finished_words="No paper feed.")
    assert "has been told that this job is not finished" in page
    assert asked.client.get(asked.path).status_code == 410
    (repair,) = asked.repairs()
    assert repair.words == "No paper feed."

    assert "Taken back" in asked.post(undo=repair.id)
    assert asked.client.get(asked.path).status_code == 200


@pytest.mark.parametrize("language", ["es", "fr", "de", "pt", "nl"])
def test_it_speaks_the_readers_language(asked: Asked, language: str) -> None:
    """The contact's own language first; the links at the foot show the others."""
    asked.ana.language = language
    page = asked.client.get(f"{asked.path}/repair").text
    assert f'<html lang="{language}"' in page
    assert "Something not right?" not in page
    assert "Something not right?" in asked.client.get(f"{asked.path}/repair?lang=en").text


def test_colleagues_are_shown_by_name_and_never_by_address(asked: Asked) -> None:
    """Whoever holds the link learns no address; choosing one passes the survey on and closes this link to it."""
    page = asked.client.get(f"{asked.path}/repair").text
    assert "Ben Kay" in page
    assert "ben@harbour.example" not in page

    page = asked.post(say="colleague", colleague=asked.ben.id)
    assert "We ask Ben Kay instead." in page
    assert "ben@harbour.example" not in page
    answer = asked.client.get(f"{asked.path}?csat=5")
    assert (answer.status_code, answer.location) == (303, f"{asked.path}/repair")
    assert asked.client.post(asked.path, data={"csat": 5}).status_code == 404


def test_who_passed_a_survey_on_can_still_stop_the_emails(asked: Asked) -> None:
    """The unsubscribe link of the email that Ana got works on, for Ana."""
    asked.post(say="colleague", colleague=asked.ben.id)
    path = asked.path.replace("/s/", "/u/")
    assert "ana@harbour.example" in asked.client.get(path).text
    asked.client.post(path, data={"List-Unsubscribe": "One-Click"})
    assert asked.ana.mail_block is not None
    assert asked.ben.mail_block is None


def test_a_mistyped_address_comes_back_with_the_form(asked: Asked) -> None:
    """422, the form open with what was typed, nothing stored."""
    fields = {"say": "wrong_person", "wrong_person_name": "Cleo", "wrong_person_email": "cleo at harbour"}
    page = asked.client.post(f"{asked.path}/repair", data=fields)
    assert page.status_code == 422
    assert 'value="cleo at harbour"' in page.text
    assert "address of somebody else" in page.text
    assert asked.repairs() == []
    assert asked.ana.wrong_at is None


def test_too_late_is_said_so(asked: Asked) -> None:
    """Once the colleague has been asked, taking it back gets a 409 and how it stands."""
    asked.post(say="colleague", colleague=asked.ben.id)
    asked.invitation.state = InvitationState.SENT
    answer = asked.client.post(f"{asked.path}/repair", data={"undo": asked.repairs()[0].id})
    assert answer.status_code == 409
    assert "cannot be changed any more" in answer.text


@pytest.mark.parametrize("undo", ["x", "999", "-1"])
def test_nonsense_takes_nothing_back(asked: Asked, undo: str) -> None:
    """An id that is none, or somebody else's, gets a kind page."""
    assert asked.client.post(f"{asked.path}/repair", data={"undo": undo}).status_code == 409


@pytest.mark.parametrize("state", [InvitationState.SCHEDULED, InvitationState.SKIPPED])
def test_a_survey_that_was_never_sent_is_unknown(asked: Asked, state: InvitationState) -> None:
    """Nobody can hold that link; a made-up one looks the same."""
    asked.invitation.state = state
    assert asked.client.get(f"{asked.path}/repair").status_code == 404
    assert asked.client.post("/s/made-up/repair", data={"say": "left"}).status_code == 404
    assert asked.repairs() == []


def test_leaving_on_the_preference_page_is_on_the_desk_too(asked: Asked) -> None:
    """One act, whichever page it is said on; "I am still there" undoes it."""
    path = asked.path.replace("/s/", "/u/")
    asked.client.post(path, data={"left": "yes"})
    assert [(one.kind, one.state) for one in asked.repairs()] == [(RepairKind.LEFT, RepairState.OPEN)]
    asked.client.post(path, data={"stay": "yes"})
    assert asked.repairs()[0].state is RepairState.UNDONE
    assert asked.ana.left_at is None


def test_the_desk_lists_what_waits_and_the_menu_only_then(asked: Asked, manager: FlaskClient) -> None:
    """No entry in the menu while nothing waits; then a count, and the repair on the job's and the client's page."""
    assert "/desk/repairs" not in manager.get("/desk/jobs").text
    asked.post(say="not_finished", not_finished_words="<b>No</b> paper feed.")

    assert "/desk/repairs" in manager.get("/desk/jobs").text
    job = asked.invitation.resolution.job
    for page in ("/desk/repairs", f"/desk/jobs/{job.id}", f"/desk/clients/{job.client_id}"):
        text = manager.get(page).text
        assert "This job is not finished" in text, page
        assert "&lt;b&gt;No&lt;/b&gt; paper feed." in text, page
    history = manager.get(f"/desk/clients/{job.client_id}").text
    assert "Ana Xu said that the job is not finished" in history


def test_a_managers_yes_asks_the_right_person(asked: Asked, manager: FlaskClient) -> None:
    """One tap on the desk moves the survey; the toast's undo brings it back; the client sees who is asked."""
    asked.post(say="wrong_person", wrong_person_name="Cleo Diaz", wrong_person_email="cleo@harbour.example")
    (repair,) = asked.repairs()
    assert "Ask Cleo Diaz" in manager.get("/desk/repairs").text

    page = manager.post(f"/desk/repairs/{repair.id}/approve", follow_redirects=True).text
    assert "Cleo Diaz is asked in about ten minutes." in page
    assert asked.invitation.contact.email == "cleo@harbour.example"
    assert "We ask Cleo Diaz instead." in asked.client.get(f"{asked.path}/repair").text
    assert manager.get("/desk/repairs?state=approved").text.count("Cleo Diaz") >= 1

    undo = re.search(r'action="(/desk/repairs/\d+/undecide)"', page)
    assert undo is not None
    manager.post(undo.group(1))
    assert asked.invitation.contact is asked.ana


def test_a_managers_no_is_said_to_the_client(asked: Asked, manager: FlaskClient) -> None:
    """Declined, the job counts as finished, the survey is open, and the page says how the firm sees it."""
    asked.post(say="not_finished")
    (repair,) = asked.repairs()
    manager.post(f"/desk/repairs/{repair.id}/decline", data={"back": "//elsewhere.example"})
    assert asked.client.get(asked.path).status_code == 200
    assert "as far as we know, this job is finished" in asked.client.get(f"{asked.path}/repair").text
    twice = manager.post(f"/desk/repairs/{repair.id}/approve", follow_redirects=True)
    assert "decided already" in twice.text


def test_viewers_read_and_do_not_decide(asked: Asked, viewer: FlaskClient) -> None:
    """They see the list without its buttons."""
    asked.post(say="left")
    (repair,) = asked.repairs()
    page = viewer.get("/desk/repairs").text
    assert "I have left" in page
    assert "/approve" not in page
    assert viewer.post(f"/desk/repairs/{repair.id}/approve").status_code == 403
