"""Plain words for an intent: written patterns that are right almost whenever they fit, beside what the models hear.

The patterns are in `data/intents.txt`. Every one has bounded gaps, so that reading stays linear in the text.
"""

import re
from functools import cache

from analysis.text.wordlists import pairs

_PLAIN = str.maketrans({"’": "'", "‘": "'", "`": "'"})
_ONLY_WITH = " only with"
_NOT = "not "


def patterns_say(text: str) -> dict[str, float]:
    """Intent → chance that the words alone give it; an intent whose words are taken back has 0. Only what was found.

    "Taken back" is "no need to call me", "nothing to complain about", "I came to you from another provider".
    """
    folded = text.translate(_PLAIN).lower()
    found = {}
    for intent in _patterns():
        if intent.startswith(_NOT):
            continue
        chance = _strongest(intent, folded)
        if _NOT + intent in _patterns() and _strongest(_NOT + intent, folded):
            found[intent] = 0.0
        elif chance:
            found[intent] = chance
    return found


def _strongest(intent: str, folded: str) -> float:
    needed = _needed().get(intent)
    if needed and not any(word in folded for word in needed):
        return 0.0
    return next((chance for chance, regex in _patterns()[intent] if regex.search(folded)), 0.0)


@cache
def _needed() -> dict[str, tuple[str, ...]]:
    """Intent → strings of which a text must hold one for any of its patterns to fit: quick to look for."""
    return {
        intent.removesuffix(_ONLY_WITH): tuple(rest.rpartition("\t")[2].split("|"))
        for intent, rest in pairs("intents")
        if intent.endswith(_ONLY_WITH)
    }


@cache
def _patterns() -> dict[str, tuple[tuple[float, re.Pattern[str]], ...]]:
    """Intent → (chance, all patterns of that chance in one), likeliest first."""
    shorthand: dict[str, str] = {}
    grouped: dict[str, dict[float, list[str]]] = {}
    for intent, rest in pairs("intents"):
        chance, _, pattern = rest.rpartition("\t")
        for name, meant in shorthand.items():
            pattern = pattern.replace(name, meant)
        if intent.endswith(_ONLY_WITH):
            continue
        if intent.startswith("{"):
            shorthand[intent] = pattern
        else:
            grouped.setdefault(intent, {}).setdefault(float(chance), []).append(f"(?:{pattern})")
    return {
        intent: tuple((value, re.compile("|".join(listed))) for value, listed in sorted(levels.items(), reverse=True))
        for intent, levels in grouped.items()
    }
