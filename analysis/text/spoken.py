"""Words of texts as the models read them, remembered piece by piece: what stands between two spaces was often met."""

from collections.abc import Sequence
from itertools import chain

from analysis.text import fast
from analysis.text.neutral import NAME, Neutral, has_marks, has_number, numbered

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
        for met in (self._alone, self._beside):
            if len(met) > _REMEMBERED:
                met.clear()
        read = list(map(self._alone.__getitem__, text.split()))
        if None in read:
            return self._beside_each_other(text, read)
        return list(chain.from_iterable(read))[: fast.LONGEST]  # type: ignore[arg-type]  # none is None

    def _beside_each_other(self, text: str, read: list[_Words]) -> list[str]:
        """As `__call__`, where what is None in `read` depends on what stands around it."""
        equal = text
        if has_number(text):
            if has_marks(text):  # these are read before the numbers are
                return fast.words(self._neutral(text))
            equal = numbered(text)
            read = list(map(self._alone.__getitem__, equal.split()))
        pieces = ["", *equal.split(), ""]
        if len(equal) != sum(map(len, pieces)) + equal.count(" ") or _WIDE in equal:
            return fast.words(self._neutral(text))
        words: list[str] = []
        names = 0
        for at, known in enumerate(read):
            found = known
            if found is None:
                found = self._beside[pieces[at], pieces[at + 1], pieces[at + 2]]
                names += sum(_NAME in word for word in found or ())
                if found is None or names > 1:  # a full name is read as one
                    return fast.words(self._neutral(text))
            words += found
        return words[: fast.LONGEST]


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
