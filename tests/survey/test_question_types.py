"""Every type of question over HTTP: what a page holds, what is kept, what an error says; and what follows from it."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from survey import clock, tokens
from survey.firms import get_firm
from survey.languages import LANGUAGES
from survey.logos import LIGHT_BYTES as LOGO_BYTES
from survey.models import SurveyEventKind
from survey.promise import DEFAULT_PROMISE
from survey.questionnaires.logic import rating
from survey.questionnaires.mismatch import BITTER, WARM, better_fit, tone
from tests.conftest import NOW, SECRET_KEY
from tests.factories import make_client, make_contact, make_invitation, make_job, make_resolution
from tests.survey.documents import EVERY_TYPE, LONGEST, make_version
from tests.survey.test_respond import Link, checked, hidden_fields
from tests.survey.visitor import Page

LIGHT = 30_000  # bytes of a page with all that it loads, the largest logo included, before anything is compressed


def make_link(session: Session, client: FlaskClient, document: dict[str, Any] | None, **contact: object) -> Link:
    get_firm(session).promise = [step.as_dict() for step in DEFAULT_PROMISE]
    version = make_version(session, document, f"Asks {len(str(document))}") if document else None
    job = make_job(session, make_contact(session, make_client(session), **contact), summary="Till", kind="Repair")
    resolution = make_resolution(session, job, staff={"Ana Xu": 0.7, "Bo Li": 0.3})
    asks = {"version": version, "version_id": version.id} if version else {}
    invitation = make_invitation(session, resolution, expires_at=NOW + timedelta(days=7), **asks)
    return Link(client, session, invitation, f"/s/{tokens.derive(SECRET_KEY, 'survey', invitation.seed)}")


@pytest.fixture
def link(session: Session, client: FlaskClient) -> Iterator[Link]:
    """A survey that asks everything, its first question answered."""
    with clock.fixed_at(NOW):
        made = make_link(session, client, EVERY_TYPE)
        made.post(csat="4")
        yield made


def send(link: Link, page: str, *fields: tuple[str, str], status: int = 303) -> str:
    """Post a page's fields, some of which repeat; its text."""
    hidden = Page(link.get(page).text).form.hidden
    answer = link.client.post(link.path + page, data=MultiDict([*hidden, *fields]))
    assert answer.status_code == status
    return answer.text


def test_each_type_keeps_its_answer(link: Link) -> None:
    """A tap, a box, several boxes, an option of the client's own: stored under the question's key, shown in words."""
    send(link, "/ces", ("ces", "7"))
    send(link, "/on_time", ("on_time", "1"))
    send(link, "/found", ("found", "2"))
    send(link, "/reason", ("reason", "3"), ("other_reason", "My sister works here"))
    send(link, "/used", ("used", "1"), ("used", "9"), ("other_used", "A scale"))
    send(link, "/floor", ("floor", " 3 b "))
    send(link, "/speed", ("speed", "5"), ("again", "0"), ("days", "2"))
    send(link, "/quote", ("quote", "1"))

    assert link.answers == {
        "csat": 4,
        "ces": 7,
        "on_time": 1,
        "found": 2,
        "reason": 3,
        "reason.3": "My sister works here",
        "used.1": 1,
        "used.9": "A scale",
        "floor": "3 b",
        "speed": 5,
        "again": 0,
        "days.2": 1,
        "quote": 1,
    }
    done = link.get("/done").text
    for words in ("7 out of 7", "A search on the internet", "Something else: My sister works here", "The weekend"):
        assert words in done
    assert "<bdi>Till</bdi><bdi>Another thing: A scale</bdi>" in done


def test_boxes_can_be_emptied(link: Link) -> None:
    """None ticked on a page that showed them takes the answers away; a page that did not show them changes nothing."""
    send(link, "/used", ("used", "1"), ("used", "2"))
    send(link, "/quote", ("quote", "1"))
    send(link, "/floor", ("floor", "2"))
    assert {"used.1", "used.2", "quote"} <= link.answers.keys()

    send(link, "/used")
    send(link, "/quote")

    assert link.answers == {"csat": 4, "floor": "2", "quote": 0}


def test_an_option_of_ones_own_is_chosen_by_writing(link: Link) -> None:
    """Words without a tap on "something else" choose it; with another option they are dropped."""
    send(link, "/reason", ("other_reason", "The dog"))
    assert link.answers["reason.3"] == "The dog"
    assert checked(link.get("/reason").text) == ["reason-3"]

    send(link, "/reason", ("reason", "1"), ("other_reason", "The dog"))
    assert (link.answers["reason"], "reason.3" in link.answers) == (1, False)


@pytest.mark.parametrize(
    ("page", "field", "value", "message", "target"),
    [
        ("/ces", "ces", "8", "Choose a number from 1 to 7.", "ces-1"),
        ("/nps", "nps", "11", "Choose a number from 0 to 10.", "nps-0"),
        ("/would_return", "would_return", "2", "Choose yes or no.", "would_return-1"),
        ("/promise", "step_greeted", "maybe", "Choose yes, no, or doesn’t apply.", "step_greeted-yes"),
        ("/found", "found", "9", "Choose one of these.", "found-1"),
        ("/used", "used", "5", "Choose one of these.", "used-1"),
        ("/used", "other_used", "x" * 301, "Please shorten this by one character; 300 fit.", "other_used"),
        ("/floor", "floor", "x" * 302, "Please shorten this by 2 characters; 300 fit.", "floor"),
        (
            "/manager_only",
            "manager_only",
            "x" * 5_001,
            "Please shorten this by one character; 5,000 fit.",
            "manager_only",
        ),
        ("/speed", "speed", "0", "Choose one of the five ratings.", "speed-1"),
        ("/quote", "quote", "5", "Choose one of these.", "quote-1"),
    ],
)
def test_each_type_says_what_is_wrong(link: Link, page: str, field: str, value: str, message: str, target: str) -> None:
    """The summary names it and leads to the field, whose words stay; nothing is stored, and the page is whole."""
    text = send(link, page, (field, value), status=422)

    assert f'<a href="#{target}">{message}' in text
    found = Page(text)
    assert found.problems == []
    assert found.form.texts.get(field, value) == value
    assert link.answers == {"csat": 4}


def test_every_page_is_whole_and_light(session: Session, client: FlaskClient, link: Link) -> None:
    """Every page of three questionnaires, one as long as can be: well-formed, and with all it loads below 30 KB."""
    get_firm(session).logo = {"digest": "0" * 16, "width": 180, "height": 48, "plates": ["light", "dark"]}
    longest, usual = make_link(session, client, LONGEST), make_link(session, client, None)
    longest.post(nps="9")
    usual.post(csat="2", comment="It took two weeks, and nobody called. " * 20)
    shared = LOGO_BYTES
    for name in ("/static/css/survey.css", "/static/js/survey-keep.js", "/static/img/favicon.svg", "/s/theme.css"):
        with client.get(name) as found:
            shared += len(found.data)
    weights = {}
    for survey, keys in (
        (link, [str(one["key"]) for one in EVERY_TYPE["questions"]]),
        (longest, ["q2", "q40"]),
        (usual, ["about", "would_return", "nps", "promise", "contact_me"]),
    ):
        for page, language in product(("rating", "done", *keys), LANGUAGES):
            shown = survey.get(f"/{page}", lang=language)
            assert Page(shown.text).problems == [], page
            weights[survey.path, page, language] = shared + len(shown.data)
    assert max(weights.values()) < LIGHT
    with client.get("/static/js/survey-keep.js") as script:
        assert len(script.data) < 2_000


def test_placeholders_name_the_job(link: Link) -> None:
    """First names stand in the question; where nobody is known, what the questionnaire says instead."""
    assert "How did Ana and Bo do?" in link.get("/rating").text
    assert "something about Ana and Bo that a manager" in link.get("/manager_only").text
    link.invitation.resolution.staff = []
    assert "How did we do?" in link.get("/rating").text
    assert "something about our team that a manager" in link.get("/manager_only").text
    assert "Brightside IT made it easy" in link.get("/ces").text


# Languages


@pytest.mark.parametrize(
    ("contact", "browser", "firm", "chosen", "expected"),
    [
        ("de", "fr", "nl", "", "Wie haben wir gearbeitet?"),
        ("", "pt-BR,en;q=0.5", "nl", "", "Como avalia o nosso trabalho?"),
        ("ja", "ko", "nl", "", "Hoe hebben we het gedaan?"),
        ("de", "de", "de", "es", "¿Qué tal lo hicimos?"),
        ("de", "de", "de", "xx", "Wie haben wir gearbeitet?"),
    ],
)
def test_the_clients_own_language_comes_first(
    session: Session, client: FlaskClient, contact: str, browser: str, firm: str, chosen: str, expected: str
) -> None:
    """What was chosen on the page, else the contact's, else the browser's, else the firm's."""
    get_firm(session).language = firm
    with clock.fixed_at(NOW):
        link = make_link(session, client, None, language=contact)
        page = client.get(link.path, query_string={"lang": chosen}, headers={"Accept-Language": browser})
    assert expected in page.text


def test_another_language_keeps_what_was_offered(session: Session, client: FlaskClient) -> None:
    """The links in the foot carry the offer; one result holds answers in any language, as the same values."""
    with clock.fixed_at(NOW):
        link = make_link(session, client, None)
        assert f'href="{link.path}?lang=fr&amp;csat=2"' in link.get(csat=2).text
        french = link.get(lang="fr", csat=2)
        assert checked(french.text) == ["csat-2"]
        assert '<html lang="fr" dir="ltr">' in french.text
        assert "Vous avez choisi" in french.text or "vous avez choisi" in french.text
        action = Page(french.text).form.action
        answer = client.post(action, data={**hidden_fields(french.text), "csat": "2"})
        assert answer.location == f"{link.path}/about?lang=fr"
        client.post(answer.location, data={**hidden_fields(client.get(answer.location).text), "about": "3"})
        assert link.answers == {"csat": 2, "about": 3}
        assert "The price" in link.get("/done").text
        assert "Le prix" in link.get("/done", lang="fr").text


def test_every_page_in_every_language(session: Session, client: FlaskClient) -> None:
    """Each page of the first questionnaire is whole in all six languages, and no English is left on it."""
    with clock.fixed_at(NOW):
        link = make_link(session, client, None)
        link.post(csat="1")
        for language in LANGUAGES:
            for name in ("/rating", "/about", "/promise", "/done"):
                page = Page(link.get(name, lang=language).text)
                assert page.problems == [], (language, name)
                left = [one for one in ("Stop these", "Skip this", "You can change") if one in page.text]
                assert (left == []) is (language != "en"), (language, name, left)


# Words that follow the score, and a score that contradicts its words


@pytest.mark.parametrize(
    ("answers", "expected"),
    [({}, None), ({"csat": 3, "nps": 10}, 3), ({"nps": 6}, 2), ({"nps": 9}, 5)]
    + [({"ces": value}, stars) for value, stars in ((1, 2), (3, 2), (4, 3), (5, 4), (6, 4), (7, 5))],
)
def test_every_scale_gives_a_rating(answers: dict[str, int | str], expected: int | None) -> None:
    """The five words first, then 0–10, then 1–7."""
    assert rating(answers) == expected


@pytest.mark.parametrize("lead", ["nps", "ces"])
def test_the_question_for_words_follows_any_scale(session: Session, client: FlaskClient, lead: str) -> None:
    """Each number of the first question carries the rating it stands for, by which CSS alone shows the wording."""
    document = {
        "questions": [
            {"key": lead, "type": lead, "text": {"en": "How?"}},
            {
                "key": "comment",
                "type": "long_text",
                "with_previous": True,
                "text": {"en": "Anything else?"},
                "prompts": {"2": {"en": "What went wrong?"}, "5": {"en": "What was best?"}},
            },
        ]
    }
    with clock.fixed_at(NOW):
        link = make_link(session, client, document)
        page = client.get(link.path, query_string={lead: "1"}).text
    assert f'<input type="radio" class="r2" name="{lead}" value="1"' in page
    assert f'<input type="radio" class="r5" name="{lead}" value="{10 if lead == "nps" else 7}"' in page
    assert '<span class="prompt prompt-2 now">What went wrong?' in page


@pytest.mark.parametrize(
    ("language", "words", "expected"),
    [
        ("en", "Absolutely brilliant, thank you.", WARM),
        ("en", "Couldn’t fault them.", WARM),
        ("en", "Not brilliant.", 0),
        ("en", "Brilliant, but late.", 0),
        ("en", "It would have been perfect with a call.", 0),
        ("en", "Excellent. Third visit for the same problem.", 0),
        ("en", "Good work.", 0),
        ("en", "Appalling, never again.", BITTER),
        ("en", "It was terrible until Ana came and fixed it.", 0),
        ("en", "Terrible? No.", 0),
        ("en", "Eine Katastrophe", 0),
        ("es", "Un trabajo impecable, muchísimas gracias.", WARM),
        ("es", "No fue impecable.", 0),
        ("fr", "Très satisfaite, un grand merci.", WARM),
        ("fr", "Une catastrophe.", BITTER),
        ("de", "Hervorragende Arbeit!", WARM),
        ("de", "Nicht gerade hervorragend.", 0),
        ("de", "Eine Frechheit.", BITTER),
        ("pt", "Serviço impecável.", WARM),
        ("nl", "Geweldig geholpen, hartelijk dank.", WARM),
        ("nl", "Waardeloos.", BITTER),
        ("xx", "Absolutely brilliant", 0),
        ("en", "Brilliant. " + "I could go on. " * 60, 0),
    ],
)
def test_only_words_without_a_doubt_have_a_tone(language: str, words: str, expected: int) -> None:
    """Strong words of one kind, with no "not", no "but" and no word of the other kind in the whole text."""
    assert tone(words, language) == expected


@pytest.mark.parametrize(
    ("lead", "value", "words", "expected"),
    [
        ("csat", 1, "Brilliant", 5),
        ("csat", 3, "Brilliant", None),
        ("csat", 5, "Appalling", 1),
        ("csat", 4, "Appalling", None),
        ("nps", 0, "Brilliant", 10),
        ("nps", 10, "Appalling", 0),
        ("ces", 1, "Brilliant", 7),
        ("found", 1, "Brilliant", None),
    ],
)
def test_only_the_ends_of_a_scale_are_doubted(lead: str, value: int, words: str, expected: int | None) -> None:
    """What is offered is the other end."""
    assert better_fit({lead: value, "comment": words}, lead, "en") == expected


@pytest.fixture
def doubted(session: Session, client: FlaskClient) -> Iterator[Link]:
    """A survey in which somebody chose "very bad" and praised."""
    with clock.fixed_at(NOW):
        link = make_link(session, client, None)
        following = link.post(csat="1", comment="Absolutely brilliant, thank you.").location
        assert following == f"{link.path}/about?meant=1"
        yield link


def test_a_score_that_contradicts_its_words_is_asked_about(doubted: Link) -> None:
    """The next page offers the other end: one tap changes it, and goes on to where they were."""
    page = doubted.get("/about", meant=1)
    assert "Did you mean Excellent?" in page.text
    offer = next(form for form in Page(page.text).forms if form.buttons == [("csat", "5")])

    answer = doubted.client.post(offer.action, data={**dict(offer.hidden), "csat": "5"})

    assert answer.location == f"{doubted.path}/would_return"
    assert doubted.answers["csat"] == 5
    assert doubted.events[-1].details["changed"] == ["csat"]
    assert "Did you mean" not in doubted.get("/would_return", meant=1).text


def test_a_score_is_asked_about_once_and_may_stay(doubted: Link) -> None:
    """Kept with one tap or by going on; nothing is blocked, and what was asked and kept is evidence."""
    doubted.get("/about", meant=1)
    assert f'href="{doubted.path}/about?kept=1"' in doubted.get("/about", meant=1).text
    doubted.get("/about", kept=1)

    assert doubted.post("/about", about="2").location == f"{doubted.path}/would_return"
    assert doubted.post("/done", comment="Simply brilliant.").location == f"{doubted.path}/done"
    shown = [event.details.get("meant") for event in doubted.events if event.kind is SurveyEventKind.SHOWN]
    assert {one for one in shown if one} == {"asked", "kept"}
    assert doubted.answers["csat"] == 1


def test_a_score_that_fits_is_not_asked_about(link: Link) -> None:
    """Neither by the address alone."""
    assert "meant" not in link.post(csat="5", comment="Brilliant").location
    assert "Did you mean" not in link.get("/nps", meant=1).text
