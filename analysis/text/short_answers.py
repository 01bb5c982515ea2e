"""Answers that mean nothing without their question: "Nothing", "n/a", "-", "No", "Everything"."""

import re

from analysis.text.features import asked_for

_LONGEST = 60
_EMPTY = frozenset(
    {
        "",
        "na",
        "n a",
        "not applicable",
        "no comment",
        "no comments",
        "nil",
        "nothing to add",
        "none given",
        "x",
        "xx",
        "xxx",
        "see above",
        "as above",
        "same as above",
        "test",
        "don't know",
        "dont know",
        "not sure",
        "unsure",
        "idk",
        "dk",
    }
)
_NOTHING = frozenset(
    {
        "nothing",
        "none",
        "no",
        "nope",
        "nothing really",
        "nothing at all",
        "not really",
        "nothing comes to mind",
        "nothing i can think of",
        "nothing that i can think of",
        "can't think of anything",
        "cannot think of anything",
        "cant think of anything",
        "no suggestions",
        "nothing to improve",
        "not a thing",
        "no improvements",
        "no changes",
        "nothing to report",
        "no nothing",
        "absolutely nothing",
        "nothing whatsoever",
        "nothing specific",
        "nothing for now",
    }
)
_EVERYTHING = frozenset({"everything", "all", "all of it", "everything really", "the lot", "absolutely everything"})
_YES = frozenset({"yes", "yep", "yeah", "yes please", "definitely", "of course", "absolutely", "certainly", "sure"})
_NO = frozenset({"no", "nope", "never", "no way", "definitely not", "absolutely not", "certainly not", "not really"})
_OF_LOYALTY = re.compile(r"\b(?:recommend|come back|return|again|satisfied|happy|resolved|solved|pleased|as agreed)\b")
_LETTERS = re.compile(r"[^\w']+|_+")

NEUTRAL = (0.05, 0.85, 0.09, 0.01)
POSITIVE = (0.04, 0.17, 0.78, 0.01)
NEGATIVE = (0.75, 0.2, 0.04, 0.01)


def meaning(folded: str, question: str) -> tuple[float, float, float, float] | None:
    """Probabilities of (negative, neutral, positive, mixed) for an answer that only its question explains, or None."""
    if len(folded) > _LONGEST:
        return None
    said = _LETTERS.sub(" ", folded).strip()
    if not said:
        return NEUTRAL if all(ord(letter) < 0x2000 for letter in folded) and ":" not in folded else None
    if said in _EMPTY or said.isdecimal():
        return NEUTRAL
    asked = asked_for(question)
    loyal = not asked and _OF_LOYALTY.search(question.lower())
    if loyal and (said in _YES or said in _NO):
        return POSITIVE if said in _YES else NEGATIVE
    if said in _NOTHING:
        return {"worse": POSITIVE, "better": NEGATIVE, "": NEUTRAL}[asked]
    if said in _EVERYTHING:
        return {"worse": NEGATIVE, "better": POSITIVE, "": NEUTRAL}[asked]
    return None
