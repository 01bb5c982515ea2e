"""Trains and measures the reader of five other languages: `python -m bench.train.multilingual`.

Two steps, both logistic. The first learns sentiment from the frozen encoder's vectors, mostly of English rows. The
second weighs its logits against the counts of `analysis.text.feelings`, on rows in the other languages; there the
first step's logits come from folds that have not seen the row. A temperature is fitted on dev rows (Guo et al. 2017).
Writes `analysis/text/models/multilingual.npz` and `bench/results/languages.md`; some minutes on one core.
"""

import argparse
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from scipy.optimize import minimize_scalar
from scipy.stats import rankdata
from sklearn.linear_model import LogisticRegression

from analysis.text import evaluation
from analysis.text.feelings import WIDTH
from analysis.text.multilingual import FOREIGN, PIECE, WEIGHTS, MultilingualModel, features
from bench.labelled import read

Array = NDArray[np.float64]

SENTIMENTS = ("negative", "neutral", "positive")
SAMPLES = {"fabsa": 2000, "nhs_fft": 2000, "nhs_fft_p1": 2000, "opener_en": 2000, "dynasent": 3000}  # at most, of each
YARDSTICK = ("fabsa", "nhs_fft", "nhs_fft_p1", "opener_en")
OWN = Path(__file__).parent / "data" / "languages.jsonl"
RESULTS = Path(__file__).parents[1] / "results" / "languages.md"
SEED = 3
FOLDS = 4
RESAMPLES = 1000
_LABELS = {"neg": "negative", "neu": "neutral", "pos": "positive"}
_NOTES = """
Rows labelled *mixed* are left out, as none of these readers says it here. AUC: a random negative row against any other.
ECE: ten bins, of the verdict's probability. In brackets: 95 % of 1,000 bootstrap resamples. The languages' rows were
written by hand for this project (`bench/train/data/languages.jsonl`), held out from training and from every choice;
sentences that mean the same in two languages lie in the same split. Their author also wrote the word lists, so
opener_es, whose reviews others wrote, is the more independent figure (its dev rows chose settings and temperature).
"""


class Row(NamedTuple):
    """One labelled text; `label` is one of SENTIMENTS."""

    text: str
    language: str
    label: str


class Figures(NamedTuple):
    """Each with the bounds of 95 % of the resamples."""

    rows: int
    accuracy: tuple[float, float, float]
    macro_f1: tuple[float, float, float]
    auc: tuple[float, float, float]
    calibration: float | None


def train(folder: Path, out: Path) -> dict[str, Any]:
    """Fit on the sets in `folder` and on OWN, write the head to `out`; what was measured, by set and language."""
    english = [row for name, most in SAMPLES.items() for row in _sample(folder, name, most)]
    abroad = [*_labelled(folder, "opener_es", "train"), *own("train")]
    held_back = [*_labelled(folder, "opener_es", "dev"), *own("dev")]
    of_english, of_abroad, of_dev = _embed(english), _embed(abroad), _embed(held_back)
    trust = np.array([2.0] * (len(abroad) - len(own("train"))) + [5.0] * len(own("train")))
    weights, bias = _fit(of_english, _numbers(english), of_abroad, _numbers(abroad), trust)
    temperature = _temperature(of_dev @ weights + bias, _numbers(held_back))
    facts = {"model": "multilingual-1", "encoder": "USE multilingual v3", "seed": SEED, "temperature": temperature}
    out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        out,
        weights=(weights / temperature).astype(np.float32),
        bias=(bias / temperature).astype(np.float32),
        facts=np.array(json.dumps(facts)),
    )
    return {"temperature": temperature, **measure(folder, MultilingualModel(out))}


def measure(folder: Path, model: MultilingualModel) -> dict[str, Figures]:
    """The model on opener_es's dev rows and on every language's held-out rows, given the language."""
    sets = {"opener_es dev": _labelled(folder, "opener_es", "dev"), "all held out": own("held_out")}
    sets |= {f"{code} held out": [row for row in own("held_out") if row.language == code] for code in FOREIGN}
    long = [row for row in own("held_out") if len(row.text.split()) > 3]
    sets["all held out, over 3 words"] = long
    found = {}
    for name, rows in sets.items():
        chances = model.read([row.text for row in rows], [row.language for row in rows])
        verdicts = [SENTIMENTS[at] for at in chances.argmax(axis=1)]
        found[name] = _figures(rows, verdicts, chances[:, 0], chances.max(axis=1))
    return found


def yardstick(folder: Path) -> dict[str, Figures]:
    """VADER and TextBlob on English dev rows, and on the other languages as if they were English."""
    from textblob.sentiments import PatternAnalyzer
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    vader, textblob = SentimentIntensityAnalyzer(), PatternAnalyzer()
    readers: dict[str, Callable[[str], float]] = {
        "VADER": lambda text: float(vader.polarity_scores(text)["compound"]),
        "TextBlob": lambda text: float(textblob.analyze(text).polarity),
    }
    sets = {f"{name} dev": _labelled(folder, name, "dev") for name in (*YARDSTICK, "opener_es")}
    sets["all held out"] = own("held_out")
    found = {}
    for reader, polarity in readers.items():
        for name, rows in sets.items():
            said = np.array([polarity(row.text) for row in rows])
            verdicts = ["negative" if one < -0.05 else "positive" if one > 0.05 else "neutral" for one in said]
            found[f"{name} | {reader}"] = _figures(rows, verdicts, -said, None)
    return found


def own(split: str) -> list[Row]:
    """The rows of one split of the languages' own file."""
    documents = [json.loads(line) for line in OWN.read_text(encoding="utf-8").splitlines()]
    return [
        Row(document["text"], document["lang"], _LABELS[document["label"]])
        for document in documents
        if document["split"] == split
    ]


def _labelled(folder: Path, name: str, split: str) -> list[Row]:
    rows = read(folder, name, split)
    return [Row(row.text, row.language, row.label) for row in rows if row.label in SENTIMENTS and row.text.strip()]


def _sample(folder: Path, name: str, most: int) -> list[Row]:
    rows = _labelled(folder, name, "train")
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
) -> tuple[Array, Array]:
    """The two steps as one: weights (512 + WIDTH, 3) and bias (3,). `trust`: the weight of each row of `abroad`."""

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
    second = LogisticRegression(C=1.0, max_iter=1000)
    second.fit(np.concatenate([logits, abroad[:, -WIDTH:]], axis=1), labels, sample_weight=np.where(trust > 2, 2, 1))
    whole = first(np.ones(len(abroad), dtype=bool))
    mix = second.coef_.T  # (3 + WIDTH, 3)
    return np.concatenate([whole.coef_.T @ mix[:3], mix[3:]]), whole.intercept_ @ mix[:3] + second.intercept_


def _temperature(logits: Array, labels: NDArray[np.intp]) -> float:
    """What the logits are divided by so that the dev rows are least surprising."""

    def surprise(temperature: float) -> float:
        scaled = logits / temperature
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        return float((np.log(np.exp(scaled).sum(axis=1)) - scaled[np.arange(len(labels)), labels]).mean())

    return float(minimize_scalar(surprise, bounds=(0.3, 5.0), method="bounded").x)


def _figures(rows: Sequence[Row], verdicts: Sequence[str], negative: Array, confidence: Array | None) -> Figures:
    truth = np.array([SENTIMENTS.index(row.label) for row in rows])
    said = np.array([SENTIMENTS.index(verdict) for verdict in verdicts])
    chosen = np.random.default_rng(SEED)
    draws = [np.arange(len(rows)), *(chosen.integers(0, len(rows), len(rows)) for _ in range(RESAMPLES))]
    numbers = np.array([_scores(truth[draw], said[draw], negative[draw]) for draw in draws])
    low, high = np.percentile(numbers[1:], [2.5, 97.5], axis=0)
    spans = [(float(numbers[0, at]), float(low[at]), float(high[at])) for at in range(3)]
    correct = (truth == said).tolist()
    error = None if confidence is None else evaluation.calibration_error(correct, confidence.tolist())
    return Figures(len(rows), spans[0], spans[1], spans[2], error)


def _scores(truth: NDArray[np.intp], said: NDArray[np.intp], negative: Array) -> tuple[float, float, float]:
    """Accuracy, macro-F1 over the classes that occur, AUC of negative (0.5 if it does not occur, or alone)."""
    right = truth == said
    f1 = [2 * (right & (said == at)).sum() / ((said == at).sum() + (truth == at).sum()) for at in np.unique(truth)]
    real = truth == 0
    others = len(truth) - real.sum()
    if not others or not real.any():
        return float(right.mean()), float(np.mean(f1)), 0.5
    above = rankdata(negative)[real].sum() - real.sum() * (real.sum() + 1) / 2
    return float(right.mean()), float(np.mean(f1)), float(above / (real.sum() * others))


def _line(name: str, figures: Figures) -> str:
    spans = [f"{value:.3f} [{low:.2f}, {high:.2f}]" for value, low, high in figures[1:4]]
    error = "–" if figures.calibration is None else f"{figures.calibration:.3f}"
    return f"| {name} | {figures.rows} | {' | '.join(spans)} | {error} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/text"))
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--measure", action="store_true", help="measure the head at --out, train nothing")
    options = parser.parse_args()
    if options.measure:
        figures: dict[str, Any] = {**measure(options.data, MultilingualModel(options.out))}
    else:
        figures = train(options.data, options.out)
    lines = ["# Reading five other languages", "", "Made by `python -m bench.train.multilingual`.", _NOTES]
    lines += ["| set | reader | rows | accuracy | macro-F1 | AUC (negative) | ECE |", "|---|---|---|---|---|---|---|"]
    lines += [_line(f"{name} | multilingual-1", one) for name, one in figures.items() if isinstance(one, Figures)]
    lines += [_line(name, one) for name, one in yardstick(options.data).items()]
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
