"""The desk in a real browser: accessible on every width and in both themes, and quick to walk by keyboard."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from analysis.models import Flag, FlagStatus
from survey import clock
from survey.models import Job
from tests.analysis.desk_rows import make_desk
from tests.browser.conftest import SCREENS, BrowserThread, Server, scrolls_sideways, violations

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]


@pytest.fixture
def flag_id(server: Server) -> int:
    """A desk with something on every page; the id of the most urgent flag."""
    return server.commit(lambda session: make_desk(session, clock.now()).id)


def _listen(page: Page) -> list[str]:
    """What the browser complains about from now on: script errors and refusals of the Content-Security-Policy."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    return complaints


@pytest.mark.parametrize(("width", "theme"), SCREENS)
def test_every_page_is_accessible(
    chromium: BrowserThread, server: Server, signed_in_page: OpenPage, flag_id: int, width: int, theme: str
) -> None:
    """No WCAG 2.2 AA violation, no sideways scrolling, no console error, at 320, 375 and 1280 px, light and dark."""

    def ids(session: object) -> tuple[int, int]:
        flag = session.get_one(Flag, flag_id)  # type: ignore[attr-defined]
        return flag.client_id, session.scalars(select(Job.id)).first()  # type: ignore[attr-defined]

    client_id, job_id = server.commit(ids)
    page = signed_in_page("manager", width=width, theme=theme)
    complaints = _listen(page)
    for path in (
        "/desk/",
        "/desk/?status=resolved",
        "/desk/?q=nobody",
        f"/desk/flags/{flag_id}",
        "/desk/clients",
        f"/desk/clients/{client_id}",
        "/desk/ladder",
        "/desk/ladder/report",
        "/desk/ladder/capacity",
        "/desk/learning",
        "/desk/staff",
        "/desk/jobs",
        f"/desk/jobs/{job_id}",
    ):
        page.goto(path)
        assert complaints == [], path
        assert not scrolls_sideways(page), path
        assert violations(page) == [], path
        complaints.clear()  # axe itself styles the page while it looks


def test_weights_are_decided_and_the_ladder_is_read(
    chromium: BrowserThread, signed_in_page: OpenPage, flag_id: int
) -> None:
    """The proposal is accepted by a click; the ladder leads to its report, and that back to a client."""
    page = signed_in_page("manager", width=1280)
    complaints = _listen(page)
    page.goto("/desk/learning")
    page.locator("#points-weights").get_by_role("button", name="Accept").click()
    expect(page.get_by_text("The new weights are in force.")).to_be_visible()
    page.goto("/desk/ladder/report")
    page.get_by_role("main").get_by_role("link", name="Harbour Dental").first.click()
    page.wait_for_url("**/desk/clients/*")
    assert complaints == []


def test_the_list_is_walked_by_keyboard(
    chromium: BrowserThread, server: Server, signed_in_page: OpenPage, flag_id: int
) -> None:
    """j and k select, a acknowledges and keeps the place, Enter opens, r goes to the outcome."""
    page = signed_in_page("manager", width=1280)
    complaints = _listen(page)
    page.goto("/desk/")
    page.keyboard.press("j")
    first = page.get_by_role("link", name="Harbour Dental", exact=True)
    expect(first).to_be_focused()
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Lindqvist & Daughters", exact=True)).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("k")
    expect(first).to_be_focused()
    page.keyboard.press("a")
    expect(page.get_by_text("Harbour Dental: acknowledged.")).to_be_visible()
    expect(first).to_be_focused()
    assert server.commit(lambda session: session.get_one(Flag, flag_id).status) is FlagStatus.ACKNOWLEDGED
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone: everything is as it was before.")).to_be_visible()
    page.goto("/desk/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/desk/flags/{flag_id}")
    page.keyboard.press("r")
    expect(page.get_by_label("Kept")).to_be_focused()
    page.goto("/desk/")
    page.keyboard.press("j")
    page.keyboard.press("r")
    page.wait_for_url(f"**/desk/flags/{flag_id}#resolve")
    expect(page.get_by_label("Kept")).to_be_focused()
    page.keyboard.press("Space")
    page.get_by_label("What happened?").fill("They stay.")
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_text("Harbour Dental: resolved.")).to_be_visible()
    assert complaints == []


def test_keys_are_letters_while_typing_and_can_be_switched_off(
    chromium: BrowserThread, signed_in_page: OpenPage, flag_id: int
) -> None:
    """In a field a key is a letter; the help says what the keys do and lets a reader switch them off."""
    page = signed_in_page("manager", width=1280)
    page.goto("/desk/")
    search = page.get_by_role("searchbox")
    page.keyboard.press("/")
    expect(search).to_be_focused()
    page.keyboard.type("ja?")
    expect(search).to_have_value("ja?")
    page.goto("/desk/")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    assert violations(page) == []
    dialog.get_by_label("Use these keys on this device").uncheck()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Harbour Dental", exact=True)).not_to_be_focused()
    page.reload()
    page.keyboard.press("?")
    expect(dialog).to_be_hidden()


def test_a_viewer_has_nothing_to_press(chromium: BrowserThread, signed_in_page: OpenPage, flag_id: int) -> None:
    """A viewer's keys select and open, and neither acknowledge nor resolve."""
    page = signed_in_page("viewer", width=1280)
    page.goto("/desk/")
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.keyboard.press("r")
    expect(page).to_have_url(f"{page.url.split('/desk')[0]}/desk/")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/desk/flags/{flag_id}")
    assert page.get_by_role("button", name="Resolve").count() == 0
    assert violations(page) == []


def test_acting_without_scripts(chromium: BrowserThread, signed_in_page: OpenPage, flag_id: int) -> None:
    """Every action is a plain form: acknowledged, noted and resolved with JavaScript off."""
    page = signed_in_page("manager", width=375, javascript=False)
    page.goto(f"/desk/flags/{flag_id}")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("Harbour Dental: acknowledged.")).to_be_visible()
    page.locator("summary", has_text="Resolve").click()
    page.get_by_label("Too late").check()
    page.get_by_label("What happened?").fill("They had signed elsewhere.")
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_text("They had signed elsewhere.").first).to_be_visible()
