"""Where the marks of a chart stand: months with their intervals. Pure; the templates draw them."""

from collections.abc import Sequence
from dataclasses import dataclass

from survey.results.counting import Figure, Unit
from survey.results.periods import Part

WIDTH, HEIGHT = 360.0, 132.0
LEFT, RIGHT, TOP, BOTTOM = 34.0, 350.0, 8.0, 108.0
FEWEST = 2  # months with a figure, for a chart
MOST_NAMED = 5  # months named on the axis: more run into one another on a phone
ENDS = {Unit.SHARE: (0.0, 1.0), Unit.NPS: (-1.0, 1.0)}
STEPS = {Unit.SHARE: 0.25, Unit.NPS: 0.5, Unit.SCALE: 1.0}  # an axis ends on one of these, and has a line at each


@dataclass(frozen=True)
class Dot:
    """One month's figure and its interval."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True)
class Tick:
    """A word on an axis, and where."""

    at: float
    value: float
    text: str = ""


@dataclass(frozen=True)
class Chart:
    """Dots with whiskers; `lines` join those of months that follow one another; `up`, `across`: the axes."""

    dots: tuple[Dot, ...]
    lines: tuple[str, ...]  # `points` of polylines
    up: tuple[Tick, ...]
    across: tuple[Tick, ...]


def over_time(figures: Sequence[Figure], parts: Sequence[Part], scale: tuple[int, int]) -> Chart | None:
    """The chart of one figure by month; None where fewer than two months have one. `scale` is the question's own."""
    known = [figure.estimate for figure in figures if figure.estimate]
    if len(known) < FEWEST:
        return None
    unit = figures[0].unit
    ends = ENDS.get(unit, (float(scale[0]), float(scale[1])))
    bottom, top = _range(min(one.low for one in known), max(one.high for one in known), ends, STEPS[unit])
    step = (RIGHT - LEFT) / max(len(figures), 1)

    def up(value: float) -> float:
        return BOTTOM - (value - bottom) / (top - bottom) * (BOTTOM - TOP)

    dots = [
        Dot(LEFT + step * (place + 0.5), up(one.value), up(one.low), up(one.high)) if (one := figure.estimate) else None
        for place, figure in enumerate(figures)
    ]
    lines = round((top - bottom) / STEPS[unit])
    ticks = [Tick(up(value), value) for value in (bottom + number * STEPS[unit] for number in range(lines + 1))]
    every = max(1, -(-len(parts) // MOST_NAMED))
    across = [
        Tick(LEFT + step * (place + 0.5), place, part.name) for place, part in enumerate(parts) if place % every == 0
    ]
    return Chart(tuple(dot for dot in dots if dot), tuple(_lines(dots)), tuple(ticks), tuple(across))


def _range(low: float, high: float, ends: tuple[float, float], step: float) -> tuple[float, float]:
    """A range of the axis that holds the intervals, ends on whole steps and does not leave the scale."""
    bottom = max(ends[0], step * int((low - ends[0]) / step) + ends[0])
    top = min(ends[1], ends[1] - step * int((ends[1] - high) / step))
    return (bottom, top) if top > bottom else ends


def _lines(dots: Sequence[Dot | None]) -> list[str]:
    stretches: list[list[Dot]] = [[]]
    for dot in dots:
        if dot:
            stretches[-1].append(dot)
        elif stretches[-1]:
            stretches.append([])
    return [" ".join(f"{dot.x:.1f},{dot.y:.1f}" for dot in stretch) for stretch in stretches if len(stretch) > 1]
