"""The WSGI application in front of Flask."""

import itertools
import logging
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from survey import clock, tokens
from survey.db import db
from survey.firms import get_firm
from survey.front.asked import Asked, Reader
from survey.front.sheets import Sheet, is_plain, painted, values_of
from survey.front.visits import Seen, Visits
from survey.languages import translator
from survey.logs import log
from survey.models import Firm, QuestionnaireVersion, SurveyEventKind
from survey.pages import FIRST, language_for
from survey.questionnaires.answering import offered
from survey.questionnaires.document import Document
from survey.questionnaires.versions import document_of
from survey.views.presses import FETCH_HEADERS, LONGEST_FETCH

MOST_SHEETS = 512
FIRM_SECONDS = 1.0  # for how long the firm's looks are taken as known
_PATH = re.compile(r"/s/([A-Za-z0-9_-]{32})")
_FETCH = tuple((name, f"HTTP_{name.upper().replace('-', '_')}") for name in FETCH_HEADERS)


@dataclass(frozen=True)
class Request:
    """What the front reads of a request."""

    token: str
    query: Mapping[str, str]
    environ: WSGIEnvironment

    @property
    def user_agent(self) -> str:
        return str(self.environ.get("HTTP_USER_AGENT", ""))

    @property
    def facts(self) -> dict[str, Any]:
        """As `survey.views.presses.facts`."""
        found = {name: self.environ[key][:LONGEST_FETCH] for name, key in _FETCH if self.environ.get(key)}
        return {"method": self.environ["REQUEST_METHOD"], "fetch": found}

    @property
    def languages(self) -> Sequence[str]:
        return _languages(str(self.environ.get("HTTP_ACCEPT_LANGUAGE", "")))


class Front:
    """Answers what is plain, and hands everything else to `behind`."""

    def __init__(self, app: Flask, behind: WSGIApplication) -> None:
        self._app = app
        self._behind = behind
        with app.app_context():
            self._reader = Reader(db.engine)
        self._sheets: OrderedDict[object, Sheet] = OrderedDict()
        self._mutex = threading.Lock()
        self._documents: dict[int | None, tuple[Document, bool]] = {}
        self._firm: tuple[float, str, Firm | None] = (0.0, "", None)
        self.visits = Visits(app)

    def start(self) -> "Front":
        """Begin to work in the background; once, in the process that serves."""
        self.visits.start()
        return self

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        if not path.startswith("/s/"):
            return self._behind(environ, start_response)
        found = _PATH.fullmatch(path)
        if found is not None and environ["REQUEST_METHOD"] == "GET":
            began = time.perf_counter()
            query = dict(parse_qsl(str(environ.get("QUERY_STRING", "")), keep_blank_values=True))
            try:
                page = self._first_page(Request(found[1], query, environ))
            except Exception:  # noqa: BLE001  Flask answers, and says what is wrong if it is still wrong there
                log.exception("the front could not answer")
                page = None
            if page is not None:
                return _send(page, start_response, began)
        self.visits.flush()
        return self._behind(environ, start_response)

    def _first_page(self, request: Request) -> tuple[Sheet, bytes] | None:
        if request.query.keys() - _KNOWN:
            return None
        now, fingerprint = clock.now(), tokens.fingerprint(request.token)
        survey = self._reader.survey(fingerprint, now)
        if survey is None:
            return None
        document, plain = self._document(survey.row.version_id)
        if not plain:
            return None
        offer = offered(document, request.query)
        firm, stamp = self._known_firm()
        chosen = request.query.get("lang", "")
        language = language_for(document, [chosen, survey.row.language, *request.languages, firm.language])
        values = values_of(survey.occasion(firm, language, now, translator(language)), request.token)
        present = frozenset([name for name, value in values.items() if value])
        key = (stamp, survey.row.version_id, language, chosen, tuple(offer.items()), present)
        sheet = self._sheets.get(key)
        if sheet is None:
            sheet = painted(self._app, firm, document, language, chosen, offer, present)
            self._keep(key, sheet)
        self._leave(survey, request, now, offer)
        return sheet, sheet.filled(values)

    def _keep(self, key: object, sheet: Sheet) -> None:
        with self._mutex:
            self._sheets[key] = sheet
            while len(self._sheets) > MOST_SHEETS:
                self._sheets.popitem(last=False)

    def _leave(self, survey: Asked, request: Request, now: datetime, offer: Mapping[str, int]) -> None:
        moments = [moment for moment in survey.emailed if moment <= now]
        after = int((now - max(moments)).total_seconds()) if moments else None
        details = {**request.facts, "page": FIRST, "offered": dict(offer), "after": after}
        self.visits.add(
            [
                Seen(survey.row.id, kind, now, request.user_agent, details)
                for kind in (SurveyEventKind.OPENED, SurveyEventKind.SHOWN)
            ]
        )

    def _document(self, version_id: int | None) -> tuple[Document, bool]:
        """What a version asks, and whether its first page is the same for everybody. A version never changes."""
        found = self._documents.get(version_id)
        if found is None:
            with self._app.app_context():
                version = db.session.get(QuestionnaireVersion, version_id) if version_id else None
                document = document_of(version)
            found = self._documents[version_id] = (document, is_plain(document))
        return found

    def _known_firm(self) -> tuple[Firm, str]:
        """The firm, and what changes when anything of it does."""
        read_at, stamp, firm = self._firm
        if firm is None or time.monotonic() - read_at > FIRM_SECONDS:
            now_stamp = self._reader.firm_stamp()
            if firm is None or now_stamp != stamp:
                with self._app.app_context():
                    firm, stamp = get_firm(db.session), now_stamp
                    db.session.expunge_all()
            self._firm = (time.monotonic(), stamp, firm)
        return firm, stamp


_PROCESS = secrets.token_hex(3)  # a request's id is this process's and its number
_numbers = itertools.count()


@lru_cache(maxsize=1_024)
def _languages(header: str) -> tuple[str, ...]:
    """The languages that a browser asks for, best first."""
    return tuple(tag for tag, _weight in parse_accept_header(header, LanguageAccept))


_KNOWN = frozenset({"csat", "nps", "ces", "lang"})


def _send(page: tuple[Sheet, bytes], start_response: StartResponse, began: float) -> Iterable[bytes]:
    sheet, body = page
    request_id = f"{_PROCESS}{next(_numbers):06x}"
    start_response("200 OK", [*sheet.headers, ("Content-Length", str(len(body))), ("X-Request-ID", request_id)])
    if logging.getLogger("web").isEnabledFor(logging.INFO):
        took = round((time.perf_counter() - began) * 1000, 1)
        log.info("request", method="GET", route="/s/<token>", status=200, ms=took, request_id=request_id)
    return [body]
