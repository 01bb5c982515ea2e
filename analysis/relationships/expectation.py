"""The gap between what the firm's service promise leads clients to expect and what they say happened."""

from datetime import datetime

from analysis.relationships.evidence import Evidence, Quote, Response, Signal, listed
from analysis.relationships.words import quoted

GAP_POINTS, MOST_GAP_POINTS, GAP_RESPONSES = 0.4, 1.2, 3
SAID_IT_HAPPENED = 0.5  # the step itself was ticked as done: the words speak against their own tick
# Which words speak of which step of the promise as it ships; a step that the firm wrote itself is found by its words.
STEP_ASPECTS = {
    "greeted": ("staff_attitude", "reception"),
    "told_next": ("follow_up",),
    "kept_informed": ("communication",),
    "done_as_agreed": ("quality_of_work", "timeliness"),
    "explained": ("expertise",),
}
_WORDS_OF = {
    "staff_attitude": ("greet", "friendly", "listen", "polite", "welcom"),
    "communication": ("inform", "told", "tell", "explain", "update", "keep you"),
    "follow_up": ("call back", "follow", "afterwards"),
    "quality_of_work": ("agreed", "properly", "right first", "work was", "checked", "clean"),
    "timeliness": ("on time", "punctual", "date", "when we", "hour", "same day"),
    "price_billing": ("price", "bill", "invoice", "estimate", "cost"),
}


def expectation_gap(evidence: Evidence, now: datetime) -> Signal | None:
    """Negative words about what a step of the service promise leads a client to expect, in their last comments.

    Gap 5 of Parasuraman, Zeithaml & Berry 1985 (Journal of Marketing 49:41–50): quality is what happened against what
    was expected, and a promise sets what is expected. Missed steps (`promises.missed_steps`) count by themselves; this
    hears what was promised and not ticked as missed, in words. GAP_POINTS for each step and answer.
    """
    told = [r for r in evidence.spoken if r.reading is not None and evidence.unsettled(r.at)]
    points, steps = 0.0, list[str]()
    quotes: list[Quote] = []
    for response in reversed(told[-GAP_RESPONSES:]):
        broken = _broken(evidence, response)
        for step in broken:
            points += GAP_POINTS * evidence.weight(response.at, now) * _ticked(response, step)
            if step not in steps:
                steps.append(step)
        quotes += quoted(response) if broken else ()
    if points < 0.1:
        return None
    said = listed([f"“{evidence.step_texts[step]}”" for step in steps[:2]])
    text = f"You promise {said}; their words say otherwise."
    return Signal("expectation_gap", min(MOST_GAP_POINTS, points), text, tuple(quotes[:3]))


def _broken(evidence: Evidence, response: Response) -> list[str]:
    """The steps that this comment speaks against."""
    reading = response.reading
    against = {aspect for aspect, mood, _, _ in reading.aspects if mood == "negative"} if reading else set()
    return [step for step, text in evidence.step_texts.items() if against & set(aspects_of(step, text))]


def aspects_of(step: str, text: str) -> tuple[str, ...]:
    """The aspects of a comment that speak of this step of the promise."""
    if step in STEP_ASPECTS:
        return STEP_ASPECTS[step]
    lower = text.lower()
    return tuple(aspect for aspect, marks in _WORDS_OF.items() if any(mark in lower for mark in marks))


def _ticked(response: Response, step: str) -> float:
    return SAID_IT_HAPPENED if response.steps.get(step, 0) > 0 else 1.0
