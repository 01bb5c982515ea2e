"""The questionnaires that the front knows by their version."""

from survey.front.asked import Reader
from survey.front.sheets import is_plain
from survey.questionnaires import library
from survey.questionnaires.document import Document, read_document


class Documents:
    """What each version asks; a version never changes, so it is read once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
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
            raw = self._reader.document(version_id) if version_id else None
            document = read_document(raw) if raw else library.document(library.FIRST)
            found = self._known[version_id] = (document, is_plain(document))
        return found
