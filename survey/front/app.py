"""The WSGI application in front of Flask."""

import gc
import itertools
import logging
import re
import secrets
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from functools import lru_cache
from io import BytesIO
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, make_response
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from survey import clock, runtime, tokens
from survey.db import db
from survey.front.asked import Reader
from survey.front.documents import Documents
from survey.front.first_answers import Writer
from survey.front.first_pages import FirstPages
from survey.front.forms import Fields, Plain, Posted, read
from survey.front.known_firm import KnownFirm
from survey.front.rates import Rates
from survey.front.visits import Look, Visits, told
from survey.limits import ON_ANSWERS
from survey.logs import log
from survey.pages import FIRST
from survey.responses import NOTHING_YET
from survey.security import MAX_FORM_BYTES
from survey.views.presses import AGAIN, FETCH_HEADERS, LONGEST_FETCH

_PATH = re.compile(r"/s/([A-Za-z0-9_-]{32})(/rating)?")
_FETCH = tuple(f"HTTP_{name.upper().replace('-', '_')}" for name in FETCH_HEADERS)


class Request(NamedTuple):
    """What the front reads of a request. `fetch`: the headers that evidence keeps, with their values."""

    token: str
    query: Mapping[str, str]
    user_agent: str
    fetch: tuple[tuple[str, str], ...]
    languages: Sequence[str]

    @classmethod
    def of(cls, token: str, query: Mapping[str, str], environ: WSGIEnvironment) -> "Request":
        get = environ.get
        fetch, languages = _fetch(*map(get, _FETCH)), _languages(get("HTTP_ACCEPT_LANGUAGE", ""))
        return cls(token, query, get("HTTP_USER_AGENT", ""), fetch, languages)


class Reply(NamedTuple):
    """An answer of the front's own."""

    status: str
    headers: Sequence[tuple[str, str]]
    body: bytes


class Front:
    """Answers what is plain, and hands everything else to `behind`."""

    def __init__(self, app: Flask, behind: WSGIApplication) -> None:
        self._app = app
        self._behind = behind
        with app.app_context():
            self._reader = Reader(db.engine)
            self._proxies = runtime.settings().trusted_proxies
            is_sqlite = db.engine.dialect.name == "sqlite"
        # SQLite's driver lets go of the interpreter's lock several times for each question, for some microseconds.
        # Threads that wait for that moment wake up in vain: so one at a time. Of a server each may wait.
        self._one_at_a_time = threading.Lock() if is_sqlite else nullcontext()
        self._documents = Documents(self._reader)
        self._pages = FirstPages(app, self._documents)
        self._headers: Sequence[tuple[str, str]] | None = None
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

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        if not path.startswith("/s/"):
            return self._behind(environ, start_response)
        began = time.perf_counter()
        try:
            answer = self._answer(path, environ)
        except Exception:  # noqa: BLE001  Flask answers, and says what is wrong if it is still wrong there
            log.exception("the front could not answer")
            answer = None
        if answer is not None:
            return _send(answer, environ["REQUEST_METHOD"], start_response, began)
        try:
            self.visits.flush()
        except Exception:  # noqa: BLE001  they are kept and tried again; a client's page does not wait for evidence
            log.exception("visits not written yet")
        return self._behind(environ, start_response)

    def _answer(self, path: str, environ: WSGIEnvironment) -> Reply | None:
        found, method = _PATH.fullmatch(path), environ["REQUEST_METHOD"]
        query = _query(environ.get("QUERY_STRING", ""))
        if found is None or query.keys() - _KNOWN:
            return None
        request = Request.of(found[1], query, environ)
        if method == "GET" and not found[2]:
            with self._one_at_a_time:
                return self._first_page(request)
        if method == "POST" and (form := _form(environ)) is not None and self._is_rare(request.token, environ):
            return self._first_answer(request, form)
        return None

    def _is_rare(self, token: str, environ: WSGIEnvironment) -> bool:
        """Whether this caller and this link have not asked often; who does meets the limits behind."""
        caller = str(environ.get("REMOTE_ADDR", ""))
        if self._proxies:
            passed = str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")
            caller = passed[-self._proxies].strip() if len(passed) >= self._proxies else caller
        return self._rates.take(caller, token)

    def _first_answer(self, request: Request, form: Fields) -> Reply | None:
        with self._one_at_a_time:
            plain, chosen = self._plain(request, form), request.query.get("lang", "")
        if plain is None or not self.writer.store(plain):
            return None
        location = f"/s/{request.token}/{plain.following}" + (f"?{urlencode({'lang': chosen})}" if chosen else "")
        return Reply("303 SEE OTHER", (*self._plain_headers(), ("Location", location)), b"")

    def _plain(self, request: Request, form: Fields) -> Plain | None:
        survey = self._reader.survey(tokens.fingerprint(request.token), clock.now())
        if survey is None:
            return None
        firm = self.firm.get()
        view = self._pages.view(survey, request.query, request.languages, firm)
        posted = Posted(form, request.user_agent, dict(request.fetch), view.language, view.offered)
        return read(posted, survey, self._documents.of(survey.version_id), firm.promise)

    def _first_page(self, request: Request) -> Reply | None:
        now = clock.now()
        survey = self._reader.survey(tokens.fingerprint(request.token), now)
        if survey is None or not self._documents.of(survey.version_id).is_plain:
            return None
        firm = self.firm.get()
        view = self._pages.view(survey, request.query, request.languages, firm)
        sheet, body = self._pages.page(survey, view, request.token, firm, now)
        details = told(request.user_agent, request.fetch, FIRST, view.offered.items(), survey.since_email(now))
        self.visits.add(Look(survey.id, now, request.user_agent, details))
        return Reply("200 OK", sheet.headers, body)

    def _plain_headers(self) -> Sequence[tuple[str, str]]:
        """The headers of an answer without a page."""
        if self._headers is None:
            with self._app.test_request_context("/s/x"):
                response = self._app.process_response(make_response("", 303))
            self._headers = [pair for pair in response.headers if pair[0] not in {"Content-Length", "X-Request-ID"}]
        return self._headers


_web = logging.getLogger("web")
_PROCESS = secrets.token_hex(3)  # a request's id is this process's and its number
_numbers = itertools.count()


@lru_cache(maxsize=1_024)
def _languages(header: str) -> tuple[str, ...]:
    """The languages that a browser asks for, best first."""
    return tuple(tag for tag, _weight in parse_accept_header(header, LanguageAccept))


@lru_cache(maxsize=1_024)
def _fetch(*values: str | None) -> tuple[tuple[str, str], ...]:
    """The headers of FETCH_HEADERS that were sent."""
    return tuple((name, text[:LONGEST_FETCH]) for name, text in zip(FETCH_HEADERS, values, strict=True) if text)


@lru_cache(maxsize=256)
def _query(text: str) -> Mapping[str, str]:
    """What the address carries; most carry one of a few values."""
    return MappingProxyType(dict(parse_qsl(text, keep_blank_values=True)))


_KNOWN = frozenset({"csat", "nps", "ces", "lang"})


def _form(environ: WSGIEnvironment) -> Fields | None:
    """The form that was sent, if it is one that the page sends the first time; read only then."""
    length = str(environ.get("CONTENT_LENGTH", ""))
    kind = str(environ.get("CONTENT_TYPE", "")).partition(";")[0]
    if kind != "application/x-www-form-urlencoded" or not length.isascii() or not length.isdigit():
        return None
    if int(length) > MAX_FORM_BYTES:
        return None
    body = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = BytesIO(body)  # for Flask, should it be its turn
    form = Fields(body.decode("utf-8", "replace"))
    is_first = (form.get("based_on", "") or NOTHING_YET) == NOTHING_YET and AGAIN not in form
    return form if is_first else None


def _send(answer: Reply, method: str, start_response: StartResponse, began: float) -> Iterable[bytes]:
    request_id = f"{_PROCESS}{next(_numbers):06x}"
    extra = [("Content-Length", str(len(answer.body))), ("X-Request-ID", request_id)]
    start_response(answer.status, [*answer.headers, *extra])
    if _web.isEnabledFor(logging.INFO):
        took, status = round((time.perf_counter() - began) * 1000, 1), int(answer.status[:3])
        log.info("request", method=method, route="/s/<token>", status=status, ms=took, request_id=request_id)
    return [answer.body]
