"""Signs in the confirmed ratings: against the client's own usual level and the firm's, and bad in themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from analysis.relationships.evidence import Evidence, Quote, Response, Signal, freshness
from analysis.relationships.usual import HIGHEST, FirmUsual, own_usual, standing
from analysis.relationships.wording import plural, short_day
from survey.speech import listed

ALLOWANCE = 0.5  # spreads below usual that mean nothing: people do not answer the same every time
POINTS_PER_SPREAD = 0.7
MOST_POINTS_EACH = 2.6
MOST_POINTS = 4.5
BAD_CSAT = {1: 3.8, 2: 3.25}  # "very bad" and "bad" are said on purpose: enough for a flag, whatever is usual
PLEASED_CSAT, DETRACTOR_NPS = 4, 6
BAD_NPS = 3
BAD_NPS_POINTS = 2.0
FORGIVENESS = 0.8  # points that each better-than-usual answer takes back from the worse ones before it
LOW_LEVEL_POINTS = 1.35  # for each spread that the lasting level lies below the firm's
MOST_LOW_LEVEL_POINTS = 2.0
LEAST_RATED, LASTING_FROM = 3, -0.25  # spreads from the firm's usual
LOW_LEVEL_FROM = 0.4  # stars below the firm's usual from which a lasting level is worth mentioning
REMEMBERED = timedelta(days=365)
RECENT_RATINGS = 6  # the last six ratings speak; a busy client is not worse for having answered more often
MENTIONED_FROM = 0.25


@dataclass(frozen=True)
class Rated:
    """One response with its standing and the client's usual standing before it."""

    response: Response
    standing: float
    usual: float
    earlier: int = 0  # how many rated answers of theirs came before
    points: float = 0.0  # of a low rating, when fresh

    @property
    def surprise(self) -> float:
        """How far it lies above (+) or below (−) this client's usual answer, in spreads."""
        return self.standing - self.usual


def rated_responses(evidence: Evidence, firm: FirmUsual) -> list[Rated]:
    """Every rated response beside what was usual for this client until then, oldest first."""
    rated: list[Rated] = []
    earlier: list[float] = []
    for response in evidence.responses:
        own = standing(response, firm)
        if own is not None:
            usual = own_usual(earlier, firm)
            rated.append(Rated(response, own, usual, len(earlier), _points(response.numbers, own, usual)))
            earlier.append(own)
    return rated


def low_scores(evidence: Evidence, ratings: Sequence[Rated], firm: FirmUsual, now: datetime) -> Signal | None:
    """Recent ratings below this client's usual level, or bad in themselves.

    Each rating gives POINTS_PER_SPREAD for every standard deviation below the client's own shrunk mean (see
    `usual.own_usual`) beyond ALLOWANCE; "bad" and "very bad" have a floor of their own. Points halve with age, and a
    better-than-usual answer afterwards takes some of them back.
    """
    total = 0.0
    low: list[Rated] = []
    for rated in ratings[-RECENT_RATINGS:]:
        response = rated.response
        if now - response.at > REMEMBERED or not evidence.unsettled(response.at):
            continue
        points = rated.points * evidence.weight(response.at, now) if rated.points > 0 else 0.0
        if points > 0:
            total += points
            low = [*low, rated] if points >= MENTIONED_FROM else low
        elif rated.surprise > 0 and rated.standing > 0:
            total = max(0.0, total - FORGIVENESS * freshness(response.at, now))
    if not low or total <= 0:
        return None
    return Signal("low_scores", min(MOST_POINTS, total), _low_text(low, ratings[-1], firm), _quotes(evidence, low[-4:]))


def _points(numbers: Mapping[str, int], own: float, usual: float) -> float:
    """Of one rating of standing `own` by somebody whose standing is usually `usual`, when it is fresh."""
    if numbers.get("csat", 0) >= PLEASED_CSAT and numbers.get("nps", 10) > DETRACTOR_NPS:
        return 0.0  # "good" is no complaint, whatever they said before
    surprise = own - usual
    below = -min(surprise, own) if own < 0 else -surprise
    if own >= 0 and usual <= 0.5:
        below = 0.0  # at or above the firm's usual answer is no complaint
    points = min(MOST_POINTS_EACH, POINTS_PER_SPREAD * max(0.0, below - ALLOWANCE))
    points = max(points, BAD_CSAT.get(numbers.get("csat", 5), 0.0))
    if numbers.get("nps", 10) <= BAD_NPS:
        points = max(points, BAD_NPS_POINTS)
    return points


def low_level(evidence: Evidence, ratings: Sequence[Rated], firm: FirmUsual, now: datetime) -> Signal | None:
    """A lasting level below the firm's: the year's mean standing, weighted by freshness, shrunk to the firm's 0."""
    rated, usual, points = _low(evidence, ratings, firm, now)
    if points <= 0:
        return None
    text = "Their answers lie below what your clients usually say, over the last 12 months."
    if usual:
        mine, usually = sum(usual) / len(usual), firm.levels["csat"].mean
        text = f"Rates you {mine:.1f} of 5 on average; your clients say {usually:.1f}."
    return Signal("low_level", points, text, _quotes(evidence, rated[-3:]))


def low_level_points(evidence: Evidence, ratings: Sequence[Rated], firm: FirmUsual, now: datetime) -> float:
    """The points of `low_level`, without its words."""
    return _low(evidence, ratings, firm, now)[2]


def _low(
    evidence: Evidence, ratings: Sequence[Rated], firm: FirmUsual, now: datetime
) -> tuple[list[Rated], list[int], float]:
    """(what was rated within the year, the stars of it, the points)."""
    rated = [item for item in ratings if now - item.response.at <= REMEMBERED and evidence.unsettled(item.response.at)]
    usual = [item.response.numbers["csat"] for item in rated if "csat" in item.response.numbers]
    few = len(rated) < LEAST_RATED
    if few or (usual and sum(usual) / len(usual) > firm.levels["csat"].mean - LOW_LEVEL_FROM):
        return rated, usual, 0.0
    weights = [freshness(item.response.at, now) for item in rated]
    level = sum(w * item.standing for w, item in zip(weights, rated, strict=True)) / (sum(weights) + firm.shrinkage / 2)
    points = min(MOST_LOW_LEVEL_POINTS, LOW_LEVEL_POINTS * -level)
    return rated, usual, points if level <= LASTING_FROM else 0.0


def said(response: Response) -> str:
    """The ratings of one response as people say them: `3 of 5, recommends 6 of 10`."""
    names = {"csat": "", "nps": "recommends ", "ces": "ease "}
    return ", ".join(
        f"{name}{response.numbers[question]} of {HIGHEST[question]}"
        for question, name in names.items()
        if question in response.numbers
    )


def _low_text(low: list[Rated], newest: Rated, firm: FirmUsual) -> str:
    """What a manager would say first: `Latest rating 2 of 5; usually 4.3.`"""
    last = low[-1]
    numbers = last.response.numbers
    stars = [star for item in low if (star := item.response.numbers.get("csat", PLEASED_CSAT)) < PLEASED_CSAT]
    if "csat" not in numbers or not stars:
        return f"Answered low: {said(last.response)} ({short_day(last.response.at)})."
    if len(stars) > 1:
        first = f"Rated {plural(len(stars), 'job')} low: {_each(stars)}"
    else:
        is_latest = last is newest and numbers["csat"] == stars[-1]
        first = f"{'Latest rating' if is_latest else 'Rated a job'} {stars[-1]} of 5"
    usual = firm.levels["csat"].mean + last.usual * firm.levels["csat"].spread
    if usual - stars[-1] >= 0.7:
        first += f"; {'usually' if last.earlier else 'your clients say'} {min(5.0, usual):.1f}"
    recommends = f", recommends {numbers['nps']} of 10" if numbers.get("nps", 10) <= DETRACTOR_NPS else ""
    return f"{first} ({short_day(last.response.at)}{recommends})."


def _each(stars: list[int]) -> str:
    """`2 and 3 of 5`; `each 3 of 5`; `lately 3, 3, 2 and 1 of 5` when there are more than a line holds."""
    if len(set(stars)) == 1:
        return f"each {stars[0]} of 5"
    return f"{'lately ' if len(stars) > 4 else ''}{listed([str(star) for star in stars[-4:]])} of 5"


def _quotes(evidence: Evidence, rated: list[Rated]) -> tuple[Quote, ...]:
    return tuple(
        Quote(
            f"{said(item.response)} for {evidence.job_name(item.response.job_id)}",
            item.response.at,
            f"response/{item.response.id}",
        )
        for item in reversed(rated)
    )
