"""What both tiers are told when they are wrong, head by head. A row without a label for a head teaches it nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from bench.train.rows import ASPECTS, INTENTS, SCHEMES, Row

SMOOTHING = 0.06
WEIGHTS = {
    "sentiment": 1.0,
    "mixed": 0.2,
    "intents": 0.5,
    "severity": 0.3,
    "scheme": 0.1,
    "aspects": 1.0,
    "polarity": 0.5,
}


@dataclass
class Targets:
    """Labels of a batch as tensors (rows, …), each with a mask of what is labelled."""

    values: dict[str, Tensor]
    masks: dict[str, Tensor]
    weight: Tensor


def targets(rows: Sequence[Row], smoothing: float = SMOOTHING) -> Targets:
    """Tensors for `losses` from labelled rows; `smoothing`: the share of a sentiment that is spread over all three."""
    values: dict[str, Tensor] = {}
    masks: dict[str, Tensor] = {}

    def put(head: str, found: list[tuple[list[float], list[float]]]) -> None:
        values[head] = torch.tensor([value for value, _ in found])
        masks[head] = torch.tensor([mask for _, mask in found])

    third = 1 / 3
    put(
        "sentiment",
        [
            ([(1 - smoothing) * chance + smoothing * third for chance in row.sentiment], [1.0])
            if row.sentiment
            else ([third] * 3, [0.0])
            for row in rows
        ],
    )
    put("mixed", [([row.mixed], [1.0]) if row.mixed is not None else ([0.0], [0.0]) for row in rows])
    put("severity", [([row.severity], [1.0]) if row.severity is not None else ([0.0], [0.0]) for row in rows])
    put(
        "intents",
        [
            ([row.intents.get(name, 0.0) for name in INTENTS], [float(name in row.intents) for name in INTENTS])
            for row in rows
        ],
    )
    order = list(SCHEMES)
    put("scheme", [([order.index(row.scheme)], [1.0]) if row.scheme else ([0], [0.0]) for row in rows])
    for scheme, aspects in SCHEMES.items():
        put(
            f"aspects:{scheme}",
            [
                ([float(a in row.aspects) for a in aspects], [float(row.scheme == scheme)] * len(aspects))
                for row in rows
            ],
        )
    polarities = [[row.aspects.get(aspect) for aspect in ASPECTS] for row in rows]
    put("polarity", [([p or 0 for p in found], [float(p is not None) for p in found]) for found in polarities])
    return Targets(values, masks, torch.tensor([row.weight for row in rows]))


def losses(said: Mapping[str, Tensor], labels: Targets) -> Tensor:
    """The weighted sum over heads of each head's mean loss over what is labelled in the batch."""
    total = torch.zeros(())
    rowwise = labels.weight.unsqueeze(1)
    for head, logits in said.items():
        value, mask = labels.values[head], labels.masks[head]
        if head == "sentiment":
            loss = -(value * functional.log_softmax(logits, 1)).sum(1, keepdim=True)
        elif head == "scheme":
            loss = functional.cross_entropy(logits, value[:, 0].long(), reduction="none").unsqueeze(1)
        elif head == "polarity":
            each = logits.view(len(logits), len(ASPECTS), 3).permute(0, 2, 1)
            loss = functional.cross_entropy(each, value.long(), reduction="none")
        else:
            loss = functional.binary_cross_entropy_with_logits(logits, value, reduction="none")
        mask = mask * rowwise
        share = WEIGHTS[head.partition(":")[0]]
        if head.startswith("aspects") or head in ("intents", "mixed", "severity"):
            total = total + share * (loss * mask).sum() / len(logits) / (loss.shape[1] if head == "intents" else 1)
        else:
            total = total + share * (loss * mask).sum() / mask.sum().clamp(min=1e-6)
    return total
