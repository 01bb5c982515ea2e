"""Makes the stored fast tier as narrow as `fast.CHANNELS`: `python -m bench.train.narrow`, five to ten minutes.

It loses the channels that matter least, and learns again to say what it said with all of them: from itself alone, since
what it knows of texts unlike those at hand would be lost with other teachers. Then its temperature is fitted again.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from analysis.text import fast as runtime
from analysis.text.accurate import MODELS
from bench.train import fast, stored
from bench.train.__main__ import FACTS, corpus, made_neutral
from bench.train.rows import Row

RATES = 1e-4, 1e-3  # its words it knows
_AT_ONCE = 2_000  # rows


def narrow(data: Path, path: Path) -> None:
    """Replaces the fast tier that is stored at `path`."""
    rows = stored.met(corpus(data), made_neutral(data))
    net, vocabulary = fast.load(path)
    taught = _taught(runtime.FastModel(path), rows)
    made = fast.narrowed(net, rows, taught, vocabulary)
    fast.save(fast.distil(made, rows, taught, vocabulary, RATES, labels=0.0), vocabulary, FACTS, path)


def _taught(model: runtime.FastModel, rows: list[Row]) -> dict[str, Tensor]:
    """What `model` says of `rows`: logits by head."""
    starts = tqdm(range(0, len(rows), _AT_ONCE), unit="batch")
    found = [stored.fast_logits(model, rows[first : first + _AT_ONCE]) for first in starts]
    return {head: torch.from_numpy(np.concatenate([said[head] for said in found])) for head in found[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/text"))
    parser.add_argument("--models", type=Path, default=MODELS)
    options = parser.parse_args()
    narrow(options.data, options.models / "fast.npz")
    stored.refit(options.data, options.models)
    stored.checksums(options.models)


if __name__ == "__main__":
    main()
