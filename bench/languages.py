"""Measures the reader of five other languages: `python -m bench.languages` writes `bench/results/languages.md`."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from analysis.text import evaluation
from analysis.text.multilingual import FOREIGN, WEIGHTS, MultilingualModel
from bench.train.multilingual import SEED, SENTIMENTS, Array, Row, labelled, own

YARDSTICK = ("fabsa", "nhs_fft", "nhs_fft_p1", "opener_en")
RESULTS = Path(__file__).parent / "results" / "languages.md"
RESAMPLES = 1000
_NOTES = """
Rows labelled *mixed* are left out, as none of these readers says it here. AUC: a random negative row against any other.
ECE: ten bins, of the verdict's probability. In brackets: 95 % of 1,000 bootstrap resamples. The languages' rows were
written by hand for this project (`bench/train/data/languages.jsonl`), held out from training and from every choice;
sentences that mean the same in two languages lie in the same split. Their author also wrote the word lists, so
opener_es, whose reviews others wrote, is the more independent figure (settings were chosen with its dev rows in view).
"""


class Figures(NamedTuple):
    """Each with the bounds of 95 % of the resamples."""

    rows: int
    accuracy: tuple[float, float, float]
    macro_f1: tuple[float, float, float]
    auc: tuple[float, float, float]
    calibration: float | None


def measure(folder: Path, model: MultilingualModel) -> dict[str, Figures]:
    """The model on opener_es's dev rows and on every language's held-out rows, given the language."""
    sets = {"opener_es dev": labelled(folder, "opener_es", "dev"), "all held out": own("held_out")}
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
    sets = {f"{name} dev": labelled(folder, name, "dev") for name in (*YARDSTICK, "opener_es")}
    sets["all held out"] = own("held_out")
    found = {}
    for reader, polarity in readers.items():
        for name, rows in sets.items():
            said = np.array([polarity(row.text) for row in rows])
            verdicts = ["negative" if one < -0.05 else "positive" if one > 0.05 else "neutral" for one in said]
            found[f"{name} | {reader}"] = _figures(rows, verdicts, -said, None)
    return found


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
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    figures = measure(options.data, model := MultilingualModel(options.weights))
    lines = ["# Reading five other languages", "", "Made by `python -m bench.languages`.", _NOTES]
    lines += ["| set | reader | rows | accuracy | macro-F1 | AUC (negative) | ECE |", "|---|---|---|---|---|---|---|"]
    lines += [_line(f"{name} | {model.facts['model']}", one) for name, one in figures.items()]
    lines += [_line(name, one) for name, one in yardstick(options.data).items()]
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
