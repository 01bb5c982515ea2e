"""Fits what words and pairs of words alone say of intents and aspects: logistic regressions with L2, in a minute."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

from analysis.text import wording
from analysis.text.fast import words
from bench.train.rows import INTENTS, SCHEMES, Row

Array = NDArray[np.float64]
BUCKETS = 65_536
CODED = ("fabsa", "nhs_fft")  # the schemes whose heads are asked of aspects (`decode.SUPERSEDED`)
SEED, FOLDS = 3, 4
_WRITTEN = 4.0  # a sentence that somebody wrote for this counts so many times …
_OTHER = 0.25  # … and a made-up one, or one of a set where nobody has intents, so many
_PRESENT = 6.0  # a missed intent weighs more than an imagined one
_LOOSE = 10.0  # inverse strength of the L2 penalty


class _Places(dict[tuple[str, str], int]):
    def __missing__(self, pair: tuple[str, str]) -> int:
        self[pair] = found = wording.bucket(*pair, BUCKETS)
        return found


def train(rows: Sequence[Row], coded: Sequence[Row], facts: Mapping[str, object], out: Path) -> None:
    """Fits on `rows`, which have intents, and on `coded` ones, which have aspects, as they are met. Writes `out`."""
    places = _Places()
    counts = _counts(rows, places)
    rarity = _rarity(counts)
    found = _intents(rows, _weighed(counts, rarity))
    heads = {"intents": len(INTENTS)}
    for scheme in CODED:
        known = [row for row in coded if row.scheme == scheme]
        found += _aspects(known, SCHEMES[scheme], _weighed(_counts(known, places), rarity))
        heads[f"aspects:{scheme}"] = len(SCHEMES[scheme])
    weights = np.stack([weight for weight, _ in found], axis=1)
    scale = np.abs(weights).max(axis=0) / 127 + 1e-12
    np.savez_compressed(
        out,
        facts=json.dumps({"heads": heads, **facts}),
        weights=np.round(weights / scale).astype(np.int8),
        scale=scale.astype(np.float32),
        bias=np.array([bias for _, bias in found], np.float32),
        rarity=rarity.astype(np.float16),
    )


def _counts(rows: Sequence[Row], places: _Places) -> csr_matrix:
    """(rows, BUCKETS) as `wording.counted` has them."""
    indices: list[int] = []
    values: list[float] = []
    starts = [0]
    for row in rows:
        at, worth = wording.counted(words(row.text), places)
        indices += at
        values += worth.tolist()
        starts.append(len(indices))
    return csr_matrix((values, indices, starts), shape=(len(rows), BUCKETS))


def _rarity(counts: csr_matrix) -> Array:
    """Log of the inverse share of texts that a bucket occurs in, smoothed, plus 1."""
    occurs = np.bincount(counts.indices, minlength=BUCKETS)
    rarity: Array = np.log((1 + counts.shape[0]) / (1 + occurs)) + 1
    return rarity


def _weighed(counts: csr_matrix, rarity: Array) -> csr_matrix:
    """Rows of length 1."""
    weighed = counts @ diags(rarity)
    length = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
    return csr_matrix(diags(1 / np.maximum(length, 1e-9)) @ weighed)


def _intents(rows: Sequence[Row], inputs: csr_matrix) -> list[tuple[Array, float]]:
    """Weights and bias of each intent."""
    worth = np.array([_WRITTEN if row.source == "handwritten" else _OTHER for row in rows])
    found = []
    for name in tqdm(INTENTS, unit="intent"):
        known = np.flatnonzero([name in row.intents for row in rows])
        labels = np.array([row.intents[name] > 0 for row in rows if name in row.intents])
        weights, bias = _fit(inputs[known], labels, worth[known])
        written = worth[known] == _WRITTEN
        found.append((weights, bias - _excess(inputs[known], labels, worth[known], written)))
    return found


def _aspects(rows: Sequence[Row], aspects: Sequence[str], inputs: csr_matrix) -> list[tuple[Array, float]]:
    """Weights and bias of each aspect."""
    worth = np.ones(len(rows))
    found = []
    for name in tqdm(aspects, unit="aspect"):
        labels = np.array([name in row.aspects for row in rows])
        weights, bias = _fit(inputs, labels, worth)
        found.append((weights, bias - _excess(inputs, labels, worth, worth > 0)))
    return found


def _fit(inputs: csr_matrix, labels: NDArray[np.bool_], worth: Array) -> tuple[Array, float]:
    model = LogisticRegression(C=_LOOSE, max_iter=300)
    model.fit(inputs, labels, sample_weight=worth * np.where(labels, _PRESENT, 1.0))
    return model.coef_[0], float(model.intercept_[0])


def _excess(inputs: csr_matrix, labels: NDArray[np.bool_], worth: Array, written: NDArray[np.bool_]) -> float:
    """What to take from the bias so that as many written sentences have an intent as are said to, in folds apart:
    the words of a sentence that was never met are mostly unknown, and say too little."""
    fold = np.random.default_rng(SEED).integers(0, FOLDS, len(labels))
    said = np.zeros(len(labels))
    for number in range(FOLDS):
        weights, bias = _fit(inputs[fold != number], labels[fold != number], worth[fold != number])
        said[fold == number] = inputs[fold == number] @ weights + bias
    return float(np.quantile(said[written], 1 - labels[written].mean()))
