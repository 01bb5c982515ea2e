"""From the heads' logits to probabilities: what both tiers say, in the same terms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, tanh
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.text.analyser import INTENTS
from analysis.text.met_words import Array

Verdict = tuple[list[float], float]  # the chances of negative, neutral and positive; that of "mixed"
SHARE = 0.6  # of the accurate tier in the sentiment that both have read
SUPERSEDED = {"nhs_fft_p1": "nhs_fft"}  # the same programme's earlier coding: its texts are coded as by the later one
_LEAST = 1e-9  # no chance is less, where its logarithm is taken
KEPT = ("quality_of_work",)  # but for what the later one hardly codes


@dataclass(frozen=True)
class Decoded:
    """What a tier says of some texts.

    `sentiment` (texts, 3): negative, neutral, positive; `mixed`, `severity` (texts,); `intents` (texts, INTENTS);
    `aspects` (texts, aspects): mentioned or not; `polarity` (texts, aspects, 3): how, if mentioned.
    """

    sentiment: Array
    mixed: Array
    severity: Array
    intents: Array
    aspects: Array
    polarity: Array

    def __getitem__(self, picked: Sequence[int] | NDArray[np.intp]) -> "Decoded":
        at = np.asarray(picked, np.intp)
        return Decoded(
            self.sentiment[at], self.mixed[at], self.severity[at], self.intents[at], self.aspects[at], self.polarity[at]
        )

    def replaced(self, at: NDArray[np.intp], by: "Decoded") -> "Decoded":
        """The same with the rows `at` taken from `by`."""
        made = {}
        for name in ("sentiment", "mixed", "severity", "intents", "aspects", "polarity"):
            made[name] = getattr(self, name).copy()
            made[name][at] = getattr(by, name)
        return Decoded(**made)

    def and_then(self, other: "Decoded") -> "Decoded":
        """The same texts, and then those of `other`."""
        names = ("sentiment", "mixed", "severity", "intents", "aspects", "polarity")
        return Decoded(**{name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in names})


def sentiment(logits: Mapping[str, Array], facts: Mapping[str, Any]) -> Array:
    """(texts, 3): the logits divided by the temperature (Guo et al. 2017) and moved by a bias each, both fitted on rows
    that the model was not trained on."""
    bias = np.asarray(facts.get("bias", (0.0, 0.0, 0.0)), np.float32)
    return softmax(logits["sentiment"] / facts.get("temperature", 1.0) + bias)


def verdicts(logits: Mapping[str, Array], facts: Mapping[str, Any]) -> list[Verdict]:
    """As `decode`, of the sentiment and "mixed" alone, number by number: NumPy takes longer to be called than to count
    the few of one text."""
    temperature = facts.get("temperature", 1.0)
    first, second, third = facts.get("bias", (0.0, 0.0, 0.0))
    found = []
    for (negative, neutral, positive), (mixed,) in zip(
        logits["sentiment"].tolist(), logits["mixed"].tolist(), strict=True
    ):
        a, b, c = negative / temperature + first, neutral / temperature + second, positive / temperature + third
        most = max(a, b, c)
        a, b, c = exp(a - most), exp(b - most), exp(c - most)
        total = a + b + c
        found.append(([a / total, b / total, c / total], 0.5 * (1 + tanh(0.5 * mixed))))
    return found


def decode(logits: Mapping[str, Array], facts: Mapping[str, Any]) -> Decoded:
    """Probabilities from logits. `facts`: the model's, with its temperature, biases, schemes and aspects.

    Labelled sets do not code the same aspects: an aspect's probability is the mean over the coding schemes that know
    it, weighted by how likely the text is of the kind that the scheme is for.
    """
    aspects, polarity = _subjects(logits, facts)
    alone = sigmoid(np.concatenate([logits[name] for name in ("mixed", "severity", "intents")], axis=1))
    return Decoded(
        sentiment=sentiment(logits, facts),
        mixed=alone[:, 0],
        severity=alone[:, 1],
        intents=alone[:, 2 : 2 + len(INTENTS)],
        aspects=aspects,
        polarity=polarity,
    )


def _subjects(logits: Mapping[str, Array], facts: Mapping[str, Any]) -> tuple[Array, Array]:
    names: list[str] = facts["aspects"]
    schemes: dict[str, list[str]] = facts["schemes"]
    kinds = softmax(logits["scheme"])
    rows = len(kinds)
    total = np.full((rows, len(names)), 1e-9, np.float32)
    found = np.zeros((rows, len(names)), np.float32)
    for scheme, known in schemes.items():
        at = [names.index(aspect) for aspect in known]
        share = kinds @ _heard(list(schemes), scheme, known)
        found[:, at] += share * sigmoid(logits[f"aspects:{scheme}"])
        total[:, at] += share
    return found / total, softmax(logits["polarity"].reshape(rows, len(names), 3))


def _heard(schemes: list[str], scheme: str, known: list[str]) -> Array:
    """(schemes, known): 1 where a text of that kind is coded by `scheme`'s opinion of the aspect."""
    made = np.zeros((len(schemes), len(known)), np.float32)
    for row, kind in enumerate(schemes):
        made[row] = [scheme == (kind if aspect in KEPT else SUPERSEDED.get(kind, kind)) for aspect in known]
    return made


def mean(one: Decoded, other: Decoded, decided: NDArray[np.bool_]) -> Decoded:
    """The mean of two tiers' opinions; of the sentiment only where `decided` (texts,), elsewhere `other`'s stands.

    The two err differently, so that their mean errs less than either on kinds of firm that neither has met. Of the
    sentiment it is the mean of logarithms: one of chances is less sure than it is right (Ranjan & Gneiting 2010).
    """
    both = {
        name: (getattr(one, name) + getattr(other, name)) / 2 for name in ("severity", "intents", "aspects", "polarity")
    }
    sentiment = softmax(SHARE * np.log(one.sentiment + _LEAST) + (1 - SHARE) * np.log(other.sentiment + _LEAST))
    return Decoded(
        sentiment=np.where(decided[:, None], sentiment, other.sentiment),
        mixed=np.where(decided, SHARE * one.mixed + (1 - SHARE) * other.mixed, other.mixed),
        **both,
    )


def shared(one: Verdict, other: Verdict) -> Verdict:
    """The mean of what both tiers say of one text, as in `mean`."""
    chances = [(a + _LEAST) ** SHARE * (b + _LEAST) ** (1 - SHARE) for a, b in zip(one[0], other[0], strict=True)]
    total = sum(chances)
    return [chance / total for chance in chances], SHARE * one[1] + (1 - SHARE) * other[1]


def softmax(logits: Array) -> Array:
    """Along the last axis."""
    raised: Array = np.exp(logits - logits.max(axis=-1, keepdims=True))
    chances: Array = raised / raised.sum(axis=-1, keepdims=True)
    return chances


def sigmoid(logits: Array) -> Array:
    """Elementwise, without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)), np.float32)
