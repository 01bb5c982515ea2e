"""What sentences mean, as vectors, for finding themes: the encoder of the accurate tier, opened for the occasion."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from survey.config import ReadingMode

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MODELS = Path(__file__).parents[1] / "text" / "models"


class SentenceVectors(Protocol):
    """Unit vectors (texts, width), near for texts about the same thing. `model` names the space they lie in."""

    @property
    def model(self) -> str: ...

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]": ...


@cache
def sentence_embedder(mode: ReadingMode) -> SentenceVectors | None:
    """The one of this process; None where the accurate tier is not used, or is not installed."""
    if mode is ReadingMode.FAST or not (MODELS / "accurate.onnx").exists():
        return None
    return SentenceEmbedder(MODELS)


class SentenceEmbedder:
    """Embeds with the encoder in `folder`, which is let go afterwards: it is needed once a day.

    About 150 sentences a second on one core: 5,000 take half a minute the first time in a process. Later only what is
    new takes time: the last vectors are kept, as float16, in 4 MB at most.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        facts = json.loads((folder / "accurate.json").read_text(encoding="utf-8"))
        self.model = f"accurate-{facts['version']}" if "version" in facts else "accurate"
        self._known: dict[str, NDArray[np.float16]] = {}

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """See SentenceVectors."""
        import numpy as np

        fresh = [text for text in dict.fromkeys(texts) if text not in self._known]
        known = {text: self._known[text] for text in texts if text in self._known}
        if fresh:
            from analysis.text.accurate import AccurateModel  # onnxruntime: the web process must not load it

            vectors = AccurateModel(self._folder).embed(fresh).astype(np.float16)
            known.update(zip(fresh, vectors, strict=True))
        self._known = known
        return np.stack([known[text] for text in texts]).astype(np.float32)
