"""Answers that say something only with their question, or in numbers alone: "Nothing", "n/a", "Yes", "9/10", "⭐⭐"."""

import re
from functools import cache

from analysis.text.questions import asked_for
from analysis.text.wordlists import pairs

_LONGEST = 60
_OF_LOYALTY = re.compile(r"\b(?:recommend|come back|return|again|satisfied|happy|resolved|solved|pleased|as agreed)\b")
_OF_TROUBLE = re.compile(
    r"\b(?:did|was|were|is|are|have you had|had) (?:there )?(?:any|anything|something)\b.*", re.DOTALL
)
_NO_LETTERS = re.compile(r"[^\w']+|_+")
_MARK = re.compile(r"(\d{1,3}(?:[.,]\d)?)\s*(?:/|out of|of)\s*(5|10|100)(?:\s*stars?)?\W*")
_STARS = re.compile(r"([0-5]|one|two|three|four|five)[ -]?stars?\W*|(⭐+)\ufe0f?\W*|(★+)☆*\W*")
_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}

Chances = tuple[float, float, float]
# How often people label such an answer so, in 500 training rows of nhs_fft whose question is known; where it is not,
# "Nothing" was praise in nine of ten, but nothing in the words says so: neutral, with that doubt.
NEUTRAL: Chances = (0.05, 0.87, 0.08)
POSITIVE: Chances = (0.01, 0.05, 0.94)
NEGATIVE: Chances = (0.83, 0.1, 0.07)
OPEN: Chances = (0.04, 0.5, 0.46)


def meaning(text: str, question: str) -> Chances | None:
    """Chances of negative, neutral and positive for such an answer, or None if the words must be read."""
    if len(text) > _LONGEST:
        return None
    folded = text.strip().lower().replace("’", "'")
    if (mark := _mark(folded)) is not None:
        return POSITIVE if mark >= 0.75 else NEUTRAL if mark >= 0.55 else NEGATIVE
    said = _NO_LETTERS.sub(" ", folded).strip()
    kinds = _kinds()
    if said in kinds["empty"] or said.isdecimal():
        return NEUTRAL
    asked, about = asked_for(question), question.lower()
    is_yes, is_no = said in kinds["yes"], said in kinds["no"]
    if is_yes or is_no:
        if _OF_TROUBLE.search(about) and asked == "worse":
            return NEGATIVE if is_yes else POSITIVE
        if asked != "worse" and _OF_LOYALTY.search(about):
            return POSITIVE if is_yes else NEGATIVE
    if said in kinds["nothing"]:
        return {"worse": POSITIVE, "better": NEGATIVE}.get(asked, OPEN)
    if said in kinds["everything"]:
        return {"worse": NEGATIVE, "better": POSITIVE}.get(asked, NEUTRAL)
    return None


def _mark(folded: str) -> float | None:
    """The share of the best mark, if the answer is a mark and nothing else."""
    if found := _MARK.fullmatch(folded):
        value, best = float(found[1].replace(",", ".")), float(found[2])
        return value / best if value <= best else None
    if found := _STARS.fullmatch(folded):
        stars = len(found[2] or found[3] or "") or _NUMBERS.get(found[1] or "") or int(found[1])
        return min(stars, 5) / 5
    return None


@cache
def _kinds() -> dict[str, frozenset[str]]:
    listed: dict[str, set[str]] = {}
    for kind, answer in pairs("short-answers"):
        listed.setdefault(kind, set()).add(answer)
    return {kind: frozenset(answers) for kind, answers in listed.items()}
