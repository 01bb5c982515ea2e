"""The survey page over HTTP: what a GET leaves, what a POST keeps, and the pages that take nothing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from survey import clock, tokens
from survey.db import db
from survey.evidence.records import VISIT_LIMIT
from survey.firms import get_firm
from survey.logos import LIGHT_BYTES
from survey.models import Invitation, InvitationState, SurveyEvent, SurveyEventKind
from survey.promise import DEFAULT_PROMISE
from survey.responses import answers_of, find_response, steps_of
from tests.conftest import NOW, SECRET_KEY
from tests.factories import make_client, make_contact, make_invitation, make_job, make_resolution

SENT = InvitationState.SENT


@dataclass
class Link:
    """A survey link and the browser that follows it."""

    client: FlaskClient
    session: Session
    invitation: Invitation
    path: str

    def get(self, page: str = "", **query: object) -> TestResponse:
        return self.client.get(self.path + page, query_string={key: str(value) for key, value in query.items()})

    def post(self, page: str = "", **fields: object) -> TestResponse:
        """Post to `page` what a script would: the named fields and the served page's hidden ones."""
        hidden = hidden_fields(self.get(page).text)
        return self.client.post(self.path + page, data={**hidden, **fields})

    @property
    def answers(self) -> dict[str, int | str]:
        return answers_of(find_response(self.session, self.invitation))

    @property
    def steps(self) -> dict[str, int]:
        return steps_of(find_response(self.session, self.invitation))

    @property
    def events(self) -> list[SurveyEvent]:
        return list(self.session.scalars(select(SurveyEvent).order_by(SurveyEvent.id)))


def hidden_fields(html: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', html)
    return {name: unescape(value) for name, value in found}


def checked(html: str) -> list[str]:
    return re.findall(r'id="([\w-]+)" checked', html)


@pytest.fixture
def link(session: Session, client: FlaskClient) -> Iterator[Link]:
    """A survey that was sent yesterday, about a job that Ana and Bo finished."""
    get_firm(session).promise = [step.as_dict() for step in DEFAULT_PROMISE]
    contact = make_contact(session, make_client(session, name="Harbour Café"), timezone="Pacific/Auckland")
    job = make_job(session, contact, kind="Service call", summary="Till printer repaired")
    done = datetime(2026, 3, 9, 12, tzinfo=NOW.tzinfo)
    resolution = make_resolution(session, job, completed_at=done, staff={"Bo Li": 0.3, "Ana Xu": 0.7})
    invitation = make_invitation(session, resolution, expires_at=NOW + timedelta(days=7))
    with clock.fixed_at(NOW):
        yield Link(client, session, invitation, f"/s/{tokens.derive(SECRET_KEY, 'survey', invitation.seed)}")


def test_first_page_shows_firm_job_and_question(link: Link) -> None:
    """The client sees who asks, about what, when it was finished in their own zone, and by whom."""
    page = link.get()

    assert page.status_code == 200
    for text in ("Brightside IT", "Till printer repaired", "Service call", "Tuesday 10 March", "Ana Xu and Bo Li"):
        assert text in page.text
    assert re.findall(r"<span>(Very bad|Bad|OK|Good|Excellent)</span>", page.text) == [
        "Very bad",
        "Bad",
        "OK",
        "Good",
        "Excellent",
    ]
    assert checked(page.text) == []


def test_the_rating_in_the_link_is_offered(link: Link) -> None:
    """The choice made in the email is preselected and named, and shapes the question about words."""
    page = link.get(csat=2)

    assert checked(page.text) == ["csat-2"]
    assert "You chose Bad in the email" in page.text
    assert '<span class="prompt prompt-2 now">What went wrong' in page.text


def test_nps_in_the_link_is_offered(link: Link) -> None:
    """A link that carries 0–10 asks that question first, and the five words later."""
    page = link.get(nps=9)
    assert checked(page.text) == ["nps-9"]
    assert 'name="csat"' not in page.text

    answer = link.client.post(link.path + "/rating?nps=9", data={**hidden_fields(page.text), "nps": "9"})
    assert answer.location.endswith("/csat")
    assert link.answers == {"nps": 9}
    assert link.post("/csat", csat="5").location.endswith("/would_return")
    assert link.post("/would_return", would_return="1").location.endswith("/promise")
    assert link.answers == {"nps": 9, "would_return": 1, "csat": 5}


@pytest.mark.parametrize("value", ["99", "0", "-1", "four", "", "４", "5; drop", "1e0"])
def test_a_rating_that_is_none_is_ignored(link: Link, value: str) -> None:
    """A mangled link still opens the survey, with nothing chosen."""
    page = link.get(csat=value)

    assert page.status_code == 200
    assert checked(page.text) == []


def test_a_get_changes_nothing_that_counts(link: Link) -> None:
    """A scanner that opens every page leaves evidence only."""
    for page in ("", "/rating", "/would_return", "/nps", "/promise", "/contact_me", "/done"):
        link.get(page, csat=1)
    link.client.head(link.path + "?csat=1")

    assert find_response(link.session, link.invitation) is None
    assert (link.invitation.state, link.invitation.answered_at) == (SENT, None)
    assert link.invitation.client.evidence_version == 1
    assert {event.kind for event in link.events} == {SurveyEventKind.OPENED, SurveyEventKind.SHOWN}


def test_evidence_tells_scanners_from_people(link: Link) -> None:
    """An opening keeps what was offered, the agent and the fetch headers; a HEAD shows no page."""
    link.client.get(
        link.path + "?csat=4",
        headers={"User-Agent": "A" * 999, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-User": "?1", "Cookie": "x=1"},
    )
    link.client.head(link.path)

    assert link.invitation.sent_at is not None
    opened, shown, head = link.events
    assert opened.kind is head.kind is SurveyEventKind.OPENED
    assert shown.kind is SurveyEventKind.SHOWN
    assert len(opened.user_agent) == 300
    assert opened.details == {
        "page": "rating",
        "method": "GET",
        "offered": {"csat": 4},
        "fetch": {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-User": "?1"},
        "agent": "browser",
        "after": int((NOW - link.invitation.sent_at).total_seconds()),
    }
    assert head.details["method"] == "HEAD"


def test_evidence_has_an_end(link: Link) -> None:
    """A robot that opens a link for ever is kept up to the limit."""
    for _ in range(VISIT_LIMIT // 2 + 3):
        link.get()

    assert len(link.events) == VISIT_LIMIT


def test_the_first_post_is_a_complete_answer(link: Link) -> None:
    """One tap is enough: stored, confirmed, and on to the first optional question."""
    answer = link.post(csat="4")

    assert answer.status_code == 303
    assert answer.location == f"{link.path}/would_return"
    assert link.answers == {"csat": 4}
    assert link.invitation.state is InvitationState.ANSWERED
    assert link.events[-1].kind is SurveyEventKind.CONFIRMED


def test_the_optional_pages_follow_one_another(link: Link) -> None:
    """Each page says where one is, keeps its answer, and leads on to the end."""
    link.post(csat="5", comment="Quick and kind")
    assert "your answer has reached us" in link.get("/would_return").text
    assert "Optional · 1 of 4" in link.get("/would_return").text

    assert link.post("/would_return", would_return="1").location.endswith("/nps")
    assert "Optional · 2 of 4" in link.get("/nps").text
    assert link.post("/nps", nps="10").location.endswith("/promise")
    assert "Optional · 3 of 4" in link.get("/promise").text
    assert link.post("/promise", step_greeted="yes", step_explained="no", step_told_next="na").location.endswith(
        "/contact_me"
    )
    assert link.post("/contact_me", contact_me="0").location.endswith("/done")

    assert link.answers == {"csat": 5, "comment": "Quick and kind", "would_return": 1, "nps": 10, "contact_me": 0}
    assert link.steps == {"greeted": 1, "explained": -1, "told_next": 0}
    done = link.get("/done").text
    assert "We will pass it on to Ana Xu and Bo Li." in done
    assert "Quick and kind" in done
    assert "10 out of 10" in done


def test_a_low_rating_is_asked_what_it_was_about(link: Link) -> None:
    """One tap, optional, changeable; a word that is not offered is refused."""
    assert link.post(csat="2").location.endswith("/about")
    page = link.get("/about").text
    assert "What was it mostly about?" in page
    assert "The price" in page
    assert "Skip this" in page
    assert link.post("/about", about="6").status_code == 422
    assert link.post("/about", about="3").location.endswith("/would_return")
    assert link.answers == {"csat": 2, "about": 3}
    assert "What was it mostly about?" in link.get("/done").text
    link.post(csat="4")
    assert "What was it mostly about?" not in link.get("/done").text


def test_every_optional_page_can_be_skipped(link: Link) -> None:
    """An empty page is no answer, and the skip link leads to the next one."""
    link.post(csat="3")
    events = len(link.events)

    assert link.post("/promise").location.endswith("/contact_me")
    assert f'href="{link.path}/nps">Skip this' in link.get("/would_return").text
    assert f'href="{link.path}/done">I’m done' in link.get("/would_return").text
    assert link.answers == {"csat": 3}
    confirmed = [event for event in link.events if event.kind is SurveyEventKind.CONFIRMED]
    assert len(confirmed) == 1
    assert len(link.events) > events


def test_a_script_may_post_everything_at_once(link: Link) -> None:
    """All fields by question key, with the hidden ones of the served page, in one request."""
    answer = link.post(csat="1", comment="No", nps="0", would_return="0", contact_me="1", step_greeted="no", ces="7")

    assert answer.status_code == 303
    expected = {"csat": 1, "comment": "No", "nps": 0, "would_return": 0, "contact_me": 1, "ces": 7}
    assert link.answers == expected
    assert link.steps == {"greeted": -1}


def test_a_script_may_change_its_answer(link: Link) -> None:
    """A second visit serves the hidden fields of the present state, and a post with them changes the answer."""
    link.post(csat="5", comment="Fine")

    assert link.post(csat="2").status_code == 303
    assert link.answers == {"csat": 2, "comment": "Fine"}
    assert link.events[-1].details["changed"] == ["csat"]


def test_a_replayed_post_changes_nothing(link: Link) -> None:
    """The same post again is answered as before and leaves no trace."""
    fields = {**hidden_fields(link.get().text), "csat": "5", "comment": "Fine"}
    first = link.client.post(link.path, data=fields)
    trace = len(link.events)
    again = link.client.post(link.path, data=fields)

    assert (again.status_code, again.location) == (first.status_code, first.location)
    assert len(link.events) == trace


@pytest.mark.parametrize("hidden", [{"based_on": "0"}, {}, {"based_on": "1.1"}, {"based_on": "x" * 40}])
def test_an_old_post_is_shown_what_we_have(link: Link, hidden: dict[str, str]) -> None:
    """After a change, the replay of an old post overwrites nothing and keeps what was typed on the page."""
    link.post(csat="5", comment="Fine")
    link.post(csat="1", comment="It broke again")

    answer = link.client.post(link.path, data={**hidden, "csat": "5", "comment": "Fine indeed"})

    assert answer.status_code == 409
    assert "We already have an answer from you" in answer.text
    assert "It broke again" in answer.text
    assert "Fine indeed" in answer.text
    assert link.answers == {"csat": 1, "comment": "It broke again"}


def test_sending_once_more_after_the_notice_changes_it(link: Link) -> None:
    """A person who means it can: the notice's page is based on the present state."""
    link.post(csat="5")
    link.post(csat="1")
    notice = link.client.post(link.path, data={"based_on": "0", "csat": "4"})

    again = link.client.post(link.path, data={**hidden_fields(notice.text), "csat": "4"})

    assert again.status_code == 303
    assert link.answers == {"csat": 4}


def test_an_old_post_on_a_later_page_is_shown_what_we_have(link: Link) -> None:
    """The optional pages are guarded like the first."""
    link.post(csat="5")
    old = hidden_fields(link.get("/would_return").text)
    link.post("/would_return", would_return="0")

    answer = link.client.post(link.path + "/would_return", data={**old, "would_return": "1"})

    assert answer.status_code == 409
    assert "nothing was overwritten" in answer.text
    assert link.answers["would_return"] == 0


def test_an_error_keeps_what_was_typed(link: Link) -> None:
    """Without a rating nothing is stored; the words stay, and the summary leads to the field."""
    answer = link.post(comment="Two words <b>&")

    assert answer.status_code == 422
    assert "<title>Error: " in answer.text
    assert 'role="alert"' in answer.text
    assert '<a href="#csat-1">Choose one of the five ratings.</a>' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert "Two words &lt;b&gt;&amp;" in answer.text
    assert find_response(link.session, link.invitation) is None


def test_a_long_comment_says_by_how_much(link: Link) -> None:
    """5,000 characters fit, counted as the person counts them; longer ones are kept on the page, with the rating."""
    too_long = link.post(csat="2", comment="é" * 5_003)
    assert too_long.status_code == 422
    assert "shorten this by 3 characters" in too_long.text
    assert "é" * 5_003 in too_long.text
    assert checked(too_long.text) == ["csat-2"]

    assert link.post(csat="2", comment="a\r\n" * 2_500).status_code == 303


@pytest.mark.parametrize("value", ["6", "0", "good", "4.5", "9" * 5000])
def test_a_forged_rating_is_an_error(link: Link, value: str) -> None:
    """Values that the page never offered store nothing."""
    assert link.post(csat=value).status_code == 422
    assert find_response(link.session, link.invitation) is None


@pytest.mark.parametrize("field", ["step_greeted", "nps", "would_return", "contact_me"])
def test_a_forged_later_answer_is_an_error(link: Link, field: str) -> None:
    """The same on the optional pages and for the steps of the promise."""
    link.post(csat="5")

    assert link.post("/promise", **{field: "maybe"}).status_code == 422
    assert link.answers == {"csat": 5}


def test_a_step_that_the_firm_did_not_promise_is_ignored(link: Link) -> None:
    """Fields that are not in the form are not stored."""
    link.post(csat="5", step_flattered="yes", mood="fine")

    assert link.steps == {}


def test_the_second_visit_shows_the_answers(link: Link) -> None:
    """Coming back, also from the email's other button, shows what we have and how to change it."""
    link.post(csat="4", comment="Fine")
    page = link.get(csat=2)

    assert page.status_code == 200
    assert "What you told us" in page.text
    assert "In the email you chose Bad" in unescape(page.text)
    assert f'href="{link.path}/rating?change=1&amp;csat=2"' in page.text
    assert "until Wednesday 18 March" in page.text
    assert checked(link.get("/rating", change=1, csat=2).text) == ["csat-2"]
    assert link.answers["csat"] == 4


def test_changing_from_the_summary_comes_back_to_it(link: Link) -> None:
    """A change link leads to the page with the present answer, and saving leads back."""
    link.post(csat="4", comment="Fine")
    page = link.get("/rating", change=1)
    assert checked(page.text) == ["csat-4"]
    assert ">\nFine</textarea>" in page.text

    answer = link.client.post(
        link.path + "/rating?change=1", data={**hidden_fields(page.text), "csat": "4", "comment": ""}
    )

    assert answer.location == f"{link.path}/done"
    assert link.answers == {"csat": 4}


def test_words_can_be_added_at_the_end(link: Link) -> None:
    """Somebody who gave only a rating is asked for words once more, on the last page."""
    link.post(csat="2")

    assert link.post("/done", comment="It took too long").location.endswith("/done")
    assert link.answers == {"csat": 2, "comment": "It took too long"}


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"csat": "1"}, "Someone from Brightside IT will read this by Wednesday 11 March."),
        ({"csat": "2", "contact_me": "1"}, "will read this by Wednesday 11 March, and will get in touch with you."),
        ({"csat": "2", "contact_me": "0"}, "by Wednesday 11 March. We will not contact you about it, as you asked."),
        ({"csat": "5", "contact_me": "1"}, "Someone from Brightside IT will get in touch with you."),
        ({"csat": "5"}, "We will pass it on to Ana Xu and Bo Li."),
        ({"csat": "3"}, "We read every answer"),
        ({"nps": "4"}, "will read this by Wednesday 11 March"),
    ],
)
def test_the_end_says_what_happens_next(link: Link, fields: dict[str, str], text: str) -> None:
    """What the client may expect depends on the rating and on whether they want to be contacted."""
    link.post(**fields)

    assert text in link.get("/done").text


def test_what_was_to_happen_by_a_day_is_not_said_after_it(link: Link) -> None:
    """It is the next day on which the firm works; once it has passed, nothing is said of it."""
    get_firm(link.session).closed_days = [{"first": "2026-03-16", "last": "2026-03-16", "why": "Moving house"}]
    with clock.fixed_at(NOW + timedelta(days=3)):  # a Friday
        link.invitation.expires_at += timedelta(days=14)
        link.post(csat="1")
        assert "will read this by Tuesday 17 March." in link.get("/done").text
    with clock.fixed_at(NOW + timedelta(days=7)):
        assert "will read this by Tuesday 17 March." in link.get("/done").text
    with clock.fixed_at(NOW + timedelta(days=8)):
        late = link.get("/done").text
    assert "will read this" not in late
    assert "We read every answer" in late


def test_a_firm_without_a_promise_asks_three(link: Link) -> None:
    """The promise page is left out when there is no promise to ask about."""
    get_firm(link.session).promise = []
    link.post(csat="5")

    assert "Optional · 1 of 3" in link.get("/would_return").text
    assert link.post("/nps", nps="5").location.endswith("/contact_me")


def test_later_pages_wait_for_the_first(link: Link) -> None:
    """Without an answer, a link to a later page leads to the first."""
    assert link.get("/contact_me").location == link.path
    assert link.client.post(link.path + "/contact_me", data={"contact_me": "1"}).status_code == 422


@pytest.mark.parametrize(
    ("state", "status", "text"),
    [
        (InvitationState.EXPIRED, 410, "This survey has closed"),
        (InvitationState.WITHDRAWN, 410, "We are back on this job"),
        (InvitationState.CANCELLED, 410, "called off"),
        (InvitationState.SCHEDULED, 404, "can’t find this survey"),
        (InvitationState.HELD, 404, "can’t find this survey"),
        (InvitationState.SKIPPED, 404, "can’t find this survey"),
    ],
)
def test_closed_surveys_have_a_kind_page(link: Link, state: InvitationState, status: int, text: str) -> None:
    """Each says what happened and what to do, takes nothing, and hands back what was typed."""
    link.invitation.state = state

    page = link.get(csat=1)
    answer = link.client.post(link.path, data={"csat": "1", "comment": "Please call <me>"})

    assert (page.status_code, answer.status_code) == (status, status)
    assert text in page.text
    assert "mailto:hello@brightside.example" in page.text
    assert "Please call &lt;me&gt;" in answer.text
    assert find_response(link.session, link.invitation) is None


def test_a_closed_survey_speaks_every_language_it_has(link: Link) -> None:
    """By the same switch as every other page, but where words would be lost by leaving; an unknown link by its own."""
    link.invitation.state = InvitationState.EXPIRED

    page = link.get()
    assert ('href="?lang=de"' in page.text, 'aria-current="true">English' in page.text) == (True, True)
    assert "Diese Umfrage" in link.get(lang="de").text
    assert 'aria-current="true">Deutsch' in link.get(lang="de").text
    assert 'href="?lang=' not in link.client.post(link.path, data={"csat": "1", "comment": "Please call me"}).text
    unknown = link.client.get("/s/no-such-token?lang=nl").text
    assert 'lang="nl"' in unknown
    assert 'href="?lang=en"' in unknown


def test_the_end_of_a_survey_is_titled_as_it_is_headed(link: Link) -> None:
    """A tab, a screen reader and the page say the same."""
    for rating, words in (("2", "Thank you for telling us"), ("5", "Thank you")):
        link.post(csat=rating)
        page = link.get("/done").text
        assert f"<title>{words} ·" in page
        assert f"<h1>{words}</h1>" in page


def test_unsent_looks_like_unknown(link: Link) -> None:
    """A link that is not open yet gives nothing away: its page is the unknown link's, byte for byte."""
    link.invitation.state = InvitationState.SCHEDULED

    assert link.get().data == link.client.get("/s/no-such-token").data
    assert link.client.get("/s/no-such-token").status_code == 404
    assert link.client.post("/s/no-such-token/contact_me", data={"csat": "1"}).status_code == 404


@pytest.mark.parametrize("state", [SENT, InvitationState.ANSWERED])
def test_the_survey_closes_on_its_date(link: Link, state: InvitationState) -> None:
    """Past expires_at nothing can be changed, whether or not the worker has noticed."""
    link.invitation.state = state
    link.invitation.expires_at = NOW

    page = link.get()

    assert page.status_code == 410
    assert "This survey has closed" in page.text
    assert link.post(csat="1").status_code == 410


def test_no_cookie_is_set_and_nothing_is_kept(link: Link) -> None:
    """No page of the survey sets a cookie, may be cached, leaks its address or is indexed."""
    pages = [link.get(csat=1), link.post(csat="9"), link.post(csat="1"), link.get("/would_return"), link.get("/done")]
    pages.append(link.client.get("/s/unknown"))

    for page in pages:
        assert "Set-Cookie" not in page.headers
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in page.headers["X-Robots-Tag"]
        assert "unsafe" not in page.headers["Content-Security-Policy"]
        assert not re.search(r"<script(?! src=\"/static/js/[\w.?=-]+\" defer></script>)|style=|\son\w+=", page.text)


def test_csrf_protection_does_not_stop_clients(guarded_app: Flask) -> None:
    """As served, with CSRF tokens in force for the desk, a client without cookies can answer."""
    with guarded_app.app_context(), clock.fixed_at(NOW):
        invitation = make_invitation(db.session, expires_at=NOW + timedelta(days=1))
        db.session.commit()
        path = f"/s/{tokens.derive(SECRET_KEY, 'survey', invitation.seed)}"
        browser = guarded_app.test_client(use_cookies=False)
        page = browser.get(path)
        answer = browser.post(path, data={**hidden_fields(page.text), "csat": "4"})

    assert answer.status_code == 303


def test_the_page_is_light(link: Link) -> None:
    """Page, stylesheet, colours, script and the largest logo together stay below 30 KB."""
    with link.client.get("/static/css/survey.css") as style, link.client.get("/static/js/survey-keep.js") as script:
        size = len(style.data) + len(script.data) + len(link.client.get("/s/theme.css").data)

    assert size + len(link.get().data) + LIGHT_BYTES < 30_000


def test_the_unsubscribe_link_carries_the_same_token(link: Link) -> None:
    """The footer's link opens the unsubscribe page of this contact."""
    assert link.path.replace("/s/", "/u/") in link.get().text
