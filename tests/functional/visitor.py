"""A visitor of web pages without JavaScript: cookies, links, and forms sent back with their hidden fields."""

from dataclasses import dataclass
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, Request, build_opener


@dataclass
class Form:
    """One form of a page: where it goes, and the values that go along if nobody touches it."""

    action: str
    method: str
    values: dict[str, str]


class _Forms(HTMLParser):
    """Collects each form with what a browser would send back untouched; submit buttons are left to the visitor."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self.open = False
        self.select = ""
        self.textarea = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(values.get("action", ""), values.get("method", "get").lower(), {}))
            self.open = True
        if not self.open:
            return
        sent = self.found[-1].values
        if tag == "input" and values.get("name"):
            chosen = values.get("type") not in {"radio", "checkbox"} or "checked" in values
            if chosen and values.get("type") not in {"submit", "file"}:
                sent[values["name"]] = values.get("value", "on" if "checked" in values else "")
        elif tag == "select" and values.get("name"):
            self.select = values["name"]
        elif tag == "option" and self.select and ("selected" in values or self.select not in sent):
            sent[self.select] = values.get("value", "")
        elif tag == "textarea" and values.get("name"):
            self.textarea = values["name"]
            sent[self.textarea] = ""

    def handle_data(self, data: str) -> None:
        if self.textarea:
            self.found[-1].values[self.textarea] += data.strip()

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = False
        elif tag == "select":
            self.select = ""
        elif tag == "textarea":
            self.textarea = ""


@dataclass
class Page:
    """What came back."""

    url: str
    status: int
    text: str

    def form(self, ending: str = "") -> Form:
        """The first POST form whose action ends so."""
        parser = _Forms()
        parser.feed(self.text)
        return next(
            form
            for form in (Form(urljoin(self.url, found.action), found.method, found.values) for found in parser.found)
            if form.method == "post" and form.action.partition("?")[0].endswith(ending)
        )


class Visitor:
    """One person's browser."""

    def __init__(self) -> None:
        self.cookies = CookieJar()
        self.opener = build_opener(HTTPCookieProcessor(self.cookies))

    def get(self, url: str) -> Page:
        return self._open(Request(url))

    def send(self, form: Form, **values: str) -> Page:
        return self._open(Request(form.action, urlencode({**form.values, **values}).encode()))

    def _open(self, request: Request) -> Page:
        try:
            with self.opener.open(request, timeout=20) as answer:
                return Page(answer.url, answer.status, answer.read().decode())
        except HTTPError as error:
            return Page(request.full_url, error.code, error.read().decode())
