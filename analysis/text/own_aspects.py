"""A firm's own aspects, known by example sentences. Nothing is trained: a clause is about one when it is nearer to the
examples than generic talk about service is."""

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from analysis.text.examples import cleaned
from analysis.text.wordlists import pairs
from survey.errors import InvalidInputError

Array = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Array]  # texts → unit vectors (texts, dimensions)

COMMON = 20  # directions in which generic sentences differ most: how they are meant, not what they are about
NEAREST = 2  # examples that are asked: one alone is often near by a chance word
USUAL = 0.99  # the share of generic sentences that stay below
TOWARDS = 0.25  # how far the level goes from there to where the examples know each other
IN_COMMON = 0.9  # examples that are no nearer to each other than this share of generic sentences say nothing
AT_EXAMPLES = math.log(9)  # log-odds (0.9) of a clause that is as near as the examples are to each other
MENTIONED = 0.5


class OwnAspects:
    """Finds a firm's own aspects in clauses. Threads may share it.

    First the mean of the sentences of `data/background.txt`, and the COMMON directions in which these differ most, are
    taken out of every vector (Mu & Viswanath 2018, "All-but-the-top", ICLR): an encoder that was fine-tuned for
    sentiment puts praise here and blame there, whatever they are about.

    How near a clause is, s, is then the mean cosine with the two nearest examples. Of an aspect we measure s for every
    generic sentence (its 99th percentile is b, its spread d) and for each example among the others
    (leave-one-out; the median is m). The level t is b + ¼ · max(0, m - b), and the strength is
    1 / (1 + exp(-ln 9 · (s - t) / max(m - t, d))): 0.5 at the level, 0.9 where the examples know each other. That is
    the logistic of Platt (1999), "Probabilistic outputs for support vector machines", with its two numbers set by those
    two places, since three examples cannot fit them. Only the order and the ratios of cosines count, so that another
    encoder, or a fine-tuned one, needs no new constants.

    Args:
        examples: the example sentences of each aspect, by its name.
        embed: what gives sentences a place: near for those about the same thing.

    Raises:
        InvalidInputError: an aspect has too few examples, too many or too long ones, or they have nothing in common;
            `field` is its name.
    """

    def __init__(self, examples: Mapping[str, Sequence[str]], embed: Embed) -> None:
        self._embed = embed
        kept = {name: _checked(name, sentences) for name, sentences in examples.items()}
        self._known: tuple[_Aspect, ...] = ()
        if kept:
            usual = embed(background())
            self._space = _Space.of(usual)
            generic = self._space.put(usual)
            self._known = tuple(
                _learnt(name, self._space.put(embed(sentences)), generic) for name, sentences in kept.items()
            )
        text = json.dumps(sorted(kept.items()))
        self.version = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]

    def mentions(self, clauses: Sequence[str]) -> list[list[tuple[str, float]]]:
        """For each clause, the aspects it is about with their strengths (0.5…1), the strongest first."""
        found: list[list[tuple[str, float]]] = [[] for _ in clauses]
        at = [number for number, clause in enumerate(clauses) if clause.strip()]
        if not at or not self._known:
            return found
        places = self._space.put(self._embed([clauses[number] for number in at]))
        for aspect in self._known:
            strengths = aspect.strengths(places)
            for row in np.flatnonzero(strengths >= MENTIONED):
                found[at[row]].append((aspect.name, round(float(strengths[row]), 3)))
        return [sorted(mentioned, key=lambda one: -one[1]) for mentioned in found]


@dataclass(frozen=True)
class _Space:
    """What generic sentences have in common, to be taken out."""

    mean: Array
    axes: Array  # (COMMON, dimensions), orthonormal

    @classmethod
    def of(cls, generic: Array) -> "_Space":
        mean = generic.mean(axis=0)
        return cls(mean, np.linalg.svd(generic - mean, full_matrices=False)[2][:COMMON])

    def put(self, vectors: Array) -> Array:
        """Unit vectors of what is left."""
        moved = vectors - self.mean
        left = moved - moved @ self.axes.T @ self.axes
        unit: Array = left / np.maximum(np.linalg.norm(left, axis=1, keepdims=True), 1e-9)
        return unit


@dataclass(frozen=True)
class _Aspect:
    name: str
    examples: Array
    level: float
    width: float

    def strengths(self, places: Array) -> NDArray[np.float64]:
        steps = (_nearness(places, self.examples) - self.level) / self.width
        strengths: NDArray[np.float64] = 1 / (1 + np.exp(np.clip(-AT_EXAMPLES * steps, -50, 50)))
        return strengths


@cache
def background() -> tuple[str, ...]:
    """Generic sentences about service of any kind."""
    return tuple(sentence for sentence, _ in pairs("background"))


def _checked(name: str, sentences: Sequence[str]) -> tuple[str, ...]:
    try:
        return cleaned(sentences)
    except InvalidInputError as error:
        raise InvalidInputError(str(error), name) from None


def _learnt(name: str, examples: Array, generic: Array) -> _Aspect:
    usual = _nearness(generic, examples)
    alike = [
        float(_nearness(examples[row : row + 1], np.delete(examples, row, axis=0))[0]) for row in range(len(examples))
    ]
    among = float(np.median(alike))
    if among <= np.quantile(usual, IN_COMMON):
        raise InvalidInputError(
            "These sentences have too little in common: they are no nearer to each other than to what clients say of "
            "any firm. Give sentences that all speak of the subject, with the words that clients use for it.",
            name,
        )
    above = float(np.quantile(usual, USUAL))
    level = above + TOWARDS * max(0.0, among - above)
    return _Aspect(name, examples, level, max(among - level, float(usual.std()), 1e-6))


def _nearness(places: Array, examples: Array) -> NDArray[np.float64]:
    """The mean cosine of each place with the examples nearest to it."""
    cosines = np.sort((places @ examples.T).astype(np.float64), axis=1)
    nearest: NDArray[np.float64] = cosines[:, -NEAREST:].mean(axis=1)
    return nearest
