"""The gap between what the firm's service promise leads clients to expect and what they say happened."""

from datetime import datetime

from analysis.relationships.evidence import Evidence, Quote, Response, Signal
from analysis.relationships.scores import PLEASED_CSAT
from analysis.relationships.words import NEGATIVE_FROM, quoted
from survey.speech import listed

GAP_POINTS, MOST_GAP_POINTS, GAP_RESPONSES = 0.4, 1.2, 3
LEAST_GAP_POINTS = 0.3  # one such comment is worth mentioning for a month
# Which words speak of which step of the promise as it ships; a step that the firm wrote itself is found by its words.
# No aspect tells "told what happens next" and "explained" from what else is said of following up and of expertise.
STEP_ASPECTS: dict[str, tuple[str, ...]] = {
    "greeted": ("staff_attitude",),
    "told_next": (),
    "kept_informed": ("communication",),
    "done_as_agreed": ("quality_of_work", "timeliness"),
    "explained": (),
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
    """Unhappy comments, of the last ones, about what a step of the service promise leads a client to expect.

    Gap 5 of Parasuraman, Zeithaml & Berry 1985 (Journal of Marketing 49:41–50): quality is what happened against what
    was expected, and a promise sets what is expected. Missed steps (`promises.missed_steps`) count by themselves; this
    hears what was promised and nobody was asked about or ticked. All that is known is that the words are unhappy about
    the same matter, so that the reason says no more. GAP_POINTS for each step and answer.
    """
    told = [r for r in evidence.spoken if r.reading is not None and evidence.unsettled(r.at)]
    points, steps = 0.0, list[str]()
    quotes: list[Quote] = []
    for response in reversed(told[-GAP_RESPONSES:]):
        against = broken(evidence, response)
        for step in against:
            points += GAP_POINTS * evidence.weight(response.at, now)
            if step not in steps:
                steps.append(step)
        quotes += quoted(response) if against else ()
    if points < LEAST_GAP_POINTS:
        return None
    said = listed([f"“{evidence.step_texts[step]}”" for step in steps[:2]])
    text = f"Unhappy about something that you promise: {said}."
    return Signal("expectation_gap", min(MOST_GAP_POINTS, points), text, tuple(quotes[:3]))


def broken(evidence: Evidence, response: Response) -> list[str]:
    """The steps that an unhappy comment speaks against, but for those that they said had happened or had not."""
    reading = response.reading
    if reading is None or reading.score > NEGATIVE_FROM or response.numbers.get("csat", 0) >= PLEASED_CSAT:
        return []
    against = {aspect for aspect, mood, _, _ in reading.aspects if mood == "negative"}
    return [
        step
        for step, text in evidence.step_texts.items()
        if not response.steps.get(step) and against & set(aspects_of(step, text))
    ]


def aspects_of(step: str, text: str) -> tuple[str, ...]:
    """The aspects of a comment that speak of this step of the promise."""
    if step in STEP_ASPECTS:
        return STEP_ASPECTS[step]
    lower = text.lower()
    return tuple(aspect for aspect, marks in _WORDS_OF.items() if any(mark in lower for mark in marks))
