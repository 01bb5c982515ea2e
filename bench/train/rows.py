"""The rows that both tiers learn from, with every label they carry. Only rows that may train what ships."""

import gzip
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SENTIMENTS = ("negative", "neutral", "positive")
INTENTS = ("leaving", "complaint", "callback", "praise", "review_threat", "safety_legal")
SCHEMES: dict[str, tuple[str, ...]] = {  # the aspects that each coding scheme knows: others are not "absent" there
    "fabsa": (
        *("general", "access", "ease_of_use", "price_billing", "digital", "staff_attitude", "timeliness"),
        *("communication", "reputation", "competitor"),
    ),
    "nhs_fft": (
        *("general", "timeliness", "booking", "follow_up", "staff_attitude", "facilities", "communication"),
        *("quality_of_work", "expertise", "reception"),
    ),
    "nhs_fft_p1": ("communication", "staff_attitude", "quality_of_work", "expertise", "timeliness", "follow_up"),
}
ASPECTS = tuple(sorted({aspect for scheme in SCHEMES.values() for aspect in scheme}))
QUESTIONS = {
    "How could we improve?": "What could we do better?",
    "FFT Why?": "Why did you give that rating?",
    "Trust A - Q1": "What could we do better?",
    "Trust B - Q1": "What could we do better?",
    "Trust C - Q2": "What could we do better?",
    "Trust A - Q2": "What was good?",
    "Trust C - Q1": "What was good?",
}
PHRASES = 7000  # of sst_phrases' 114,369: they are short, alike and about films
GENERATED = 12_000
HANDWRITTEN = tuple(
    Path(__file__).parent / "data" / f"{name}.jsonl"
    for name in (
        *("service", "intents", "leaving", "more_intents", "more_contrast", "more_facts", "more_industries"),
        *("more_voices", "more_outcomes", "more_degrees"),
    )
)
UNLEARNT = ("mams",)  # restaurants' aspects are not ours, so no tier learns from it
LEARNT = "train"
_SHORT_SETS = ("sst", "opener_en", "dynasent")  # where nobody cancels a contract or asks to be called
_SOFT = {"neg": (1.0, 0.0, 0.0), "neu": (0.0, 1.0, 0.0), "pos": (0.0, 0.0, 1.0), "mixed": (0.5, 0.0, 0.5)}
_SIDES = (_SOFT["neg"], _SOFT["pos"])


@dataclass
class Row:
    """One text and what is known of it; None or an empty mapping: not labelled, so nothing is learnt from it there.

    `sentiment`: chances of SENTIMENTS; `scheme`: whose aspects are labelled; `aspects`: aspect → polarity (an index
    into SENTIMENTS, or None: mentioned, not said how); `intents`: intent → 0 or 1; `severity` 0…1.
    """

    text: str
    source: str
    question: str = ""
    rating: int | None = None
    sentiment: tuple[float, float, float] | None = None
    mixed: float | None = None
    scheme: str | None = None
    aspects: dict[str, int | None] = field(default_factory=dict)
    intents: dict[str, float] = field(default_factory=dict)
    severity: float | None = None
    weight: float = 1.0


def labelled(folder: Path, name: str) -> Iterator[Row]:
    """The training rows of one set of ../shared/data/text. There is no way to the others here: they are measured on."""
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            found = json.loads(line)
            if found["split"] == LEARNT and (found["text"] or "").strip():
                yield _row(name, found)


def unlearnt(folder: Path) -> list[Row]:
    """Training rows that no weight is learnt from, each negative or positive: what temperatures are fitted on."""
    return [row for name in UNLEARNT for row in labelled(folder, name) if row.sentiment and row.sentiment in _SIDES]


def training(folder: Path, seed: int = 3) -> list[Row]:
    """Everything that both tiers learn from, in no order."""
    rows = [*written(folder, seed), *made_up(GENERATED)]
    random.Random(seed).shuffle(rows)
    return rows


def written(folder: Path, seed: int = 3) -> list[Row]:
    """What people wrote, in no order."""
    chosen = random.Random(seed)
    rows = [row for name in (*SCHEMES, *_SHORT_SETS) for row in labelled(folder, name)]
    phrases = [row for row in labelled(folder, "sst_phrases") if len(row.text.split()) >= 3]
    rows += chosen.sample(phrases, PHRASES)
    rows += [row for row in handwritten() for _ in range(3)]
    chosen.shuffle(rows)
    return rows


def made_up(count: int, seed: int = 3) -> list[Row]:
    """So many sentences of `generate`."""
    from bench.train.generate import generate

    return [_own("generated", found) for found in generate(count, seed=seed)]


def polishing(folder: Path, *, films: int = 4000, generated: int = 5000, seed: int = 7) -> list[Row]:
    """What the accurate tier ends on: service feedback and our own sentences above all, few films and templates."""
    chosen = random.Random(seed)
    rows = [row for name in (*SCHEMES, "dynasent") for row in labelled(folder, name)]
    rows += [row for row in labelled(folder, "opener_en") for _ in range(2)]
    rows += chosen.sample(list(labelled(folder, "sst")), films)
    rows += [row for row in handwritten() for _ in range(2)]
    rows += made_up(generated, seed)
    chosen.shuffle(rows)
    return rows


def handwritten() -> list[Row]:
    """Our own sentences that may be learnt from, labelled for intents and severity."""
    lines = [line for path in HANDWRITTEN for line in path.read_text(encoding="utf-8").splitlines()]
    found = [document for document in map(json.loads, lines) if document["split"] == LEARNT]
    return [_own("handwritten", {**row, "intents": dict.fromkeys(row["intents"], 1)}) for row in found]


def _own(source: str, found: dict[str, Any]) -> Row:
    return Row(
        text=found["text"],
        source=source,
        question=found.get("question") or "",
        rating=found.get("rating"),
        sentiment=_SOFT[found["label"]],
        mixed=float(found["label"] == "mixed"),
        intents={intent: float(found["intents"].get(intent, 0)) for intent in INTENTS},
        severity=found["severity"],
    )


def _row(name: str, found: dict[str, Any]) -> Row:
    label = found["label"]
    rating = found.get("rating")
    if name == "nhs_fft" and rating is not None:
        rating = 6 - rating if 1 <= rating <= 5 else None  # there, 1 is best and 6 or 7 is no answer
    question = found.get("question") or ""
    if question.startswith("Please describe any"):
        question = "What were you satisfied or dissatisfied with?"
    row = Row(
        text=found["text"],
        source=name,
        question=QUESTIONS.get(question, question),
        rating=rating,
        sentiment=_SOFT.get(label) if label else None,
        mixed=float(label == "mixed") if label and name in ("fabsa", "opener_en") else None,
    )
    if name in SCHEMES:
        row.scheme = name
        for aspect, polarity in found.get("aspects") or ():
            if aspect in SCHEMES[name]:
                row.aspects[aspect] = {"neg": 0, "neu": 1, "pos": 2}.get(polarity)
    if name in _SHORT_SETS:
        row.intents = dict.fromkeys(("leaving", "callback", "review_threat", "safety_legal"), 0.0)
    row.severity = _severity(str(found.get("criticality", "")), label)
    if name == "sst_phrases":
        row.weight = 0.5
    return row


def _severity(criticality: str, label: str | None) -> float | None:
    """0…1 from the second set's criticality −5…5, of which only the negative half is a severity."""
    if criticality.lstrip("-").isdecimal() and -5 <= int(criticality) <= 5 and criticality != "0":
        return max(0, -int(criticality)) / 5
    return 0.0 if label == "pos" else None


def with_intents(folder: Path, seed: int = 5) -> list[Row]:
    """The rows that are labelled for intents, each text once, few of those where nobody has any."""
    found = {row.text: row for row in training(folder) if row.intents}
    ours = [row for row in found.values() if row.source in ("generated", "handwritten")]
    others = [row for row in found.values() if row.source not in ("generated", "handwritten")]
    return ours + random.Random(seed).sample(others, 3000)
