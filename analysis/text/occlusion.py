"""Which words made the verdict: what changes when they are covered (occlusion, Zeiler & Fergus 2014).

A span's weight is half of what its removal takes from the verdict and half of what it says alone: the Shapley value
with the two extreme coalitions only (Strumbelj & Kononenko 2014). So each of three sentences that all complain has a
weight, though none of them is needed. The first span is the smallest found whose removal changes most.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.text.analyser import Span
from analysis.text.fast import bounds
from analysis.text.met_words import Array

Bounds = tuple[int, int]
Without = Callable[[Sequence[int], Sequence[Bounds]], Array]

ENOUGH = 0.3  # a drop of the probability that makes a span the reason
_LEAST = 0.12  # spans of less weight explain nothing to a person
_MOST = 6
_LONGEST = 16  # words of a clause in which smaller reasons are looked for


@dataclass(frozen=True)
class Case:
    """A text to be explained. `owner`: its place among all; `direction`: 0 negative, 2 positive; `clauses` cover what
    is said, `alone` (clauses, 3) is what each says alone; `whole` and `decided` (3,) is what all of it says to the
    quick judge and to the one that decided."""

    owner: int
    text: str
    direction: int
    clauses: Sequence[Bounds]
    alone: Array
    whole: Array
    decided: Array


def explain(cases: Sequence[Case], without: Without, sure: Without | None = None) -> list[tuple[Span, ...]]:
    """The spans of each case, none overlapping the first, the first being the reason, the others by weight.

    `without(owners, spans)` gives the (spans, 3) probabilities of the owners' texts, each without its span; `sure`, if
    given, is the slower and better judge of which span is the first.
    """
    if not cases:
        return []
    wholes = [case.whole for case in cases]
    drops = _drops(cases, wholes, [case.clauses for case in cases], without)
    smaller = [_windows(case, drop) for case, drop in zip(cases, drops, strict=True)]
    larger = [_stretches(case, drop) for case, drop in zip(cases, drops, strict=True)]
    fine = _drops(cases, wholes, smaller, without)
    shortlist = [
        _shortlist(case, drop, windows, found, wide)
        for case, drop, windows, found, wide in zip(cases, drops, smaller, fine, larger, strict=True)
    ]
    firsts = _firsts(cases, shortlist, sure or without)
    return [
        _spans(case, first, dict(zip(case.clauses, by_clause, strict=True)))
        for case, first, by_clause in zip(cases, firsts, drops, strict=True)
    ]


def _drops(
    cases: Sequence[Case], wholes: Sequence[Array], spans: Sequence[Sequence[Bounds]], without: Without
) -> list[list[float]]:
    """How much of each case's verdict is lost without each of its spans."""
    owners = [case.owner for case, found in zip(cases, spans, strict=True) for _ in found]
    left = without(owners, [span for found in spans for span in found])
    drops: list[list[float]] = []
    at = 0
    for case, whole, found in zip(cases, wholes, spans, strict=True):
        here = left[at : at + len(found), case.direction]
        drops.append((whole[case.direction] - here).tolist())
        at += len(found)
    return drops


def _firsts(
    cases: Sequence[Case], shortlist: Sequence[Sequence[Bounds]], without: Without
) -> list[tuple[Bounds, float]]:
    """Of each case, the smallest span that is enough, or else the one whose removal changes most.

    The spans are tried one after the other, of all cases at once, and no more of a case when one is enough.
    """
    tried: list[list[float]] = [[] for _ in cases]
    going = list(range(len(cases)))
    while going:
        some = [cases[at] for at in going]
        spans = [[shortlist[at][len(tried[at])]] for at in going]
        for at, (lost,) in zip(going, _drops(some, [case.decided for case in some], spans, without), strict=True):
            tried[at].append(lost)
        going = [at for at in going if tried[at][-1] < ENOUGH and len(tried[at]) < len(shortlist[at])]
    best = [len(lost) - 1 if lost[-1] >= ENOUGH else int(np.argmax(lost)) for lost in tried]
    return [(spans[at], lost[at]) for spans, lost, at in zip(shortlist, tried, best, strict=True)]


def _windows(case: Case, drop: Sequence[float]) -> list[Bounds]:
    """One to three words in a row inside the clause that matters most, if it is short enough to look closer."""
    if not drop:
        return []
    start, end = case.clauses[int(np.argmax(drop))]
    inside = [(a + start, b + start) for a, b in bounds(case.text[start:end])][:_LONGEST]
    inside = [(a, b) for a, b in inside if any(letter.isalnum() for letter in case.text[a:b])]
    if len(inside) < 3:
        return []
    return [(inside[at][0], inside[at + size - 1][1]) for size in (1, 2, 3) for at in range(len(inside) - size + 1)]


def _stretches(case: Case, drop: Sequence[float]) -> list[Bounds]:
    """Longer and longer stretches around the clause that matters most, to the whole text."""
    if len(case.clauses) < 2:
        return [(0, len(case.text))]
    best = int(np.argmax(drop))
    against = [at for at in range(len(case.clauses)) if case.alone[at, case.direction] >= 0.4] or [best]
    left = right = best
    found: list[Bounds] = []
    while len(found) < 3 and (left > min(against) or right < max(against)):
        can_left, can_right = left > min(against), right < max(against)
        if can_left and (not can_right or drop[left - 1] >= drop[right + 1]):
            left -= 1
        else:
            right += 1
        found.append((case.clauses[left][0], case.clauses[right][1]))
    widest = (case.clauses[min(against)][0], case.clauses[max(against)][1])
    return [*dict.fromkeys((*found, widest, (0, len(case.text))))]


def _shortlist(
    case: Case, drop: Sequence[float], windows: Sequence[Bounds], fine: Sequence[float], wide: Sequence[Bounds]
) -> list[Bounds]:
    """A few candidates for the first span, smallest first: two windows, the clause, the stretches."""
    if not drop:
        return [(0, len(case.text))]
    best = int(np.argmax(drop))
    order = sorted(range(len(windows)), key=lambda at: (-fine[at], windows[at][1] - windows[at][0]))[:2]
    near = [at for at in order if fine[at] >= min(ENOUGH, 0.7 * drop[best])]
    small = sorted((windows[at] for at in near), key=lambda span: span[1] - span[0])
    return [*dict.fromkeys((*small, case.clauses[best], *wide))]


def _spans(case: Case, first: tuple[Bounds, float], drops: dict[Bounds, float]) -> tuple[Span, ...]:
    (start, end), lost = first
    sign = -1 if case.direction == 0 else 1
    found = [Span(start, end, _rounded(sign * max(lost, 0.05)))] if end > start else []
    others = []
    for (a, b), alone in zip(case.clauses, case.alone, strict=True):
        if a < end and start < b:
            continue
        toward = sign * float(alone[2] - alone[0])
        weight = (max(drops[a, b], 0.0) + max(toward, 0.0)) / 2 if toward > 0 else toward / 2
        if abs(weight) >= _LEAST:
            others.append(Span(a, b, _rounded(sign * weight)))
    others.sort(key=lambda span: (-abs(span.weight), span.start))
    return (*found, *others[: _MOST - 1])


def _rounded(weight: float) -> float:
    return round(max(-1.0, min(1.0, weight)), 3)
