"""A page painted once for everybody who is asked the same, with a tag in the place of each value of a person's own.

A tag carries a random word made for the process, so that nothing a person wrote can be one (as in `emails.compose`).
"""

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import lru_cache

from flask import Flask, make_response, url_for
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
    """A painted page in pieces: UTF-8 text, and between two of them the place of the value that is named."""

    pieces: tuple[bytes, ...]
    names: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]

    def filled(self, values: Mapping[str, str]) -> bytes:
        """The page for one person, escaped for HTML."""
        pieces = list(self.pieces)
        for place, name in enumerate(self.names):
            pieces[2 * place + 1] = _escaped(values[name])
        return b"".join(pieces)


@lru_cache(maxsize=4_096)  # most values are those of many: a day, a colleague's name
def _escaped(text: str) -> bytes:
    return escape(text).encode()


def values_of(occasion: Mapping[str, str], token: str) -> dict[str, str]:
    """What the tags stand for. `occasion`: the fields of an `Occasion`."""
    kind = occasion["kind"]
    beside = "" if kind.casefold() in occasion["title"].casefold() else kind
    return {**occasion, "kind_beside": beside, "token": token}


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
    parts = _TAG.split(response.get_data(as_text=True))
    headers = [(name, text) for name, text in response.headers if name not in {"Content-Length", "X-Request-ID"}]
    return Sheet(tuple(part.encode() for part in parts), tuple(_NAMES[tag] for tag in parts[1::2]), tuple(headers))
