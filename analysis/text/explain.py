"""Why a comment was read as it was: the stretches of text that spoke, strongest first."""

import math

from analysis.text.analyser import Span
from analysis.text.features import Weighed
from analysis.text.wordlists import roles

_LEAST = 0.25  # Contributions smaller than this explain nothing to a person
_CLEAR = 0.5  # With at least one of these, the weaker ones only distract
_MOST = 8


def evidence(weighed: Weighed) -> tuple[Span, ...]:
    """At most eight spans, none overlapping another, the strongest first. Weight: tanh(log-odds ∕ 2), so −1…1."""
    unshown = roles()["seldom worth showing"]
    spoken = sorted(
        (
            (cue.start, cue.end, contribution)
            for cue, contribution in zip(weighed.cues, weighed.contributions, strict=True)
            if contribution and cue.key not in unshown
        )
    )
    merged: list[tuple[int, int, float]] = []
    for start, end, contribution in spoken:
        if merged and start < merged[-1][1]:
            first, last, before = merged[-1]
            merged[-1] = (first, max(last, end), before + contribution)
        else:
            merged.append((start, end, contribution))
    strongest = sorted((span for span in merged if abs(span[2]) >= _LEAST), key=lambda span: (-abs(span[2]), span[0]))
    clear = [span for span in strongest if abs(span[2]) >= _CLEAR]
    strongest = clear or strongest
    return tuple(Span(start, end, round(math.tanh(weight / 2), 3)) for start, end, weight in strongest[:_MOST])
