"""The questionnaires that the front knows by their version."""

from flask import Flask

from survey.db import db
from survey.front.sheets import is_plain
from survey.models import QuestionnaireVersion
from survey.questionnaires.document import Document
from survey.questionnaires.versions import document_of


class Documents:
    """What each version asks; a version never changes, so it is read once."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._known: dict[int | None, tuple[Document, bool]] = {}

    def of(self, version_id: int | None) -> Document:
        """What a version asks; None: as before there were versions."""
        return self._read(version_id)[0]

    def is_plain(self, version_id: int | None) -> bool:
        """Whether its first page is the same for everybody."""
        return self._read(version_id)[1]

    def _read(self, version_id: int | None) -> tuple[Document, bool]:
        found = self._known.get(version_id)
        if found is None:
            with self._app.app_context():
                version = db.session.get(QuestionnaireVersion, version_id) if version_id else None
                document = document_of(version)
            found = self._known[version_id] = (document, is_plain(document))
        return found
