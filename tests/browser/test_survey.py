"""The survey in a real browser: without JavaScript, by keyboard, at every width, in both themes, for everyone."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from survey import clock, tokens
from survey.firms import get_firm
from survey.models import Invitation, InvitationState
from survey.promise import DEFAULT_PROMISE
from survey.responses import answers_of, find_response, steps_of
from tests.browser.conftest import SCREENS, Server, scrolls_sideways, violations
from tests.conftest import SECRET_KEY
from tests.factories import make_client, make_contact, make_invitation, make_job, make_resolution
from tests.survey.documents import EVERY_TYPE, make_version

pytestmark = pytest.mark.browser


BAD_TARGETS = """[...document.querySelectorAll(
        'button, .pick label, .ways a, .do a, .languages a, textarea, input[type=text], summary')]
    .filter(e => e.checkVisibility())
    .filter(e => e.offsetHeight < 44 || e.offsetWidth < 44 || (e.type !== 'text' && e.scrollWidth > e.clientWidth + 1))
    .map(e => e.outerHTML)"""
TYPES = [str(one["key"]) for one in EVERY_TYPE["questions"] if not one.get("with_previous")][1:]
ERRORS = {
    "reason": ("other_reason", "x" * 301),
    "used": ("other_used", "x" * 301),
    "floor": ("floor", "x" * 301),
    "manager_only": ("manager_only", "x" * 5_001),
}


@dataclass(frozen=True)
class Survey:
    """An open survey on the server."""

    server: Server
    invitation_id: int
    path: str

    def stored(self) -> tuple[dict[str, int | str], dict[str, int]]:
        """The answers and the steps of the promise that the database holds."""

        def read(session: Session) -> tuple[dict[str, int | str], dict[str, int]]:
            response = find_response(session, session.get_one(Invitation, self.invitation_id))
            return answers_of(response), steps_of(response)

        return self.server.commit(read)

    def close(self, state: InvitationState) -> None:
        def change(session: Session) -> None:
            session.get_one(Invitation, self.invitation_id).state = state

        self.server.commit(change)


def make_survey(session: Session, document: dict[str, Any] | None = None) -> tuple[int, str]:
    firm = get_firm(session)
    firm.promise = [step.as_dict() for step in DEFAULT_PROMISE]
    client = make_client(session, name="Donaudampfschifffahrtsgesellschaft")
    job = make_job(session, make_contact(session, client), kind="Repair", summary="Till printer and card reader")
    now = clock.now()
    staff = {"Ana Xu": 0.6, "Bartholomew Okonkwo-Smith": 0.4}
    resolution = make_resolution(session, job, completed_at=now - timedelta(days=1), staff=staff)
    version = make_version(session, document) if document else None
    asks = {"version": version, "version_id": version.id} if version else {}
    invitation = make_invitation(session, resolution, sent_at=now, expires_at=now + timedelta(days=7), **asks)
    return invitation.id, f"/s/{tokens.derive(SECRET_KEY, 'survey', invitation.seed)}"


@pytest.fixture
def survey(server: Server) -> Survey:
    """A survey about a job finished yesterday by two people."""
    return Survey(server, *server.commit(make_survey))


@pytest.fixture
def everything(server: Server) -> Survey:
    """A survey with every type of question."""
    return Survey(server, *server.commit(partial(make_survey, document=EVERY_TYPE)))


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_without_javascript(new_page: Callable[..., Page], survey: Survey) -> None:
    """From the email's button to the thanks with nothing but HTML, and the words asked for fit the rating chosen."""
    page = new_page(width=375, javascript=False)
    page.goto(f"{survey.path}?csat=4")
    expect(page.get_by_role("radio", name="Good")).to_be_checked()
    expect(page.get_by_text("You chose Good in the email.")).to_be_visible()
    expect(page.get_by_label("What went well, and what could be better?")).to_be_visible()
    page.get_by_role("radio", name="Bad", exact=True).check()
    expect(page.get_by_label("What went wrong, and what should we put right?")).to_be_visible()
    page.get_by_role("textbox").fill("The reader failed again.\nNobody called.")
    page.get_by_role("button", name="Send").click()

    expect(page.get_by_text("your answer has reached us")).to_be_visible()
    page.get_by_role("button", name="The work or product").click()
    page.get_by_role("button", name="No", exact=True).click()
    page.get_by_role("button", name="3", exact=True).click()
    page.get_by_role("group", name="We kept you informed").get_by_role("radio", name="No", exact=True).check()
    page.get_by_role("group", name="We greeted you").get_by_role("radio", name="Yes", exact=True).check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Yes", exact=True).click()

    expect(page.get_by_role("heading", name="Thank you for telling us")).to_be_visible()
    expect(page.get_by_text(re.compile("will read this by .+, and will get in touch with you"))).to_be_visible()
    answers, steps = survey.stored()
    assert answers == {
        "csat": 2,
        "comment": "The reader failed again.\nNobody called.",
        "about": 4,
        "would_return": 0,
        "nps": 3,
        "contact_me": 1,
    }
    assert steps == {"kept_informed": -1, "greeted": 1}


def test_by_keyboard_alone(new_page: Callable[..., Page], survey: Survey) -> None:
    """Tab, arrows, space and enter are enough, and the focus is always to be seen."""
    page = new_page(width=1280)
    page.goto(survey.path)
    press(page, "Tab", "Space", "ArrowRight", "ArrowRight", "ArrowRight")
    expect(page.get_by_role("radio", name="Good")).to_be_checked()
    outline = page.evaluate("getComputedStyle(document.activeElement.nextElementSibling).outlineStyle")
    assert outline == "solid"
    press(page, "Tab")
    page.keyboard.type("Fine work")
    press(page, "Tab", "Enter")

    expect(page.get_by_role("heading", name="Would you come back to us?")).to_be_visible()
    press(page, "Tab", "Enter")
    expect(page.get_by_role("heading", name="How likely are you")).to_be_visible()
    press(page, *["Tab"] * 11, "Enter")
    expect(page.get_by_role("heading", name="Did we keep our promise?")).to_be_visible()
    press(page, "Tab", "Space", *["Tab"] * 6, "Enter")
    expect(page.get_by_role("heading", name="May we contact you")).to_be_visible()
    press(page, "Tab", "Tab", "Enter")
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()

    answers, steps = survey.stored()
    assert answers == {"csat": 4, "comment": "Fine work", "would_return": 1, "nps": 10, "contact_me": 0}
    assert steps == {"greeted": 1}


def test_an_error_gets_the_focus_and_leads_to_the_field(new_page: Callable[..., Page], survey: Survey) -> None:
    """Sending without a rating: the summary has the focus, its link goes to the first rating, the words stay."""
    page = new_page(width=320)
    page.goto(survey.path)
    page.get_by_role("textbox").fill("Just words")
    page.get_by_role("button", name="Send").click()

    alert = page.get_by_role("alert")
    expect(alert).to_be_focused()
    expect(page.get_by_role("textbox")).to_have_value("Just words")
    alert.get_by_role("link").click()
    press(page, "Space")
    expect(page.get_by_role("radio", name="Very bad")).to_be_focused()


def check_page(page: Page, name: str, *, axe: bool = True) -> None:
    assert not scrolls_sideways(page), name
    assert page.evaluate(BAD_TARGETS) == [], name
    if axe:
        assert violations(page) == [], name


@pytest.mark.parametrize(("width", "theme"), SCREENS)
def test_every_page_is_for_everyone(new_page: Callable[..., Page], survey: Survey, width: int, theme: str) -> None:
    """WCAG 2.2 AA without a violation, no sideways scrolling, large targets that hold their words: every state."""
    page = new_page(width=width, theme=theme)
    check = partial(check_page, page)

    page.goto(survey.path)
    check("first page")
    page.goto(f"{survey.path}?csat=5")
    check("first page with an offer")
    page.get_by_role("radio", name="Very bad").check()
    page.get_by_role("textbox").fill("x" * 5_001)
    page.get_by_role("button", name="Send").click()
    check("first page with an error")
    page.get_by_role("textbox").fill("Absolutely brilliant, thank you so much. " * 6)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Did you mean Excellent?")).to_be_visible()
    check("a score that contradicts its words")
    page.goto(f"{survey.path}/nps")
    page.get_by_role("button", name="7", exact=True).click()
    page.goto(f"{survey.path}/nps?change=1")
    check("changing an answer")
    page.goto(f"{survey.path}?csat=5&lang=de")
    check("second visit, in German")
    page.goto(f"{survey.path}/rating?change=1")
    page.evaluate("document.querySelector('[name=based_on]').value = '0'")
    page.get_by_role("radio", name="Excellent", exact=True).check()
    page.get_by_role("button", name="Save").click()
    check("notice of newer answers")
    for state in (InvitationState.WITHDRAWN, InvitationState.EXPIRED, InvitationState.CANCELLED):
        survey.close(state)
        page.goto(survey.path)
        check(state)
    page.goto("/s/unknown")
    check("unknown")


@pytest.mark.parametrize(("width", "theme"), SCREENS)
def test_every_type_is_for_everyone(new_page: Callable[..., Page], everything: Survey, width: int, theme: str) -> None:
    """The same for every type of question and its errors."""
    page = new_page(width=width, theme=theme)
    check = partial(check_page, page)

    page.goto(f"{everything.path}?csat=4")
    page.get_by_role("button", name="Send").click()
    for name in TYPES:
        page.goto(f"{everything.path}/{name}")
        check(name)
        if name in ERRORS:
            field, words = ERRORS[name]
            page.locator(f"[name={field}]").fill(words)
            page.get_by_role("button", name="Continue").click()
            expect(page.get_by_role("alert")).to_be_focused()
            expect(page.locator(f"[name={field}]")).to_have_value(words)
            check(f"{name} with an error")
    page.goto(f"{everything.path}/done")
    page.locator("summary").first.click()
    check("done")


def test_every_type_by_keyboard_and_without_javascript(new_page: Callable[..., Page], everything: Survey) -> None:
    """Every type is answered with tab, arrows, space and enter, without a script."""
    page = new_page(width=320, javascript=False)
    page.goto(f"{everything.path}?csat=5")
    page.get_by_role("button", name="Send").focus()
    with page.expect_navigation():
        press(page, "Enter")
    for name, keys in {
        "ces": ["Tab"] * 7 + ["Enter"],
        "found": ["Tab", "Tab", "Enter"],
        "reason": ["Tab", "Space", "ArrowDown", "ArrowDown", "Tab", "D", "o", "g", "Tab", "Enter"],
        "used": ["Tab", "Space", "Tab", "Tab", "Space", "Tab", "Tab", "Enter"],
        "floor": ["Tab", "3", "Tab", "Enter"],
        "fair": ["Tab", "Space", "ArrowRight", "Tab", "N", "o", "Tab", "Enter"],
        "speed": ["Tab", "Space", "ArrowRight", "Tab", "Space", "Tab", "Tab", "Space", "Tab", "Enter"],
        "quote": ["Tab", "Space", "Tab", "Enter"],
    }.items():
        page.goto(f"{everything.path}/{name}")
        with page.expect_navigation():
            press(page, *keys)

    answers, _steps = everything.stored()
    assert answers == {
        "csat": 5,
        "ces": 7,
        "found": 2,
        "reason": 3,
        "reason.3": "Dog",
        "used.1": 1,
        "used.9": 1,
        "floor": "3",
        "speed": 2,
        "again": 1,
        "days.2": 1,
        "quote": 1,
    }


def test_from_right_to_left(new_page: Callable[..., Page], everything: Survey) -> None:
    """Turned around, as for Arabic or Hebrew, every page mirrors and nothing is cut off."""
    page = new_page(width=320)
    page.goto(f"{everything.path}?csat=5")
    page.get_by_role("button", name="Send").click()
    for name in ("rating", "reason", "used", "promise", "manager_only", "done"):
        page.goto(f"{everything.path}/{name}")
        page.evaluate("document.documentElement.dir = 'rtl'")
        check_page(page, name, axe=False)
        mark = page.locator(".mark").bounding_box()
        assert mark is not None
        assert mark["x"] > 160, name
    words = """[...document.querySelectorAll('.summary dt, .summary bdi')].map(e => {
        const range = document.createRange();
        range.selectNodeContents(e);
        return range.getBoundingClientRect().right;
    })"""
    assert min(page.evaluate(words)) > 250  # answers in Latin letters too stand under their questions


def test_words_are_kept_on_the_device_until_they_are_sent(new_page: Callable[..., Page], survey: Survey) -> None:
    """A closed tab and a lost connection lose nothing; what was sent is forgotten; nothing is sent by itself."""
    page = new_page()
    page.goto(survey.path)
    page.get_by_role("textbox").fill("The reader failed again.")
    again = page.context.new_page()
    page.close()
    again.goto(f"{survey.path}?csat=2")
    expect(again.get_by_role("textbox")).to_have_value("The reader failed again.")
    expect(again.get_by_role("status")).to_have_text("What you had written here is back. It was not sent yet.")
    assert survey.stored() == ({}, {})

    again.context.set_offline(True)
    again.get_by_role("button", name="Send").click()
    again.wait_for_load_state()
    again.context.set_offline(False)
    again.goto(f"{survey.path}?csat=2")
    expect(again.get_by_role("textbox")).to_have_value("The reader failed again.")
    again.get_by_role("button", name="Send").click()
    again.wait_for_url("**/about*")
    assert again.evaluate("Object.keys(localStorage)") == []
    again.goto(f"{survey.path}/rating?change=1")
    expect(again.get_by_role("textbox")).to_have_value("The reader failed again.")
    expect(again.get_by_role("status")).to_have_count(0)


def test_large_text_still_fits(new_page: Callable[..., Page], survey: Survey) -> None:
    """With text at twice its size on a phone (WCAG 1.4.4), nothing is cut off sideways."""
    page = new_page(width=320)
    page.goto(survey.path)
    page.evaluate("document.documentElement.style.fontSize = '200%'")

    assert not scrolls_sideways(page)


def test_no_cookie_reaches_the_client(new_page: Callable[..., Page], survey: Survey) -> None:
    """The whole survey leaves no cookie and asks nothing of any other host."""
    page = new_page()
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.goto(f"{survey.path}?csat=5")
    page.get_by_role("button", name="Send").click()
    page.get_by_role("link", name="I’m done").click()

    assert page.context.cookies() == []
    assert hosts == {survey.server.url.removeprefix("http://")}
