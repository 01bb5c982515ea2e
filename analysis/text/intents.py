"""What a client means to do or wants done: leave, complain, be called, praise. Written patterns with probabilities.

The patterns are in `data/intents.txt`. `leaving` is kept strict, because a manager acts on it. Every pattern has
bounded gaps, so that reading stays linear in the length of the text.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache

from analysis.text.wordlists import pairs


def intents(folded: str, probabilities: Mapping[str, float], kindest: float) -> dict[str, float]:
    """Probability of each intent. `folded`: the text folded; `probabilities`: of the sentiments; `kindest`: the largest
    contribution of a word, so praise needs a word of praise.

    Who speaks well does not complain, and who speaks ill does not praise, so those two are weighed with the sentiment.
    """
    against = probabilities["negative"] + 0.7 * probabilities["mixed"]
    favourable = probabilities["positive"] + 0.6 * probabilities["mixed"]
    leaving = says_leaving(folded)
    leaving *= 1 - 0.75 * probabilities["positive"]
    complaint = _strongest("complaint", folded)
    if complaint and _strongest("not complaint", folded):
        complaint = 0.0
    complaint = max(complaint * (0.25 + 0.75 * min(1.0, 1.3 * against)), 0.6 * probabilities["negative"] ** 2)
    callback = _strongest("callback", folded)
    if callback and _strongest("not callback", folded):
        callback = 0.05
    praise = min(1.0, max(0.0, kindest) / 1.4) * favourable
    found = {
        "leaving": leaving,
        "complaint": complaint,
        "callback": callback,
        "praise": praise,
    }
    return {intent: round(min(0.97, max(0.01, value)), 3) for intent, value in found.items()}


@lru_cache(maxsize=8)  # asked twice of the same text: for its sentiment and for its intents
def says_leaving(folded: str) -> float:
    """How clearly the words alone say that the client goes, before the sentiment is known."""
    found = _strongest("leaving", folded)
    return found * 0.15 if found and _strongest("not leaving", folded) else found


def _strongest(intent: str, folded: str) -> float:
    needed = _needed().get(intent)
    if needed and not any(word in folded for word in needed):
        return 0.0
    return next((probability for probability, regex in _patterns()[intent] if regex.search(folded)), 0.0)


@cache
def _needed() -> dict[str, tuple[str, ...]]:
    """Intent → strings of which a text must hold one for any of the intent's patterns to fit: quick to look for."""
    end = " only with"
    return {
        intent.removesuffix(end): tuple(rest.rpartition("\t")[2].split("|"))
        for intent, rest in pairs("intents")
        if intent.endswith(end)
    }


@cache
def _patterns() -> dict[str, tuple[tuple[float, re.Pattern[str]], ...]]:
    """Intent → (probability, all patterns of that probability in one), most probable first."""
    shorthand: dict[str, str] = {}
    grouped: dict[str, dict[float, list[str]]] = {}
    for intent, rest in pairs("intents"):
        probability, _, pattern = rest.rpartition("\t")
        for name, meant in shorthand.items():
            pattern = pattern.replace(name, meant)
        if intent.endswith(" only with"):
            continue
        if intent.startswith("{"):
            shorthand[intent] = pattern
        else:
            grouped.setdefault(intent, {}).setdefault(float(probability), []).append(f"(?:{pattern})")
    return {
        intent: tuple((value, re.compile("|".join(listed))) for value, listed in sorted(levels.items(), reverse=True))
        for intent, levels in grouped.items()
    }
