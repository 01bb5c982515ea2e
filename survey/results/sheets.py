"""The tables of the results as CSV lines, with figures as numbers: shares of 1, NPS from −100 to 100. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from survey.results.confidential import Kept
from survey.results.counting import Figure, Unit
from survey.results.estimates import Estimate
from survey.results.figures import Card
from survey.results.funnel import Funnel, Stop
from survey.results.periods import Part
from survey.spreadsheet import csv_line

COLUMNS = ("question", "text", "what", "of", "answers", "unit", "figure", "low", "high")


def figures_csv(cards: Iterable[Card], parts: Sequence[Part]) -> Iterator[str]:
    """Every figure of every question: whole, before, by month, by version; and how often each answer was given."""
    yield csv_line(COLUMNS)
    for card in cards:
        yield from _card(card, parts)


def _card(card: Card, parts: Sequence[Part]) -> Iterator[str]:
    begin = (card.asked.key, card.asked.text)
    if not card.lines:
        yield csv_line([*begin, "all", "", card.n, "", "", "", ""])
    for line in card.lines:
        label = "" if card.main else line.label
        yield csv_line([*begin, label or "all", "", *_figure(line.figure)])
        yield csv_line([*begin, label or "all", "before", *_figure(line.before)])
        for part, figure in zip(parts, line.parts, strict=True):
            yield csv_line([*begin, label or "all", part.name, *_figure(figure)])
        for version, figure in zip(card.versions, line.versions, strict=True):
            yield csv_line([*begin, label or "all", version.label, *_figure(figure)])
    if card.main:
        for bar in card.bars:
            yield csv_line([*begin, f"answer: {bar.label}", "", bar.count, "share", *_numbers(bar.share, 1)])
    for label, count in card.numbers:
        yield csv_line([*begin, f"answer: {label}", "", count, "", "", "", ""])


def funnel_csv(funnel: Funnel) -> Iterator[str]:
    """Each step with its share of the one before and of the first, and what is known of why the others stopped."""
    yield csv_line(
        (
            "step",
            "count",
            *("of the step before", "low of the step before", "high of the step before"),
            *("of the first", "low of the first", "high of the first"),
            "why not more",
        )
    )
    for number, step in enumerate(funnel.steps):
        why = "; ".join(f"{reason}: {count}" for reason, count in step.lost)
        shares = (step.of_previous, step.of_first) if number else (None, None)  # the first is a part of nothing
        yield csv_line([step.label, step.count, *_numbers(shares[0], 1), *_numbers(shares[1], 1), why])


def drop_off_csv(stops: Iterable[Stop]) -> Iterator[str]:
    """Each question: shown, answered, and the share."""
    yield csv_line(("question", "shown", "answered", "share", "low", "high", "note"))
    for stop in stops:
        yield csv_line([stop.text, stop.shown, stop.answered, *_numbers(stop.share, 1), stop.note])


def confidential_csv(kept: Iterable[Kept]) -> Iterator[str]:
    """What the page shows of confidential answers, and nothing more."""
    yield csv_line(("question", "text", "version", "time", "answers", "what", "count", "share", "low", "high"))
    for one in kept:
        for group in one.groups:
            begin = (one.asked.key, one.asked.text, one.version.label, group.label, group.n)
            if group.figure:
                yield csv_line([*begin, group.figure.unit.value, "", *_numbers(group.figure.estimate, 1)])
            for bar in group.bars:
                yield csv_line([*begin, bar.label, bar.count, *_numbers(bar.share, 1)])
            for text in group.texts:
                yield csv_line([*begin, text, "", "", "", ""])


def _figure(figure: Figure) -> list[object]:
    times = 100 if figure.unit is Unit.NPS else 1
    return [figure.n, figure.unit.value, *_numbers(figure.estimate, times)]


def _numbers(estimate: Estimate | None, times: int) -> list[object]:
    if estimate is None:
        return ["", "", ""]
    return [f"{times * number:.4g}" for number in (estimate.value, estimate.low, estimate.high)]
