"""A client who looks bad and is not flagged: what looks bad, what is missing for a flag, what would raise one. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log

from analysis.relationships.evidence import Evidence, Response, Signal, days_between
from analysis.relationships.risk import BASE_POINTS, DEFAULT_THRESHOLDS, Thresholds
from analysis.relationships.scores import BAD_CSAT, DETRACTOR_NPS, said
from analysis.relationships.wording import short_day
from analysis.relationships.words import COMPLAINT_POINTS, LEAVING_POINTS, NEGATIVE_FROM

REMEMBERED_DAYS = 180
WORTH_POINTS, WORTH_POINTS_OF_TIME = 0.5, 1.2  # a job some days overdue looks bad to nobody
BAD_RATING = max(BAD_CSAT)  # 1 and 2 of 5
# What may come next, and what it would add fresh: the mildest first.
_NEXT = (
    ("a complaint in words", COMPLAINT_POINTS),
    ("a rating of 2 of 5", BAD_CSAT[2]),
    ("words that they leave", 0.9 * LEAVING_POINTS),
)
_OF_SIGNALS = (
    "not_fixed",
    "broken_word",
    "late_jobs",
    "broken_call",
    "reopened_jobs",
    "lost_contact",
    "missed_steps",
    "wants_contact",
)
_OF_TIME = ("overdue", "silence")


@dataclass(frozen=True)
class Look:
    """What looks bad, and since when: `at` is None for what lasts (silence, an overdue job) and for nothing ("")."""

    text: str = ""
    at: datetime | None = None


def looks_bad(evidence: Evidence, signals: Sequence[Signal], now: datetime, *, lapsed: bool) -> Look:
    """What anybody would see on the client's page: a bad last rating, an unhappy last comment, a strong sign.

    Whether a person has dealt with it is not asked: that is one of the answers to "why are they not flagged?".
    """
    recent = [response for response in evidence.responses if days_between(response.at, now) <= REMEMBERED_DAYS]
    rated = next((response for response in reversed(recent) if _rating(response)), None)
    if rated is not None and _is_bad(rated):
        return Look(f"Last answer {said(rated)}, on {short_day(rated.at)}.", rated.at)
    read = next((response for response in reversed(recent) if response.reading is not None), None)
    reading = read.reading if read is not None else None
    if read is not None and reading is not None and reading.sentiment == "negative" and reading.score <= NEGATIVE_FROM:
        return Look(f"Unhappy comment on {short_day(read.at)}.", read.at)
    shown = _OF_SIGNALS if lapsed else (*_OF_SIGNALS, *_OF_TIME)
    worst = next((signal for signal in signals if signal.name in shown and signal.points >= _worth(signal)), None)
    if worst is None:
        return Look()
    lasts = worst.name in _OF_TIME
    return Look(worst.text, None if lasts else max((quote.at for quote in worst.evidence), default=None))


def _worth(signal: Signal) -> float:
    return WORTH_POINTS_OF_TIME if signal.name in _OF_TIME else WORTH_POINTS


def _rating(response: Response) -> bool:
    return "csat" in response.numbers or "nps" in response.numbers


def _is_bad(response: Response) -> bool:
    numbers = response.numbers
    return numbers.get("csat", 5) <= BAD_RATING or numbers.get("nps", 10) <= DETRACTOR_NPS


@dataclass(frozen=True, kw_only=True)
class Gap:
    """How far a client is from a flag. `points` of `needed` by what was said and done; `loss` of `loss_needed` by the
    chance of loss, None where too little is known to say one."""

    points: float
    needed: float
    loss: float | None
    loss_needed: float
    would_raise: str

    @property
    def missing(self) -> float:
        return max(0.0, self.needed - self.points)


def gap(points: float, shift: float, loss: float, too_little: str, thresholds: Thresholds = DEFAULT_THRESHOLDS) -> Gap:
    """`points`: of all signs together; `shift`: what the weights in force add to them."""
    needed = max(0.0, log(thresholds.raise_at / (1 - thresholds.raise_at)) - BASE_POINTS - shift)
    missing = needed - points
    enough = [name for name, adds in _NEXT if adds >= missing]
    if enough:
        would = f"{enough[0][0].upper()}{enough[0][1:]} would raise one."
    else:
        would = "Only several new signs together would raise one."
    return Gap(
        points=points,
        needed=needed,
        loss=None if too_little else loss,
        loss_needed=thresholds.loss_raise_at,
        would_raise=would,
    )
