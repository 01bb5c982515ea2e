"""Refit what lexicon-1 learned: `python -m bench.train.fit_lexicon [--data ../shared/data/text]`.

Two stages, both convex, so that the same rows give the same files. First a ridge regression moves each word's weight
away from its prior (TextBlob's lexicon and our lists) as far as the rows support it. Then a multinomial logistic
regression turns the features of a comment into probabilities; its features come from weights fitted on the other half
of the rows, or they would be too sure of themselves. Writes words and numbers only, never a text.
"""

import argparse
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse

from analysis.text import wordlists
from analysis.text.features import CLASSES, NAMES, features, weigh_all
from analysis.text.preprocess import Clause, clauses, fold
from analysis.text.valence import Cue, cues, is_negator, prior_weights
from bench.labelled import MAY_TRAIN, Labelled, read

Array = NDArray[np.float64]
ROW_WEIGHT = {
    "fabsa": 1.0,
    "nhs_fft": 1.0,
    "nhs_fft_p1": 1.0,
    "opener_en": 0.6,
    "mams": 0.3,
    "dynasent": 0.4,
    "sst": 0.25,
}
COEFFICIENT_WEIGHT = {
    "fabsa": 1.0,
    "nhs_fft": 1.0,
    "nhs_fft_p1": 1.0,
    "opener_en": 0.6,
    "mams": 0.15,
    "dynasent": 0.15,
    "sst": 0.0,
}
RARE = {"mixed": 2.5, "neutral": 1.5}  # Half of the sets have no "mixed": without this it would never be said
TARGET = {"negative": 0.0, "neutral": 0.5, "mixed": 0.5, "positive": 1.0}
RIDGE = 1.2
SEEN = 6  # rows of at least two sets must hold a word before it gets a weight of its own
SERVICE = ("fabsa", "nhs_fft", "nhs_fft_p1", "opener_en")
SMALLEST = 0.25
SEED = 20260310


class Row:
    """One training row, read once."""

    def __init__(self, name: str, labelled: Labelled) -> None:
        assert labelled.label is not None
        self.set, self.label, self.question = name, labelled.label, labelled.question
        self.folded = fold(labelled.text)
        self.clauses: Sequence[Clause] = clauses(labelled.text)
        self.cues: Sequence[Cue] = cues(self.clauses, self.folded)


def vocabulary(rows: Sequence[Row]) -> list[str]:
    """The keys that may get a weight: seen often, in more than one set, and not a name."""
    seen: Counter[str] = Counter()
    sets: dict[str, set[str]] = {}
    in_service: Counter[str] = Counter()
    fixed, names = wordlists.weights("fixed"), _names(rows)
    for row in rows:
        for key in {cue.key for cue in row.cues}:
            seen[key] += 1
            sets.setdefault(key, set()).add(row.set)
            in_service[key] += row.set in SERVICE
    known = _common_words()
    prior = prior_weights()
    kept = []
    for key, count in seen.items():
        words = key.lstrip("!").split()
        often = count >= (SEEN if len(words) == 1 else 2 * SEEN) and len(sets[key]) >= 2
        often = often and in_service[key] >= 4 and not any(word in fixed for word in (*words, key.lstrip("!")))
        plain = all(word in known or word in prior or is_negator(word) or word == "not" for word in words)
        if often and plain and not any(word in names for word in words):
            kept.append(key)
    return sorted(kept)


def _names(rows: Sequence[Row]) -> frozenset[str]:
    """Words that are mostly written with a capital inside a sentence."""
    inside: Counter[str] = Counter()
    capital: Counter[str] = Counter()
    for row in rows:
        for clause in row.clauses:
            for token in clause.tokens[1:]:
                inside[token.word] += token.is_word
                capital[token.word] += token.titled
    return frozenset(word for word, count in inside.items() if capital[word] > 0.5 * count)


def _common_words() -> frozenset[str]:
    """Words of TextBlob's dictionary that are not proper names."""
    from textblob.en import lexicon

    lexicon.get("good")  # read at first use
    return frozenset(word for word, tag in dict.items(lexicon) if not tag.startswith("NNP") and word.islower())


def fit_weights(rows: Sequence[Row], keys: Sequence[str]) -> dict[str, float]:
    """Ridge logistic regression of positive against negative around the prior weights."""
    index = {key: at for at, key in enumerate(keys)}
    prior = prior_weights()
    start = np.array([_prior(key, prior) for key in keys])
    data, columns, pointers, fixed = [], [], [0], []
    for row in rows:
        rest = 0.0
        for cue in row.cues:
            if cue.key in index:
                data.append(cue.factor)
                columns.append(index[cue.key])
            else:
                rest += cue.factor * _prior(cue.key, prior)
        fixed.append(rest)
        pointers.append(len(data))
    matrix = sparse.csr_matrix((data, columns, pointers), shape=(len(rows), len(keys)))
    offset = np.array(fixed)
    target = np.array([TARGET[row.label] for row in rows])
    importance = np.array([ROW_WEIGHT[row.set] * (0.6 if row.label in ("neutral", "mixed") else 1.0) for row in rows])

    def loss(values: Array) -> tuple[float, Array]:
        weights, intercept = values[:-1], values[-1]
        logits = matrix @ weights + offset + intercept
        error = 1 / (1 + np.exp(-np.clip(logits, -30, 30))) - target
        moved = weights - start
        value = float(importance @ (np.logaddexp(0, logits) - target * logits)) + RIDGE / 2 * float(moved @ moved)
        slope = matrix.T @ (importance * error) + RIDGE * moved
        return value, np.append(slope, importance @ error)

    found = optimize.minimize(loss, np.append(start, 0.0), jac=True, method="L-BFGS-B", options={"maxiter": 400})
    fitted = found.x[:-1]
    return {
        key: round(float(fitted[at]), 2)
        for key, at in index.items()
        if abs(fitted[at] - start[at]) >= SMALLEST or (key in prior and abs(fitted[at] - start[at]) >= 0.05)
    }


def _prior(key: str, prior: Mapping[str, float]) -> float:
    return -0.6 * prior.get(key[1:], 0.0) if key.startswith("!") else prior.get(key, 0.0)


def numbers_of(row: Row, learned: Mapping[str, float]) -> list[float]:
    return features(weigh_all(row.clauses, row.cues, learned), row.folded, row.question)


def fit_coefficients(numbers: Array, rows: Sequence[Row]) -> list[list[float]]:
    """Multinomial logistic regression with a small ridge; one row for each class, the intercept last."""
    inputs = np.hstack([numbers, np.ones((len(rows), 1))])
    target = np.array([[float(row.label == name) for name in CLASSES] for row in rows])
    importance = np.array([COEFFICIENT_WEIGHT[row.set] * RARE.get(row.label, 1.0) for row in rows])
    shape = (len(CLASSES), inputs.shape[1])

    def loss(values: Array) -> tuple[float, Array]:
        weights = values.reshape(shape)
        logits = inputs @ weights.T
        logits -= logits.max(axis=1, keepdims=True)
        log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        value = -float((importance[:, None] * target * log_p).sum()) + 1.0 * float((weights[:, :-1] ** 2).sum())
        slope = (importance[:, None] * (np.exp(log_p) - target)).T @ inputs
        slope[:, :-1] += 2.0 * weights[:, :-1]
        return value, slope.ravel()

    found = optimize.minimize(loss, np.zeros(math.prod(shape)), jac=True, method="L-BFGS-B", options={"maxiter": 2000})
    return [[round(float(value), 4) for value in row] for row in found.x.reshape(shape)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/text"))
    folder = parser.parse_args().data
    rows = [
        Row(name, labelled)
        for name in MAY_TRAIN
        for labelled in read(folder, name, "train")
        if labelled.label and labelled.text.strip()
    ]
    half = np.random.default_rng(SEED).permutation(len(rows)) % 2
    keys = vocabulary(rows)
    numbers = np.zeros((len(rows), len(NAMES)))
    for side in (0, 1):
        learned = fit_weights([row for row, part in zip(rows, half, strict=True) if part != side], keys)
        for at, row in enumerate(rows):
            if half[at] == side:
                numbers[at] = numbers_of(row, learned)
    coefficients = fit_coefficients(numbers, rows)
    learned = fit_weights(rows, keys)
    _write(learned, coefficients, rows)
    print(f"{len(rows)} rows, {len(keys)} keys, {len(learned)} weights moved")


def _write(learned: Mapping[str, float], coefficients: Sequence[Sequence[float]], rows: Sequence[Row]) -> None:
    head = [
        '# Weights moved by bench/train/fit_lexicon.py (log-odds of "positive"); "!word" is the word negated.',
        "# Fitted on the training rows of " + ", ".join(MAY_TRAIN) + ".",
    ]
    lines = [f"{key}\t{weight}" for key, weight in sorted(learned.items())]
    (wordlists.DATA / "weights.txt").write_text("\n".join(head + lines) + "\n", encoding="utf-8")
    counts = Counter(row.set for row in rows)
    document = {
        "model": "lexicon-1",
        "classes": list(CLASSES),
        "features": list(NAMES),
        "coefficients": [list(row) for row in coefficients],
        "trained_on": dict(sorted(counts.items())),
    }
    (wordlists.DATA / "lexicon-1.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
