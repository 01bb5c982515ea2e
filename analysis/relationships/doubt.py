"""What words may do whose reading is not to be relied on: support other evidence, never raise a flag by themselves."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from analysis.relationships.evidence import Evidence, Reading, Signal
from survey.speech import listed

SUPPORT_POINTS = 2.1  # all such words together: alone a risk of 0.29, enough neither to raise a flag nor to keep one
LANGUAGES = {
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "nl": "Dutch",
    "pt": "Portuguese",
}

# Rest on what somebody seems to intend, which the quick reader hears too often.
INTENDED = frozenset({"leaving", "review_threat", "safety_legal", "wants_contact"})
READ_ONCE = "only the quick reader has read it, and is often wrong about this"
_PERHAPS = {
    "leaving": "Perhaps they think of leaving",
    "review_threat": "Perhaps a threat of a bad review",
    "safety_legal": "Perhaps about danger, damage or legal steps",
    "wants_contact": "Perhaps they asked to be contacted",
}

Rule = Callable[[Evidence, datetime], Signal | None]


def supported(
    rules: Sequence[Rule], evidence: Evidence, now: datetime, multiplier: Callable[[str], float], shift: float = 0.0
) -> list[Signal]:
    """The signals of `rules`, in which readings that the analyser does not stand by count as support only.

    Each rule is asked twice: with those readings and without. What they add, over all rules and once `multiplier` is
    applied, is scaled down to SUPPORT_POINTS, less a `shift` (the intercept in force) above 0; what they would take
    away does not count. The reason says what it rests on.
    """
    doubted = {
        response.reading.answer_id: response.reading
        for response in evidence.responses
        if response.reading is not None and response.reading.abstained
    }
    if not doubted:
        return [_marked(signal, evidence) for rule in rules if (signal := rule(evidence, now)) is not None]
    relied_on = _without_doubted(evidence)
    pairs = [(rule(relied_on, now), rule(evidence, now)) for rule in rules]
    extra = sum(multiplier(full.name) * _added(firm, full) for firm, full in pairs if full is not None)
    room = max(0.0, min(SUPPORT_POINTS, SUPPORT_POINTS - shift))
    share = min(1.0, room / extra) if extra > 0 else 0.0
    combined = [_combined(firm, full, share, doubted) for firm, full in pairs]
    return [_marked(signal, evidence) for signal in combined if signal is not None]


def _marked(signal: Signal, evidence: Evidence) -> Signal:
    """Says so where an intent rests on words that were read once only; it may raise a flag, but no severe one."""
    if signal.name not in INTENDED or signal.doubtful:
        return signal
    once = {
        f"answer/{response.reading.answer_id}"
        for response in evidence.responses
        if response.reading is not None and response.reading.read_once
    }
    if not signal.evidence or not all(quote.source in once for quote in signal.evidence):
        return signal
    return replace(signal, text=f"{_PERHAPS[signal.name]}: {READ_ONCE}.", doubtful=True)


def _without_doubted(evidence: Evidence) -> Evidence:
    return replace(
        evidence,
        responses=tuple(
            replace(response, reading=None) if response.reading is not None and response.reading.abstained else response
            for response in evidence.responses
        ),
    )


def _added(firm: Signal | None, full: Signal) -> float:
    return max(0.0, full.points - (firm.points if firm else 0.0))


def _combined(firm: Signal | None, full: Signal | None, share: float, doubted: dict[int, Reading]) -> Signal | None:
    if full is None or _added(firm, full) <= 0:
        return firm
    sources = [quote.source for quote in full.evidence]
    used = [reading for answer_id, reading in doubted.items() if f"answer/{answer_id}" in sources]
    points = (firm.points if firm else 0.0) + share * _added(firm, full)
    text = f"{full.text.removesuffix('.')} ({_why(used or list(doubted.values()))})."
    return replace(full, points=points, text=text, doubtful=firm is None)


def _why(readings: Sequence[Reading]) -> str:
    """`read from Spanish, in beta`; `the reading is unsure`."""
    names = {
        LANGUAGES.get(reading.language, "another language") for reading in readings if reading.abstained == "language"
    }
    if names:
        return f"read from {listed(sorted(names))}, in beta"
    return "the words are hardly language" if readings[0].abstained == "no language" else "the reading is unsure"
