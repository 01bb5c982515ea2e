"""The fast tier as a PyTorch module, and its distillation from the accurate tier."""

import json
import math
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from analysis.text.fast import CONTEXT, context, grams, words
from bench.train.encoder import HEADS, split_heads
from bench.train.losses import losses, targets
from bench.train.rows import Row

WIDTH, CHANNELS, HIDDEN = 96, 80, 128
BUCKETS = 6000
BATCH = 128
UNKNOWN = 0.08  # share of words read by their grams while learning, so that the grams learn
DROPPED = 0.04  # share of words left out while learning
_LONGEST = 150  # words of a text that are learnt from
_LOOKS, _AT_A_LOOK = 150, 64  # batches and rows of each, by which it is told which channels matter
_LINEAR = tuple(f"{layer}.{part}" for layer in ("conv1", "conv2", "hidden", "heads") for part in ("weight", "bias"))


class FastNet(nn.Module):
    """Word rows → (rows, sum of HEADS) logits. The NumPy twin is `analysis.text.fast.FastModel`."""

    def __init__(self, vocabulary: Sequence[str], channels: int = CHANNELS) -> None:
        super().__init__()
        self.words = nn.Embedding(1 + len(vocabulary), WIDTH, padding_idx=0)
        self.grams = nn.EmbeddingBag(BUCKETS, WIDTH, mode="mean")
        self.conv1 = nn.Conv1d(WIDTH, channels, 3, padding=1)
        self.conv2 = nn.Conv1d(channels, channels, 3, padding=1)
        self.hidden = nn.Linear(2 * channels + CONTEXT, HIDDEN)
        self.heads = nn.Linear(HIDDEN + 2 * channels + CONTEXT, sum(HEADS.values()))
        self.drop = nn.Dropout(0.2)

    def forward(self, ids: Tensor, unknown: tuple[Tensor, Tensor, Tensor, Tensor], known: Tensor) -> Tensor:
        """`ids` (rows, longest), 0 is nothing; `unknown`: rows and places of unknown words, their grams, offsets."""
        vectors = self.words(ids)
        spoken = (ids > 0).float()
        at_row, at_place, buckets, offsets = unknown
        if len(at_row):
            vectors = vectors.index_put((at_row, at_place), self.grams(buckets, offsets))
            spoken = spoken.index_put((at_row, at_place), torch.ones(len(at_row)))
        mask = spoken.unsqueeze(1)
        first = functional.relu(self.conv1(vectors.transpose(1, 2))) * mask
        second = (functional.relu(self.conv2(first)) + first) * mask
        pooled = torch.cat([second.amax(2), second.sum(2) / spoken.sum(1, keepdim=True).clamp(min=1), known], dim=1)
        pooled = self.drop(pooled)
        return self.heads(torch.cat([functional.relu(self.hidden(pooled)), pooled], dim=1))


def make_vocabulary(texts: Iterable[str], pieces: Sequence[str], most: int = 30_000) -> list[str]:
    """Words seen at least twice, then the encoder's whole words: those have a meaning though never met here."""
    counts = Counter(word for text in texts for word in words(text))
    met = [word for word, count in counts.most_common() if count >= 2]
    seen = set(met)
    whole = [piece for piece in pieces if piece.isalpha() and piece.isascii() and len(piece) > 2 and piece not in seen]
    return (met + whole)[:most]


class Batcher:
    """Turns texts into what FastNet takes."""

    def __init__(self, vocabulary: Sequence[str], seed: int = 3) -> None:
        self._rows = {word: at for at, word in enumerate(vocabulary, start=1)}
        self._random = random.Random(seed)
        self._grams: dict[str, list[int]] = {}

    def __call__(
        self, texts: Sequence[Sequence[str]], known: Sequence[Sequence[float]], *, noise: bool
    ) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor, Tensor], Tensor]:
        longest = max(1, max(map(len, texts)))
        ids = np.zeros((len(texts), longest), np.int64)
        at_row: list[int] = []
        at_place: list[int] = []
        buckets: list[int] = []
        offsets: list[int] = []
        chance = self._random.random
        for row, text in enumerate(texts):
            place = 0
            for word in text:
                if noise and chance() < DROPPED:
                    continue
                found = self._rows.get(word, 0)
                if found == 0 or (noise and chance() < UNKNOWN):
                    at_row.append(row)
                    at_place.append(place)
                    offsets.append(len(buckets))
                    if word not in self._grams:
                        self._grams[word] = grams(word, BUCKETS)
                    buckets += self._grams[word]
                else:
                    ids[row, place] = found
                place += 1
        unknown = [torch.tensor(values, dtype=torch.long) for values in (at_row, at_place, buckets, offsets)]
        return torch.from_numpy(ids), tuple(unknown), torch.tensor(known, dtype=torch.float32)


def begun(vocabulary: Sequence[str], meanings: Tensor, seed: int = 3) -> FastNet:
    """A network that has learnt nothing but what its words mean.

    `meanings` (words, WIDTH): what each word of the vocabulary means to the accurate tier, where its row begins.
    """
    torch.manual_seed(seed)
    net = FastNet(vocabulary)
    with torch.no_grad():
        net.words.weight[1:] = meanings
        net.grams.weight.mul_(float(meanings.std()))
    teach_grams(net, vocabulary, meanings)
    return net


def distil(
    net: FastNet,
    rows: Sequence[Row],
    taught: Mapping[str, Tensor],
    vocabulary: Sequence[str],
    rates: tuple[float, float] = (1e-3, 2e-3),
    labels: float = 0.35,
    epochs: int = 6,
    seed: int = 3,
) -> FastNet:
    """Learns to say what its teachers said (`taught`: logits by head, a row each), mixed with the labels.

    `rates`: how fast the tables of words learn at most, and all else; `labels`: what these weigh beside the teachers.
    """
    torch.manual_seed(seed)
    chosen, make = random.Random(seed), Batcher(vocabulary, seed)
    texts = [words(row.text)[:_LONGEST] for row in rows]
    steps = epochs * math.ceil(len(rows) / BATCH)
    tables = [*net.words.parameters(), *net.grams.parameters()]
    rest = [p for name, p in net.named_parameters() if not name.startswith(("words", "grams"))]
    optimizer = torch.optim.Adam([{"params": tables, "lr": rates[0]}, {"params": rest, "lr": rates[1]}])
    peaks = [group["lr"] for group in optimizer.param_groups]
    net.train()
    step = 0
    bar = tqdm(total=steps, unit="batch")
    for _ in range(epochs):
        order = sorted(range(len(rows)), key=lambda at: len(texts[at]) + 4 * chosen.random())
        chunks = [order[at : at + BATCH] for at in range(0, len(order), BATCH)]
        chosen.shuffle(chunks)
        for chunk in chunks:
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = (
                    peak * min(1.0, (step + 1) / 200) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * step / steps)))
                )
            picked = [rows[at] for at in chunk]
            known = [context(row.question, row.rating) for row in picked]
            said = split_heads(net(*make([texts[at] for at in chunk], known, noise=True)))
            teacher = {head: taught[head][chunk] for head in said}
            loss = _imitation(said, teacher) + labels * losses(said, targets(picked))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
            bar.update()
            if step % 50 == 0:
                bar.set_postfix(loss=f"{loss.item():.3f}")
    bar.close()
    return net.eval()


def teach_grams(net: FastNet, vocabulary: Sequence[str], meanings: Tensor, rounds: int = 12) -> None:
    """Fits the gram rows so that their mean is the word's own row: an unknown word then means what its like mean."""
    listed = [(at, grams(word, BUCKETS)) for at, word in enumerate(vocabulary) if word.isalpha()]
    optimizer = torch.optim.Adam(net.grams.parameters(), lr=3e-3)
    for _ in range(rounds):
        random.Random(1).shuffle(listed)
        for first in range(0, len(listed), 1024):
            part = listed[first : first + 1024]
            buckets = torch.tensor([bucket for _, found in part for bucket in found])
            offsets = torch.tensor(np.cumsum([0, *(len(found) for _, found in part[:-1])]))
            loss = functional.mse_loss(net.grams(buckets, offsets), meanings[[at for at, _ in part]])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def _imitation(said: Mapping[str, Tensor], teacher: Mapping[str, Tensor]) -> Tensor:
    """Cross entropy with what the teacher said, head by head."""
    total = torch.zeros(())
    for head, logits in said.items():
        goal = teacher[head]
        if head in ("sentiment", "scheme"):
            weight = 2.0 if head == "sentiment" else 0.1
            total = total - weight * (goal.softmax(1) * functional.log_softmax(logits, 1)).sum(1).mean()
        elif head == "polarity":
            a, b = logits.view(len(logits), -1, 3), goal.view(len(goal), -1, 3)
            total = total - 0.3 * (b.softmax(2) * functional.log_softmax(a, 2)).sum(2).mean()
        else:
            weight = {"mixed": 0.2, "severity": 0.5}.get(head, 4.0 if head == "intents" else 2.0)
            total = total + weight * functional.binary_cross_entropy_with_logits(logits, goal.sigmoid())
    return total


def narrowed(
    net: FastNet, rows: Sequence[Row], taught: Mapping[str, Tensor], vocabulary: Sequence[str], seed: int = 3
) -> FastNet:
    """The network with those CHANNELS of its channels that what it says depends on most.

    How much it would change without a channel is estimated by how the loss changes with what the channel is multiplied
    by (Molchanov et al. 2019, "Importance Estimation for Neural Network Pruning"): the sum of weight times gradient.
    """
    chosen, make = random.Random(seed), Batcher(vocabulary, seed)
    matters = torch.zeros(net.conv1.out_channels)
    for _ in range(_LOOKS):
        picked = [chosen.randrange(len(rows)) for _ in range(_AT_A_LOOK)]
        known = [context(rows[at].question, rows[at].rating) for at in picked]
        said = split_heads(net.eval()(*make([words(rows[at].text)[:_LONGEST] for at in picked], known, noise=False)))
        net.zero_grad()
        _imitation(said, {head: taught[head][picked] for head in said}).backward()
        moved = [_moved(layer) for layer in (net.conv1, net.conv2)]
        matters += torch.stack(moved).sum(0).abs()
    kept = matters.argsort(descending=True)[:CHANNELS].sort().values
    return _with_channels(net, kept, vocabulary)


def _moved(layer: nn.Conv1d) -> Tensor:
    """(channels,): how the loss changes with what each channel is multiplied by."""
    assert layer.bias is not None
    assert layer.weight.grad is not None
    assert layer.bias.grad is not None
    by_weight: Tensor = (layer.weight * layer.weight.grad).sum((1, 2))
    return (by_weight + layer.bias * layer.bias.grad).detach()


def _with_channels(net: FastNet, kept: Tensor, vocabulary: Sequence[str]) -> FastNet:
    old, made = net.conv1.out_channels, FastNet(vocabulary, len(kept))
    pooled = torch.cat([kept, kept + old, torch.arange(2 * old, 2 * old + CONTEXT)])
    values = net.state_dict()
    for name in ("conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias"):
        values[name] = values[name][kept]
    values["conv2.weight"] = values["conv2.weight"][:, kept]
    values["hidden.weight"] = values["hidden.weight"][:, pooled]
    values["heads.weight"] = values["heads.weight"][:, torch.cat([torch.arange(HIDDEN), HIDDEN + pooled])]
    made.load_state_dict(values)
    return made


def load(path: Path) -> tuple[FastNet, list[str]]:
    """What `save` wrote, and its vocabulary."""
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    vocabulary = str(arrays["vocabulary"]).split("\n")
    table = arrays["table"] * arrays["scale"].astype(np.float32)
    parts = {"words.weight": table[: 1 + len(vocabulary)], "grams.weight": table[1 + len(vocabulary) :]}
    for name in _LINEAR:
        parts[name] = arrays[name].astype(np.float32).T
    net = FastNet(vocabulary, len(arrays["conv1.bias"]))
    net.load_state_dict({name: torch.from_numpy(np.ascontiguousarray(part)) for name, part in parts.items()})
    return net, vocabulary


def save(net: FastNet, vocabulary: Sequence[str], facts: Mapping[str, object], path: Path) -> None:
    """Writes what `FastModel` reads: rows of the table as int8 with one scale each, the rest as float16."""
    table = torch.cat([net.words.weight, net.grams.weight]).detach().numpy()
    scale = np.abs(table).max(axis=1, keepdims=True) / 127 + 1e-9
    values = net.state_dict()
    np.savez_compressed(
        path,
        facts=json.dumps({"heads": HEADS, "buckets": BUCKETS, **facts}),
        vocabulary="\n".join(vocabulary),
        table=np.round(table / scale).astype(np.int8),
        scale=scale.astype(np.float16),
        **{name: values[name].numpy().T.astype(np.float16) for name in _LINEAR},
    )
