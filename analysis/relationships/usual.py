"""What is usual: for the firm, and for one client of it. Scores on one scale, shrunk where there is little to go by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite, sqrt
from typing import Any

from analysis.relationships.evidence import Response

# How much one question's answer says about the job just done. NPS is asked about the firm, so it moves slower.
QUESTION_WEIGHT = {"csat": 1.0, "nps": 0.5, "ces": 0.6}
HIGHEST = {"csat": 5, "nps": 10, "ces": 7}

# Before a firm has answers of its own: typical levels of after-job surveys in services, worth PRIOR_ANSWERS answers.
PRIOR_LEVEL = {"csat": (4.4, 0.9), "nps": (8.3, 2.0), "ces": (5.8, 1.3)}
PRIOR_ANSWERS = 20.0
PRIOR_SHRINKAGE = 4.0
LEAST_SPREAD = {"csat": 0.5, "nps": 1.2, "ces": 0.8}


@dataclass(frozen=True)
class Level:
    """Mean and standard deviation of one question's answers."""

    mean: float
    spread: float


PRIOR_WORDS = Level(0.4, 0.55)
EFFECT_ANSWERS = 15.0
ANSWERING_PRIOR_WEIGHT = 3.0
TYPICAL_ASKS, TYPICAL_ANSWERING = 20, 0.5
TYPICAL_JOBS, TYPICAL_LATE = 20, 0.2
KEPT_DIGITS = 9
MATERIAL_SPREADS, MATERIAL_SHARE, MATERIAL_RATIO = 0.05, 0.02, 0.05

_KIND = "kind/"


@dataclass(frozen=True)
class FirmUsual:
    """How this firm's clients usually are.

    `shrinkage` is the number of answers at which a client's own mean counts as much as the firm's. `answering` is the
    Beta prior (a, b) of answering one ask. `value_high` is the yearly value above which a client is among the largest.
    `words` is the level of the comments' scores. `effects` holds what is usual for "staff/<name>" and `effect_of` a
    kind of work, in spreads (see `shrunk_effect`).
    """

    levels: Mapping[str, Level] = field(
        default_factory=lambda: {question: Level(*level) for question, level in PRIOR_LEVEL.items()}
    )
    shrinkage: float = PRIOR_SHRINKAGE
    answering: tuple[float, float] = (1.0, 1.5)
    late_share: float = 0.2
    value_high: float = float("inf")
    words: Level = PRIOR_WORDS
    effects: Mapping[str, float] = field(default_factory=dict)

    def expected(self, staff: Sequence[tuple[str, float]], kind: str) -> float:
        """How far answers to such work usually lie from the firm's usual, in spreads: its staff by shares, its kind."""
        if not self.effects:
            return 0.0
        whole = sum(share for _, share in staff)
        people = sum(share * self.effects.get(f"staff/{name}", 0.0) for name, share in staff)
        return (people / whole if whole > 0 else 0.0) + self.effects.get(effect_of(kind), 0.0)

    def as_document(self) -> dict[str, Any]:
        """As it is kept. Rounded to KEPT_DIGITS: in whatever order the same rows are added up, the same comes out."""
        return {
            "levels": {question: _kept(level) for question, level in sorted(self.levels.items())},
            "shrinkage": round(self.shrinkage, KEPT_DIGITS),
            "answering": [round(value, KEPT_DIGITS) for value in self.answering],
            "late_share": round(self.late_share, KEPT_DIGITS),
            "value_high": round(self.value_high, 2) if isfinite(self.value_high) else None,
            "words": _kept(self.words),
            "effects": {name: round(effect, KEPT_DIGITS) for name, effect in sorted(self.effects.items())},
        }


def effect_of(kind: str) -> str:
    """The name of a kind's effect: “Repair” and “REPAIR” are one kind of work (`survey.kinds`)."""
    return f"{_KIND}{kind.casefold()}"


def usual_from(document: Mapping[str, Any]) -> FirmUsual:
    """What `FirmUsual.as_document` kept."""
    a, b = document["answering"]
    return FirmUsual(
        levels={question: Level(*level) for question, level in document["levels"].items()},
        shrinkage=document["shrinkage"],
        answering=(a, b),
        late_share=document["late_share"],
        value_high=inf if document["value_high"] is None else document["value_high"],
        words=Level(*document["words"]),
        effects={
            effect_of(name.removeprefix(_KIND)) if name.startswith(_KIND) else name: effect
            for name, effect in document["effects"].items()  # kept before kinds were one: as they were written
        },
    )


def _kept(level: Level) -> list[float]:
    return [round(level.mean, KEPT_DIGITS), round(level.spread, KEPT_DIGITS)]


def has_moved(before: FirmUsual, after: FirmUsual) -> bool:
    """Whether clients would be judged noticeably differently: then all of them are scored again at once.

    A mean or an effect has moved by MATERIAL_SPREADS spreads; a spread, the shrinkage or the value of a large
    client by MATERIAL_RATIO; the share of asks answered or of jobs late by MATERIAL_SHARE. What lies below waits for
    the morning, when everybody is scored again anyway.
    """
    pairs = [(before.words, after.words), *((before.levels[name], after.levels[name]) for name in after.levels)]
    names = {*before.effects, *after.effects}
    return (
        any(abs(new.mean - old.mean) > MATERIAL_SPREADS * old.spread for old, new in pairs)
        or any(abs(before.effects.get(n, 0.0) - after.effects.get(n, 0.0)) > MATERIAL_SPREADS for n in names)
        or any(_by_ratio(old.spread, new.spread) for old, new in pairs)
        or _by_ratio(before.shrinkage, after.shrinkage)
        or _by_ratio(before.value_high, after.value_high)
        or abs(_share(before.answering) - _share(after.answering)) > MATERIAL_SHARE
        or abs(before.late_share - after.late_share) > MATERIAL_SHARE
    )


def _by_ratio(before: float, after: float) -> bool:
    return before != after and not 1 / (1 + MATERIAL_RATIO) <= after / before <= 1 + MATERIAL_RATIO


def _share(answering: tuple[float, float]) -> float:
    return answering[0] / sum(answering)


def answering_from(answered: int, asked: int) -> tuple[float, float]:
    """The Beta prior (a, b) of answering one ask, as heavy as ANSWERING_PRIOR_WEIGHT asks."""
    share = (answered + TYPICAL_ASKS * TYPICAL_ANSWERING) / (asked + TYPICAL_ASKS)
    return ANSWERING_PRIOR_WEIGHT * share, ANSWERING_PRIOR_WEIGHT * (1 - share)


def late_share_from(late: int, dated: int) -> float:
    """The share of jobs with a promised date that are done after it."""
    return (late + TYPICAL_JOBS * TYPICAL_LATE) / (dated + TYPICAL_JOBS)


def shrunk_effect(count: float, total: float) -> float:
    """The effect of a member of staff or a kind of work: the mean of `count` distances from the firm's usual, shrunk to
    none as if by EFFECT_ANSWERS usual ones (the empirical-Bayes estimate of Bühlmann & Straub 1970)."""
    return total / (count + EFFECT_ANSWERS)


def words_from(count: int, total: float, squares: float) -> Level:
    """The level of the comments' scores, from their count, sum and sum of squares and PRIOR_ANSWERS typical ones."""
    weight = count + PRIOR_ANSWERS
    mean = (total + PRIOR_ANSWERS * PRIOR_WORDS.mean) / weight
    prior = PRIOR_ANSWERS * (PRIOR_WORDS.spread**2 + PRIOR_WORDS.mean**2)
    return Level(mean, max(0.3, sqrt(max(0.0, (squares + prior) / weight - mean * mean))))


def level_from(question: str, count: int, total: float, squares: float) -> Level:
    """A question's level from the count, sum and sum of squares of its answers and PRIOR_ANSWERS typical ones."""
    prior_mean, prior_spread = PRIOR_LEVEL[question]
    weight = count + PRIOR_ANSWERS
    mean = (total + PRIOR_ANSWERS * prior_mean) / weight
    own = squares - 2 * mean * total + count * mean * mean
    prior = PRIOR_ANSWERS * (prior_spread**2 + (prior_mean - mean) ** 2)
    return Level(mean, max(LEAST_SPREAD[question], sqrt(max(0.0, own + prior) / weight)))


def shrinkage_from(groups: Sequence[tuple[int, float, float]]) -> float:
    """How many answers a client's own mean needs to weigh as much as the firm's: within ÷ between variance.

    `groups` holds (count, sum, sum of squares) of each client's answers. Method of moments for the one-way random
    effects model, the empirical-Bayes estimate of Bühlmann & Straub (1970); bounded to 1…30, PRIOR_SHRINKAGE when
    fewer than 10 clients have two answers.
    """
    several = [group for group in groups if group[0] >= 2]
    answers = sum(count for count, _, _ in groups)
    if len(several) < 10 or answers <= len(groups):
        return PRIOR_SHRINKAGE
    within = sum(max(0.0, squares - total * total / count) for count, total, squares in groups if count)
    within /= answers - len(groups)
    grand = sum(total for _, total, _ in groups) / answers
    scatter = sum(count * (total / count - grand) ** 2 for count, total, _ in groups if count)
    effective = answers - sum(count * count for count, _, _ in groups) / answers
    between = max(0.0, (scatter - (len(groups) - 1) * within) / effective)
    if between <= 0 or within <= 0:
        return 30.0 if between <= 0 else 1.0
    return min(30.0, max(1.0, within / between))


def standing(response: Response, firm: FirmUsual) -> float | None:
    """One response on one scale: the weighted mean of its answers' distances from the firm's usual level, in spreads.

    0 is the firm's usual answer, −1 one standard deviation worse. `None` when nothing was rated.
    """
    weight = total = 0.0
    for question, question_weight in QUESTION_WEIGHT.items():
        value = response.numbers.get(question)
        if value is not None:
            level = firm.levels[question]
            total += question_weight * (value - level.mean) / level.spread
            weight += question_weight
    return total / weight if weight else None


def own_usual(standings: Sequence[float], firm: FirmUsual) -> float:
    """A client's usual standing from earlier responses, shrunk towards the firm's usual (0). No responses: 0."""
    return sum(standings) / (len(standings) + firm.shrinkage)
