"""The accurate tier: a fine-tuned MiniLM encoder with heads (`bench/train/`), in ONNX with products in int8.

Needs onnxruntime and tokenizers, which are imported when a model is made, and by the worker only.
"""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.text.met_words import Array
from analysis.text.questions import asked_for

MODELS = Path(__file__).parent / "models"
WINDOW = 108  # word pieces read at once; a longer text is read window by window, which keeps time linear
MOST = 2600  # word pieces that are read at all: about 10,000 characters
_AT_ONCE = 512  # word pieces in one call, padding included: more are no faster, and take more memory
_A_CALL = 16  # word pieces that could be read in the time that a call takes beside
_SAFE = str.maketrans(dict.fromkeys(range(0xD800, 0xE000), "\ufffd"))


class AccurateModel:
    """The encoder with its heads. Threads may share it.

    Args:
        folder: where `accurate.onnx` (inputs ids, mask; outputs logits, meaning) and `tokenizer.json` are.
        threads: how many cores one call may use.
    """

    def __init__(self, folder: Path = MODELS, threads: int = 1) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # it keeps the largest batch's memory for ever
        self._session = onnxruntime.InferenceSession(
            folder / "accurate.onnx", options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.facts: dict[str, Any] = json.loads((folder / "accurate.json").read_text(encoding="utf-8"))
        self._heads: dict[str, int] = self.facts["heads"]
        self._first, self._last = (self._piece(name) for name in ("[CLS]", "[SEP]"))

    def read(self, texts: Sequence[str], contexts: Sequence[tuple[str, float | None]]) -> dict[str, Array]:
        """Logits of each head, each (texts, numbers of the head). `contexts`: the question and rating of each text."""
        logits, _ = self._run(texts, contexts)
        edges = np.cumsum([0, *self._heads.values()])
        return {head: logits[:, a:b] for head, (a, b) in zip(self._heads, pairwise(edges), strict=True)}

    def embed(self, texts: Sequence[str]) -> Array:
        """What each text means: unit vectors (texts, 384), near for texts about the same thing."""
        _, meaning = self._run(texts, [("", None)] * len(texts))
        unit: Array = meaning / np.maximum(np.linalg.norm(meaning, axis=1, keepdims=True), 1e-9)
        return unit

    def _run(self, texts: Sequence[str], contexts: Sequence[tuple[str, float | None]]) -> tuple[Array, Array]:
        """(logits, meanings) of each text: the mean over its windows, weighted by their lengths."""
        windows: list[list[int]] = []
        owners: list[int] = []
        encoded = self._tokenizer.encode_batch([text.translate(_SAFE) for text in texts], add_special_tokens=False)
        for number, (found, (question, rating)) in enumerate(zip(encoded, contexts, strict=True)):
            ids = found.ids[:MOST]
            for at in range(0, max(1, len(ids)), WINDOW):
                windows.append([self._first, *self._context(question, rating), *ids[at : at + WINDOW], self._last])
                owners.append(number)
        size = sum(self._heads.values())
        logits, meaning = np.zeros((len(texts), size), np.float32), np.zeros((len(texts), 384), np.float32)
        total = np.zeros((len(texts), 1), np.float32)
        order = sorted(range(len(windows)), key=lambda at: len(windows[at]))
        for batch in _batches(order, windows):
            said, meant = self._session.run(None, _padded([windows[at] for at in batch]))
            weight = np.array([[len(windows[at])] for at in batch], np.float32)
            into = [owners[at] for at in batch]
            np.add.at(logits, into, said * weight)
            np.add.at(meaning, into, meant * weight)
            np.add.at(total, into, weight)
        return logits / np.maximum(total, 1), meaning / np.maximum(total, 1)

    def _context(self, question: str, rating: float | None) -> list[int]:
        found = [_KINDS[kind]] if (kind := asked_for(question)) else []
        if rating is not None and 1 <= rating <= 5:
            found.append(f"[unused{10 + round(rating)}]")
        return [self._piece(name) for name in found]

    def _piece(self, name: str) -> int:
        known = self._tokenizer.token_to_id(name)
        if known is None:
            raise ValueError(f"the tokenizer has no piece {name}")
        return int(known)


_KINDS = {"worse": "[unused1]", "better": "[unused2]", "why": "[unused3]"}


def _batches(order: Sequence[int], windows: Sequence[Sequence[int]]) -> list[list[int]]:
    """`order` (shortest first) cut so that no batch, padded, holds more than _AT_ONCE pieces, and none is padded with
    more than what another call takes."""
    made: list[list[int]] = []
    for at in order:
        size = len(windows[at])
        if made:
            padding = len(made[-1]) * (size - len(windows[made[-1][-1]]))
        if not made or padding > _A_CALL or (len(made[-1]) + 1) * size > _AT_ONCE:
            made.append([])
        made[-1].append(at)
    return made


def _padded(windows: Sequence[Sequence[int]]) -> dict[str, NDArray[np.int64]]:
    longest = max(map(len, windows))
    ids = np.zeros((len(windows), longest), np.int64)
    mask = np.zeros_like(ids)
    for row, window in enumerate(windows):
        ids[row, : len(window)] = window
        mask[row, : len(window)] = 1
    return {"ids": ids, "mask": mask}
