"""Words of texts as the models read them, remembered piece by piece: what stands between two spaces was often met."""

from collections.abc import Sequence

from analysis.text import fast
from analysis.text.neutral import NAME, Neutral, has_number

_REMEMBERED = 20_000  # pieces
_LONGEST = 30  # characters of a piece that is remembered
_WIDE = 6 * " "  # more space than a neighbour is known through
_NAME = NAME.lower()

_Words = Sequence[str] | None  # None: they depend on what stands around


class Spoken:
    """Text → `fast.words(neutral(text))`, which it is equal to and quicker than. Threads may share it."""

    def __init__(self, neutral: Neutral) -> None:
        self._neutral = neutral
        self._alone = _Alone(neutral)
        self._beside = _Beside(neutral)

    def __call__(self, text: str) -> list[str]:
        """The words of `text` made equal."""
        pieces = text.split()
        for met in (self._alone, self._beside):
            if len(met) > _REMEMBERED:
                met.clear()
        read = list(map(self._alone.__getitem__, pieces))
        if None in read and not self._has_read_beside(text, pieces, read):
            return fast.words(self._neutral(text))
        return [word for found in read for word in found or ()][: fast.LONGEST]

    def _has_read_beside(self, text: str, pieces: list[str], read: list[_Words]) -> bool:
        """Fills what is None in `read`; False if that takes more than the pieces next to it."""
        if len(text) != sum(map(len, pieces)) + text.count(" ") or _WIDE in text or has_number(text):
            return False
        ends = ["", *pieces, ""]
        names = 0
        for at, known in enumerate(read):
            if known is None:
                read[at] = found = self._beside[ends[at], ends[at + 1], ends[at + 2]]
                if found is None:
                    return False
                names += sum(_NAME in word for word in found)
        return names < 2  # a full name is read as one


class _Alone(dict[str, _Words]):
    """What stands between two spaces → its words."""

    def __init__(self, neutral: Neutral) -> None:
        super().__init__()
        self._neutral = neutral

    def __missing__(self, piece: str) -> _Words:
        if len(piece) > _LONGEST:
            return None
        found = self[piece] = _words(self._neutral.alone(piece))
        return found


class _Beside(dict[tuple[str, str, str], _Words]):
    """What stands before, it itself, what stands after → its words."""

    def __init__(self, neutral: Neutral) -> None:
        super().__init__()
        self._neutral = neutral

    def __missing__(self, three: tuple[str, str, str]) -> _Words:
        found = _words(self._neutral.beside(*three))
        if max(map(len, three)) <= _LONGEST:
            self[three] = found
        return found


def _words(read: str | None) -> _Words:
    return None if read is None else tuple(fast.words(read))
