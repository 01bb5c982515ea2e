"""The first page of a survey, for everybody who is asked the same painted once."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from flask import Flask

from survey.front.asked import Asked
from survey.front.known_firm import Known
from survey.front.sheets import Sheet, kind_beside, painted
from survey.pages import language_for
from survey.questionnaires.answering import offered
from survey.questionnaires.document import Document

MOST_SHEETS = 512
MOST_VIEWS = 1_024
Kept = TypeVar("Kept")


@dataclass(frozen=True)
class View:
    """What the address, the browser and the person's language come to, for one version and one state of the firm."""

    language: str
    chosen: str
    offered: Mapping[str, int]
    sheets: dict[tuple[bool, ...], Sheet] = field(default_factory=dict)  # by which values are there


class FirstPages:
    """The pages, for the event loop."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._views: OrderedDict[object, View] = OrderedDict()
        self._sheets: OrderedDict[object, Sheet] = OrderedDict()

    def view(
        self, survey: Asked, document: Document, query: Mapping[str, str], languages: Sequence[str], known: Known
    ) -> View:
        """What is to be shown. `languages`: those the browser asks for, best first."""
        key = (known.stamp, survey.version_id, survey.language, *query.items(), *languages)
        found = self._views.get(key)
        if found is None:
            chosen = query.get("lang", "")
            language = language_for(document, [chosen, survey.language, *languages, known.firm.language])
            found = View(language, chosen, offered(document, query))
            self._keep(self._views, key, found, MOST_VIEWS)
        return found

    def page(
        self, survey: Asked, document: Document, view: View, token: str, known: Known, now: datetime
    ) -> tuple[Sheet, bytes]:
        """The sheet, and its text for this person."""
        values = survey.said(known.firm, view.language, now)
        values["kind_beside"] = kind_beside(values["title"], values["kind"])
        present = tuple(map(bool, values.values()))
        sheet = view.sheets.get(present)
        if sheet is None:
            sheet = view.sheets[present] = self._sheet(survey, document, view, known, values)
        return sheet, sheet.filled(values, token)

    def _sheet(self, survey: Asked, document: Document, view: View, known: Known, values: Mapping[str, str]) -> Sheet:
        there = ["token", *(name for name, value in values.items() if value)]
        key = (known.stamp, survey.version_id, view.language, view.chosen, *view.offered.items(), *there)
        sheet = self._sheets.get(key)
        if sheet is None:
            sheet = painted(self._app, known.firm, document, view.language, view.chosen, view.offered, there)
            self._keep(self._sheets, key, sheet, MOST_SHEETS)
        return sheet

    def _keep(self, kept: OrderedDict[object, Kept], key: object, value: Kept, most: int) -> None:
        kept[key] = value
        while len(kept) > most:
            kept.popitem(last=False)
