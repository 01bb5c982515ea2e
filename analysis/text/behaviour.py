"""Behaviour cases: sentences whose reading every sensible person agrees on, and how often an analyser misses it.

A file holds one JSON object a line. Every case names its `capability` and its `kind`:

- `verdict`: `text` (with `question` and `rating` if known) must be read as `expect`: a sentiment, several
  ("negative or mixed"), or all but one ("not negative");
- `invariant`: `texts` differ in what must not matter (a name, a number): one verdict, scores less than 0.1 apart;
- `direction`: `other` is `text` with something added or softened; its score must not move against `expect`, which is
  "lower" or "higher".
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.text.analyser import SENTIMENTS, Comment, Reading, TextAnalyser

_SAME = 0.1  # Scores of an invariant case stay closer than this
_EXACT = 1e-9  # Scores may differ by this in the last digit of a sum


@dataclass(frozen=True)
class Case:
    """One expectation; `allowed` are the verdicts of a verdict case, `expect` the direction of a direction case."""

    capability: str
    kind: str
    comments: tuple[Comment, ...]
    allowed: frozenset[str] = frozenset()
    expect: str = ""


def load(path: Path) -> list[Case]:
    """The cases of a file, in order. Raises ValueError (with the line's number) for a line that is no case."""
    cases = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            cases.append(parse(json.loads(line)))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path.name}, line {number}: no behaviour case ({error!r})") from error
    return cases


def parse(document: dict[str, Any]) -> Case:
    """One line's object as a case. Raises KeyError or ValueError if it is none."""
    capability, kind = document["capability"], document["kind"]
    if kind == "verdict":
        comment = Comment(document["text"], document.get("question", ""), document.get("rating"))
        return Case(capability, kind, (comment,), allowed=_allowed(document["expect"]))
    if kind == "invariant":
        texts = document["texts"]
        if len(set(texts)) < 2:
            raise ValueError("nothing to compare")
        return Case(capability, kind, tuple(Comment(text) for text in texts))
    if kind == "direction" and document["expect"] in ("lower", "higher"):
        comments = (Comment(document["text"]), Comment(document["other"]))
        return Case(capability, kind, comments, expect=document["expect"])
    raise ValueError(f"kind {kind!r} with expect {document.get('expect')!r}")


def passes(case: Case, readings: Sequence[Reading]) -> bool:
    """Whether the readings of the case's comments, in order, are as expected."""
    if case.kind == "verdict":
        return readings[0].sentiment in case.allowed
    scores = [reading.score for reading in readings]
    if case.kind == "invariant":
        return len({reading.sentiment for reading in readings}) == 1 and max(scores) - min(scores) < _SAME
    moved = scores[1] - scores[0]
    return moved <= _EXACT if case.expect == "lower" else moved >= -_EXACT


def check(case: Case, analyser: TextAnalyser) -> bool:
    """Whether the analyser reads one case as expected."""
    return passes(case, analyser.analyse(case.comments))


def failures(cases: Sequence[Case], analyser: TextAnalyser) -> list[Case]:
    """The cases that the analyser misses, in order. One call of `analyse` reads all of them."""
    readings = iter(analyser.analyse([comment for case in cases for comment in case.comments]))
    return [case for case in cases if not passes(case, [next(readings) for _ in case.comments])]


def failure_rates(cases: Sequence[Case], analyser: TextAnalyser) -> dict[str, tuple[int, int]]:
    """Capability → (failed, total), in the order of the cases."""
    missed = [case.capability for case in failures(cases, analyser)]
    named = [case.capability for case in cases]
    return {capability: (missed.count(capability), named.count(capability)) for capability in dict.fromkeys(named)}


def _allowed(expect: str) -> frozenset[str]:
    negated = expect.startswith("not ")
    named = frozenset(expect.removeprefix("not ").split(" or "))
    if not named <= frozenset(SENTIMENTS):
        raise ValueError(f"no sentiment: {expect!r}")
    return frozenset(SENTIMENTS) - named if negated else named
