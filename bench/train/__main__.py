"""Rebuilds everything that reads words: `python -m bench.train [--data ../shared/data/text] [--work build/train]`.

In order: fine-tune the accurate tier, polish it, fit its temperature, let it teach the fast tier, fit that one's
temperature, what words alone say, export the accurate one, the head for other languages, checksums. A step whose result
lies in the work folder is not done again, so a run that was stopped goes on. Needs requirements-train.txt; about two
hours on two cores, less on more. `--thin 200` learns from every 200th row alone, into a folder of its own: the whole
chain in some minutes, to see that it holds; what comes out is worth nothing.

Only training rows are read (`bench.train.rows`). What is fitted after training is fitted on those of them that nothing
was learnt from.
"""

import argparse
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from analysis.text import fast as runtime
from analysis.text.neutral import Neutral
from analysis.text.passages import clauses, sentences
from bench.train import accurate, export, fast, intents, multilingual, tuning
from bench.train.encoder import Encoder
from bench.train.generate import generate
from bench.train.rows import (
    ASPECTS,
    GENERATED,
    SCHEMES,
    SENTIMENTS,
    Row,
    labelled,
    made_up,
    polishing,
    training,
    unlearnt,
    with_intents,
    written,
)
from bench.train.stored import VERSION, checksums, fast_logits, fit, met, word

Array = tuning.Array
MODELS = Path(runtime.WEIGHTS).parent
UNLABELLED = 30_000  # phrases that only the accurate tier's opinion is known of
MORE_GENERATED = 30_000
FACTS = {
    "version": VERSION,
    "aspects": list(ASPECTS),
    "schemes": {name: list(known) for name, known in SCHEMES.items()},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/text"))
    parser.add_argument("--work", type=Path, default=Path("build/train"), help="unfinished work is kept here")
    parser.add_argument("--out", type=Path, help="by default where the application reads them")
    parser.add_argument("--thin", type=int, default=1, metavar="N", help="learn from every Nth row, to try the chain")
    options = parser.parse_args()
    work = options.work if options.thin == 1 else options.work / f"thin-{options.thin}"
    out = options.out or (MODELS if options.thin == 1 else work / "models")
    train(options.data, work, out, options.thin)


def train(data: Path, work: Path, out: Path, thin: int = 1) -> None:
    """All steps; `thin`: every how manieth row is learnt from."""
    work.mkdir(parents=True, exist_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    neutral = made_neutral(data)
    known = met(with_intents(data)[:: max(1, thin // 40)], neutral)  # intents are rare: of few rows none has them
    apart = met(unlearnt(data)[::thin], neutral)
    fitted = []
    for encoder in _accurate(data, work, neutral, thin):
        intents.refit_encoder(encoder, known)
        fitted.append((encoder, fit(apart, _logits(encoder, apart)["sentiment"])))
        print(f"accurate: temperature {fitted[-1][1]:.3f}")
    _fast(fitted, met(corpus(data)[::thin], neutral), work, out, apart)
    intents.refit_fast(out / "fast.npz", known)
    word(data, out, thin)
    export.export(encoder, out, {**FACTS, "temperature": fitted[-1][1]})  # last: it prunes the encoder
    multilingual.train(data, out / "multilingual.npz", thin)
    checksums(out)


def made_neutral(folder: Path) -> Neutral:
    """What makes texts equal before they are read; a word met twice in what is learnt from is known."""
    return Neutral(frozenset(fast.make_vocabulary((row.text for row in training(folder)), ())).__contains__)


def _accurate(data: Path, work: Path, neutral: Neutral, thin: int) -> list[Encoder]:
    """The encoder as it was fine-tuned and as it was polished."""
    done, polished = work / "accurate.pt", work / "polished.pt"
    if not done.exists():
        accurate.train(met(written(data)[::thin], neutral), met(made_up(GENERATED)[::thin], neutral), done)
    if not polished.exists():
        accurate.polish(_loaded(done), met(polishing(data)[::thin], neutral), polished)
    return [_loaded(done), _loaded(polished)]


def _loaded(path: Path) -> Encoder:
    encoder = Encoder()
    encoder.load_state_dict(torch.load(path))
    return encoder


def _logits(encoder: Encoder, rows: Sequence[Row]) -> dict[str, Array]:
    found = dict(accurate.predict(encoder, rows))
    return {head: np.stack([found[at][head].numpy() for at in range(len(rows))]) for head in next(iter(found.values()))}


def _fast(
    teachers: Sequence[tuple[Encoder, float]], rows: list[Row], work: Path, out: Path, apart: Sequence[Row]
) -> None:
    """`teachers`: encoders with their temperatures. Their mean teaches: the polished one knows its rows by heart."""
    vocabulary = fast.make_vocabulary((row.text for row in rows), _pieces())
    done = work / "taught.pt"
    if done.exists():
        taught, meanings = torch.load(done)
    else:
        opinions = [_taught(encoder, temperature, rows) for encoder, temperature in teachers]
        taught = {head: sum(said[head] for said in opinions) / len(opinions) for head in opinions[0]}
        meanings = _meanings(teachers[-1][0], vocabulary)
        torch.save((taught, meanings), done)
    net = fast.distil(fast.begun(vocabulary, meanings), rows, taught, vocabulary)
    fast.save(net, vocabulary, FACTS, out / "fast.npz")
    model = runtime.FastModel(out / "fast.npz")
    own = fit(apart, fast_logits(model, apart)["sentiment"])
    print(f"fast: temperature {own:.3f}")
    fast.save(net, vocabulary, {**FACTS, "temperature": own}, out / "fast.npz")


def corpus(data: Path, seed: int = 4) -> list[Row]:
    """What the fast tier is taught on: everything labelled, its sentences and clauses alone, phrases, more made up."""
    chosen = random.Random(seed)
    rows = training(data)
    parts: dict[str, Row] = {}
    for row in rows:
        bounds = sentences(row.text)
        spans = {*bounds, *clauses(row.text, bounds)}
        if len(spans) > 1:
            for start, end in spans:
                parts.setdefault(row.text[start:end], Row(row.text[start:end], "part", row.question))
    rows += chosen.sample(list(parts.values()), min(len(parts), 40_000))
    phrases = list(labelled(data, "sst_phrases"))
    rows += [Row(row.text, "phrase") for row in chosen.sample(phrases, UNLABELLED)]
    rows += [Row(found["text"], "generated", found["question"]) for found in generate(MORE_GENERATED, seed=seed)]
    for row in rows:  # question and rating are never needed, so neither tier sees them always
        row.question = row.question if chosen.random() < accurate.KEEP_QUESTION else ""
        row.rating = row.rating if chosen.random() < accurate.KEEP_RATING else None
    return rows


def _taught(encoder: Encoder, temperature: float, rows: Sequence[Row]) -> dict[str, Tensor]:
    """Its logits by head; those of the sentiment say what it is sure of, not how sure it sounds."""
    said: dict[str, Tensor] = {}
    for at, logits in accurate.predict(encoder, rows):
        for head, numbers in logits.items():
            if head not in said:
                said[head] = torch.zeros(len(rows), len(numbers))
            said[head][at] = numbers
    said["sentiment"] /= temperature
    return said


def _pieces() -> list[str]:
    known = accurate.tokenizer().get_vocab()
    return sorted(known, key=known.__getitem__)


def _meanings(encoder: Encoder, vocabulary: Sequence[str]) -> Tensor:
    """What each word alone means to the encoder, in `fast.WIDTH` numbers: its principal components."""
    meant = accurate.meanings(encoder, vocabulary)
    meant = meant - meant.mean(0)
    _, _, axes = torch.linalg.svd(meant, full_matrices=False)
    reduced = meant @ axes[: fast.WIDTH].T
    return 0.3 * reduced / reduced.std()


assert SENTIMENTS == ("negative", "neutral", "positive")

if __name__ == "__main__":
    main()
