"""Subjects over time: how often each is mentioned, and which share of it is bad, with intervals. Counting is pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from analysis.desk.comments import corrects_reading
from analysis.models import AnswerAnalysis, Correction
from analysis.reading.readings import in_force
from analysis.relationships.intervals import wilson
from survey.models import Answer, Client, SurveyResponse

FEWEST = 5  # comments below which a share says nothing
SPANS = (6, 12, 24, 36)  # months that can be chosen
USUAL_SPAN = 12
LONGEST_BY_MONTH = 12  # months; longer spans go by quarter
QUARTER = 3  # months
_WIDTH, _HEIGHT = 120.0, 32.0  # of a sparkline, in units of its viewBox


@dataclass(frozen=True)
class Count:
    """Comments that mention a subject in one period, and those among them that speak badly of it."""

    total: int = 0
    negative: int = 0

    @property
    def share(self) -> float | None:
        """The share of bad ones, 0…1; None where there are too few to say."""
        return self.negative / self.total if self.total >= FEWEST else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The share's 95 % interval (Wilson); None where there are too few to say."""
        return wilson(self.negative, self.total) if self.total >= FEWEST else None


@dataclass(frozen=True, kw_only=True)
class Period:
    """One month or quarter, by its first day; `label` is "Mar 2026" or "Q1 2026"."""

    start: date
    label: str


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One subject over all periods, oldest first."""

    aspect: str
    counts: tuple[Count, ...]

    @property
    def whole(self) -> Count:
        """All periods together."""
        return Count(sum(count.total for count in self.counts), sum(count.negative for count in self.counts))

    @property
    def bars(self) -> list[tuple[float, float, float, float]]:
        """The mentions as bars: x, y, width, height in the sparkline's units."""
        step, most = _WIDTH / len(self.counts), max(count.total for count in self.counts) or 1
        heights = [count.total / most * _HEIGHT for count in self.counts]
        return [(i * step + 0.5, _HEIGHT - height, max(step - 1, 1), height) for i, height in enumerate(heights)]

    @property
    def stretches(self) -> list["Stretch"]:
        """The share as a line with its band, broken where there are too few to say."""
        step = _WIDTH / len(self.counts)
        runs: list[list[tuple[float, float, float, float]]] = [[]]
        for i, count in enumerate(self.counts):
            if count.share is None or count.interval is None:
                runs.append([])
            else:
                low, high = count.interval
                runs[-1].append(((i + 0.5) * step, _y(count.share), _y(high), _y(low)))
        return [Stretch(tuple(run), step) for run in runs if run]


@dataclass(frozen=True)
class Stretch:
    """Neighbouring periods with enough comments: (x, y of the share, of its upper and of its lower end)."""

    points: tuple[tuple[float, float, float, float], ...]
    step: float

    @property
    def line(self) -> str:
        """The SVG points of the share."""
        return " ".join(f"{x:.1f},{y:.1f}" for x, y, _, _ in self._wide)

    @property
    def band(self) -> str:
        """The SVG points around the interval."""
        above = [f"{x:.1f},{high:.1f}" for x, _, high, _ in self._wide]
        below = [f"{x:.1f},{low:.1f}" for x, _, _, low in reversed(self._wide)]
        return " ".join(above + below)

    @property
    def _wide(self) -> list[tuple[float, float, float, float]]:
        """A single period is drawn as a short level line, or nobody would see it."""
        if len(self.points) > 1:
            return list(self.points)
        x, y, high, low = self.points[0]
        return [(x - self.step / 3, y, high, low), (x + self.step / 3, y, high, low)]


@dataclass(frozen=True, kw_only=True)
class Trends:
    """Subjects, the most mentioned first, over `periods`, oldest first; `by` is "month" or "quarter"."""

    by: str
    periods: tuple[Period, ...]
    subjects: tuple[Subject, ...]


def trends(session: Session, today: date, zone: tzinfo, months: int = USUAL_SPAN) -> Trends:
    """What clients spoke of in the last `months` months, this one included. Internal clients are left out.

    By month; by quarter where the span is longer than a year, or where no subject has enough comments in two
    thirds of the months: the line would be a few dots.
    """
    quarters = quarters_until(today, months)
    since = min(quarters[0].start, months_until(today, months)[0].start)
    rows = session.execute(
        select(SurveyResponse.submitted_at, AnswerAnalysis.aspects, Correction.aspects)
        .join(Answer, Answer.response_id == SurveyResponse.id)
        .join(AnswerAnalysis, and_(AnswerAnalysis.answer_id == Answer.id, in_force()))
        .join(Client, Client.id == SurveyResponse.client_id)
        .outerjoin(Correction, and_(Correction.answer_id == Answer.id, corrects_reading()))
        .where(
            SurveyResponse.submitted_at >= datetime.combine(since, time.min, zone),
            Client.internal.is_(False),
            Answer.text.is_not(None),
        )
    )
    dated = [(at.astimezone(zone).date(), said if right is None else right) for at, said, right in rows]
    if months <= LONGEST_BY_MONTH:
        by_month = count_subjects(dated, within := months_until(today, months))
        if any(3 * sum(count.share is not None for count in subject.counts) >= 2 * months for subject in by_month):
            return Trends(by="month", periods=within, subjects=by_month)
    return Trends(by="quarter", periods=quarters, subjects=count_subjects(dated, quarters))


def count_subjects(
    comments: Iterable[tuple[date, Sequence[Mapping[str, Any]]]], within: Sequence[Period]
) -> tuple[Subject, ...]:
    """Count the comments that mention each subject, period by period; the most mentioned first.

    A comment counts once for a subject, and as a bad one when any mention in it is negative: sentences of one comment
    are not independent, and the interval takes its counts for that.
    """
    starts = [period.start for period in within]
    totals: dict[str, list[int]] = defaultdict(lambda: [0] * len(starts))
    negatives: dict[str, list[int]] = defaultdict(lambda: [0] * len(starts))
    for day, mentions in comments:
        place = sum(start <= day for start in starts) - 1
        if place < 0:
            continue
        for aspect in {str(mention["aspect"]) for mention in mentions}:
            totals[aspect][place] += 1
            bad = any(m["sentiment"] == "negative" for m in mentions if m["aspect"] == aspect)
            negatives[aspect][place] += bad
    subjects = [
        Subject(aspect=aspect, counts=tuple(map(Count, total, negatives[aspect]))) for aspect, total in totals.items()
    ]
    return tuple(sorted(subjects, key=lambda subject: (-subject.whole.total, subject.aspect)))


def months_until(today: date, count: int) -> tuple[Period, ...]:
    """The last `count` months up to today's, oldest first."""
    last = today.year * 12 + today.month - 1
    return tuple(_month(index) for index in range(last - count + 1, last + 1))


def quarters_until(today: date, months: int) -> tuple[Period, ...]:
    """The quarters of the last `months` months up to today's, oldest first."""
    last = today.year * 12 + today.month - 1
    quarter = last - last % QUARTER
    return tuple(_quarter(index) for index in range(quarter - months + QUARTER, quarter + 1, QUARTER))


def _month(index: int) -> Period:
    start = date(index // 12, index % 12 + 1, 1)
    return Period(start=start, label=f"{start:%b %Y}")


def _quarter(index: int) -> Period:
    start = date(index // 12, index % 12 + 1, 1)
    return Period(start=start, label=f"Q{index % 12 // QUARTER + 1} {start.year}")


def _y(share: float) -> float:
    return (1 - share) * _HEIGHT
