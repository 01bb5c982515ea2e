"""Counted answers, added up by part of the period and by version, and the one figure of each. Pure.

Nothing is said of fewer than LEAST answers.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from survey.questionnaires.document import QuestionType
from survey.results import estimates
from survey.results.estimates import Estimate
from survey.results.questions import Asked, VersionId

LEAST = 5  # answers, for a figure
BEFORE = -1  # the part of a period that stands for the time before it
STEP = "promise."  # a step of the promise is counted as the question `promise.<step>`
_KINDS = {QuestionType.NPS: "nps", QuestionType.YES_NO: "share", QuestionType.CONSENT: "share"}


class Unit(StrEnum):
    """What a figure is a number of."""

    SCALE = "scale"  # points of the question's scale
    SHARE = "share"  # of 1
    NPS = "nps"  # of 1; people write it times 100


@dataclass(frozen=True)
class Row:
    """How often one number was given to one question. `number` None: a text, or that something was ticked at all."""

    question: str
    version: VersionId
    part: int  # of the period; BEFORE
    number: int | None
    count: int


@dataclass(frozen=True)
class Figure:
    """A figure from `n` answers; without an estimate they are too few to say."""

    n: int
    unit: Unit
    estimate: Estimate | None


class Counted:
    """The rows of one question, added up by whatever is asked."""

    def __init__(self, asked: Asked, rows: Iterable[Row], parts: int) -> None:
        self.asked, self.parts = asked, parts
        self._rows: dict[str, list[Row]] = {}
        for row in rows:
            self._rows.setdefault(row.question, []).append(row)

    @property
    def names(self) -> Collection[str]:
        """Every name that something was counted under."""
        return self._rows.keys()

    def numbers(self, part: int | None = None, version: object = ..., name: str = "") -> Counter[int]:
        """Number → how many, of the period (or a part of it) under the question's own name or `name`."""
        found: Counter[int] = Counter()
        for row in self._rows.get(name or self.asked.key, ()):
            if row.number is not None and _fits(row, part, version):
                found[row.number] += row.count
        return found

    def people(self, part: int | None = None, version: object = ...) -> int:
        """How many answered the question at all."""
        by_text = self.asked.is_text or self.asked.type in {QuestionType.CHOICES, QuestionType.PROMISE}
        return sum(
            row.count
            for row in self._rows.get(self.asked.key, ())
            if (row.number is None) is by_text and _fits(row, part, version)
        )

    def figure(self, name: str, part: int | None = None, version: object = ...) -> Figure:
        """The figure of the question, of its option `name` or of its step `name`."""
        kind = self.asked.type
        if kind is QuestionType.CHOICE:
            numbers = self.numbers(part, version)
            return _share(numbers[int(name)], numbers.total())
        if kind is QuestionType.CHOICES:
            ticked = sum(
                row.count for row in self._rows.get(f"{self.asked.key}.{name}", ()) if _fits(row, part, version)
            )
            return _share(ticked, self.people(part, version))
        if kind is QuestionType.PROMISE:
            numbers = self.numbers(part, version, STEP + name)
            return _share(numbers[1], numbers[1] + numbers[-1])
        return figure_of(self.asked, self.numbers(part, version))


def _fits(row: Row, part: int | None, version: object) -> bool:
    in_part = row.part != BEFORE if part is None else row.part == part
    return in_part and (version is ... or row.version == version)


def figure_of(asked: Asked, numbers: Mapping[int, int]) -> Figure:
    """The figure of a question with a scale."""
    n = estimates.total(numbers)
    kind = _KINDS.get(asked.type, "mean")
    unit = {"nps": Unit.NPS, "share": Unit.SHARE}.get(kind, Unit.SCALE)
    if n < LEAST:
        return Figure(n, unit, None)
    if kind == "nps":
        return Figure(n, unit, estimates.nps(numbers))
    if kind == "share":
        return Figure(n, unit, estimates.share_of(numbers, 1))
    return Figure(n, unit, estimates.mean(numbers, asked.question.scale))


def _share(successes: int, n: int) -> Figure:
    return Figure(n, Unit.SHARE, estimates.share(successes, n) if n >= LEAST else None)
