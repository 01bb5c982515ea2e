"""The curves of a backtest as points of an SVG: x and y in the units of its viewBox. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import sqrt
from typing import Any

from analysis.backtest.replay import NAIVE
from analysis.desk.backtest_page import OURS, RULE_WORDS

WIDTH, HEIGHT = 360.0, 250.0
LEFT, RIGHT, TOP, BOTTOM = 40.0, 20.0, 10.0, 34.0
STORY_HEIGHT = 120.0


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where, and what it says."""

    at: float
    text: str


@dataclass(frozen=True)
class Line:
    """One rule's curve; `band` are the points around its interval, "" for none; `kind` ours, best or other."""

    label: str
    kind: str
    points: str
    band: str = ""


@dataclass(frozen=True)
class Chart:
    """Lines in a frame. `diagonal`: what chance alone would give, or what perfect agreement would."""

    lines: tuple[Line, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    diagonal: str = ""


@dataclass(frozen=True)
class Dot:
    """One band of risk: what was said across, what happened up, with its interval."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True)
class Bar:
    """One bar: x, y, width, height."""

    x: float
    y: float
    width: float
    height: float
    kind: str


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)


def _line(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


_DIAGONAL = _line([(_x(0), _y(0)), (_x(1), _y(1))])


def gain_chart(report: Mapping[str, Any]) -> Chart:
    """Looking at the top x % of the list, y % of what will be lost is seen."""
    best = report["curves"]["ten"]["best_naive"]
    gain = report["curves"]["gain"]
    order = [*(name for name in NAIVE if name != best), best, OURS]  # ours is drawn last, on top
    lines = []
    for name in order:
        points = [(0.0, 0.0), *((row["share"], row["found"]) for row in gain[name]), (1.0, 1.0)]
        band = ""
        if name == OURS:
            above = [(_x(row["share"]), _y(row["high"])) for row in gain[name]]
            below = [(_x(row["share"]), _y(row["low"])) for row in reversed(gain[name])]
            band = _line([(_x(0), _y(0)), *above, (_x(1), _y(1)), *below])
        kind = "ours" if name == OURS else "best" if name == best else "other"
        lines.append(Line(RULE_WORDS[name], kind, _line([(_x(x), _y(y)) for x, y in points]), band))
    marks = (0.0, 0.25, 0.5, 0.75, 1.0)
    return Chart(
        tuple(lines),
        tuple(Tick(_x(mark), f"{mark:.0%}") for mark in marks),
        tuple(Tick(_y(mark), f"{mark:.0%}") for mark in marks),
        _DIAGONAL,
    )


def reliability_chart(report: Mapping[str, Any]) -> tuple[Chart, tuple[Dot, ...]]:
    """Said across, happened up; both by square root, since most risks are small."""
    dots = tuple(
        Dot(_x(sqrt(row["said"])), _y(sqrt(row["happened"])), _y(sqrt(row["low"])), _y(sqrt(row["high"])))
        for row in report["curves"]["reliability"]
    )
    marks = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0)
    across = tuple(Tick(_x(sqrt(mark)), f"{mark:.0%}") for mark in marks)
    return Chart((), across, tuple(Tick(_y(sqrt(mark)), f"{mark:.0%}") for mark in marks), _DIAGONAL), dots


def lead_chart(report: Mapping[str, Any]) -> tuple[Chart, tuple[Bar, ...]]:
    """How many days before the last job the found were first in the ten: ours beside the best simple rule."""
    ten = report["curves"]["ten"]
    ours, best = ten["models"][OURS]["days"], ten["models"][ten["best_naive"]]["days"]
    most = max([1, *(bin_["clients"] for bin_ in (*ours, *best))])
    step, bars = (_x(1) - _x(0)) / len(ours), []
    for at, pair in enumerate(zip(ours, best, strict=True)):
        for place, (bin_, kind) in enumerate(zip(pair, ("ours", "best"), strict=True)):
            top = _y(bin_["clients"] / most)
            bars.append(Bar(_x(0) + step * (at + 0.12 + 0.39 * place), top, step * 0.37, _y(0) - top, kind))
    across = tuple(Tick(_x(0) + step * at, str(bin_["from"])) for at, bin_ in enumerate(ours))
    across += (Tick(_x(1), str(ours[-1]["to"])),)
    marks = sorted({0, most // 2, most})
    return Chart((), across, tuple(Tick(_y(mark / most), str(mark)) for mark in marks)), tuple(bars)


@dataclass(frozen=True)
class Spell:
    """Weeks in a row on the list or under a flag: from, and how wide."""

    x: float
    width: float


@dataclass(frozen=True)
class StoryChart:
    """A client's risk week by week: the line, its 80% band, spells in the ten and under a flag, and the last job."""

    line: str
    band: str
    top: float  # the risk at the top edge
    listed: tuple[Spell, ...]
    flagged: tuple[Spell, ...]
    last_job: float | None


def story_chart(story: Mapping[str, Any]) -> StoryChart:
    """The curve of one story."""
    weeks = story["weeks"]
    step = WIDTH / max(1, len(weeks))
    top: float = max([0.2, *(float(week["high"]) for week in weeks)])

    def y(risk: float) -> float:
        return STORY_HEIGHT - 16 - min(1.0, risk / top) * (STORY_HEIGHT - 20)

    middle = [(at + 0.5) * step for at in range(len(weeks))]
    upper = [(x, y(week["high"])) for x, week in zip(middle, weeks, strict=True)]
    lower = [(x, y(week["low"])) for x, week in zip(middle, weeks, strict=True)]
    return StoryChart(
        line=_line([(x, y(week["risk"])) for x, week in zip(middle, weeks, strict=True)]),
        band=_line([*upper, *reversed(lower)]),
        top=top,
        listed=_spells([week["ten"] for week in weeks], step),
        flagged=_spells([week["flagged"] for week in weeks], step),
        last_job=_last_job(story, step),
    )


def _spells(stood: Sequence[bool], step: float) -> tuple[Spell, ...]:
    spells: list[Spell] = []
    for at, on in enumerate(stood):
        if on and at and stood[at - 1]:
            spells[-1] = Spell(spells[-1].x, spells[-1].width + step)
        elif on:
            spells.append(Spell(at * step, step))
    return tuple(spells)


def _last_job(story: Mapping[str, Any], step: float) -> float | None:
    if not story["lost_at"] or not story["weeks"]:
        return None
    first = datetime.fromisoformat(story["weeks"][0]["week"])
    days = (datetime.fromisoformat(story["lost_at"]) - first).total_seconds() / 86_400
    return float((days / 7 + 0.5) * step)
