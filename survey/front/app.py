"""The ASGI application in front of Flask."""

import gc
import itertools
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote_from_bytes, urlencode
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from a2wsgi import WSGIMiddleware
from flask import Flask, make_response
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from survey import clock, runtime, tokens
from survey.db import db
from survey.front.asked import Asked, Reader
from survey.front.documents import Documents
from survey.front.documents import Known as KnownDocument
from survey.front.first_answers import Writer
from survey.front.first_pages import FirstPages, View
from survey.front.forms import Fields, Posted, read
from survey.front.known_firm import Known, KnownFirm
from survey.front.rates import Rates
from survey.front.sheets import headers_of
from survey.front.visits import Look, Visits, told
from survey.limits import ON_ANSWERS
from survey.logs import log
from survey.pages import FIRST
from survey.responses import NOTHING_YET
from survey.security import MAX_FORM_BYTES
from survey.views.presses import AGAIN, FETCH_HEADERS, LONGEST_FETCH

Scope = Mapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]

_PATH = re.compile(r"/s/([A-Za-z0-9_-]{32})(/rating)?")
_FETCH = tuple(name.lower().encode() for name in FETCH_HEADERS)


class Request(NamedTuple):
    """What the front reads of a request. `fetch`: the headers that evidence keeps, with their values."""

    token: str
    query: Mapping[str, str]
    user_agent: str
    fetch: tuple[tuple[str, str], ...]
    languages: Sequence[str]

    @classmethod
    def of(cls, token: str, query: Mapping[str, str], headers: Mapping[bytes, bytes]) -> "Request":
        get = headers.get
        fetch, languages = _fetch(*map(get, _FETCH)), _languages(get(b"accept-language", b""))
        return cls(token, query, get(b"user-agent", b"").decode("latin-1"), fetch, languages)


class Reply(NamedTuple):
    """An answer of the front's own."""

    status: int
    headers: Headers
    body: bytes


class Opened(NamedTuple):
    """A link that was asked for: when, its survey, what it asks, how it is shown, and the firm."""

    at: datetime
    survey: Asked
    known: KnownDocument
    view: View
    firm: Known


class Front:
    """Answers what is plain, on the event loop, and hands everything else to `behind`, in threads. HTTP alone."""

    def __init__(self, app: Flask, behind: WSGIApplication, threads: int = 2) -> None:
        self._app = app
        self._flask = behind
        # a2wsgi has types of its own for what is WSGI
        self._behind: Any = WSGIMiddleware(self._after_visits, workers=threads)  # type: ignore[arg-type]
        with app.app_context():
            self._reader = Reader(db.engine)
            self._proxies = runtime.settings().trusted_proxies
        self._documents = Documents(self._reader)
        self._pages = FirstPages(app)
        self._headers: Headers | None = None
        self._rates = Rates(ON_ANSWERS)
        self.firm = KnownFirm(app, self._reader)
        self.visits = Visits(app)
        self.writer = Writer(app, self.visits)

    def start(self) -> "Front":
        """Begin to work in the background; once, in the process that serves, when all of it is loaded."""
        self.visits.start()
        self.writer.start()
        gc.collect()
        gc.freeze()  # the application stays: to go through it again and again would hold up the pages
        return self

    def close(self) -> None:
        """Write what waits and close the connections; the front answers no more."""
        self.visits.flush()
        self._reader.close()
        self._behind.executor.shutdown()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, body, answer = time.perf_counter(), Body(receive), None
        if scope["path"].startswith("/s/"):
            try:
                answer = await self._answer(scope, body)
            except Exception:  # noqa: BLE001  Flask answers, and says what is wrong if it is still wrong there
                log.exception("the front could not answer")
        if answer is None:
            await self._behind(_in_ascii(scope), body.again, send)
        else:
            await _send(answer, scope["method"], send, began)

    def _after_visits(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """What Flask says of a link, once it can see the visits that wait."""
        if str(environ.get("PATH_INFO", "")).startswith("/s/"):
            try:
                self.visits.flush()
            except Exception:  # noqa: BLE001  they are kept and tried again; a client's page does not wait for evidence
                log.exception("visits not written yet")
        return self._flask(environ, start_response)

    async def _answer(self, scope: Scope, body: "Body") -> Reply | None:
        found, method = _PATH.fullmatch(scope["path"]), scope["method"]
        query = _query(scope["query_string"])
        if found is None or query.keys() - _KNOWN:
            return None
        headers = dict(scope["headers"])
        if method == "GET" and not found[2]:
            return await self._first_page(Request.of(found[1], query, headers))
        if method == "POST" and (form := await _form(headers, body)) is not None:
            caller = str((scope.get("client") or ("",))[0])
            if self._is_rare(found[1], caller, headers):
                return await self._first_answer(Request.of(found[1], query, headers), form)
        return None

    def _is_rare(self, token: str, caller: str, headers: Mapping[bytes, bytes]) -> bool:
        """Whether this caller and this link have not asked often; who does meets the limits behind."""
        if self._proxies:
            passed = headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")
            caller = passed[-self._proxies].strip() if len(passed) >= self._proxies else caller
        return self._rates.take(caller, token)

    async def _opened(self, request: Request) -> Opened | None:
        now = clock.now()
        survey = await self._reader.survey(tokens.fingerprint(request.token), now)
        if survey is None:
            return None
        known, firm = await self._documents.of(survey.version_id), await self.firm.get()
        view = self._pages.view(survey, known.document, request.query, request.languages, firm)
        return Opened(now, survey, known, view, firm)

    async def _first_page(self, request: Request) -> Reply | None:
        opened = await self._opened(request)
        if opened is None or not opened.known.is_plain:
            return None
        now, survey, known, view, firm = opened
        sheet, body = self._pages.page(survey, known.document, view, request.token, firm, now)
        details = told(request.user_agent, request.fetch, FIRST, view.offered.items(), survey.since_email(now))
        self.visits.add(Look(survey.id, now, request.user_agent, details))
        return Reply(200, sheet.headers, body)

    async def _first_answer(self, request: Request, form: Fields) -> Reply | None:
        opened = await self._opened(request)
        if opened is None:
            return None
        _now, survey, known, view, firm = opened
        posted = Posted(form, request.user_agent, dict(request.fetch), view.language, view.offered)
        plain, chosen = read(posted, survey, known, firm.promise), request.query.get("lang", "")
        if plain is None or not await self.writer.store(plain):
            return None
        location = f"/s/{request.token}/{plain.following}" + (f"?{urlencode({'lang': chosen})}" if chosen else "")
        return Reply(303, (*self._plain_headers(), (b"location", location.encode())), b"")

    def _plain_headers(self) -> Headers:
        """The headers of an answer without a page."""
        if self._headers is None:
            with self._app.test_request_context("/s/x"):
                self._headers = headers_of(self._app.process_response(make_response("", 303)))
        return self._headers


class Body:
    """What is sent with a request. Whoever has read it can hand it on."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._events: list[Event] = []

    async def read(self) -> bytes | None:
        """All of it; None if the sender went away."""
        parts: list[bytes] = []
        while True:
            event = await self._receive()
            self._events.append(event)
            if event["type"] != "http.request":
                return None
            parts.append(event.get("body", b""))
            if not event.get("more_body"):
                return b"".join(parts)

    async def again(self) -> Event:
        """What was read already, and then what comes."""
        return self._events.pop(0) if self._events else await self._receive()


_web = logging.getLogger("web")
_PROCESS = secrets.token_hex(3)  # a request's id is this process's and its number
_numbers = itertools.count()


@lru_cache(maxsize=1_024)
def _languages(header: bytes) -> tuple[str, ...]:
    """The languages that a browser asks for, best first."""
    return tuple(tag for tag, _weight in parse_accept_header(header.decode("latin-1"), LanguageAccept))


@lru_cache(maxsize=1_024)
def _fetch(*values: bytes | None) -> tuple[tuple[str, str], ...]:
    """The headers of FETCH_HEADERS that were sent."""
    return tuple(
        (name, text.decode("latin-1")[:LONGEST_FETCH]) for name, text in zip(FETCH_HEADERS, values, strict=True) if text
    )


@lru_cache(maxsize=256)
def _query(text: bytes) -> Mapping[str, str]:
    """What the address carries; most carry one of a few values."""
    return MappingProxyType(dict(parse_qsl(text.decode("latin-1"), keep_blank_values=True)))


def _in_ascii(scope: Scope) -> Scope:
    """The request with nothing but ASCII in its query: some callers do not escape what they send, and WSGI wants it."""
    query = scope["query_string"]
    return scope if query.isascii() else {**scope, "query_string": quote_from_bytes(query, safe="%&=+").encode()}


_KNOWN = frozenset({"csat", "nps", "ces", "lang"})


async def _form(headers: Mapping[bytes, bytes], body: Body) -> Fields | None:
    """The form that was sent, if it is one that the page sends the first time; read only then."""
    length, kind = headers.get(b"content-length", b""), headers.get(b"content-type", b"").partition(b";")[0]
    if kind != b"application/x-www-form-urlencoded" or not length.isdigit() or int(length) > MAX_FORM_BYTES:
        return None
    sent = await body.read()
    if sent is None:
        return None
    form = Fields(sent.decode("utf-8", "replace"))
    is_first = (form.get("based_on", "") or NOTHING_YET) == NOTHING_YET and AGAIN not in form
    return form if is_first else None


async def _send(answer: Reply, method: str, send: Send, began: float) -> None:
    request_id = f"{_PROCESS}{next(_numbers):06x}"
    own = ((b"content-length", b"%d" % len(answer.body)), (b"x-request-id", request_id.encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": [*answer.headers, *own]})
    await send({"type": "http.response.body", "body": answer.body})
    if _web.isEnabledFor(logging.INFO):
        took = round((time.perf_counter() - began) * 1000, 1)
        log.info("request", method=method, route="/s/<token>", status=answer.status, ms=took, request_id=request_id)
