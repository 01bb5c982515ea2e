"""What can be fitted anew beside stored networks, without PyTorch: `python -m bench.train.stored`, some minutes.

What words alone say, both tiers' temperatures (on training rows that no tier learnt from), and the checksums of all
files.
"""

import argparse
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from analysis.text import fast, softeners
from analysis.text.accurate import MODELS, AccurateModel
from analysis.text.neutral import Neutral
from bench.train import tuning, wording
from bench.train.rows import Row, labelled, unlearnt, with_intents

VERSION = "8"


def fit(rows: Sequence[Row], logits: tuning.Array) -> float:
    """The temperature, on rows that nothing was learnt from."""
    return tuning.temperature(logits, [int(np.argmax(row.sentiment or (0, 1, 0))) for row in rows])


def fast_logits(model: fast.FastModel, rows: Sequence[Row]) -> dict[str, tuning.Array]:
    """Logits of the fast tier by head, a line for each row, which is as the models are given it."""
    known = [fast.context(row.question, row.rating) for row in rows]
    return dict(model.read([fast.words(row.text) for row in rows], known))


def refit(data: Path, folder: Path) -> None:
    """Fits the wording model and the temperatures of the weights in `folder`, and stores them there as of this version.
    Biases that they have go."""
    word(data, folder)
    rows = unlearnt(data)
    quick, slow = fast.FastModel(folder / "fast.npz"), AccurateModel(folder)
    neutral = Neutral(quick.knows)
    texts = [softeners.bare(neutral(row.text)) for row in rows]
    said = quick.read([fast.words(text) for text in texts], [fast.context("", None)] * len(texts))
    temperature = fit(rows, said["sentiment"])
    print(f"fast: temperature {temperature:.3f} on {len(rows)} rows")
    with np.load(folder / "fast.npz") as stored:
        arrays = {name: stored[name] for name in stored.files}
    arrays["facts"] = np.array(json.dumps(_told(quick.facts, temperature)))
    np.savez_compressed(folder / "fast.npz", **arrays)
    temperature = fit(rows, slow.read(texts, [("", None)] * len(texts))["sentiment"])
    print(f"accurate: temperature {temperature:.3f} on {len(rows)} rows")
    facts = json.dumps(_told(slow.facts, temperature), indent=1)
    (folder / "accurate.json").write_text(facts + "\n", encoding="utf-8")


def word(data: Path, folder: Path, thin: int = 1) -> None:
    """Fits what words alone say, as the fast tier in `folder` has them in use; `thin`: every how manieth row is learnt
    from."""
    neutral = Neutral(fast.FastModel(folder / "fast.npz").knows)
    known = met(with_intents(data)[:: max(1, thin // 40)], neutral)  # of few rows none has a rare one
    coded = met([row for name in wording.CODED for row in labelled(data, name)][:: max(1, thin // 40)], neutral)
    wording.train(known, coded, {"version": VERSION}, folder / "wording.npz")


def met(rows: list[Row], neutral: Neutral) -> list[Row]:
    """The rows with their texts as the models are given them in use."""
    for row in rows:
        row.text = softeners.bare(neutral(row.text)) or row.text
    return rows


def _told(facts: dict[str, object], temperature: float) -> dict[str, object]:
    kept = {name: value for name, value in facts.items() if name != "bias"}
    return {**kept, "version": VERSION, "temperature": temperature}


def checksums(folder: Path) -> None:
    """SHA256SUMS over every other file of `folder`, as sha256sum writes it."""
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}"
        for path in sorted(folder.iterdir())
        if path.name != "SHA256SUMS"
    ]
    (folder / "SHA256SUMS").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/text"))
    parser.add_argument("--models", type=Path, default=MODELS)
    options = parser.parse_args()
    refit(options.data, options.models)
    checksums(options.models)


if __name__ == "__main__":
    main()
