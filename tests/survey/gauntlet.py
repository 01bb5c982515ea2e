"""People and machines on a survey's link, for the scanner gauntlet: what each sends, over the test client."""

import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

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

_HIDDEN = re.compile(r'<input type="hidden" name="([\w.-]+)" value="([^"]*)"')
_HREF = re.compile(r'href="(/s/[^"]+)"')


@dataclass
class Browser:
    """One visitor of one link: its name, the headers it sends, and the fields of the page it looks at."""

    client: FlaskClient
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
