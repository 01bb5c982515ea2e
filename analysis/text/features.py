"""The few numbers about a comment from which the probabilities are computed, and the computation."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.text.preprocess import Clause
from analysis.text.valence import Cue, weigh
from analysis.text.wordlists import roles

CLASSES = ("negative", "neutral", "positive", "mixed")
NAMES = (
    "sum",
    "sum_soft",
    "mean",
    "positive",
    "negative",
    "best_clause",
    "worst_clause",
    "both",
    "last_clause",
    "log_words",
    "short",
    "silent",
    "turns",
    "asks",
    "wishes",
    "shouts",
    "exclaims",
    "asked_for_worse",
    "asked_for_better",
)
_ASKED_WORSE = re.compile(
    r"\b(?:improve|better|change|differently|wrong|dislike|frustrat|missing|less satisf|disappoint)"
)
_ASKED_BETTER = re.compile(r"\b(?:good|best|well|like(?:d)? (?:most|best)|enjoy|please you|went right|praise)\b")


@dataclass(frozen=True, slots=True)
class Weighed:
    """A comment with its cues weighed: `contributions[i]` belongs to `cues[i]`, `clause_sums[j]` to clause j,
    `sentence_sums[k]` to sentence k."""

    clauses: Sequence[Clause]
    cues: Sequence[Cue]
    contributions: tuple[float, ...]
    clause_sums: tuple[float, ...]
    by_clause: tuple[tuple[tuple[Cue, float], ...], ...]
    sentence_sums: tuple[float, ...]


def weigh_all(clauses: Sequence[Clause], cues: Sequence[Cue], learned: Mapping[str, float]) -> Weighed:
    """What every cue, clause and sentence contributes."""
    contributions = tuple(cue.factor * weigh(cue.key, learned) for cue in cues)
    members: list[list[tuple[Cue, float]]] = [[] for _ in clauses]
    for cue, contribution in zip(cues, contributions, strict=True):
        members[cue.clause].append((cue, contribution))
    sums = tuple(sum(value for _, value in listed) for listed in members)
    by_sentence = [0.0] * (clauses[-1].sentence + 1 if clauses else 0)
    for clause, value in zip(clauses, sums, strict=True):
        by_sentence[clause.sentence] += value
    return Weighed(clauses, cues, contributions, sums, tuple(map(tuple, members)), tuple(by_sentence))


def asked_for(question: str) -> str:
    """ "worse" if the question asks what to improve, "better" if it asks what was good, else nothing."""
    folded = question.lower()
    if _ASKED_WORSE.search(folded):
        return "worse"
    return "better" if _ASKED_BETTER.search(folded) else ""


def features(weighed: Weighed, folded: str, question: str) -> list[float]:
    """The numbers named in NAMES, each roughly within −3…3."""
    total = sum(weighed.clause_sums)
    positive = sum(value for value in weighed.contributions if value > 0)
    negative = -sum(value for value in weighed.contributions if value < 0)
    wishing = roles()["wishes"]
    words = wishes = shouted = 0
    for clause in weighed.clauses:
        for token in clause.tokens:
            words += token.is_word
            wishes += token.word in wishing
            shouted += token.shouted
    best = max((value for value in weighed.clause_sums if value > 0), default=0.0)
    worst = -min((value for value in weighed.clause_sums if value < 0), default=0.0)
    strong = sum(abs(value) >= 0.4 for value in weighed.contributions)
    spoken = [value for value in weighed.clause_sums if abs(value) > 0.1]
    asked = asked_for(question)
    return [
        _clip(total / 3),
        math.tanh(total),
        _clip(total / math.sqrt(words + 3)),
        _clip(positive / 4),
        _clip(negative / 4),
        _clip(best / 3),
        _clip(worst / 3),
        math.sqrt(min(best, worst, 6.0)),
        math.tanh(spoken[-1] / 2) if spoken else 0.0,
        math.log1p(words) / 3,
        float(words <= 3),
        float(strong == 0),
        float(any(clause.weight > 1 for clause in weighed.clauses)),
        float("?" in folded),
        min(3, wishes) / 2,
        min(1.0, shouted / 5),
        min(1.0, folded.count("!") / 3),
        float(asked == "worse"),
        float(asked == "better"),
    ]


def probabilities(numbers: Sequence[float], coefficients: Sequence[Sequence[float]]) -> list[float]:
    """Softmax over CLASSES; `coefficients`: one row for each class, the intercept last."""
    logits = [sum(a * b for a, b in zip(row, numbers, strict=False)) + row[-1] for row in coefficients]
    top = max(logits)
    powers = [math.exp(logit - top) for logit in logits]
    whole = sum(powers)
    return [power / whole for power in powers]


def _clip(value: float) -> float:
    return max(-3.0, min(3.0, value))
