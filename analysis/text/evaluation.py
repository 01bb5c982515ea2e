"""How good an analyser is: the measures used by `bench/sentiment.py`. Pure numbers in, numbers out."""

import random
from collections.abc import Sequence


def accuracy(truth: Sequence[str], verdicts: Sequence[str]) -> float:
    """Share of verdicts that equal the truth; 0 of nothing is 0."""
    if not truth:
        return 0.0
    return sum(a == b for a, b in zip(truth, verdicts, strict=True)) / len(truth)


def macro_f1(truth: Sequence[str], verdicts: Sequence[str]) -> float:
    """The mean over the classes that occur in the truth of 2·precision·recall ∕ (precision + recall)."""
    classes = sorted(set(truth))
    if not classes:
        return 0.0
    return sum(_f1(truth, verdicts, name) for name in classes) / len(classes)


def _f1(truth: Sequence[str], verdicts: Sequence[str], name: str) -> float:
    hits = sum(a == b == name for a, b in zip(truth, verdicts, strict=True))
    claimed, real = verdicts.count(name), truth.count(name)
    return 2 * hits / (claimed + real) if claimed + real else 0.0


def auc(positives: Sequence[bool], scores: Sequence[float]) -> float | None:
    """Chance that a random positive scores above a random negative, ties counting half (Mann–Whitney).

    None if one of the two kinds is missing.
    """
    order = sorted(range(len(scores)), key=scores.__getitem__)
    rank_sum, at = 0.0, 0
    while at < len(order):
        end = at
        while end < len(order) and scores[order[end]] == scores[order[at]]:
            end += 1
        rank = (at + end + 1) / 2
        rank_sum += rank * sum(positives[index] for index in order[at:end])
        at = end
    real = sum(positives)
    others = len(positives) - real
    if not real or not others:
        return None
    return (rank_sum - real * (real + 1) / 2) / (real * others)


def recall_at_precision(positives: Sequence[bool], scores: Sequence[float], precision: float) -> float:
    """The largest share of positives found by any threshold whose precision is at least `precision`."""
    real = sum(positives)
    if not real:
        return 0.0
    order = sorted(range(len(scores)), key=lambda index: -scores[index])
    hits, best = 0, 0
    for claimed, index in enumerate(order, start=1):
        hits += positives[index]
        ends_tie = claimed == len(order) or scores[order[claimed]] != scores[index]
        if ends_tie and hits >= precision * claimed:
            best = hits
    return best / real


def calibration_error(
    correct: Sequence[bool], confidences: Sequence[float], bins: int = 10, weights: Sequence[float] | None = None
) -> float:
    """Expected calibration error: mean |confidence − accuracy| over equally wide bins, weighted by their size.

    `weights`: how much each verdict counts, where not all count alike.
    """
    if not correct:
        return 0.0
    weights = weights or [1.0] * len(correct)
    kept: list[list[int]] = [[] for _ in range(bins)]
    for index, confidence in enumerate(confidences):
        kept[min(bins - 1, max(0, int(confidence * bins)))].append(index)
    error = 0.0
    for members in kept:
        if members:
            error += abs(sum((confidences[index] - correct[index]) * weights[index] for index in members))
    return error / sum(weights)


def chance_error(confidences: Sequence[float], bins: int = 10, rounds: int = 200, seed: int = 1) -> float:
    """The calibration error that verdicts would show which are right just as often as they are sure: what is measured
    of a perfectly calibrated model on so few rows. Mean over `rounds` draws."""
    chosen = random.Random(seed)  # noqa: S311 - the same draws again for the same seed
    errors = [
        calibration_error([chosen.random() < sure for sure in confidences], confidences, bins) for _ in range(rounds)
    ]
    return sum(errors) / rounds
