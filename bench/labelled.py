"""Human-labelled text for training and measuring: one JSON object a line, gzipped, one file a set."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

LABELS = {"neg": "negative", "neu": "neutral", "pos": "positive", "mixed": "mixed"}
MAY_TRAIN = ("fabsa", "nhs_fft", "nhs_fft_p1", "opener_en", "mams", "dynasent", "sst")


@dataclass(frozen=True)
class Labelled:
    """One text with its question and its label (one of negative, neutral, positive, mixed; None: not labelled)."""

    text: str
    question: str
    label: str | None
    language: str


def read(folder: Path, name: str, split: str) -> list[Labelled]:
    """The rows of one split of one set."""
    found = []
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["split"] == split:
                label = LABELS.get(row["label"] or "")
                found.append(Labelled(row["text"] or "", row.get("question") or "", label, row["lang"]))
    return found
