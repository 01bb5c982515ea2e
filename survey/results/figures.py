"""What is shown of each question: figures with intervals, how answers are spread, month by month, against before. Pure.

Nothing is said of fewer than LEAST answers, and what has no figure has no place in any order.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from survey.questionnaires.document import QuestionType
from survey.questionnaires.words import ENDS, RATING_WORDS, YES_NO_WORDS
from survey.results import estimates
from survey.results.counting import BEFORE, LEAST, STEP, Counted, Figure, Row, Unit
from survey.results.estimates import Estimate
from survey.results.questions import Asked, Version, versions_of

GOOD_FROM = {QuestionType.RATING: 4, QuestionType.CES: 5, QuestionType.AGREEMENT: 5}


@dataclass(frozen=True)
class Bar:
    """How many gave one answer."""

    label: str
    count: int
    share: Estimate | None
    tone: str = "accent"
    giving: tuple[str, int, int] | None = None  # who gave it: (name of the answer, from, to)


@dataclass(frozen=True)
class Line:
    """One figure in all its cuts: whole, by part of the period, by version, and how it moved since before."""

    label: str
    figure: Figure
    before: Figure
    change: Estimate | None
    parts: tuple[Figure, ...]
    versions: tuple[Figure, ...]  # as `Card.versions`

    @property
    def is_clear(self) -> bool:
        """Whether the interval of the change holds no zero."""
        return self.change is not None and (self.change.low > 0 or self.change.high < 0)


@dataclass(frozen=True)
class Card:
    """One question's results. `n` answered it; `lines` has one figure, or one for each option or step, none for texts.

    `unconfirmed`: how many of `n` are clicks in an email that were never confirmed.
    """

    asked: Asked
    n: int
    n_before: int
    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]
    good: Figure | None  # the share of good answers, beside a mean
    versions: tuple[Version, ...]  # those with answers, oldest first, where there are several
    numbers: tuple[tuple[str, int], ...]  # answer → how many, one by one
    unconfirmed: int = 0

    @property
    def main(self) -> Line | None:
        """The one figure of a question that has one."""
        return self.lines[0] if len(self.lines) == 1 and not self.asked.is_choosing else None

    @property
    def is_enough(self) -> bool:
        return self.n >= LEAST


def cards(
    asked: Sequence[Asked], rows: Iterable[Row], versions: Sequence[Version], parts: int, steps: Mapping[str, str]
) -> list[Card]:
    """The results of each question, in order; of those that are not asked any more, or that only scripts and other
    tools answer, where there are answers.

    `parts`: how many the period has; `steps`: step of the promise → text.
    """
    by_question: dict[str, list[Row]] = {}
    for row in rows:
        by_question.setdefault(row.question.partition(".")[0], []).append(row)
    made = [_card(one, by_question.get(one.key, []), versions, parts, steps) for one in asked]
    return [card for card in made if card.asked.still_asked or card.n or card.n_before]


def _card(asked: Asked, rows: Sequence[Row], versions: Sequence[Version], parts: int, steps: Mapping[str, str]) -> Card:
    ours = versions_of(asked, versions)
    counted = Counted(asked, [row for row in rows if row.version in ours], parts)
    answered = tuple(version for version in versions if counted.people(version=version.id))
    several = answered if len(answered) > 1 else ()
    n = counted.people()
    return Card(
        asked=asked,
        n=n,
        n_before=counted.people(part=BEFORE),
        bars=_bars(asked, counted, n),
        lines=tuple(_line(name, label, counted, several) for name, label in _names(asked, counted, steps)),
        good=_good(asked, counted.numbers()),
        versions=several,
        numbers=_numbers(asked, counted),
    )


def _names(asked: Asked, counted: Counted, steps: Mapping[str, str]) -> list[tuple[str, str]]:
    """What has a figure: (name, label) of the question itself, of each option, of each step."""
    if asked.is_text:
        return []
    if asked.is_choosing:
        return [(str(value), text) for value, text in asked.options.items()]
    if asked.type is QuestionType.PROMISE:
        answered = {name.removeprefix(STEP) for name in counted.names if name.startswith(STEP)}
        old = sorted(answered - steps.keys())
        return [*steps.items(), *((step, step.replace("_", " ").capitalize()) for step in old)]
    return [("", asked.text)]


def _line(name: str, label: str, counted: Counted, versions: Sequence[Version]) -> Line:
    figure, before = counted.figure(name), counted.figure(name, BEFORE)
    return Line(
        label=label,
        figure=figure,
        before=before,
        change=_change(name, counted) if figure.estimate and before.estimate else None,
        parts=tuple(counted.figure(name, part) for part in range(counted.parts)),
        versions=tuple(counted.figure(name, version=version.id) for version in versions),
    )


def _change(name: str, counted: Counted) -> Estimate | None:
    asked, now, before = counted.asked, counted.figure(name), counted.figure(name, BEFORE)
    if now.unit is Unit.SHARE:
        return estimates.share_change(_successes(now), _successes(before))
    if now.unit is Unit.NPS:
        return estimates.nps_change(counted.numbers(), counted.numbers(BEFORE))
    return estimates.mean_change(counted.numbers(), counted.numbers(BEFORE), asked.question.scale)


def _successes(figure: Figure) -> tuple[int, int]:
    assert figure.estimate is not None
    return round(figure.estimate.value * figure.n), figure.n


def _good(asked: Asked, numbers: Mapping[int, int]) -> Figure | None:
    lowest, n = GOOD_FROM.get(asked.type), estimates.total(numbers)
    return Figure(n, Unit.SHARE, estimates.share_of(numbers, lowest)) if lowest and n >= LEAST else None


def _bars(asked: Asked, counted: Counted, n: int) -> tuple[Bar, ...]:
    if n < LEAST or asked.is_text or asked.type is QuestionType.PROMISE:
        return ()
    if asked.is_choosing:
        return tuple(_option(asked, counted.figure(str(value)), value, text) for value, text in asked.options.items())
    numbers = counted.numbers()
    if asked.type is QuestionType.NPS:
        camps = (("Promoters: 9 or 10", 9, 10, "good"), ("Passives: 7 or 8", 7, 8, "muted"))
        groups = [*camps, ("Detractors: 0 to 6", 0, 6, "danger")]
    else:
        low, high = asked.question.scale
        groups = [(label_of(asked, i), i, i, _tone(asked, i)) for i in range(high, low - 1, -1)]
    counts = [
        (text, sum(numbers[i] for i in range(low, high + 1)), low, high, tone) for text, low, high, tone in groups
    ]
    return tuple(
        Bar(text, count, estimates.share(count, n), tone, (asked.key, low, high))
        for text, count, low, high, tone in counts
    )


def _option(asked: Asked, figure: Figure, value: int, text: str) -> Bar:
    several = asked.type is QuestionType.CHOICES
    giving = (f"{asked.key}.{value}", 1, 1) if several else (asked.key, value, value)
    return Bar(text, _successes(figure)[0], figure.estimate, "accent", giving)


def label_of(asked: Asked, number: int) -> str:
    """An answer's number in words."""
    if asked.type is QuestionType.RATING:
        return RATING_WORDS[number]
    if asked.type is QuestionType.CONSENT:
        return {1: "Ticked", 0: "Not ticked"}[number]
    if asked.type is QuestionType.YES_NO:
        return YES_NO_WORDS[number]
    if asked.is_choosing:
        return asked.options.get(number, str(number))
    if asked.type in ENDS and number in asked.question.scale:
        words = ENDS[asked.type][number == asked.question.scale[1]]
        return f"{number}: {words.lower()}"
    return str(number)


def _tone(asked: Asked, number: int) -> str:
    if asked.type not in GOOD_FROM:
        return "accent" if number else "muted"
    low, high = asked.question.scale
    middle = (low + high) // 2
    return "good" if number > middle else "warning" if number == middle else "danger"


def _numbers(asked: Asked, counted: Counted) -> tuple[tuple[str, int], ...]:
    if asked.type is not QuestionType.NPS or not counted.people() >= LEAST:
        return ()
    numbers = counted.numbers()
    return tuple((str(number), numbers[number]) for number in range(11))
