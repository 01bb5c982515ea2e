"""Comments about known things, and an embedder that knows words alone."""

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

WIDTH = 256
INVOICE = (
    "The wrong invoice again",
    "Your wrong invoice arrived twice",
    "A wrong invoice for the third time",
    "The wrong invoice once more",
    "Nobody can explain the wrong invoice",
    "We got the wrong invoice",
)
PARKING = (
    "The van blocked our parking space",
    "No parking space left because of your van",
    "Your van took the parking space of a neighbour",
    "The parking space was blocked all day",
    "Please do not use our parking space",
    "The van stood in the parking space for customers",
)
_ODD = (
    "apple banjo cedar",
    "delta ember fjord",
    "gravel hazel igloo",
    "jasper kettle lumber",
    "mango nectar olive",
    "pepper quartz raven",
    "saddle timber umbra",
    "velvet walnut yarrow",
    "zinnia acorn bison",
    "cobalt dingo elder",
    "falcon gopher heron",
    "indigo jackal kayak",
)
UNRELATED = tuple(f"{odd} {kind}" for kind in ("morning", "evening") for odd in _ODD)


class WordEmbedder:
    """Texts are near when they share words. Counts how many texts it was given."""

    def __init__(self, space: str = "words-1", turn: int = 0) -> None:
        self.space = space
        self.turn = turn
        self.given = 0

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.given += len(texts)
        made = np.zeros((len(texts), WIDTH), np.float32)
        for row, text in enumerate(texts):
            for word in text.casefold().split():
                if len(word) > 3:
                    made[row, (zlib.crc32(word.encode()) + self.turn) % WIDTH] += 1
        unit: NDArray[np.float32] = made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-9)
        return unit
