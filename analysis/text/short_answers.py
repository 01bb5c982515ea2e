"""Answers that mean nothing without their question: "Nothing", "n/a", "-", "No", "Everything"."""

import re
from functools import cache

from analysis.text.features import asked_for
from analysis.text.wordlists import pairs

_LONGEST = 60
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
    kinds = _kinds()
    if said in kinds["empty"] or said.isdecimal():
        return NEUTRAL
    asked = asked_for(question)
    loyal = not asked and _OF_LOYALTY.search(question.lower())
    if loyal and (said in kinds["yes"] or said in kinds["no"]):
        return POSITIVE if said in kinds["yes"] else NEGATIVE
    if said in kinds["nothing"]:
        return {"worse": POSITIVE, "better": NEGATIVE, "": NEUTRAL}[asked]
    if said in kinds["everything"]:
        return {"worse": NEGATIVE, "better": POSITIVE, "": NEUTRAL}[asked]
    return None


@cache
def _kinds() -> dict[str, frozenset[str]]:
    listed: dict[str, set[str]] = {}
    for kind, answer in pairs("short-answers"):
        listed.setdefault(kind, set()).add(answer)
    return {kind: frozenset(answers) for kind, answers in listed.items()}
