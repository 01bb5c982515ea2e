"""Choosing, trying out and mailing a questionnaire in a real browser: accessible, and by keyboard alone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from survey import clock
from survey.questionnaires import drafts, library, versions
from tests.browser.conftest import BrowserThread, Server, scrolls_sideways, violations
from tests.factories import make_job

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]


@pytest.fixture
def effort(server: Server) -> int:
    """A published questionnaire, and two kinds of job."""

    def make(session: Session) -> int:
        row = drafts.create(session, "After contact", library.document("ces"), clock.now())
        versions.publish(session, row, [], None, clock.now())
        for kind in ("Repair", "Maintenance"):
            make_job(session, kind=kind)
        return row.id

    return server.commit(make)


@pytest.mark.parametrize(("width", "theme"), [(375, "dark"), (1280, "light")])
def test_every_page_around_a_questionnaire_is_accessible(
    chromium: BrowserThread, server: Server, signed_in_page: OpenPage, effort: int, width: int, theme: str
) -> None:
    """No WCAG 2.2 AA violation and no sideways scrolling, with errors, previews and the client's own pages."""
    page = signed_in_page("manager", width=width, theme=theme)
    own = f"/desk/questionnaires/{effort}"
    for path in ("/desk/questionnaires/uses", "/desk/questionnaires/import", f"{own}/try", f"{own}/email?view=text"):
        page.goto(path)
        assert not scrolls_sideways(page), path
        assert violations(page) == [], path
    for share in ("500", "40"):
        page.goto("/desk/questionnaires/uses")
        page.get_by_role("textbox", name="Per cent asked about, of Repair").fill(share)
        page.get_by_role("button", name="See what would change").click()
        page.wait_for_load_state()
        assert violations(page) == [], share
    expect(page.get_by_role("cell", name="After contact, 2 in 5 asked")).to_be_visible()
    page.goto(f"{own}/try")
    page.goto(page.get_by_role("link", name="Deutsch").get_attribute("href") or "")
    assert violations(page) == []
    expect(page.get_by_role("complementary")).to_have_text("Das ist ein Probelauf; nichts wird gespeichert.")


def test_a_rating_in_the_previewed_email_opens_the_try_out(
    chromium: BrowserThread, server: Server, signed_in_page: OpenPage, effort: int
) -> None:
    """The letter stands in its sandbox; its buttons open a page of their own, with the value chosen."""
    page = signed_in_page("manager", width=1280)
    page.goto(f"/desk/questionnaires/{effort}/email")
    letter = page.frame_locator("iframe")
    href = letter.get_by_role("link", name="6", exact=True).get_attribute("href") or ""
    page.goto("/try/" + href.partition("/try/")[2])
    expect(page.get_by_role("radio", name="6")).to_be_checked()
    page.get_by_role("radio", name="6").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/solved?**")
    expect(page.get_by_role("complementary")).to_have_text("This is a try-out; nothing is stored.")
