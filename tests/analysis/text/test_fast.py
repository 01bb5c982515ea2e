"""The network in NumPy against a slow and plain one, its words, and the weights that ship."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from analysis.text.fast import WEIGHTS, FastModel, bounds, context, grams, words
from analysis.text.met_words import Array

MODELS = WEIGHTS.parent


@pytest.fixture(scope="module")
def model() -> FastModel:
    return FastModel()


def plainly(text: Sequence[str], known: Sequence[float]) -> Array:
    """The logits of one text, written down as the docstring of the module says it, without any batch."""
    stored = np.load(WEIGHTS)
    facts = json.loads(str(stored["facts"]))
    vocabulary = str(stored["vocabulary"]).split("\n")
    table = stored["table"].astype(np.float32) * stored["scale"].astype(np.float32)

    def vector(word: str) -> Array:
        if word in vocabulary:
            return np.asarray(table[1 + vocabulary.index(word)])
        return np.asarray(table[[1 + len(vocabulary) + at for at in grams(word, facts["buckets"])]].mean(axis=0))

    def convolve(rows: Array, name: str) -> Array:
        kernel, bias = stored[f"{name}.weight"].astype(np.float32), stored[f"{name}.bias"].astype(np.float32)
        wide = np.vstack([np.zeros((1, rows.shape[1])), rows, np.zeros((1, rows.shape[1]))])
        found = [sum(wide[at + step] @ kernel[step] for step in range(3)) + bias for at in range(len(rows))]
        made: Array = np.maximum(np.asarray(found), 0)
        return made

    first = convolve(np.stack([vector(word) for word in text]), "conv1")
    second = convolve(first, "conv2") + first
    pooled = np.concatenate([second.max(axis=0), second.mean(axis=0), known])
    hidden = np.maximum(pooled @ stored["hidden.weight"].astype(np.float32) + stored["hidden.bias"], 0)
    return np.asarray(
        np.concatenate([hidden, pooled]) @ stored["heads.weight"].astype(np.float32) + stored["heads.bias"]
    )


def test_the_batch_says_what_plain_arithmetic_says(model: FastModel) -> None:
    """Texts of different lengths, unknown words and an empty text in one batch: each as by itself."""
    texts = [words(text) for text in ("Rude.", "The engineerz were not on time, again!", "", "Qwxzy brilliant 10/10")]
    known = [context("", None), context("What could be better?", 2), context("", None), context("", 5)]
    together = np.concatenate(list(model.read(texts, known).values()), axis=1)
    for row in (0, 1, 3):
        assert together[row] == pytest.approx(plainly(texts[row], known[row]), abs=2e-3)


def test_words_left_out_are_as_if_they_had_never_been_there(model: FastModel) -> None:
    """Every stretch of texts of several lengths, at their ends and in the middle, together: each as read from anew."""
    texts = [words(text) for text in ("Rude.", "Late, and no call", "Nobody came, nobody rang!", "")]
    covered = [
        (at, first, last)
        for at, text in enumerate(texts)
        for first in range(len(text) + 1)
        for last in range(first, len(text) + 1)
        if last - first < len(text)
    ][::-1]
    known = [context("", 2 if at else None) for at, _, _ in covered]
    left = [texts[at][:first] + texts[at][last:] for at, first, last in covered]
    quickly, anew = model.without(texts, covered, known), model.read(left, known)
    for head, logits in anew.items():
        assert quickly[head] == pytest.approx(logits, abs=1e-4)


def test_words_are_small_and_numbers_lose_their_digits() -> None:
    """A phone number is a number, whichever it is; marks and faces are words."""
    assert words("NOT ok :( call 0171 5550123, soooo slow!") == [
        *("not", "ok", ":(", "call", "0000", "00000", ",", "soo", "slow", "!")
    ]
    assert words("") == []


def test_the_places_of_words_are_those_of_the_text() -> None:
    """One place for each word, in order."""
    text = "Don’t   wait :-)"
    assert [text[start:end] for start, end in bounds(text)] == ["Don’t", "wait", ":-)"]


@pytest.mark.parametrize(("wrong", "right"), [("excelent", "excellent"), ("disapointing", "disappointing")])
def test_a_misspelt_word_means_about_the_same(model: FastModel, wrong: str, right: str) -> None:
    """An unknown word is read by its letters."""
    said = model.read([[wrong], [right]], [context("", None)] * 2)["sentiment"]
    assert int(said[0].argmax()) == int(said[1].argmax())


def test_question_and_rating_are_known_by_kind() -> None:
    """Four kinds of question and a rating of 1 to 5 or none; nonsense is none."""
    assert sum(context("What could we do better?", 4)) == 2
    for rating in (None, 0, 7, float("nan"), float("inf")):
        assert context("", rating) == context("", None)


def test_the_weights_are_those_that_were_trained() -> None:
    """Every file of the folder has its checksum, and together they stay small."""
    lines = (MODELS / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    listed = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    files: list[Path] = [path for path in MODELS.iterdir() if path.name != "SHA256SUMS"]
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files} == listed
    assert sum(path.stat().st_size for path in files) < 30_000_000
