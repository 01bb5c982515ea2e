"""Human-labelled text for measuring: one JSON object a line, gzipped, one file a set."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

LABELS = {"neg": "negative", "neu": "neutral", "pos": "positive", "mixed": "mixed"}


@dataclass(frozen=True)
class Labelled:
    """One text with its question and its label (one of negative, neutral, positive, mixed; None: not labelled).

    `aspects` are those that somebody labelled; `churn`: the writer means to leave, None where nobody looked.
    """

    text: str
    question: str
    label: str | None
    language: str
    aspects: frozenset[str] = frozenset()
    churn: bool | None = None


def read(folder: Path, name: str, split: str) -> list[Labelled]:
    """The rows of one split of one set."""
    found = []
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["split"] != split:
                continue
            churn = row.get("churn")
            found.append(
                Labelled(
                    row["text"] or "",
                    row.get("question") or "",
                    LABELS.get(row["label"] or ""),
                    row["lang"],
                    frozenset(aspect for aspect, _ in row.get("aspects") or ()),
                    None if churn is None else bool(churn),
                )
            )
    return found
