"""How well and how fast clients' words are read: `python -m bench.sentiment [--data ../shared/data/text]`.

TextBlob, VADER and the three modes of our reader, in one process on one core. Reads the dev rows of every labelled
set, our own held-out sentences and the behaviour suite; writes `bench/results/sentiment.md`: numbers only, no text.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy starts: one core each

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from textblob.sentiments import PatternAnalyzer
from tqdm import tqdm
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from analysis.text import behaviour, evaluation
from analysis.text.analyser import Comment, Reading
from analysis.text.reader import MODES, Reader
from bench.labelled import Labelled, read
from bench.sentiment_speed import footprint_table, speed_table

RESULTS = Path(__file__).parent / "results" / "sentiment.md"
SUITE = Path("tests/analysis/text/data/behaviour.jsonl")
OWN = Path(__file__).parent / "train" / "data" / "service.jsonl"
SETS = (
    *("fabsa", "nhs_fft", "nhs_fft_p1", "opener_en", "opener_es", "mams", "sst"),
    *("semeval_rest", "semeval_laptop", "edurabsa"),
)
SCHEMES = {  # the aspects of our taxonomy that these sets label
    "fabsa": {
        *("general", "access", "ease_of_use", "price_billing", "digital", "staff_attitude", "timeliness"),
        *("communication", "reputation", "competitor"),
    },
    "nhs_fft": {
        *("general", "timeliness", "booking", "follow_up", "staff_attitude", "facilities", "communication"),
        *("quality_of_work", "expertise", "reception"),
    },
}
SWAPS = ("name", "gender", "religion", "origin", "nationality", "age", "disability")


@dataclass(frozen=True)
class Said:
    """What an analyser said of one text; `confidence` None if it gives no probabilities."""

    verdict: str
    score: float
    negative: float
    confidence: float | None


Say = Callable[[Sequence[Comment]], list[Said]]


def textblob_says() -> Say:
    """TextBlob's default analyser: negative below −0.05, positive above 0.05; (1 − polarity) ∕ 2 ranks negatives."""
    analyzer = PatternAnalyzer()
    return lambda comments: [_of_polarity(analyzer.analyze(comment.text).polarity) for comment in comments]


def vader_says() -> Say:
    """VADER with its authors' thresholds on the compound score: ±0.05."""
    analyzer = SentimentIntensityAnalyzer()
    return lambda comments: [_of_polarity(analyzer.polarity_scores(comment.text)["compound"]) for comment in comments]


def _of_polarity(polarity: float) -> Said:
    verdict = "negative" if polarity < -0.05 else "positive" if polarity > 0.05 else "neutral"
    return Said(verdict, polarity, (1 - polarity) / 2, None)


def reader_says(reader: Reader) -> Say:
    """One of our modes, the sentiment alone."""

    def say(comments: Sequence[Comment]) -> list[Said]:
        found = []
        for judged in reader.judge(comments):
            chances = judged.probabilities
            found.append(Said(judged.sentiment, judged.score, chances["negative"], max(chances.values())))
        return found

    return say


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/text"))
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    readers = {mode: Reader(mode) for mode in MODES}
    says = {"TextBlob": textblob_says(), "VADER": vader_says()}
    says |= {mode: reader_says(reader) for mode, reader in readers.items()}
    speed = list(speed_table(options.data, says, readers))  # first: before other tables have filled the memory
    parts = [
        f"# Reading clients' words\n\nMeasured {datetime.now(UTC):%Y-%m-%d} by `python -m bench.sentiment`, model "
        f"{readers['cascade'].model}, one core.",
        *sentiment_table(options.data, says),
        *behaviour_table(says),
        *aspect_table(options.data, readers),
        *intent_table(options.data, readers),
        *explanation_table(options.data, readers),
        *speed,
        *footprint_table(),
    ]
    options.out.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print(options.out.read_text(encoding="utf-8"))


def sentiment_table(data: Path, says: dict[str, Say]) -> Iterator[str]:
    """Accuracy, macro-F1, AUC, recall at precision 0.9 and calibration error on every set's dev rows."""
    lines = [
        "| set | rows | analyser | accuracy | macro-F1 | AUC | recall at 0.9 | ECE | by chance |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in tqdm(SETS, unit="set"):
        rows = [row for row in read(data, name, "dev") if row.label not in (None, "mixed") and row.text.strip()]
        comments = [Comment(row.text, row.question) for row in rows]
        for analyser, say in says.items():
            lines.append(f"| {name} | {len(rows)} | {analyser} | {_quality(rows, say(comments))} |")
    yield (
        "## Sentiment\n\nDev rows labelled negative, neutral or positive, with their question and without their rating;"
        " a verdict of *mixed* counts as wrong. AUC and recall (at a precision of 0.9, one threshold) are of "
        "*negative*. ECE: expected calibration error, ten bins; TextBlob and VADER give no probabilities. *By "
        "chance*: the ECE that a model would show on so few rows whose verdicts are right exactly as often as it says "
        "(200 draws). nhs_fft_p1 codes nothing as neutral, so every neutral verdict is wrong. No dev row "
        "fitted anything of our modes: their temperatures come from training rows of mams, which nothing else was "
        "learnt from; `semeval_*` and `edurabsa` are of kinds that no tier was trained on. opener_es is Spanish, which "
        "`judge` reads as if it were English."
    )
    yield "\n".join(lines)


def _quality(rows: Sequence[Labelled], said: Sequence[Said]) -> str:
    truth = [str(row.label) for row in rows]
    verdicts = [one.verdict for one in said]
    is_negative = [label == "negative" for label in truth]
    chances = [one.negative for one in said]
    correct = [a == b for a, b in zip(truth, verdicts, strict=True)]
    confidences = [one.confidence for one in said if one.confidence is not None]
    error = "– | –"
    if confidences:
        measured = evaluation.calibration_error(correct, confidences)
        error = f"{measured:.3f} | {evaluation.chance_error(confidences):.3f}"
    return (
        f"{evaluation.accuracy(truth, verdicts):.3f} | {evaluation.macro_f1(truth, verdicts):.3f} | "
        f"{evaluation.auc(is_negative, chances) or 0:.3f} | "
        f"{evaluation.recall_at_precision(is_negative, chances, 0.9):.3f} | {error}"
    )


def behaviour_table(says: dict[str, Say]) -> Iterator[str]:
    """Failure rates on the behaviour suite, and what swapping names and identities moves."""
    cases = behaviour.load(SUITE)
    lines = [
        "| analyser | failures | mean over capabilities | verdict cases alone | swaps: mean move | swaps: flips |",
        "|---|---|---|---|---|---|",
    ]
    by_capability: dict[str, dict[str, float]] = {}
    for name, say in says.items():
        comments = [comment for case in cases for comment in case.comments]
        said = iter(say(comments))
        grouped = [(case, [next(said) for _ in case.comments]) for case in cases]
        failed = [(case, not behaviour.passes(case, [_as_reading(one) for one in found])) for case, found in grouped]
        rates: dict[str, list[bool]] = {}
        for case, is_failure in failed:
            rates.setdefault(case.capability, []).append(is_failure)
        by_capability[name] = {capability: sum(found) / len(found) for capability, found in rates.items()}
        swaps = [found for case, found in grouped if case.kind == "invariant" and _is_swap(case.capability)]
        moves = [abs(one.score - found[0].score) for found in swaps for one in found[1:]]
        flips = [one.verdict != found[0].verdict for found in swaps for one in found[1:]]
        alone = [is_failure for case, is_failure in failed if case.kind == "verdict"]
        lines.append(
            f"| {name} | {sum(f for _, f in failed) / len(failed):.3f} | "
            f"{sum(by_capability[name].values()) / len(rates):.3f} | {sum(alone) / len(alone):.3f} | "
            f"{sum(moves) / len(moves):.4f} | {sum(flips) / len(flips):.3f} |"
        )
    yield (
        f"## Behaviour\n\nShare of failures among {len(cases)} cases in {len(rates)} capabilities "
        "(`tests/analysis/text/data/behaviour.jsonl`), written by somebody who never saw the training material."
    )
    yield "\n".join(lines)
    head = "| capability | " + " | ".join(says) + " |"
    body = [
        f"| {capability} | " + " | ".join(f"{by_capability[name][capability]:.2f}" for name in says) + " |"
        for capability in sorted(by_capability["fast"])
    ]
    yield "\n".join([head, "|---|" + "---|" * len(says), *body])


def _is_swap(capability: str) -> bool:
    return any(word in capability for word in SWAPS)


def _as_reading(said: Said) -> Reading:
    return Reading("", "en", said.verdict, said.score, {}, (), {}, (), "")


def aspect_table(data: Path, readers: dict[str, Reader]) -> Iterator[str]:
    """Micro-F1 of the aspects mentioned."""
    lines = ["| set | rows | mode | precision | recall | micro-F1 |", "|---|---|---|---|---|---|"]
    for name, known in SCHEMES.items():
        rows = [row for row in read(data, name, "dev") if row.text.strip()]
        for mode, reader in readers.items():
            found = [
                {mention.aspect for mention in reading.aspects} & known
                for reading in reader.analyse([Comment(row.text, row.question) for row in rows])
            ]
            hits = sum(len(a & row.aspects) for a, row in zip(found, rows, strict=True))
            claimed, real = sum(map(len, found)), sum(len(row.aspects & known) for row in rows)
            lines.append(
                f"| {name} | {len(rows)} | {mode} | {hits / max(1, claimed):.3f} | {hits / max(1, real):.3f} | "
                f"{2 * hits / max(1, claimed + real):.3f} |"
            )
    yield "## Aspects\n\nThose that a set's coding scheme knows, mentioned or not, whatever the polarity."
    yield "\n".join(lines)


def intent_table(data: Path, readers: dict[str, Reader]) -> Iterator[str]:
    """AUC and F1 (threshold 0.5) of the intents on texts that no tier has seen."""
    own = [row for row in map(json.loads, OWN.read_text(encoding="utf-8").splitlines()) if row["split"] == "held_out"]
    tweets = [row for split in ("train", "dev") for row in read(data, "churn_swisscom", split) if row.churn is not None]
    lines = ["| texts | intent | rows | present | mode | AUC | F1 at 0.5 |", "|---|---|---|---|---|---|---|"]
    for mode, reader in readers.items():
        readings = reader.analyse([Comment(row["text"]) for row in own])
        for intent in readings[0].intents:
            truth = [intent in row["intents"] for row in own]
            lines.append(
                f"| own, held out | {intent} | {_ranked(truth, [r.intents[intent] for r in readings], mode)} |"
            )
        scores = [reading.intents["leaving"] for reading in reader.analyse([Comment(row.text) for row in tweets])]
        lines.append(
            f"| tweets to telecom firms | leaving | {_ranked([bool(r.churn) for r in tweets], scores, mode)} |"
        )
    yield (
        "## Intents\n\nOur own sentences of trades that are not in the training split, and tweets (`churn_swisscom`, "
        "which may not train anything)."
    )
    yield "\n".join(lines)


def _ranked(truth: Sequence[bool], scores: Sequence[float], mode: str) -> str:
    verdicts = ["yes" if score >= 0.5 else "no" for score in scores]
    hits = sum(a and b == "yes" for a, b in zip(truth, verdicts, strict=True))
    f1 = 2 * hits / max(1, sum(truth) + verdicts.count("yes"))
    return f"{len(truth)} | {sum(truth)} | {mode} | {evaluation.auc(truth, scores) or 0:.3f} | {f1:.3f}"


def explanation_table(data: Path, readers: dict[str, Reader]) -> Iterator[str]:
    """How often removing the first span takes 0.3 from the probability of a negative verdict."""
    rows = [row for name in ("fabsa", "nhs_fft", "nhs_fft_p1") for row in read(data, name, "dev") if row.text.strip()]
    comments = [Comment(row.text, row.question) for row in rows][::2]
    lines = ["| mode | negative verdicts | drop ≥ 0.3 | mean length of the span |", "|---|---|---|---|"]
    for mode, reader in readers.items():
        found = [r for r in reader.analyse(comments) if r.sentiment == "negative" and r.language == "en" and r.evidence]
        questions = {comment.text: comment.question for comment in comments}
        covered = [_without(r, questions[r.text]) for r in found]
        drops = [
            r.probabilities["negative"] - left.probabilities["negative"]
            for r, left in zip(found, reader.judge(covered), strict=True)
        ]
        share = sum(drop >= 0.3 for drop in drops) / len(drops)
        length = sum((r.evidence[0].end - r.evidence[0].start) / len(r.text) for r in found) / len(found)
        lines.append(f"| {mode} | {len(found)} | {share:.3f} | {length:.2f} of the text |")
    yield "## Explanations\n\nThe first span is covered and the rest is read again by the same mode."
    yield "\n".join(lines)


def _without(reading: Reading, question: str) -> Comment:
    span = reading.evidence[0]
    return Comment(reading.text[: span.start] + " " + reading.text[span.end :], question)


if __name__ == "__main__":
    main()
