"""The questionnaires that the front knows by their version."""

from collections.abc import Set
from typing import NamedTuple

from survey.front.asked import Reader
from survey.front.sheets import is_plain
from survey.questionnaires import library
from survey.questionnaires.confidential import for_managers, of_document
from survey.questionnaires.document import Document, read_document


class Known(NamedTuple):
    """What a version asks, and what follows from it for everybody."""

    document: Document
    is_plain: bool  # its first page is the same for everybody
    is_confidential: bool  # some of its answers are kept apart
    for_managers: Set[str]  # the keys of the questions whose answers only they may read


class Documents:
    """What each version asks; a version never changes, so it is read once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[int | None, Known] = {}

    async def of(self, version_id: int | None) -> Known:
        """What a version asks; None: as before there were versions."""
        found = self._known.get(version_id)
        if found is None:
            raw = await self._reader.document(version_id) if version_id else None
            document = read_document(raw) if raw else library.document(library.FIRST)
            plain, apart = is_plain(document), bool(of_document(document))
            found = self._known[version_id] = Known(document, plain, apart, for_managers(document))
        return found
