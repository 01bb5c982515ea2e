"""Which language a comment is written in: English, one of five neighbours, or unknown. By short words alone."""

from collections.abc import Sequence
from functools import cache

from analysis.text.valence import function_words, prior_weights
from analysis.text.wordlists import pairs


def detect(words: Sequence[str]) -> str:
    """ "en", "es", "fr", "de", "pt", "nl", or "unknown" where the words do not say."""
    counts: dict[str, float] = {}
    table = _languages()
    feelings, small = prior_weights(), function_words()
    for word in words[:400]:
        if word in table:
            for language in table[word]:
                counts[language] = counts.get(language, 0.0) + 1.0 / len(table[word])
        elif word in small:
            counts["en"] = counts.get("en", 0.0) + 0.5
        if word in feelings or word.endswith("n't"):
            counts["en"] = counts.get("en", 0.0) + 0.7
    if not counts:
        return "unknown"
    best, hits = max(counts.items(), key=lambda entry: entry[1])
    english = counts.get("en", 0.0)
    if best == "en" or hits < english + 1.0:
        best, hits = "en", english
    return best if hits >= 0.5 and hits >= 0.06 * min(len(words), 400) else "unknown"


@cache
def _languages() -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for language, words in pairs("languages"):
        for word in words.split():
            table[word] = (*table.get(word, ()), language)
    return table
