"""The first question of a questionnaire is what its emails ask: on its scale, by its key, in its words."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from emails.compose import compose
from emails.leads import USUAL, lead_of
from emails.senders.base import OutgoingEmail
from survey.config import Settings
from survey.models import Questionnaire
from survey.questionnaires import drafts, library, versions
from survey.questionnaires.document import Document, read_document
from tests.conftest import NOW
from tests.emails.factories import queue_survey
from tests.factories import make_contact, make_invitation, make_job, make_resolution


def make_questionnaire(session: Session, document: Document) -> Questionnaire:
    made = drafts.create(session, "Asked", document, NOW)
    versions.publish(session, made, [], None, NOW)
    return made


def changed(name: str, **lead: Any) -> Document:
    """A survey of the library whose first question is another."""
    raw = library.document(name).as_dict()
    raw["questions"][0] |= lead
    return read_document(raw)


def email_of(session: Session, settings: Settings, document: Document, language: str = "en") -> OutgoingEmail:
    """The email about a job of an invitation that goes out with this document."""
    version = make_questionnaire(session, document).versions[0]
    contact = make_contact(session, language=language, name="Mona Costa")
    resolution = make_resolution(session, make_job(session, contact, kind="A & B"), staff={"Ana Xu": 1.0})
    invitation = make_invitation(session, resolution, version_id=version.id)
    return compose(session, queue_survey(session, invitation), "a" * 32, settings, NOW)


@pytest.mark.parametrize(
    ("name", "key", "values", "asks"),
    [
        ("after_job", "csat", range(1, 6), "Wählen Sie, was am besten passt"),
        ("onboarding", "csat", range(1, 6), "Wie waren Ihre ersten Wochen mit uns?"),
        ("nps", "nps", range(11), "Wie wahrscheinlich ist es, dass Sie uns weiterempfehlen?"),
        ("ces", "ces", range(1, 8), "hat es mir leicht gemacht, mein Anliegen zu klären."),
    ],
)
def test_an_email_asks_what_its_questionnaire_asks_first(
    session: Session, settings: Settings, name: str, key: str, values: range, asks: str
) -> None:
    """The row of buttons has the question's values and its parameter, in the client's language."""
    email = email_of(session, settings, library.document(name), "de")
    for part in (email.html, email.text):
        assert asks in part
        offered = [value for value in range(12) if f"?{key}={value}\n" in part or f'?{key}={value}"' in part]
        assert offered == list(values)


def test_both_ends_are_called_what_the_page_calls_them(session: Session, settings: Settings) -> None:
    """Of a statement, 1 is “strongly disagree” in the email as on the page: the same number means the same."""
    html = email_of(session, settings, library.document("ces")).html
    assert "1 · Strongly disagree" in html
    assert "7 · Strongly agree" in html
    assert "Very difficult" not in html


def test_a_first_question_with_a_key_of_its_own_is_answered_by_it(session: Session, settings: Settings) -> None:
    """Placeholders are the job's; what is empty takes its own way out; nothing of it is markup."""
    text = {"en": "{kind}, <b>by</b> {staff|our team} for {firm}?"}
    raw = changed("after_job", key="visit", text=text).as_dict()
    raw["questions"] = [raw["questions"][0] | {"hint": {}}]
    html = email_of(session, settings, read_document(raw), "fr").html
    assert "A &amp; B, &lt;b&gt;by&lt;/b&gt; Ana for" in html
    assert '?visit=3"' in html
    assert "?csat=" not in html


def test_the_usual_question_needs_no_words_of_its_own() -> None:
    """What comes with Clientele is asked by the letter itself; another language than English is not lost."""
    assert lead_of(library.document("after_job")) == USUAL
    asked = lead_of(changed("after_job", text={"en": "How was it?", "de": "Wie war es?"})).asked
    assert asked is not None
    assert asked.text_in("de") == "Wie war es?"
    assert asked.text_in("fr") == "How was it?"  # the page is in English for them, too
    assert lead_of(library.document("nps")).scale == "nps"


@pytest.mark.parametrize("view", ["light", "dark", "phone", "text"])
def test_the_desk_shows_a_questionnaire_as_an_email(session: Session, manager: FlaskClient, view: str) -> None:
    """The draft's question as buttons that lead to its try-out; the letter stands in a sandboxed frame."""
    row = make_questionnaire(session, library.document("nps"))
    path = f"/desk/questionnaires/{row.id}/email"
    page = manager.get(f"{path}?lang=nl&view={view}&kind=reminder")
    assert page.status_code == 200
    assert ("<iframe" in page.text) is (view != "text")
    letter = manager.get(f"{path}/letter?lang=nl&view={view}&kind=reminder")
    assert "Hoe waarschijnlijk is het dat u ons aanbeveelt?" in letter.text
    assert "sandbox" in letter.headers["Content-Security-Policy"]
    link = letter.text.partition("/try/")[2].partition('"')[0]
    assert link.endswith("?nps=0")
    assert 'value="0" id="nps-0" checked' in manager.get(f"/try/{link}").text


def test_a_language_that_is_not_whole_is_said(session: Session, manager: FlaskClient) -> None:
    """The question is in the language in which the page is, and the desk says so."""
    raw = library.document("nps").as_dict()
    del raw["questions"][1]["hint"]["nl"]
    row = make_questionnaire(session, read_document(raw))
    assert "not complete in Nederlands" in manager.get(f"/desk/questionnaires/{row.id}/email?lang=nl").text
    assert manager.get(f"/desk/questionnaires/{row.id}/email?lang=xx&view=odd&kind=none").status_code == 200
