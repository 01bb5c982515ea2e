"""What clients' ratings say of the people who did the work, and what they do not say. Pure.

A rating counts for each person by their share of the job, as it was written down at closing. A low rating that the
client says was about the wait, the price or the product counts for nobody; so does one that a second reviewer set
aside. Below LEAST_RATINGS (shares added up) from LEAST_CLIENTS clients there is no score.

The score is the mean shrunk towards the firm's (Efron & Morris 1975, JASA 70:311–319): with n the person's shares
added up, y their weighted mean, μ the firm's, (n·y + k·μ) ÷ (n + k), ± 1.96·σ ÷ √(n + k). σ² is the variance within
people, τ² between them, both by the method of moments, and k = σ² ÷ τ², kept between 4 and 40.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, sqrt

from analysis.relationships.intervals import Z95

LEAST_RATINGS = 10
LEAST_CLIENTS = 5
LEAST_K, MOST_K, USUAL_K = 4.0, 40.0, 10.0
LEAST_VARIANCE = 0.25  # five equal ratings are no certainty
KIND_K = 5.0  # how strongly a kind of job is drawn to the mean of all kinds
LOW_CSAT = 2
PERSON = 1  # survey.questionnaire.ABOUT_PERSON
OPEN, COUNTS, SET_ASIDE = "open", "counts", "set_aside"


@dataclass(frozen=True, kw_only=True)
class StaffRating:
    """One rating (1…5) as far as it concerns one person. `contest`: "", open, counts or set_aside."""

    name: str
    share: float
    csat: int
    kind: str
    client_id: int
    response_id: int
    at: datetime
    about: int | None = None
    contest: str = ""

    @property
    def is_about_them(self) -> bool:
        """A low rating that the client says was about something else does not count for the person."""
        return self.csat > LOW_CSAT or self.about in {None, PERSON}

    @property
    def why_not(self) -> str:
        """Why it does not count: about, set_aside, or "" when it does."""
        if not self.is_about_them:
            return "about"
        return SET_ASIDE if self.contest == SET_ASIDE else ""


@dataclass(frozen=True)
class Estimate:
    """A score on 1…5 with its 95% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class StaffScore:
    """One person. `score` is None below the minimum; then `missing_ratings` and `missing_clients` say what is missing.

    `score` leaves out what was set aside and holds what is contested and undecided; `with_all` and `without` show the
    difference that contested ratings make, where there are any.
    """

    name: str
    ratings: int
    weight: float
    clients: int
    score: Estimate | None
    with_all: Estimate | None
    without: Estimate | None
    others: float | None  # what others get on the same kinds of job
    missing_ratings: int
    missing_clients: int
    not_about: int
    contested: int
    set_aside: int

    @property
    def compared(self) -> str:
        """above, below or like what others get on the same kinds of job; "" without a score."""
        if self.score is None or self.others is None:
            return ""
        if self.score.low > self.others:
            return "above"
        return "below" if self.score.high < self.others else "like"


@dataclass(frozen=True)
class Spread:
    """The firm's mean, the variance within people, and how strongly a person's mean is drawn to the firm's."""

    mean: float
    variance: float
    k: float


def staff_scores(ratings: Sequence[StaffRating]) -> list[StaffScore]:
    """Everybody who worked on a rated job, in the order of the alphabet."""
    counted = [rating for rating in ratings if not rating.why_not]
    if not counted:
        return [_score(name, own, counted, None) for name, own in _by_name(ratings)]
    firm = spread(counted)
    return [_score(name, own, counted, firm) for name, own in _by_name(ratings)]


def spread(ratings: Sequence[StaffRating]) -> Spread:
    """The firm's numbers from all that counts; `ratings` must not be empty."""
    people = [own for _, own in _by_name(ratings)]
    total = sum(rating.share for rating in ratings)
    mean = _mean(ratings)
    means = [(sum(rating.share for rating in own), _mean(own)) for own in people]
    middles = zip(people, (middle for _, middle in means), strict=True)
    within = sum(rating.share * (rating.csat - middle) ** 2 for own, middle in middles for rating in own)
    variance = max(LEAST_VARIANCE, within / (total - len(people)) if total > len(people) else LEAST_VARIANCE)
    room = total - sum(weight * weight for weight, _ in means) / total
    if len(people) < 2 or room <= 0:
        return Spread(mean, variance, USUAL_K)
    between = sum(weight * (middle - mean) ** 2 for weight, middle in means) - (len(people) - 1) * variance
    tau2 = max(0.0, between / room)
    return Spread(mean, variance, min(MOST_K, max(LEAST_K, variance / tau2)) if tau2 > 0 else MOST_K)


def estimate(ratings: Sequence[StaffRating], firm: Spread) -> Estimate:
    """The shrunk mean of one person's ratings with its interval, inside 1…5."""
    weight = sum(rating.share for rating in ratings)
    value = (sum(rating.share * rating.csat for rating in ratings) + firm.k * firm.mean) / (weight + firm.k)
    half = Z95 * sqrt(firm.variance / (weight + firm.k))
    return Estimate(value, max(1.0, value - half), min(5.0, value + half))


def _score(name: str, own: list[StaffRating], counted: list[StaffRating], firm: Spread | None) -> StaffScore:
    mine = [rating for rating in own if not rating.why_not]
    weight, clients = sum(rating.share for rating in mine), len({rating.client_id for rating in mine})
    enough = weight >= LEAST_RATINGS and clients >= LEAST_CLIENTS
    about_them = [rating for rating in own if rating.is_about_them]
    undisputed = [rating for rating in about_them if rating.contest not in {OPEN, SET_ASIDE}]
    disputed = firm is not None and enough and len(undisputed) < len(about_them)
    return StaffScore(
        name=name,
        ratings=len(mine),
        weight=weight,
        clients=clients,
        score=estimate(mine, firm) if firm and enough else None,
        with_all=estimate(about_them, firm) if firm and disputed else None,
        without=estimate(undisputed, firm) if firm and disputed else None,
        others=_others(name, mine, counted) if enough else None,
        missing_ratings=max(0, ceil(LEAST_RATINGS - weight)),
        missing_clients=max(0, LEAST_CLIENTS - clients),
        not_about=sum(not rating.is_about_them for rating in own),
        contested=sum(rating.contest == OPEN for rating in about_them),
        set_aside=sum(rating.contest == SET_ASIDE for rating in about_them),
    )


def _others(name: str, mine: list[StaffRating], counted: list[StaffRating]) -> float | None:
    """What everybody else gets on this person's mix of jobs, each kind drawn to the others' mean of all kinds."""
    theirs = [rating for rating in counted if rating.name != name]
    if not theirs:
        return None
    overall = _mean(theirs)
    sums: defaultdict[str, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
    for rating in theirs:
        weight, total = sums[rating.kind.casefold()]
        sums[rating.kind.casefold()] = weight + rating.share, total + rating.share * rating.csat
    levels = {kind: (total + KIND_K * overall) / (weight + KIND_K) for kind, (weight, total) in sums.items()}
    expected = sum(rating.share * levels.get(rating.kind.casefold(), overall) for rating in mine)
    return expected / sum(rating.share for rating in mine)


def _mean(ratings: Sequence[StaffRating]) -> float:
    return sum(rating.share * rating.csat for rating in ratings) / sum(rating.share for rating in ratings)


def _by_name(ratings: Iterable[StaffRating]) -> list[tuple[str, list[StaffRating]]]:
    found: defaultdict[str, list[StaffRating]] = defaultdict(list)
    for rating in ratings:
        found[rating.name].append(rating)
    return sorted(found.items(), key=lambda item: item[0].casefold())
