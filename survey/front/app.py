"""The WSGI application in front of Flask."""

import itertools
import logging
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from io import BytesIO
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, make_response
from limits import parse_many
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from werkzeug.datastructures import LanguageAccept, MultiDict
from werkzeug.http import parse_accept_header

from survey import clock, runtime, tokens
from survey.db import begin_reading, db
from survey.firms import get_firm
from survey.front.asked import Reader
from survey.front.documents import Documents
from survey.front.first_answers import Writer
from survey.front.forms import Posted, read
from survey.front.sheets import Sheet, painted, values_of
from survey.front.visits import Look, Visits
from survey.limits import ON_ANSWERS
from survey.logs import log
from survey.models import Firm
from survey.pages import FIRST, language_for
from survey.questionnaires.answering import offered
from survey.responses import NOTHING_YET
from survey.security import MAX_FORM_BYTES
from survey.views.presses import AGAIN, FETCH_HEADERS, LONGEST_FETCH

MOST_SHEETS = 512
FIRM_SECONDS = 1.0  # for how long the firm's looks are taken as known
_PATH = re.compile(r"/s/([A-Za-z0-9_-]{32})(/rating)?")
_RATES = [(rate.by_path, item) for rate in ON_ANSWERS for item in parse_many(rate.times)]
_FETCH = tuple((name, f"HTTP_{name.upper().replace('-', '_')}") for name in FETCH_HEADERS)


class Request(NamedTuple):
    """What the front reads of a request. `facts`: as `survey.views.presses.facts`."""

    token: str
    query: Mapping[str, str]
    user_agent: str
    facts: Mapping[str, Any]
    languages: Sequence[str]

    @classmethod
    def of(cls, token: str, query: Mapping[str, str], environ: WSGIEnvironment) -> "Request":
        fetch = {name: environ[key][:LONGEST_FETCH] for name, key in _FETCH if environ.get(key)}
        return cls(
            token,
            query,
            environ.get("HTTP_USER_AGENT", ""),
            {"method": environ["REQUEST_METHOD"], "fetch": fetch},
            _languages(environ.get("HTTP_ACCEPT_LANGUAGE", "")),
        )


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
        self._sheets: OrderedDict[object, Sheet] = OrderedDict()
        self._mutex = threading.Lock()
        self._documents = Documents(self._reader)
        self._firm: tuple[float, str, Firm | None] = (0.0, "", None)
        self._headers: Sequence[tuple[str, str]] | None = None
        self.visits = Visits(app)
        self.writer = Writer(app, self.visits)
        with app.app_context():
            self._proxies = runtime.settings().trusted_proxies
        self._rates = FixedWindowRateLimiter(MemoryStorage())

    def start(self) -> "Front":
        """Begin to work in the background; once, in the process that serves."""
        self.visits.start()
        self.writer.start()
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
        return all(self._rates.hit(item, token if by_link else caller) for by_link, item in _RATES)

    def _first_answer(self, request: Request, form: MultiDict[str, str]) -> Reply | None:
        survey = self._reader.survey(tokens.fingerprint(request.token), clock.now())
        if survey is None:
            return None
        chosen = request.query.get("lang", "")
        posted = Posted(
            form=form,
            user_agent=request.user_agent,
            fetch=request.facts["fetch"],
            offered=request.query,
            languages=[chosen, *request.languages],
        )
        plain = read(posted, survey, self._documents.of(survey.version_id), self._known_firm()[0])
        if plain is None or not self.writer.store(plain):
            return None
        location = f"/s/{request.token}/{plain.following}" + (f"?{urlencode({'lang': chosen})}" if chosen else "")
        return Reply("303 SEE OTHER", (*self._plain_headers(), ("Location", location)), b"")

    def _first_page(self, request: Request) -> Reply | None:
        now = clock.now()
        survey = self._reader.survey(tokens.fingerprint(request.token), now)
        if survey is None or not self._documents.is_plain(survey.version_id):
            return None
        document = self._documents.of(survey.version_id)
        offer = offered(document, request.query)
        firm, stamp = self._known_firm()
        chosen = request.query.get("lang", "")
        language = language_for(document, [chosen, survey.language, *request.languages, firm.language])
        values = values_of(survey.said(firm, language, now), request.token)
        present = tuple(map(bool, values.values()))
        key = (stamp, survey.version_id, language, chosen, *offer.items(), present)
        sheet = self._sheets.get(key)
        if sheet is None:
            there = [name for name, value in values.items() if value]
            sheet = painted(self._app, firm, document, language, chosen, offer, there)
            self._keep(key, sheet)
        details = {**request.facts, "page": FIRST, "offered": offer}
        self.visits.add(Look(survey.id, now, request.user_agent, details, survey.emailed))
        return Reply("200 OK", sheet.headers, sheet.filled(values))

    def _plain_headers(self) -> Sequence[tuple[str, str]]:
        """The headers of an answer without a page."""
        if self._headers is None:
            with self._app.test_request_context("/s/x"):
                response = self._app.process_response(make_response("", 303))
            self._headers = [pair for pair in response.headers if pair[0] not in {"Content-Length", "X-Request-ID"}]
        return self._headers

    def _keep(self, key: object, sheet: Sheet) -> None:
        with self._mutex:
            self._sheets[key] = sheet
            while len(self._sheets) > MOST_SHEETS:
                self._sheets.popitem(last=False)

    def _known_firm(self) -> tuple[Firm, str]:
        """The firm, and what changes when anything of it does."""
        read_at, stamp, firm = self._firm
        if firm is None or time.monotonic() - read_at > FIRM_SECONDS:
            now_stamp = self._reader.firm_stamp()
            if firm is None or now_stamp != stamp:
                with self._app.app_context():
                    begin_reading(db.session)
                    firm, stamp = get_firm(db.session), now_stamp
                    db.session.expunge_all()
            self._firm = (time.monotonic(), stamp, firm)
        return firm, stamp


_web = logging.getLogger("web")
_PROCESS = secrets.token_hex(3)  # a request's id is this process's and its number
_numbers = itertools.count()


@lru_cache(maxsize=1_024)
def _languages(header: str) -> tuple[str, ...]:
    """The languages that a browser asks for, best first."""
    return tuple(tag for tag, _weight in parse_accept_header(header, LanguageAccept))


@lru_cache(maxsize=256)
def _query(text: str) -> Mapping[str, str]:
    """What the address carries; most carry one of a few values."""
    return MappingProxyType(dict(parse_qsl(text, keep_blank_values=True)))


_KNOWN = frozenset({"csat", "nps", "ces", "lang"})


def _form(environ: WSGIEnvironment) -> MultiDict[str, str] | None:
    """The form that was sent, if it is one that the page sends the first time; read only then."""
    length = str(environ.get("CONTENT_LENGTH", ""))
    kind = str(environ.get("CONTENT_TYPE", "")).partition(";")[0]
    if kind != "application/x-www-form-urlencoded" or not length.isascii() or not length.isdigit():
        return None
    if int(length) > MAX_FORM_BYTES:
        return None
    body = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = BytesIO(body)  # for Flask, should it be its turn
    form = MultiDict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    is_first = (form.get("based_on") or NOTHING_YET) == NOTHING_YET and AGAIN not in form
    return form if is_first else None


def _send(answer: Reply, method: str, start_response: StartResponse, began: float) -> Iterable[bytes]:
    request_id = f"{_PROCESS}{next(_numbers):06x}"
    extra = [("Content-Length", str(len(answer.body))), ("X-Request-ID", request_id)]
    start_response(answer.status, [*answer.headers, *extra])
    if _web.isEnabledFor(logging.INFO):
        took, status = round((time.perf_counter() - began) * 1000, 1), int(answer.status[:3])
        log.info("request", method=method, route="/s/<token>", status=status, ms=took, request_id=request_id)
    return [answer.body]
