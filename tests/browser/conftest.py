"""A real Chromium against a real server. Without a Chromium these tests are skipped, and say so.

Playwright keeps an event loop running in its thread, and Flask's extensions cannot work beside one. So Playwright has
a thread of its own, in which the bodies of these tests run; fixtures and the database stay outside it.
"""

import inspect
import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from survey import clock
from survey.auth import make_sign_in_link
from survey.db import transaction
from survey.people import create_person
from tests.conftest import NOW

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
COLOURS = "color-contrast"  # the dearest of its rules: half of the time it takes
WIDTHS = {320: 640, 375: 720, 1280: 800}  # px: width → height
SCREENS = ((320, "light"), (375, "dark"), (1280, "light"))
"""Every width and both themes: layout does not depend on colour, nor colour on a phone's width. What axe looks for
follows from that: on the narrowest all but colours, in the dark colours alone, on the widest everything."""

PERSON = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
"""The name of a browser with a screen: one that calls itself headless is asked to tap once more (`presses`)."""

PATIENCE = 20_000  # ms: on a machine with much else to do
expect.set_options(timeout=PATIENCE)
_numbers = itertools.count(1)


Result = TypeVar("Result")


@dataclass(frozen=True)
class BrowserThread:
    """One Chromium and the one thread that may speak to it."""

    browser: Browser
    thread: ThreadPoolExecutor

    def run(self, work: Callable[[], Result]) -> Result:
        return self.thread.submit(copy_context().run, work).result()


@dataclass(frozen=True)
class Server:
    """The application, served on a free port. What a test commits, it sees."""

    app: Flask
    url: str
    thread: ThreadPoolExecutor

    def commit(self, work: Callable[[Session], Result]) -> Result:
        """Do `work(session)` in a transaction of its own, from a fixture or from a test's body."""

        def in_transaction() -> Result:
            with self.app.app_context(), transaction() as session:
                return work(session)

        return self.thread.submit(copy_context().run, in_transaction).result()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run the body of a test that has a browser in the browser's thread."""
    chromium = pyfuncitem.funcargs.get("chromium")
    if not isinstance(chromium, BrowserThread):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in inspect.signature(pyfuncitem.obj).parameters}
    chromium.run(lambda: pyfuncitem.obj(**arguments))
    return True


@pytest.fixture(scope="session")
def chromium() -> Iterator[BrowserThread]:
    """One browser for all tests; each test gets contexts (cookies, window, theme) of its own."""
    if not CHROMIUM.exists():
        pytest.skip(f"browser tests need {CHROMIUM}: apt-get install chromium")
    with ThreadPoolExecutor(1) as thread:
        playwright = thread.submit(sync_playwright().start).result()
        launch = partial(playwright.chromium.launch, executable_path=str(CHROMIUM), args=ARGUMENTS)
        browser = thread.submit(launch).result()
        yield BrowserThread(browser, thread)
        thread.submit(browser.close).result()
        thread.submit(playwright.stop).result()


@pytest.fixture
def server(app: Flask) -> Iterator[Server]:
    """`app` behind a real HTTP server. Its clock is the real one: make rows with times around `clock.now()`."""
    httpd = make_server("127.0.0.1", 0, app, threaded=True)
    serving = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    with ThreadPoolExecutor(1) as thread:
        yield Server(app, f"http://127.0.0.1:{httpd.server_port}", thread)
    httpd.shutdown()
    serving.join()
    httpd.server_close()


@pytest.fixture
def new_page(chromium: BrowserThread, server: Server) -> Iterator[Callable[..., Page]]:
    """Opens pages: `new_page(width=320, theme="dark", javascript=False)`. An error in a script fails the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_page(width: int = 375, theme: str = "light", javascript: bool = True, **options: Any) -> Page:
        context = chromium.browser.new_context(
            base_url=server.url,
            viewport={"width": width, "height": WIDTHS.get(width, 800)},
            color_scheme="dark" if theme == "dark" else "light",
            java_script_enabled=javascript,
            reduced_motion="reduce",
            **{"user_agent": PERSON, **options},
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        chromium.run(context.close)
    assert errors == []


@pytest.fixture
def signed_in_page(new_page: Callable[..., Page], server: Server) -> Callable[..., Page]:
    """Like `new_page`, signed in through a one-time link: `signed_in_page("manager", width=1280)`."""

    def make_link(role: str, session: Session) -> str:
        email = f"{role}{next(_numbers)}@brightside.example"  # a person of its own for each page
        user = create_person(session, email, role, NOW, name=role.capitalize())
        return make_sign_in_link(session, user, clock.now())

    def open_page(role: str = "manager", **options: Any) -> Page:
        page = new_page(**options)
        page.goto(urlsplit(server.commit(partial(make_link, role))).path)
        page.get_by_role("main").get_by_role("button").first.click()
        page.wait_for_url("**/desk/**")
        return page

    return open_page


def violations(page: Page) -> list[str]:
    """What axe-core finds against WCAG 2.2 AA on the page as it stands, one line for each element; see `SCREENS`."""
    options: dict[str, Any] = {"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"]}
    if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches"):
        options["runOnly"] = {"type": "rule", "values": [COLOURS]}
    elif page.evaluate("innerWidth") == min(WIDTHS):
        options["rules"] = {COLOURS: {"enabled": False}}
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:160]} ({node['failureSummary']})" for rule in found for node in rule["nodes"]
    ]


def scrolls_sideways(page: Page) -> bool:
    """Whether the page is wider than its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
