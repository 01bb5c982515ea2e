"""People and machines on a survey's link, for the scanner gauntlet: what each sends, over the test client."""

import random
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from wsgiref.types import WSGIApplication

from werkzeug.test import Client, TestResponse, create_environ, run_wsgi_app

from survey import clock

_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
CHROME = f"{_WINDOWS} Chrome/126.0.0.0 Safari/537.36"
EDGE = f"{_WINDOWS} Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0"
HEADLESS = f"{_WINDOWS} HeadlessChrome/126.0.0.0 Safari/537.36"
OLD_SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 15_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.6 "
    "Mobile/15E148 Safari/604.1"
)
NAMED = (
    "Mozilla/5.0 (compatible; Barracuda Sentinel)",
    "Mozilla/5.0 (compatible; Proofpoint URL Defense)",
    "Mimecast-URL-Scanner/1.0",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "WhatsApp/2.23.20.0 A",
    "facebookexternalhit/1.1",
    "Mozilla/5.0 (compatible; bingbot/2.0)",
    HEADLESS,
)
LIBRARIES = ("python-requests/2.32.3", "curl/8.9.1", "Go-http-client/2.0", "")
TAPPED = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-User": "?1"}
CLICKED_BY_SCRIPT = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
FETCHED = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
AHEAD = {"Sec-Fetch-Mode": "navigate", "Sec-Purpose": "prefetch;prerender"}
PREVIEWED = {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}

RATINGS = range(1, 6)
READERS = (*NAMED, *LIBRARIES, EDGE, OLD_SAFARI)
HEADERS: tuple[dict[str, str], ...] = (TAPPED, AHEAD, PREVIEWED, FETCHED, {})
SCRIPTED = (CLICKED_BY_SCRIPT, FETCHED)
_HIDDEN = re.compile(r'<input type="hidden" name="([\w.-]+)" value="([^"]*)"')
_HREF = re.compile(r'href="(/s/[^"]+)"')


@dataclass
class Browser:
    """One visitor of one link: its name, the headers it sends, and the fields of the page it looks at."""

    client: Client
    path: str
    agent: str
    fetch: dict[str, str] = field(default_factory=lambda: dict(TAPPED))
    page: str = ""

    def get(self, end: str = "", method: str = "GET", fetch: dict[str, str] | None = None) -> TestResponse:
        answer = self.client.open(self.path + end, method=method, headers=self._headers(fetch))
        self.page = answer.text or self.page
        return answer

    def post(self, end: str = "", **fields: Any) -> TestResponse:
        """Send the form of the page that it looks at."""
        return self.send({**hidden(self.page), **fields}, end)

    def send(self, fields: dict[str, Any], end: str = "") -> TestResponse:
        answer = self.client.post(self.path + end, data=fields, headers=self._headers(None))
        self.page = answer.text
        return answer

    def _headers(self, fetch: dict[str, str] | None) -> dict[str, str]:
        return {"User-Agent": self.agent, **(self.fetch if fetch is None else fetch)}


def hidden(html: str) -> dict[str, str]:
    """The hidden fields of a page."""
    return {name: unescape(value) for name, value in _HIDDEN.findall(html)}


def links(html: str) -> list[str]:
    """Every address of a survey in a page or an email, stylesheets left out."""
    return [unescape(href) for href in _HREF.findall(html) if "theme.css" not in href]


class Scanner:
    """A machine that opens links as fast as it can, and reads nothing."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._environ = create_environ("/")

    def open(self, address: str, agent: str, fetch: Mapping[str, str]) -> int:
        """GET; the status of the answer."""
        path, _, query = address.partition("?")
        headers = {f"HTTP_{name.upper().replace('-', '_')}": text for name, text in fetch.items()}
        asked = {"PATH_INFO": path, "QUERY_STRING": query, "HTTP_USER_AGENT": agent, **headers}
        _body, status, _headers = run_wsgi_app(self._app, {**self._environ, **asked})
        return int(status[:3])


class Gauntlet:
    """One survey link, the machines that come by, and the one person it was sent to.

    Every call is one step at a moment of its own. `said` is what the person sent: what may be stored, and nothing else.
    """

    def __init__(self, client: Client, path: str, start: datetime, person: str = CHROME) -> None:
        self.client = client
        self.path = path
        self.now = start
        self.visits = 0
        self.said: dict[str, int | str] = {}
        self.person = Browser(client, path, person)
        self.posted: list[dict[str, Any]] = []  # what a proxy between the person and us saw, oldest first
        self.found = {f"{path}?csat={value}" for value in RATINGS} | {path, f"{path}/all-links"}

    @contextmanager
    def _step(self, seconds: float, visits: int = 1) -> Iterator[None]:
        self.now += timedelta(seconds=seconds)
        self.visits += visits
        with clock.fixed_at(self.now):
            yield

    # What machines do. None of it may change a figure.

    def fetch(self, number: int, agent: str, method: str, fetch: dict[str, str]) -> None:
        """GET or HEAD one of all the links that were found so far, in the email and on the pages."""
        address = sorted(self.found)[number % len(self.found)]
        with self._step(0.2):
            robot = Browser(self.client, "", agent, fetch)
            answer = robot.get(address, method)
        if answer.status_code == 200:
            self.found |= {link for link in links(answer.text) if link.startswith(self.path)}

    def press_named(self, value: int) -> None:
        """A browser without a screen opens the page and presses the button, and the next one."""
        self._press(Browser(self.client, self.path, HEADLESS), value, 0.4)

    def press_by_script(self, value: int, fetch: dict[str, str]) -> None:
        """A script in an ordinary browser presses every button on load; time does not help it."""
        self._press(Browser(self.client, self.path, EDGE, fetch), value, 30)

    def press_after_sweep(self, value: int) -> None:
        """A browser like anybody's opens two ratings, takes its time, and presses the button with a true tap."""
        robot = Browser(self.client, self.path, EDGE)
        with self._step(1):
            robot.get(f"?csat={value % 5 + 1}")
        self._press(robot, value, 20)

    def press_after_trap(self, value: int) -> None:
        """It followed every link, the hidden one too, and presses the button with a true tap."""
        robot = Browser(self.client, self.path, f"{OLD_SAFARI} trapped", {})
        with self._step(1):
            robot.get("/all-links")
        self._press(robot, value, 20)

    def press_unseen(self, value: int) -> None:
        """It posts what it knows of the form, and was never shown the page."""
        with self._step(1):
            Browser(self.client, self.path, f"{EDGE} elsewhere").send({"based_on": "0", "csat": str(value)})

    def _press(self, robot: Browser, value: int, waits: float) -> None:
        with self._step(1):
            robot.get(f"?csat={value}")
        for _ in range(2):  # it presses the button of the page that asks for one more tap as well, at once
            with self._step(waits):
                robot.post(csat=str(value), comment="pressed by a machine")
            waits = min(waits, 0.3)

    def replay(self, number: int, agent: str, **changed: str) -> None:
        """What a proxy saw the person send is sent again, as it was or with another value."""
        if self.posted:
            fields = {**self.posted[number % len(self.posted)], **changed}
            with self._step(0.5):
                Browser(self.client, self.path, agent).send(fields)

    # What the person does.

    def answer(self, value: int, words: str = "") -> None:
        """Open the link from the email, take a few seconds, send; tap once more where that is asked for."""
        with self._step(5, 0):
            self.person.get("/rating?change=1" if self.said else f"?csat={value}")
        fields = {**hidden(self.person.page), "csat": str(value), **({"comment": words} if words else {})}
        with self._step(7, 0):
            answer = self.person.send(fields)
        while answer.status_code == 409:
            assert "tap once more" in self.person.page
            with self._step(4, 0):
                answer = self.person.send(hidden(self.person.page))
        assert answer.status_code == 303
        self.posted.append(fields)
        self.said |= {"csat": value, **({"comment": words} if words else {})}


def machine_step(gauntlet: Gauntlet, chance: random.Random) -> None:
    """One thing that some machine does."""
    value = chance.randint(1, 5)
    presses: tuple[Callable[[], None], ...] = (
        lambda: gauntlet.press_named(value),
        lambda: gauntlet.press_by_script(value, chance.choice(SCRIPTED)),
        lambda: gauntlet.press_after_sweep(value),
        lambda: gauntlet.press_after_trap(value),
        lambda: gauntlet.press_unseen(value),
        lambda: gauntlet.replay(chance.randrange(9), chance.choice(READERS)),
        lambda: gauntlet.replay(chance.randrange(9), EDGE, csat=str(value)),
    )
    if chance.random() < 0.2:
        chance.choice(presses)()
        return
    method = chance.choice(("GET", "GET", "HEAD"))
    gauntlet.fetch(chance.randrange(99), chance.choice(READERS), method, chance.choice(HEADERS))
