"""A replay of the past in a real browser: accessible on its screens, watched by itself, and whole without scripts."""

from collections.abc import Callable
from datetime import UTC

import pytest
from playwright.sync_api import Page, expect

from analysis.backtest import runs as backtests
from survey import clock
from tests.analysis.past import make_done, uploads
from tests.browser.conftest import SCREENS, BrowserThread, Server, scrolls_sideways, violations

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]


@pytest.fixture
def run_id(server: Server) -> int:
    """A run that is done."""
    return server.commit(lambda session: make_done(session, clock.now()).id)


@pytest.mark.parametrize(("width", "theme"), SCREENS)
def test_every_page_of_a_run_is_accessible(
    chromium: BrowserThread, server: Server, signed_in_page: OpenPage, run_id: int, width: int, theme: str
) -> None:
    """No WCAG 2.2 AA violation and no sideways scrolling, with every table opened."""
    page = signed_in_page("manager", width=width, theme=theme)
    run = f"/desk/backtest/{run_id}"
    for path in ("/desk/backtest", run, f"{run}/stories", f"{run}/flagged?month=2025-08", f"{run}/delete"):
        page.goto(path)
        for details in page.locator("main details").all():
            details.evaluate("element => { element.open = true; }")
        assert not scrolls_sideways(page), path
        assert violations(page) == [], path


def test_a_run_is_watched_and_stopped_without_scripts(
    chromium: BrowserThread, server: Server, signed_in_page: OpenPage
) -> None:
    """It waits, can be looked at again, and is stopped by its button."""
    waiting = server.commit(lambda session: backtests.ask_with_files(session, uploads(), UTC, None, clock.now()).id)
    page = signed_in_page("manager", width=375, javascript=False)
    page.goto(f"/desk/backtest/{waiting}")
    expect(page.get_by_text("Waiting for the worker")).to_be_visible()
    page.get_by_role("link", name="Look now").click()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("heading", name="This run was stopped")).to_be_visible()


def test_the_page_that_waits_becomes_the_result_by_itself(
    chromium: BrowserThread, server: Server, signed_in_page: OpenPage
) -> None:
    """Once another process has finished the run, the verdict is there without a click."""
    page = signed_in_page("manager", width=1280)
    waiting = server.commit(lambda session: backtests.ask_with_files(session, uploads(), UTC, None, clock.now()).id)
    page.goto(f"/desk/backtest/{waiting}")
    expect(page.get_by_text("Waiting for the worker")).to_be_visible()
    server.commit(lambda session: make_done(session, clock.now(), waiting=True))
    expect(page.get_by_role("heading", name="What came of it")).to_be_visible()
