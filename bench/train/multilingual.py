"""Trains the reader of five other languages: `python -m bench.train.multilingual`.

Two steps, both logistic. The first learns sentiment from the frozen encoder's vectors, mostly of English rows. The
second weighs its logits against the counts of `analysis.text.feelings`, on rows in the other languages; there the
first step's logits come from folds that have not seen the row. A temperature (Guo et al. 2017) is fitted on the logits
that both steps have in such folds. Writes `analysis/text/models/multilingual.npz`; some minutes on one core.
`bench/languages.py` measures it.
"""

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression

from analysis.text.feelings import WIDTH
from analysis.text.multilingual import PIECE, WEIGHTS, features
from bench.labelled import read
from bench.train.rows import LEARNT

Array = NDArray[np.float64]

SENTIMENTS = ("negative", "neutral", "positive")
SAMPLES = {"fabsa": 2000, "nhs_fft": 2000, "nhs_fft_p1": 2000, "opener_en": 2000, "dynasent": 3000}  # at most, of each
OWN = Path(__file__).parent / "data" / "languages.jsonl"
SEED = 3
FOLDS = 4
_LABELS = {"neg": "negative", "neu": "neutral", "pos": "positive"}


class Row(NamedTuple):
    """One labelled text; `label` is one of SENTIMENTS."""

    text: str
    language: str
    label: str


def train(folder: Path, out: Path, thin: int = 1) -> None:
    """Fit on the sets in `folder` and on OWN, write the head to `out`. `thin`: every how manieth row is learnt from."""
    english = [row for name, most in SAMPLES.items() for row in _sample(folder, name, most)][::thin]
    written = own()
    spanish = labelled(folder, "opener_es")[::thin]
    of_english, of_abroad = _embed(english), _embed([*spanish, *written])
    trust = np.array([2.0] * len(spanish) + [5.0] * len(written))
    labels = _numbers([*spanish, *written])
    weights, bias, apart = _fit(of_english, _numbers(english), of_abroad, labels, trust)
    temperature = _temperature(apart, labels)
    facts = {"model": "multilingual-2", "encoder": "USE multilingual v3", "seed": SEED, "temperature": temperature}
    out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        out,
        weights=(weights / temperature).astype(np.float32),
        bias=(bias / temperature).astype(np.float32),
        facts=np.array(json.dumps(facts)),
    )


def own(split: str = LEARNT) -> list[Row]:
    """The rows of one split of the languages' own file."""
    documents = [json.loads(line) for line in OWN.read_text(encoding="utf-8").splitlines()]
    return [
        Row(document["text"], document["lang"], _LABELS[document["label"]])
        for document in documents
        if document["split"] == split
    ]


def labelled(folder: Path, name: str, split: str = LEARNT) -> list[Row]:
    """The rows of one split of a set that have a verdict."""
    rows = read(folder, name, split)
    return [Row(row.text, row.language, row.label) for row in rows if row.label in SENTIMENTS and row.text.strip()]


def _sample(folder: Path, name: str, most: int) -> list[Row]:
    rows = labelled(folder, name)
    return random.Random(SEED).sample(rows, min(most, len(rows)))


def _embed(rows: Sequence[Row]) -> Array:
    """(rows, 512 + WIDTH). A text is its first few pieces as one: whole comments are short."""
    starts = track(range(0, len(rows), 256), description=f"Encoding {len(rows):,} texts")
    made = [
        features([row.text[: 3 * PIECE] for row in rows[at : at + 256]], [row.language for row in rows[at : at + 256]])
        for at in starts
    ]
    return np.concatenate(made)


def _numbers(rows: Sequence[Row]) -> NDArray[np.intp]:
    return np.array([SENTIMENTS.index(row.label) for row in rows])


def _fit(
    english: Array, english_labels: NDArray[np.intp], abroad: Array, labels: NDArray[np.intp], trust: Array
) -> tuple[Array, Array, Array]:
    """The two steps as one, weights (512 + WIDTH, 3) and bias (3,), and the logits of rows that folds had not seen.

    `trust`: the weight of each row of `abroad`.
    """

    def first(kept: NDArray[np.bool_]) -> Any:
        model = LogisticRegression(C=0.003, max_iter=100, tol=1e-3)
        return model.fit(
            np.concatenate([english[:, :-WIDTH], abroad[kept, :-WIDTH]]),
            np.concatenate([english_labels, labels[kept]]),
            sample_weight=np.concatenate([np.ones(len(english)), trust[kept]]),
        )

    fold = np.random.default_rng(SEED).integers(0, FOLDS, len(abroad))
    logits = np.zeros((len(abroad), 3))
    for number in track(range(FOLDS), description="Fitting"):
        logits[fold == number] = first(fold != number).decision_function(abroad[fold == number, :-WIDTH])
    inputs, worth = np.concatenate([logits, abroad[:, -WIDTH:]], axis=1), np.where(trust > 2, 2, 1)

    def then(kept: NDArray[np.bool_]) -> Any:
        return LogisticRegression(C=1.0, max_iter=1000).fit(inputs[kept], labels[kept], sample_weight=worth[kept])

    apart = np.zeros((len(abroad), 3))
    for number in range(FOLDS):
        apart[fold == number] = then(fold != number).decision_function(inputs[fold == number])
    second = then(np.ones(len(abroad), dtype=bool))
    whole = first(np.ones(len(abroad), dtype=bool))
    mix = second.coef_.T  # (3 + WIDTH, 3)
    weights = np.concatenate([whole.coef_.T @ mix[:3], mix[3:]])
    return weights, whole.intercept_ @ mix[:3] + second.intercept_, apart


def _temperature(logits: Array, labels: NDArray[np.intp]) -> float:
    """What the logits are divided by so that the labels are least surprising."""

    def surprise(temperature: float) -> float:
        scaled = logits / temperature
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        return float((np.log(np.exp(scaled).sum(axis=1)) - scaled[np.arange(len(labels)), labels]).mean())

    return float(minimize_scalar(surprise, bounds=(0.3, 5.0), method="bounded").x)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/text"))
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    train(options.data, options.out)


if __name__ == "__main__":
    main()
