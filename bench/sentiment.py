"""How well and how fast clients' words are read: `python -m bench.sentiment [--data ../shared/data/text]`.

Reads the dev rows of every labelled set once and compares TextBlob's own analyser with lexicon-1, in one process.
Writes `bench/results/sentiment.md`: numbers only, never a text.

TextBlob says a polarity, not a probability: its verdict is negative below −0.05 and positive above 0.05, its chance of
"negative" is (1 − polarity) ∕ 2, and it never says "mixed".
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from textblob.sentiments import PatternAnalyzer

from analysis.text import evaluation
from analysis.text.analyser import Comment
from analysis.text.lexicon import LexiconAnalyser
from bench.labelled import Labelled, read

RESULTS = Path(__file__).parent / "results" / "sentiment.md"
NOTES = """
Rows without a label (`null`) are left out; sets without labelled dev rows do not appear. Rows labelled *mixed* count in
accuracy and macro-F1 as a fourth class, and for AUC and recall as not negative. AUC: a random negative row against
any other. Recall: the largest share of negative rows found at a precision of 0.9 by one threshold. ECE: ten bins, of
the verdict's probability; TextBlob gives none. The set in Spanish is read by both, though neither promises Spanish.
Docs/s is one core, all rows in one batch, loading left out.
"""


@dataclass(frozen=True)
class Said:
    """What an analyser said of one row; `confidence` None if it gives none."""

    verdict: str
    negative: float
    confidence: float | None


def textblob_says(rows: Sequence[Labelled]) -> list[Said]:
    """TextBlob's default analyser."""
    analyzer = PatternAnalyzer()
    found = []
    for row in rows:
        polarity = analyzer.analyze(row.text).polarity
        verdict = "negative" if polarity < -0.05 else "positive" if polarity > 0.05 else "neutral"
        found.append(Said(verdict, (1 - polarity) / 2, None))
    return found


def lexicon_says(rows: Sequence[Labelled]) -> list[Said]:
    """lexicon-1, without a rating: the words alone."""
    readings = LexiconAnalyser().analyse([Comment(row.text, row.question) for row in rows])
    return [
        Said(reading.sentiment, reading.probabilities["negative"], reading.probabilities[reading.sentiment])
        for reading in readings
    ]


ANALYSERS: dict[str, Callable[[Sequence[Labelled]], list[Said]]] = {
    "TextBlob": textblob_says,
    "lexicon-1": lexicon_says,
}


def measure(name: str, rows: Sequence[Labelled]) -> str:
    """One row of the table."""
    begun = time.process_time()
    said = ANALYSERS[name](rows)
    seconds = time.process_time() - begun
    truth = [str(row.label) for row in rows]
    verdicts = [one.verdict for one in said]
    is_negative = [label == "negative" for label in truth]
    chances = [one.negative for one in said]
    area = evaluation.auc(is_negative, chances)
    confidences = [one.confidence for one in said if one.confidence is not None]
    correct = [a == b for a, b in zip(truth, verdicts, strict=True)]
    error = evaluation.calibration_error(correct, confidences) if confidences else None
    numbers = [
        f"{evaluation.accuracy(truth, verdicts):.3f}",
        f"{evaluation.macro_f1(truth, verdicts):.3f}",
        "–" if area is None else f"{area:.3f}",
        f"{evaluation.recall_at_precision(is_negative, chances, 0.9):.3f}",
        "–" if error is None else f"{error:.3f}",
        f"{len(rows) / max(seconds, 1e-9):,.0f}",
    ]
    return f"{name} | " + " | ".join(numbers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/text"))
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    warm = [Labelled("Good service", "", "positive", "en")]
    for say in ANALYSERS.values():
        say(warm)
    lines = [
        "# Reading clients' words: TextBlob and lexicon-1 on the dev rows",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d} by `python -m bench.sentiment`.",
        NOTES,
        "| set | rows | analyser | accuracy | macro-F1 | AUC (negative) | recall at precision 0.9 | ECE | docs/s |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for path in sorted(options.data.glob("*.jsonl.gz")):
        name = path.name.removesuffix(".jsonl.gz")
        rows = [row for row in read(options.data, name, "dev") if row.label and row.text.strip()]
        if rows:
            for analyser in ANALYSERS:
                lines.append(f"| {name} | {len(rows)} | {measure(analyser, rows)} |")
                print(lines[-1])
    options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
