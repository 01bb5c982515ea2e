"""What is known about one client at one moment, as plain values. Every rule in this package reads only this."""

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from operator import attrgetter
from typing import Any

HALF_LIFE = timedelta(days=75)
DAY = timedelta(days=1)
AFTER_CONTACT = 0.6  # what evidence still weighs once somebody has spoken to the client about it


def days_between(earlier: datetime, later: datetime) -> float:
    """Days from `earlier` to `later`, with fractions; negative when the order is the other way round."""
    return (later - earlier) / DAY


def freshness(at: datetime, now: datetime, half_life: timedelta = HALF_LIFE) -> float:
    """The share of its weight that evidence of the moment `at` still has: 1 when new, 0.5 after one half-life."""
    return float(0.5 ** max(0.0, (now - at) / half_life))


@dataclass(frozen=True)
class Quote:
    """What a person can check: quoted words, or a fact. `start` and `end` count characters in the source's text."""

    text: str
    at: datetime
    source: str  # "answer/<id>", "job/<id>", "contact/<id>", "follow_up/<id>"
    start: int = 0
    end: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The contract's JSON."""
        return {
            "text": self.text,
            "start": self.start,
            "end": self.end,
            "at": self.at.isoformat(),
            "source": self.source,
        }


@dataclass(frozen=True)
class Signal:
    """One sign that a relationship is turning bad: its points, why, and what shows it.

    `points` as the rules find them say how urgently a person should act; `loss` is what the sign adds to the log-odds
    that the client is lost (both ≥ 0).
    """

    name: str
    points: float
    text: str
    evidence: tuple[Quote, ...] = ()
    fades: bool = True  # loses weight by itself; False: goes away only when something happens
    doubtful: bool = False  # rests on nothing but readings that are not to be relied on
    loss: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """The contract's JSON for one reason of a flag."""
        return {
            "signal": self.name,
            "points": round(self.loss, 2),
            "strength": round(self.points, 2),
            "text": self.text,
            "evidence": [quote.as_dict() for quote in self.evidence],
        }


@dataclass(frozen=True)
class JobDone:
    """One closing of a job. `reopened_at` is set when it was not done after all."""

    id: int
    contact_id: int
    completed_at: datetime
    name: str = ""
    promised_at: datetime | None = None
    reopened_at: datetime | None = None
    value: float = 0.0
    kind: str = ""
    staff: tuple[tuple[str, float], ...] = ()  # who did it, and their shares as they were at closing


@dataclass(frozen=True)
class Ask:
    """One time a contact was asked and had time to answer."""

    contact_id: int
    at: datetime
    answered: bool
    settles_at: datetime | None = None  # from when no answer counts as silence; None: at once
    answered_at: datetime | None = None  # None although `answered`: nobody knows when
    fate: str = ""  # of one not answered: undelivered, unopened, scanner, opened; "": nobody knows


@dataclass(frozen=True)
class Reading:
    """What the text analyser found in one comment."""

    answer_id: int
    text: str
    sentiment: str  # negative, neutral, positive, mixed
    score: float  # −1…1
    aspects: tuple[tuple[str, str, int, int], ...] = ()  # (aspect, sentiment, start, end)
    intents: dict[str, float] = field(default_factory=dict)
    evidence: tuple[tuple[int, int, float], ...] = ()  # (start, end, weight)
    severity: float = 0.0  # 0…1: how grave what went wrong is; 0 also when the analyser does not judge it
    abstained: str = ""  # why the analyser does not stand by this reading, or ""
    language: str = ""
    managers_only: bool = False  # the words themselves are for managers: nothing quotes them
    read_once: bool = False  # by the quick reader alone: what they intend was not looked at twice


@dataclass(frozen=True)
class Response:
    """What one contact confirmed about one job: numbers by question, touchpoints by step, and the words read."""

    id: int
    job_id: int
    contact_id: int
    at: datetime
    numbers: dict[str, int] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)
    reading: Reading | None = None


@dataclass(frozen=True)
class Person:
    """A contact at the client. `since`: known since then; `decides_since`: seen to become a decision-maker then."""

    id: int
    name: str
    decides: bool = False
    mail_block: str | None = None
    blocked_at: datetime | None = None
    left_at: datetime | None = None
    since: datetime | None = None
    decides_since: datetime | None = None


@dataclass(frozen=True)
class Promise:
    """A call promised to the client."""

    id: int
    made_at: datetime
    due_at: datetime
    kept_at: datetime | None = None


@dataclass(frozen=True)
class Told:
    """What the client was told, on their survey's link, of what becomes of their answer; in the order of time.

    `due_at`: until when the next step was promised; `fixed`, `fixed_at`: whether it is, as they say.
    """

    response_id: int
    at: datetime
    done: bool
    text: str = ""
    due_at: datetime | None = None
    fixed: bool | None = None
    fixed_at: datetime | None = None


@dataclass(frozen=True)
class Settlement:
    """A flag that a person closed: what was known by then has been dealt with."""

    at: datetime
    lost: bool  # they said the client is gone


@dataclass(frozen=True)
class Evidence:
    """All that is known about one client. Jobs, asks and responses are in time order."""

    jobs: tuple[JobDone, ...] = ()
    asks: tuple[Ask, ...] = ()
    responses: tuple[Response, ...] = ()
    people: tuple[Person, ...] = ()
    promises: tuple[Promise, ...] = ()
    told: tuple[Told, ...] = ()
    contacted: tuple[datetime, ...] = ()  # when somebody of the firm spoke to them
    referred: tuple[datetime, ...] = ()  # when a client they referred came
    settlements: tuple[Settlement, ...] = ()
    step_texts: dict[str, str] = field(default_factory=dict)
    own_aspects: dict[str, str] = field(default_factory=dict)  # what the firm calls the aspects it added
    interests: tuple[str, ...] = ()  # what the firm has noted that they care about

    def last_settlement(self) -> Settlement | None:
        """The latest flag that a person closed."""
        return self._last_settlement if self.settlements else None

    @cached_property
    def _last_settlement(self) -> Settlement | None:
        return max(self.settlements, key=attrgetter("at"), default=None)

    @cached_property
    def _last_contacted(self) -> datetime | None:
        return max(self.contacted, default=None)

    @cached_property
    def spoken(self) -> tuple[Response, ...]:
        """The responses that say something beside ratings and steps: in words, or that they return or wish a call."""
        return tuple(
            [
                r
                for r in self.responses
                if r.reading is not None or "would_return" in r.numbers or "contact_me" in r.numbers
            ]
        )

    def unsettled(self, at: datetime) -> bool:
        """Whether evidence of the moment `at` has not been dealt with by closing a flag."""
        last = self._last_settlement if self.settlements else None
        return last is None or at > last.at

    def weight(self, at: datetime, now: datetime) -> float:
        """What dated evidence still weighs: its freshness, less when somebody has spoken to the client since."""
        return freshness(at, now) * (AFTER_CONTACT if self.contacted_since(at) else 1.0)

    def contacted_since(self, at: datetime) -> bool:
        """Whether somebody spoke to them after `at`."""
        last = self._last_contacted if self.contacted else None
        return last is not None and last > at

    def jobs_since(self, moment: datetime) -> tuple[JobDone, ...]:
        """The jobs done at `moment` or later."""
        return self.jobs[bisect_left(self.jobs, moment, key=_COMPLETED) :]

    def job_name(self, job_id: int) -> str:
        """What people call this job."""
        return next((job.name for job in self.jobs if job.id == job_id and job.name), "a job")


_COMPLETED = attrgetter("completed_at")
