"""A page painted once for everybody who is asked the same, with a tag in the place of each value of a person's own.

A tag carries a random word made for the process, so that nothing a person wrote can be one (as in `emails.compose`).
"""

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import lru_cache

from flask import Flask, Response, make_response, url_for
from markupsafe import escape
from typing_extensions import override

from survey.models import Firm
from survey.pages import FIRST, Occasion, Survey
from survey.promise import promise_steps
from survey.questionnaires import logic
from survey.questionnaires.document import Document
from survey.responses import NOTHING_YET
from survey.views.survey_pages import Shown, paint

_WORD = secrets.token_hex(4)
_OWN = (*(field.name for field in fields(Occasion)), "kind_beside", "token")
TAGS = {name: f"z{_WORD}x{number}z" for number, name in enumerate(_OWN)}
_TOKEN = b"token"
_NAMES = {tag: name for name, tag in TAGS.items()}
_TAG = re.compile(f"(z{_WORD}x\\d+z)")


@dataclass(frozen=True)
class _Tagged(Occasion):
    """An occasion of tags. Beside the title stands the kind only where the title does not hold it already."""

    own_kind: str = ""

    @property
    @override
    def values(self) -> dict[str, str]:
        return {**super().values, "kind": self.own_kind}


@dataclass(frozen=True)
class Sheet:
    """A painted page: UTF-8 text with a place `%(name)b` for each value that is named."""

    text: bytes
    names: tuple[tuple[bytes, str], ...]
    headers: tuple[tuple[bytes, bytes], ...]

    def filled(self, values: Mapping[str, str], token: str) -> bytes:
        """The page for one person, escaped for HTML. A token is nothing but letters, digits, - and _."""
        own = {place: _escaped(values[name]) for place, name in self.names}
        own[_TOKEN] = token.encode()
        return self.text % own


@lru_cache(maxsize=4_096)  # most values are those of many: a day, a colleague's name
def _escaped(text: str) -> bytes:
    return escape(text).encode()


@lru_cache(maxsize=4_096)
def kind_beside(title: str, kind: str) -> str:
    """The kind as it stands beside the title: not at all where the title says it."""
    return "" if kind.casefold() in title.casefold() else kind


def is_plain(document: Document) -> bool:
    """Whether the first page is the same for everybody: nothing on it depends on the job or on other answers."""
    pages = logic.pages(document, {}, logic.Setting(), document.lead)
    together = {document.lead.key}
    for question in document.questions[1:]:
        if not question.with_previous:
            break
        together.add(question.key)
    return together == {question.key for question in pages[0]}


def painted(
    app: Flask,
    firm: Firm,
    document: Document,
    language: str,
    chosen: str,
    offered: Mapping[str, int],
    present: Iterable[str],
) -> Sheet:
    """The first page of a questionnaire in a language. `chosen` is the language that the address asks for, `offered`
    what the link offers, `present` the names of the values that are not empty.
    """
    there = set(present)
    tags = {name: tag if name in there else "" for name, tag in TAGS.items()}
    own = {name: tags[name] for name in TAGS if name not in {"kind", "kind_beside", "token"}}
    survey = Survey(
        token=TAGS["token"],
        now=datetime.min.replace(tzinfo=UTC),
        firm=firm,
        document=document,
        language=language,
        occasion=_Tagged(**own, kind=tags["kind_beside"], own_kind=tags["kind"]),
        invitation=None,
        response=None,
        version=NOTHING_YET,
        answers={},
        steps={},
        promise=promise_steps(firm.promise),
    ).leading(offered)
    with app.test_request_context(f"/s/{TAGS['token']}"):

        def link(page: str, **query: object) -> str:
            values = {"lang": chosen or None, **query}
            return url_for("respond.show", token=TAGS["token"], page=page, **values)  # type: ignore[arg-type]

        html = paint(survey, FIRST, Shown(action=link(FIRST, **offered), link=link, offered=offered))
        response = app.process_response(make_response(html))
    parts = _TAG.split(response.get_data(as_text=True).replace("%", "%%"))
    parts[1::2] = [f"%({_NAMES[tag]})b" for tag in parts[1::2]]
    used = dict.fromkeys(parts[1::2])
    names = tuple((name.encode(), name) for name in TAGS if f"%({name})b" in used and name != "token")
    return Sheet("".join(parts).encode(), names, headers_of(response))


def headers_of(response: Response) -> tuple[tuple[bytes, bytes], ...]:
    """Those that are everybody's, as ASGI has them."""
    own = {"Content-Length", "X-Request-ID"}
    return tuple(
        (name.lower().encode("latin-1"), text.encode("latin-1")) for name, text in response.headers if name not in own
    )
