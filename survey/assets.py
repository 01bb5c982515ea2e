"""What pages load: static files, served by WhiteNoise and cached by browsers until their content changes; lean HTML."""

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import Any
from wsgiref.headers import Headers

from flask import Flask
from jinja2.ext import Extension
from typing_extensions import override
from whitenoise import WhiteNoise

from survey.config import ROOT
from survey.security import STATIC_HEADERS

FOLDER = ROOT / "static"
DAY_SECONDS = 86_400
_INDENTATION = re.compile(r"\n[ \t]+")


class Unindented(Extension):
    """Templates are indented for those who write them; a phone need not load that (a quarter of a survey's page).

    Lines stay lines, so errors name the right one. Only the source is touched: what people wrote keeps every space.
    """

    @override
    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return _INDENTATION.sub("\n", source)


def init_app(app: Flask) -> None:
    """Serve `static/`, and give each address the fingerprint of its file, so that an upgrade is seen at once."""
    app.jinja_env.add_extension(Unindented)
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=str(FOLDER),
        prefix="static/",
        max_age=DAY_SECONDS,
        allow_all_origins=False,
        autorefresh=app.debug or app.testing,
        add_headers_function=_add_headers,
    )

    @app.url_defaults
    def add_fingerprint(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and "filename" in values:
            path = FOLDER / str(values["filename"])
            if path.is_file():
                values.setdefault("v", _fingerprint(path, path.stat().st_mtime_ns))


def _add_headers(headers: Headers, _path: str, _url: str) -> None:
    for name, value in STATIC_HEADERS.items():
        headers[name] = value


@lru_cache(maxsize=512)
def _fingerprint(path: Path, _changed_at: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]
