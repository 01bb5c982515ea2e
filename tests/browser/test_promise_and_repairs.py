"""The client's page of repairs and the promise's pages in a real browser: for everyone, at every width, in both themes.

One server for all of them.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from survey import clock, tokens
from survey.firms import get_firm
from survey.models import RepairKind, Touchpoint
from survey.promise import DEFAULT_PROMISE
from survey.repairs import requests as repairs
from survey.repairs.links import Link
from survey.repairs.requests import Said
from tests.browser.conftest import SCREENS, Server, scrolls_sideways, violations
from tests.conftest import SECRET_KEY
from tests.factories import make_client, make_contact, make_invitation, make_job, make_resolution, make_response

pytestmark = pytest.mark.browser

TARGETS = "main button, main summary, main .choice, main input, main .ways a, .repairs button, .repairs a"
BAD_TARGETS = f"""[...document.querySelectorAll('{TARGETS}')]
    .filter(e => e.checkVisibility() && e.type !== 'radio')
    .filter(e => e.offsetHeight < 44 || e.scrollWidth > e.clientWidth + 1)
    .map(e => e.outerHTML)"""


def make_firm(session: Session) -> str:
    """A client with a colleague, eight answers about the promise, one repair that waits; returns a survey's path."""
    firm, now = get_firm(session), clock.now()
    firm.promise = [step.as_dict() for step in DEFAULT_PROMISE]
    client = make_client(session, name="Donaudampfschifffahrtsgesellschaft")
    contact = make_contact(session, client, name="Ana Xu", language="en")
    make_contact(session, client, name="Bartholomew Okonkwo-Smith")
    for number in range(8):
        done = make_resolution(session, make_job(session, contact), completed_at=now - timedelta(days=9))
        response = make_response(session, done, csat=4)
        marks = [
            Touchpoint(resolution_id=done.id, step=step.key, value=1 if number else -1) for step in DEFAULT_PROMISE
        ]
        response.touchpoints.extend(marks)
    surveys = []
    for kind in ("Till repaired", "Card reader repaired"):
        done = make_resolution(session, make_job(session, contact, summary=kind), completed_at=now - timedelta(days=2))
        surveys.append(make_invitation(session, done, sent_at=now, expires_at=now + timedelta(days=7)))
    named = Said(RepairKind.WRONG_PERSON, "Cleo Diaz", "cleo@donau.example")
    repairs.say(session, Link(surveys[1], contact), named, now)
    return f"/s/{tokens.derive(SECRET_KEY, 'survey', surveys[0].seed)}"


def test_all_pages_are_for_everyone(
    server: Server, new_page: Callable[..., Page], signed_in_page: Callable[..., Page]
) -> None:
    """WCAG 2.2 AA without a violation, nothing scrolls sideways, targets of 44 px on the client's pages; and a repair
    said and taken back with HTML alone, by one tap each."""
    path = server.commit(make_firm)
    for width, theme in SCREENS:
        page = new_page(width=width, theme=theme)
        for address in (f"{path}/repair", "/promise?lang=de", "/promise/poster?lang=fr"):
            page.goto(address)
            for summary in page.locator("main summary").all():
                summary.click()
                check(page, address, targets=True, axe=theme == "light")
            check(page, address, targets=True)
        page.goto(f"{path}/repair")
        page.locator("summary", has_text="Ask my colleague").click()
        page.get_by_label("Email").last.fill("nobody@")
        page.get_by_role("button", name="Ask them instead of me").click()
        expect(page.get_by_text("Please give the address of somebody else")).to_be_visible()  # in the page's language
        expect(page.get_by_label("Email").last).to_be_focused()
        check(page, "a mistyped address", targets=True)

    page = new_page(width=320)
    page.goto(path)
    check(page, "the survey", targets=True)
    page.get_by_role("button", name="I am the wrong person").click()
    check(page, "said by one tap", targets=True)
    page.get_by_role("button", name="Take it back").first.click()

    page = new_page(width=320, javascript=False)
    page.goto(path)
    page.get_by_role("button", name="This job is not finished").click()
    expect(page.get_by_text("has been told that this job is not finished")).to_be_visible()
    page.get_by_label("What is missing?").fill("The drawer is stuck.")
    page.get_by_role("button", name="Tell").first.click()
    expect(page.get_by_label("What is missing?")).to_have_count(0)
    page.get_by_role("button", name="Take it back").first.click()
    expect(page.get_by_text("Everything is as it was before.")).to_be_visible()

    page = signed_in_page("manager", width=1280)
    for address in ("/desk/repairs", "/desk/promise?by=staff", "/desk/promise/jobs?missed=1"):
        page.set_viewport_size({"width": 1280, "height": 800})
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            page.goto(address)
            check(page, f"{address} {theme}")
            page.set_viewport_size({"width": 320, "height": 700})
            check(page, f"{address} {theme} 320")
    page.goto("/desk/repairs")
    page.get_by_role("button", name="Ask Cleo Diaz").click()
    expect(page.get_by_text("Cleo Diaz is asked in about ten minutes.")).to_be_visible()
    page.get_by_role("button", name="Undo").first.click()
    expect(page.get_by_text("it waits for a decision again")).to_be_visible()


def check(page: Page, name: str, *, targets: bool = False, axe: bool = True) -> None:
    if axe:
        assert violations(page) == [], name
    assert not scrolls_sideways(page), name
    if targets:
        assert page.evaluate(BAD_TARGETS) == [], name


def test_the_poster_fits_one_sheet(server: Server, new_page: Callable[..., Page]) -> None:
    """Printed on A4 it is one page, in every language."""
    server.commit(make_firm)
    page = new_page(width=1280)
    for language in ("en", "de", "pt"):
        page.goto(f"/promise/poster?lang={language}")
        sheet = page.pdf(format="A4", print_background=True)
        assert sheet.count(b"/Type /Page\n") == 1, language
