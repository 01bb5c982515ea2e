"""A real Chromium against a real server. Without a Chromium these tests are skipped, and say so."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import make_server

from survey import clock
from survey.auth import make_sign_in_link
from survey.db import transaction
from survey.people import create_person
from tests.conftest import NOW

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WIDTHS = {320: 640, 375: 720, 1280: 800}  # px: width → height
THEMES = ("light", "dark")


@dataclass(frozen=True)
class Server:
    """The application, served on a free port; what the test commits, it sees."""

    app: Flask
    url: str


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests; each test gets a context (cookies, window, theme) of its own."""
    if not CHROMIUM.exists():
        pytest.skip(f"browser tests need {CHROMIUM}: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def server(app: Flask) -> Iterator[Server]:
    """`app` behind a real HTTP server in a thread. Its clock is the real one: make rows with times around now."""
    httpd = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield Server(app, f"http://127.0.0.1:{httpd.server_port}")
    httpd.shutdown()
    thread.join()
    httpd.server_close()


@pytest.fixture
def new_page(chromium: Browser, server: Server) -> Iterator[Callable[..., Page]]:
    """Opens pages: `new_page(width=320, theme="dark", javascript=False)`. A script error on any of them fails the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_page(width: int = 375, theme: str = "light", javascript: bool = True, **options: Any) -> Page:
        context = chromium.new_context(
            base_url=server.url,
            viewport={"width": width, "height": WIDTHS.get(width, 800)},
            color_scheme="dark" if theme == "dark" else "light",
            java_script_enabled=javascript,
            reduced_motion="reduce",
            **options,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def signed_in_page(new_page: Callable[..., Page], server: Server) -> Callable[..., Page]:
    """Like `new_page`, signed in through a one-time link: `signed_in_page("manager", width=1280)`."""

    def open_page(role: str = "manager", **options: Any) -> Page:
        with server.app.app_context(), transaction() as session:
            number = len(session.new) + clock.now().microsecond  # a person of its own for each page
            user = create_person(session, f"{role}{number}@brightside.example", role, NOW, name=role.capitalize())
            link = make_sign_in_link(session, user, clock.now())
        page = new_page(**options)
        page.goto(link[link.index("/", len("https://")) :])
        page.get_by_role("button").first.click()
        page.wait_for_url("**/desk/**")
        return page

    return open_page


def violations(page: Page) -> list[str]:
    """What axe-core finds against WCAG 2.2 AA on the page as it stands, one line for each element."""
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}}).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:160]} ({node['failureSummary']})" for rule in found for node in rule["nodes"]
    ]


def scrolls_sideways(page: Page) -> bool:
    """Whether the page is wider than its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
