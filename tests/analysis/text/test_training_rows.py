"""What the shipped numbers are made from: training rows alone, and temperatures from those that nothing learnt."""

import ast
import gzip
import json
from pathlib import Path

import numpy as np
import pytest

import bench.train
from bench.train import rows, tuning

MODULES = sorted(Path(bench.train.__path__[0]).glob("*.py"))


def _set(folder: Path, name: str) -> None:
    """A set with a row of every split that there is."""
    with gzip.open(folder / f"{name}.jsonl.gz", "wt", encoding="utf-8") as lines:
        for split in ("train", "dev", "test", "held_out"):
            for label in ("neg", "neu", "pos", "mixed", None):
                lines.write(json.dumps({"text": f"{split} {label}", "label": label, "split": split}) + "\n")


def test_only_training_rows_of_a_set_are_read(tmp_path: Path) -> None:
    """The loader passes no other split on, whatever the file holds."""
    _set(tmp_path, "fabsa")
    found = [row.text for row in rows.labelled(tmp_path, "fabsa")]
    assert len(found) == 5
    assert all(text.startswith("train ") for text in found)


def test_temperatures_are_fitted_on_training_rows_that_nothing_learns_from(tmp_path: Path) -> None:
    """They come from other sets than what is learnt from, and have a side."""
    for name in rows.UNLEARNT:
        _set(tmp_path, name)
    assert sorted(row.text for row in rows.unlearnt(tmp_path)) == ["train neg", "train pos"]
    assert not set(rows.UNLEARNT) & {*rows.SCHEMES, "sst", "sst_phrases", "opener_en", "dynasent"}


def test_our_own_sentences_that_are_measured_on_teach_nothing() -> None:
    """Those of other splits are left out."""
    taught = {row.text for row in rows.handwritten()}
    documents = [
        json.loads(line) for path in rows.HANDWRITTEN for line in path.read_text(encoding="utf-8").splitlines()
    ]
    kept_apart = {document["text"] for document in documents if document["split"] != "train"}
    assert len(kept_apart) > 500
    assert not taught & kept_apart


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_no_code_that_trains_names_another_split(module: Path) -> None:
    """Nothing under bench/train asks for rows that are measured on."""
    named = {node.value for node in ast.walk(ast.parse(module.read_text("utf-8"))) if isinstance(node, ast.Constant)}
    assert not named & {"dev", "test", "held_out"}


def test_the_temperature_that_was_put_in_is_found() -> None:
    """Logits made three times too large are divided by about three."""
    chosen = np.random.default_rng(1)
    apart = chosen.normal(0, 2, 4000)
    labels = np.where(chosen.random(4000) < 1 / (1 + np.exp(-apart)), 2, 0)
    logits = np.stack([-1.5 * apart, np.zeros(4000), 1.5 * apart], axis=1).astype(np.float32)
    assert tuning.temperature(logits, labels.tolist()) == pytest.approx(3, rel=0.1)


def test_a_neutral_row_tells_no_temperature() -> None:
    """It has no side."""
    with pytest.raises(ValueError, match="negative and positive"):
        tuning.temperature(np.zeros((2, 3), np.float32), [0, 1])
