"""Fits the intents again on the finished encoder: they are rare, and the sentiment drowns them while all is learnt.

Only the last linear layer's rows for the intents change, so nothing else that the encoder says moves.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from analysis.text import fast
from bench.train import accurate
from bench.train.encoder import HEADS, Encoder
from bench.train.rows import INTENTS, Row

_WEIGHTS = {"handwritten": 4.0, "generated": 0.25}  # made-up sentences are many and alike
_DECAY = 1e-3
_PRESENT = 3.0  # a missed intent weighs more than an imagined one: they are rare


def places() -> slice:
    """Where the intents stand among the heads' numbers."""
    before = 0
    for head, size in HEADS.items():
        if head == "intents":
            return slice(before, before + size)
        before += size
    raise KeyError("intents")


def features(model: Encoder, rows: Sequence[Row]) -> Tensor:
    """What the heads see of each text: (rows, inputs of the heads)."""
    made = accurate.tokenizer()
    texts = accurate.pieces(made, rows)
    order = sorted(range(len(rows)), key=lambda at: len(texts[at]))
    found = torch.zeros(len(rows), model.heads.in_features)
    kept: list[Tensor] = []
    hook = model.heads.register_forward_pre_hook(lambda _, inputs: kept.append(inputs[0]))
    model.eval()
    with torch.inference_mode():
        for first in tqdm(range(0, len(order), 64), unit="batch"):
            batch = order[first : first + 64]
            first_piece, last_piece = accurate.piece(made, "[CLS]"), accurate.piece(made, "[SEP]")
            model(*accurate.padded([[first_piece, *texts[at], last_piece] for at in batch]))
            found[batch] = kept.pop()
    hook.remove()
    return found


def refit_encoder(model: Encoder, rows: Sequence[Row]) -> None:
    """Fits the encoder's intents on `rows`, which have them, and keeps the mean of that and of what it had learnt."""
    weight, bias = fit(rows, features(model, rows))
    with torch.no_grad():
        model.heads.weight[places()] = (model.heads.weight[places()] + weight) / 2
        model.heads.bias[places()] = (model.heads.bias[places()] + bias) / 2


def refit_fast(path: Path, rows: Sequence[Row]) -> None:
    """Fits the intents of the fast tier that is stored at `path`, and stores it again."""
    model = fast.FastModel(path)
    known = [fast.context("", None)] * len(rows)
    weight, bias = fit(rows, torch.from_numpy(model.seen([fast.words(row.text) for row in rows], known)))
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    arrays["heads.weight"][:, places()] = weight.T.numpy().astype(np.float16)
    arrays["heads.bias"][places()] = bias.numpy().astype(np.float16)
    np.savez_compressed(path, **arrays)


def fit(rows: Sequence[Row], seen: Tensor, rounds: int = 60) -> tuple[Tensor, Tensor]:
    """Logistic regression of each intent on `seen` (rows, inputs), with L2: weights (intents, inputs) and biases."""
    goal = torch.tensor([[row.intents.get(name, 0.0) for name in INTENTS] for row in rows])
    mask = torch.tensor([[float(name in row.intents) for name in INTENTS] for row in rows])
    mask = mask * torch.tensor([[_WEIGHTS.get(row.source, 0.25)] for row in rows])
    centre, spread = seen.mean(0), seen.std(0) + 1e-3
    inputs = (seen - centre) / spread
    weight = torch.zeros(len(INTENTS), inputs.shape[1], requires_grad=True)
    bias = torch.full((len(INTENTS),), -2.0, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=rounds, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        each = functional.binary_cross_entropy_with_logits(
            inputs @ weight.T + bias, goal, reduction="none", pos_weight=torch.tensor(_PRESENT)
        )
        total = (each * mask).sum() / mask.sum() + _DECAY * (weight**2).sum()
        total.backward()
        return total

    optimizer.step(loss)
    weight, bias = weight.detach(), bias.detach()
    return weight / spread, bias - (weight / spread) @ centre
