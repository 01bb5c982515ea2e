"""Trying a questionnaire out: as the client sees it, on a link for a day, with nothing stored."""

import re
from datetime import timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey import clock, tryouts
from survey.errors import NotFoundError
from survey.models import Answer, Questionnaire, SurveyEvent, SurveyResponse
from survey.questionnaires import drafts, library, versions
from survey.questionnaires.document import Document, read_document
from survey.tryouts import Tryout
from tests.conftest import NOW, SECRET_KEY

BANNER = "This is a try-out; nothing is stored."
OWN_BANNERS = {
    "en": BANNER,
    "es": "Esto es una prueba; no se guarda nada.",
    "fr": "Ceci est un essai\N{NO-BREAK SPACE}; rien n’est enregistré.",
    "de": "Das ist ein Probelauf; nichts wird gespeichert.",
    "pt": "Isto é um teste; nada é guardado.",
    "nl": "Dit is een proef; er wordt niets opgeslagen.",
}


def make_questionnaire(session: Session, document: Document | str = "ces") -> Questionnaire:
    started = library.document(document) if isinstance(document, str) else document
    return drafts.create(session, "Tried", started, NOW)


def link_to(row: Questionnaire, version: int = 0, kind: str = "") -> str:
    return f"/try/{tryouts.sign(SECRET_KEY, Tryout(row.id, version, kind), clock.now())}"


def action_of(page: str) -> str:
    found = re.search(r'<form class="card" method="post" action="([^"]+)"', page)
    assert found
    return unescape(found[1])


@pytest.mark.parametrize("language", OWN_BANNERS)
def test_all_pages_are_walked_in_a_language_and_nothing_is_stored(
    session: Session, client: FlaskClient, language: str
) -> None:
    """What was answered follows from page to page in the address, up to the summary; no row is written."""
    link = link_to(make_questionnaire(session))
    page = client.get(f"{link}?lang={language}").text
    assert OWN_BANNERS[language] in page
    response = client.post(action_of(page), data={"ces": "2", "comment": "Two calls <b>"}, follow_redirects=True)
    response = client.post(action_of(response.text), data={"asked": "hard", "hard": ["1", "3"]}, follow_redirects=True)
    response = client.post(action_of(response.text), data={"solved": "0"}, follow_redirects=True)
    response = client.post(action_of(response.text), data={"contact_me": "1"}, follow_redirects=True)
    assert "/done" in response.request.path
    assert "Two calls &lt;b&gt;" in response.text
    assert OWN_BANNERS[language] in response.text
    option = library.document("ces").by_key["hard"].options[2].text[language]
    assert option in unescape(response.text)
    for table in (SurveyResponse, Answer, SurveyEvent):
        assert session.scalar(select(func.count()).select_from(table)) == 0


def test_answers_are_changed_and_taken_away(session: Session, client: FlaskClient) -> None:
    """The summary leads back to a question, as it does for a client; an error keeps what was typed."""
    link = link_to(make_questionnaire(session, "after_job"))
    assert client.post(link, data={"comment": "only words"}).status_code == 422
    page = client.post(link, data={"csat": "2", "comment": "Slow"}, follow_redirects=True).text
    done = unescape(re.search(r'href="([^"]*/done[^"]*)"', page)[1])  # type: ignore[index]
    summary = client.get(done).text
    change = unescape(re.search(r'href="([^"]*/rating\?[^"]*change=1[^"]*)"', summary)[1])  # type: ignore[index]
    page = client.get(change).text
    assert 'value="2" id="csat-2" checked' in page
    after = client.post(action_of(page), data={"csat": "5", "comment": ""}, follow_redirects=True).text
    assert "Excellent" in after
    assert "Slow" not in after


def test_the_link_offers_what_the_email_would(session: Session, client: FlaskClient) -> None:
    """`?ces=6` preselects, and nothing is answered by looking."""
    page = client.get(link_to(make_questionnaire(session)) + "?ces=6").text
    assert 'value="6" id="ces-6" checked' in page


def test_a_page_that_is_not_asked_leads_to_the_first(session: Session, client: FlaskClient) -> None:
    """Before the first answer there is no later page, and an unknown one never."""
    link = link_to(make_questionnaire(session))
    for page in ("solved", "done", "nonsense"):
        assert client.get(f"{link}/{page}").headers["Location"] == link


def test_a_version_and_a_kind_can_be_tried(session: Session, client: FlaskClient) -> None:
    """The link says which version, or the draft as it is; what depends on the kind of job follows the kind."""
    raw = library.document("nps").as_dict()
    raw["questions"][0]["text"]["en"] = "After {kind|your job}: would you recommend us?"
    raw["questions"][2]["show_if"] = [{"job_kind": ["Repair"]}]
    row = make_questionnaire(session, read_document(raw))
    versions.publish(session, row, [], None, NOW)
    drafts.change(session, row, 1, lambda _draft: library.document("onboarding"), None, NOW)
    assert "your first weeks" in client.get(link_to(row)).text
    assert "After your job: would you" in client.get(link_to(row, 1)).text
    assert "After Repair: would you" in client.get(link_to(row, 1, "Repair")).text
    for kind, following in (("Repair", "/matters"), ("Check", "/contact_me")):
        assert following in client.post(link_to(row, 1, kind), data={"nps": "9"}).headers["Location"]
    assert client.get(link_to(row, 7)).status_code == 410


def test_a_link_is_for_a_day_and_only_ours(session: Session, client: FlaskClient) -> None:
    """What was never signed, or a day ago, opens nothing, and says so."""
    row = make_questionnaire(session)
    with clock.fixed_at(NOW):
        link = link_to(row)
        assert client.get(link).status_code == 200
    with clock.fixed_at(NOW + timedelta(hours=24, seconds=1)):
        response = client.get(link)
        assert response.status_code == 410
        assert "the day is over" in response.text
        assert client.post(link, data={"ces": "3"}).status_code == 410
    assert "not complete" in client.get(link[:-3]).text
    with pytest.raises(NotFoundError):
        tryouts.open_link("another-secret-key-0123", link.rpartition("/")[2], NOW)


def test_no_one_keeps_the_address(session: Session, client: FlaskClient) -> None:
    """Search engines, caches and other sites learn nothing of it."""
    response = client.get(link_to(make_questionnaire(session)))
    assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in response.headers
    assert "Stop these emails" not in response.text


def test_what_was_answered_fits_into_an_address() -> None:
    """Long texts are shortened until the whole fits; numbers always stay; a forged code says nothing."""
    document = library.document("after_job")
    noise = "".join(chr(0x4E00 + (number * 7919) % 20_000) for number in range(5_000))
    code = tryouts.pack(SECRET_KEY, {"csat": 1, "comment": noise}, {"greeted": -1})
    assert len(code) <= tryouts.LONGEST_ADDRESS
    answers, steps = tryouts.unpack(SECRET_KEY, code, document)
    assert answers["csat"] == 1
    assert str(answers["comment"]).endswith("…")
    assert steps == {"greeted": -1}
    assert tryouts.unpack("another-secret-key-0123", code, document) == ({}, {})
    assert tryouts.unpack(SECRET_KEY, code, library.document("servperf"))[0] == answers
    other = tryouts.pack(SECRET_KEY, {"hard.1": 1, "ces": 4}, {})
    assert tryouts.unpack(SECRET_KEY, other, document) == ({"ces": 4}, {})


def test_the_desk_makes_the_link(session: Session, manager: FlaskClient, client: FlaskClient) -> None:
    """The draft, each language that is whole, a copy for the phone; whoever has it needs no sign-in."""
    raw = library.document("ces").as_dict()
    del raw["questions"][0]["hint"]["nl"]
    row = make_questionnaire(session, read_document(raw))
    page = manager.get(f"/desk/questionnaires/{row.id}/try?kind=Repair").text
    address = re.search(r'id="try-address">([^<]+)<', page)
    assert address
    path = "/try/" + address[1].rpartition("/try/")[2]
    assert f'href="{path}?lang=fr"' in page
    assert f'href="{path}?lang=nl"' not in page
    assert "1 text missing" in page
    assert BANNER in client.get(path).text
    assert manager.get(f"/desk/questionnaires/{row.id}/try?version=3").status_code == 404


def test_words_that_do_not_fit_the_score_are_asked_about(session: Session, client: FlaskClient) -> None:
    """The offer to change the score is tried out like everything else."""
    link = link_to(make_questionnaire(session, "after_job"))
    words = {"csat": "1", "comment": "Absolutely brilliant, thank you so much!"}
    page = client.post(link, data=words, follow_redirects=True).text
    assert "Very bad" in page
    assert "Excellent" in page
