"""Silence against habit: a contact who used to answer has stopped; and what each silence was."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, lgamma, log
from typing import Any

from analysis.relationships.evidence import Ask, Evidence, Quote, Signal, days_between
from analysis.relationships.usual import FirmUsual
from analysis.relationships.wording import plural, short_day
from survey.speech import listed

OPENED, UNOPENED, SCANNER, UNDELIVERED = "opened", "unopened", "scanner", "undelivered"
ANSWER_GRACE = timedelta(days=10)
LEAST_ANSWERED, LEAST_SILENCES = 2, 2
SILENCE_FROM = 0.2
SILENCE_POINTS, MOST_SILENCE_POINTS = 0.6, 1.9
SILENCE_WINDOW_DAYS = 240
HABIT_ASKS = 20
NOT_ASKED_DAYS = 120.0


def chance_of_silence(answered: int, asked: int, silences: int, prior: tuple[float, float]) -> float:
    """The chance of `silences` unanswered asks in a row for someone who answered `answered` of `asked` before.

    Beta-Binomial posterior predictive, B(a+k, b+n−k+m) ÷ B(a+k, b+n−k) (Gelman et al., Bayesian Data Analysis, 3rd
    ed., §2.4). In [0, 1]; 1 when `silences` is 0.
    """
    a, b = prior[0] + answered, prior[1] + asked - answered
    return min(1.0, exp(_log_beta(a, b + silences) - _log_beta(a, b)))


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


@dataclass(frozen=True)
class _Run:
    """The present run of silences of one contact, after `answered` of `asked` before it."""

    chance: float
    answered: int
    asked: int
    silent: tuple[Ask, ...]


def silence(evidence: Evidence, firm: FirmUsual, now: datetime) -> Signal | None:
    """A contact who used to answer has stopped: the least likely present run of silences among the contacts.

    What did not arrive is no silence. Opened and left, never opened, opened by nothing but a mail scanner: each is one,
    and the reason says which; no history tells yet that one of them weighs more.
    """
    best = _least_likely(evidence, firm, now)
    if best is None:
        return None
    first = best.silent[0]
    who = next((p.name for p in evidence.people if p.id == first.contact_id and p.name), "Their contact")
    text = f"No answer to the last {len(best.silent)} surveys; {who} had answered {best.answered} of {best.asked}."
    quotes = [Quote(f"First unanswered survey, {short_day(first.at)}", first.at, f"contact/{first.contact_id}")]
    last = best.silent[-1]
    if said := _fates(best.silent):
        quotes.append(Quote(said, last.at, f"contact/{last.contact_id}"))
    return Signal("silence", _points(best), text, tuple(quotes), fades=False)


def silence_points(evidence: Evidence, firm: FirmUsual, now: datetime) -> float:
    """The points of `silence`, without its words."""
    best = _least_likely(evidence, firm, now)
    return 0.0 if best is None else _points(best)


def _points(best: _Run) -> float:
    surprise = log(SILENCE_FROM) - log(max(best.chance, 1e-12))
    return min(MOST_SILENCE_POINTS, 0.3 + SILENCE_POINTS * surprise)


def _least_likely(evidence: Evidence, firm: FirmUsual, now: datetime) -> _Run | None:
    """The least likely present run among the contacts; None where none is unlikely."""
    runs = [
        run
        for person in evidence.people
        if person.left_at is None and person.mail_block is None and (run := _run(evidence, person.id, firm, now))
    ]
    best = min(runs, key=lambda run: run.chance, default=None)
    return None if best is None or best.chance >= SILENCE_FROM else best


def _run(evidence: Evidence, contact_id: int, firm: FirmUsual, now: datetime) -> _Run | None:
    silent: list[Ask] = []  # from the last one back
    asked = answered = 0
    for ask in reversed(evidence.asks):
        if ask.contact_id != contact_id or ask.fate == UNDELIVERED or not (ask.answered or had_time(ask, now)):
            continue
        if not asked and not ask.answered:
            silent.append(ask)
            continue
        if len(silent) < LEAST_SILENCES or asked == HABIT_ASKS:
            break
        asked, answered = asked + 1, answered + ask.answered
    if len(silent) < LEAST_SILENCES or answered < LEAST_ANSWERED:
        return None
    if days_between(silent[0].at, now) > SILENCE_WINDOW_DAYS or not evidence.unsettled(silent[0].at):
        return None
    chance = chance_of_silence(answered, asked, len(silent), firm.answering)
    return _Run(chance, answered, asked, tuple(reversed(silent)))


def had_time(ask: Ask, now: datetime) -> bool:
    """Whether no answer counts as silence by now."""
    return now >= (ask.settles_at or ask.at + ANSWER_GRACE)


def _fates(silent: Sequence[Ask]) -> str:
    """What became of each, as far as it is known: "Of these, 1 opened and left, 2 never opened"."""
    counts = {words: sum(ask.fate == fate for ask in silent) for fate, words in _FATE_WORDS.items()}
    said = [f"{count} {words}" for words, count in counts.items() if count]
    return f"Of these: {listed(said)}" if said else ""


_FATE_WORDS = {OPENED: "opened and left", UNOPENED: "never opened", SCANNER: "opened by a mail scanner only"}


@dataclass(frozen=True)
class Asked:
    """What became of the surveys of one year, and since when nobody was asked although jobs were done."""

    answered: int = 0
    opened: int = 0  # and left
    unopened: int = 0
    scanner: int = 0  # opened by a mail scanner only
    undelivered: int = 0
    unknown: int = 0  # not answered, and nobody knows whether it was seen: another tool asked
    waiting: int = 0
    not_asked_since: datetime | None = None

    @property
    def total(self) -> int:
        return sum(value for value in vars(self).values() if isinstance(value, int))

    def as_dict(self) -> dict[str, Any]:
        """For a JSON column."""
        since = self.not_asked_since.isoformat() if self.not_asked_since else None
        return {**vars(self), "not_asked_since": since, "text": self.text}

    @property
    def text(self) -> str:
        """In one sentence; "" when nobody was asked."""
        kinds = (
            (self.answered, "answered"),
            (self.opened, "opened and left"),
            (self.unopened, "never opened"),
            (self.scanner, "opened by a mail scanner only"),
            (self.undelivered, "did not arrive"),
            (self.unknown, "not answered"),
            (self.waiting, "still open"),
        )
        said = [f"{count} {words}" for count, words in kinds if count]
        return f"{plural(self.total, 'survey')} in 12 months: {listed(said)}." if said else ""


def asked(evidence: Evidence, now: datetime, days: float = 365.0) -> Asked:
    """What became of the surveys of the last `days`."""
    recent = [ask for ask in evidence.asks if days_between(ask.at, now) <= days]
    silent = [ask for ask in recent if not ask.answered]
    settled = [ask.fate for ask in silent if had_time(ask, now)]
    count = {fate: settled.count(fate) for fate in (OPENED, UNOPENED, SCANNER)}
    undelivered = sum(ask.fate == UNDELIVERED for ask in silent)
    waiting = sum(not had_time(ask, now) and ask.fate != UNDELIVERED for ask in silent)
    return Asked(
        answered=len(recent) - len(silent),
        opened=count[OPENED],
        unopened=count[UNOPENED],
        scanner=count[SCANNER],
        undelivered=undelivered,
        unknown=len(silent) - undelivered - waiting - sum(count.values()),
        waiting=waiting,
        not_asked_since=_not_asked_since(evidence, now),
    )


def _not_asked_since(evidence: Evidence, now: datetime) -> datetime | None:
    """When the last survey went out, if that is NOT_ASKED_DAYS ago or never and jobs were done since."""
    last = evidence.asks[-1].at if evidence.asks else None
    since = last or (evidence.jobs[0].completed_at if evidence.jobs else None)
    if since is None or days_between(since, now) < NOT_ASKED_DAYS:
        return None
    return since if sum(job.completed_at >= since for job in evidence.jobs) >= 2 else None
