"""How satisfied a client is now: one level per account, from every answer, less sure the longer nobody said a word."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import NamedTuple

from analysis.relationships.contradiction import added_variance, disagreement
from analysis.relationships.evidence import Evidence, Response, days_between
from analysis.relationships.usual import FirmUsual

# In spreads of the firm's own answers. Estimated on three histories (docs/adr/0010): stable from firm to firm.
PRIOR_VARIANCE = 0.34  # how much clients differ
ANSWER_VARIANCE = 0.42  # what one answer owes to the day, whatever the client feels
NOISE = {"csat": 0.15, "nps": 0.9, "ces": 0.6, "words": 0.5}  # what one question adds to that
DOUBTED = 4.0  # times as noisy: words whose reading is not to be relied on
BYSTANDER = 1.5  # times as noisy: an answer of one who does not decide, where one who does is known
HALF_LIFE_DAYS = 300.0
REMEMBERED_ANSWERS = 40
RATINGS, WORDS = "ratings", "words"


class Share(NamedTuple):
    """What one answer does to the level: by its ratings and by its words, in spreads."""

    response: Response
    ratings: float
    words: float


@dataclass(frozen=True)
class Satisfaction:
    """The level (0: as the firm's clients usually are; −1: one spread worse), its variance, and who made it.

    `mixed` is what answers that contradict themselves add to the variance (`contradiction`).
    """

    level: float = 0.0
    variance: float = PRIOR_VARIANCE
    shares: tuple[Share, ...] = ()
    mixed: float = 0.0


@dataclass(frozen=True)
class _Seen:
    """One answer's distance from the usual, in spreads: what ratings and words add to it, the noise of the whole, and
    what its disagreement with itself adds to the level's variance for each unit of gain."""

    ratings: float
    words: float
    noise: float
    mixed: float


def satisfaction(evidence: Evidence, firm: FirmUsual, now: datetime) -> Satisfaction:
    """The level by a Kalman filter, and how each answer contributes to it; the shares add up to the level.

    A local level that returns to the firm's usual with HALF_LIFE_DAYS (an Ornstein–Uhlenbeck process observed at
    uneven moments: Harvey 1989, Forecasting, Structural Time Series Models and the Kalman Filter, §3.4 and §9). Each
    answer is one observation, the mean of its ratings and words weighted by their precision, after the effects of
    staff and kinds of work are taken out; ANSWER_VARIANCE is common to all that one answer says. The filter is linear,
    so that the level is a sum over the answers.
    """
    return Filter(firm).at(evidence, now)


@dataclass(frozen=True)
class _After:
    """The filter after one answer: the level's variance, when it was said, how many answers had said something, what
    is left of a share that was whole at the start (later ones are kept as multiples of it), and their sum."""

    variance: float
    last: datetime | None
    shares: int
    kept: float
    whole: float


_BEFORE = _After(PRIOR_VARIANCE, None, 0, 1.0, 0.0)


class Filter:
    """The filter's way through one client's answers, kept between looks at a growing history: what had been said by the
    last look, and counts as it did then, is not gone through again."""

    def __init__(self, firm: FirmUsual, history: Evidence | None = None) -> None:
        """`history`: of which all looks see first parts."""
        self._firm, self._expected = firm, cache(firm.expected)
        self._whole: list[tuple[int, float, bool]] | None = None
        self._forgets = False  # the first answers are too old to be remembered, or nobody knows
        if history is not None and _is_told_in_order(history):
            self._whole = self._counts(history, history.responses)
        self._counted: list[tuple[int, float, bool]] = []  # (answer, what is usual for such work, said by a bystander)
        self._after: list[_After] = []
        self._shares: list[tuple[Response, float, float, float]] = []

    def at(self, evidence: Evidence, now: datetime) -> Satisfaction:
        """The level at `now`; see `satisfaction`."""
        state = self._heard(evidence)
        if state.last is None:
            return Satisfaction()
        shrunk, variance = _aged(state.variance, days_between(state.last, now))
        kept, shares = state.kept * shrunk, self._shares[: state.shares]
        found = tuple([Share(response, kept * ratings, kept * words) for response, ratings, words, _ in shares])
        mixed = kept * sum([part for *_, part in shares])
        return Satisfaction(sum([share.ratings + share.words for share in found]), variance, found, mixed)

    def level(self, evidence: Evidence, now: datetime) -> tuple[float, float]:
        """The level at `now` and its variance alone, but for rounding."""
        state = self._heard(evidence)
        if state.last is None:
            return 0.0, PRIOR_VARIANCE
        shrunk, variance = _aged(state.variance, days_between(state.last, now))
        return state.kept * shrunk * state.whole, variance

    def _heard(self, evidence: Evidence) -> _After:
        """The filter after all that was said."""
        count = len(evidence.responses)
        if self._whole is not None and count <= REMEMBERED_ANSWERS and not self._forgets:
            for place in range(len(self._after), count):
                self._counted.append(self._whole[place])
                self._hear(evidence.responses[place], *self._whole[place][1:])
            return self._after[count - 1] if count else _BEFORE
        self._forgets = True
        told = evidence.responses[-REMEMBERED_ANSWERS:]
        counted = self._counts(evidence, told)
        if self._counted[: len(counted)] != counted[: len(self._counted)]:
            self._counted, self._after, self._shares = [], [], []
        for response, (_, expected, bystander) in zip(
            told[len(self._after) :], counted[len(self._after) :], strict=True
        ):
            self._hear(response, expected, bystander)
        self._counted += counted[len(self._counted) :]
        return self._after[len(counted) - 1] if counted else _BEFORE

    def _counts(self, evidence: Evidence, told: Sequence[Response]) -> list[tuple[int, float, bool]]:
        if self._whole is not None:
            return self._whole[len(evidence.responses) - len(told) : len(evidence.responses)]
        jobs = {job.id: job for job in evidence.jobs}
        deciders = {person.id for person in evidence.people if person.decides}
        found = []
        for response in told:
            job = jobs.get(response.job_id)
            expected = self._expected(job.staff, job.kind) if job is not None else 0.0
            found.append((response.id, expected, bool(deciders) and response.contact_id not in deciders))
        return found

    def _hear(self, response: Response, expected: float, bystander: bool) -> None:
        """Take in the next answer."""
        before = self._after[-1] if self._after else _BEFORE
        seen = _observed(response, self._firm, expected)
        if seen is None:
            self._after.append(before)
            return
        variance, kept = before.variance, before.kept
        if before.last is not None:
            shrunk, variance = _aged(variance, days_between(before.last, response.at))
            kept *= shrunk
        noise = seen.noise + ANSWER_VARIANCE * (BYSTANDER if bystander else 1.0)
        gain = variance / (variance + noise)
        variance *= 1.0 - gain
        kept *= 1.0 - gain
        whole = gain / kept
        self._shares.append((response, whole * seen.ratings, whole * seen.words, whole * seen.mixed))
        sum_ = before.whole + whole * (seen.ratings + seen.words)
        self._after.append(_After(variance, response.at, len(self._shares), kept, sum_))


def _is_told_in_order(history: Evidence) -> bool:
    """Whether what an answer counts as never changes afterwards: its job was done before, and once; and who decides
    has decided all along."""
    done = {job.id: job.completed_at for job in history.jobs}
    return (
        len(done) == len(history.jobs)
        and all(response.at >= done.get(response.job_id, response.at) for response in history.responses)
        and all(person.decides_since is None for person in history.people)
    )


def _aged(variance: float, days: float) -> tuple[float, float]:
    """What `days` leave of the level, and the variance after them: it grows towards what is not known at all."""
    kept = 0.5 ** (max(0.0, days) / HALF_LIFE_DAYS)
    return kept, variance * kept * kept + PRIOR_VARIANCE * (1.0 - kept * kept)


def _observed(response: Response, firm: FirmUsual, expected: float) -> _Seen | None:
    """What one answer says; `None` when it says nothing."""
    precision = ratings = words = mixed = 0.0
    for question, level in firm.levels.items():
        value = response.numbers.get(question)
        if value is not None and question in NOISE:
            weight = 1.0 / NOISE[question]
            precision += weight
            ratings += weight * ((value - level.mean) / level.spread - expected)
    reading = response.reading
    if reading is not None:
        weight = 1.0 / (NOISE["words"] * (DOUBTED if reading.abstained else 1.0))
        said = (reading.score - firm.words.mean) / firm.words.spread - expected
        if precision > 0:
            share = precision / (precision + weight)
            mixed = added_variance(1.0, share, 1.0 - share, disagreement(ratings / precision, said))
        precision += weight
        words = weight * said
    if precision <= 0:
        return None
    return _Seen(ratings / precision, words / precision, 1.0 / precision, mixed)
