"""Which language a comment is written in: py3langid (BSD-3-Clause) held to the languages a firm meets.

Most comments are English and short, where any detector guesses. So English by its own small words is said at once,
without the detector; and what is left is weighed against the language that was likely before a word was read.
"""

import re
import threading
import unicodedata
from collections.abc import Sequence
from functools import cache
from math import log
from typing import Any

from analysis.text.wordlists import pairs

LANGUAGES = ("en", "es", "fr", "de", "pt", "nl")
UNKNOWN = "unknown"
_READ = 600  # characters that are looked at: a language shows in its first sentences
_PRIOR = 2.5  # log-odds that `likely` has before a word is read
_ELSEWHERE = 0.9  # py3langid's chance of a language that is not asked for, above which it is believed
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_FOREIGN_LETTERS = re.compile("[ÀÁÂÃÄÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜßàáâãäçèéêëìíîïñòóôõöùúûüœ¿¡]")
_ENOUGH = 5  # words from which a language that is not asked for is believed
_LATIN = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
_lock = threading.Lock()
_loaded: list[Any] = []


def detect(text: str, among: Sequence[str] = LANGUAGES, *, likely: str = "en") -> str:
    """The language of `text`: a code out of `among`, or "unknown". Never raises; time is bounded.

    `likely`: the language expected before reading (the contact's, else the firm's); it wins where the words do not
    say ("ok", a name); "" for none. Unknown: no letters, another script, surely a language that is not in `among`,
    or no evidence and nothing likely. Loads py3langid's model (80 MB, a second) on the first text that needs it.
    """
    text = text[:_READ].replace("’", "'")
    words = _WORD.findall(text.lower())
    if not words or not among:
        return UNKNOWN
    if likely == "en" and "en" in among and not _FOREIGN_LETTERS.search(text):
        known = _english()
        english = sum(word in known for word in words)
        if english >= max(1, 0.15 * len(words)):
            return "en"
    letters = "".join(words)
    if 2 * len(_LATIN.findall(letters)) < len(letters):
        return UNKNOWN
    return _weigh(text, words, among, likely)


def _weigh(text: str, words: Sequence[str], among: Sequence[str], likely: str) -> str:
    chances = _chances(text)
    best = max(chances, key=chances.__getitem__)
    if best not in among and chances[best] > _ELSEWHERE and len(words) >= _ENOUGH:
        return UNKNOWN
    scores = {language: log(max(chances.get(language, 0.0), 1e-9)) for language in among}
    if likely not in scores and max(scores.values()) - min(scores.values()) < 0.1:
        return UNKNOWN
    if likely in scores:
        scores[likely] += _PRIOR
    return max(scores, key=scores.__getitem__)


def _chances(text: str) -> dict[str, float]:
    """py3langid's chance of each language it knows."""
    if not _loaded:
        with _lock:
            if not _loaded:
                from py3langid.langid import MODEL_FILE, LanguageIdentifier

                _loaded.append(LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True))
    return dict(_loaded[0].rank(text))


@cache
def _english() -> frozenset[str]:
    return frozenset(word for line, _ in pairs("english") for word in line.split())


def plain_letters(text: str) -> str:
    """Full-width and mathematical letters as the plain ones they look like, one for one, so that places stay."""
    return text if text.isascii() else text.translate(_plain())


@cache
def _plain() -> dict[int, str]:
    fancy = (*range(0xFF01, 0xFF5F), *range(0x1D400, 0x1D800))
    alike = {code: unicodedata.normalize("NFKC", chr(code)) for code in fancy}
    return {code: letter for code, letter in alike.items() if letter.isascii() and len(letter) == 1}
