"""The analyser that the settings name, made once in a process, when something is first read."""

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import structlog

from analysis.reading.subjects import Examples
from analysis.text.analyser import TextAnalyser
from analysis.text.recalibration import Recalibration, base_of
from survey.config import ReadingMode
from survey.errors import InvalidInputError

if TYPE_CHECKING:
    from analysis.text.own_aspects import Array, OwnAspects

log = structlog.get_logger()


class Embedder(Protocol):
    """What knows which sentences mean the same. `space` names where its vectors lie: those of another are elsewhere."""

    @property
    def space(self) -> str: ...

    def embed(self, texts: Sequence[str]) -> "Array":
        """Unit vectors, one a text, near for texts about the same thing."""
        ...


@runtime_checkable
class Teachable(Embedder, Protocol):
    """An analyser that can also read a firm's own subjects, for it is an Embedder too."""

    def with_own(self, own: "OwnAspects") -> TextAnalyser:
        """The same analyser, its models shared, that also finds these; its `model` ends in "+" and their version."""
        ...


@runtime_checkable
class Calibratable(Protocol):
    """An analyser whose probabilities can be a firm's own."""

    def with_calibration(self, calibration: Recalibration) -> TextAnalyser:
        """The same analyser, its models shared; its `model` ends in the calibration's suffix."""
        ...


@cache
def analyser(mode: ReadingMode) -> TextAnalyser:
    """The one that reads in this mode.

    Its module is imported here, against the rule: the web process has this one too, and must not load any model.
    """
    from analysis.text.reader import make_analyser

    return make_analyser(mode.value)


def embedder(mode: ReadingMode) -> Teachable | None:
    """What reads the firm's own subjects and finds themes in this mode; the fast tier alone cannot."""
    made = None if mode is ReadingMode.FAST else analyser(mode)
    return made if isinstance(made, Teachable) else None


@lru_cache(maxsize=4)
def analyser_with(mode: ReadingMode, examples: Examples, calibration: Recalibration | None = None) -> TextAnalyser:
    """The one that reads in this mode and knows what the firm has taught it; made anew only when that changed."""
    able = embedder(mode) if examples else None
    return calibrated(analyser(mode) if able is None else taught(able, examples), calibration)


def calibrated(made: TextAnalyser, calibration: Recalibration | None) -> TextAnalyser:
    """`made` with the firm's calibration, if that was fitted to what this version says: another errs in other ways."""
    fits = calibration is not None and calibration.base == base_of(made.model)
    return made.with_calibration(calibration) if fits and calibration and isinstance(made, Calibratable) else made


def taught(able: Teachable, examples: Examples) -> TextAnalyser:
    """`able` with the firm's own subjects. One that this model can make nothing of is left out, and logged."""
    while True:
        try:
            return able.with_own(own_aspects(able, examples))
        except InvalidInputError as error:
            log.warning("own subject is not read", subject=error.field, why=str(error))
            examples = tuple((key, sentences) for key, sentences in examples if key != error.field)


def own_aspects(able: Embedder, examples: Examples) -> "OwnAspects":
    """The firm's own subjects, learnt from their examples.

    Raises:
        InvalidInputError: as `OwnAspects`.
    """
    from analysis.text.own_aspects import OwnAspects  # NumPy, which the web process does without

    return OwnAspects(dict(examples), able.embed)
