"""What must not move a verdict is taken out before the models read: names, origins, genders, numbers, addresses.

A person's name is read as "Sam" whoever it is, a phone number as "000", an email address as nothing; words of one
group of `data/same.txt` are read as its first word. So the reading of a comment cannot change with them. Emoji become
the word that they say. The text that is kept and shown is never changed: only what the models are given.
"""

import re
from collections.abc import Callable
from functools import cache

from analysis.text.wordlists import packed, pairs

NAME = "Sam"
# Every repetition is bounded where another follows, so that no text takes more than linear time.
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|[^\s@]{1,64}@[^\s@]{1,255}")
_NUMBER = re.compile(r"\+?\d[\d ()/.-]{5,24}\d|\d{3,}")
_WORD = re.compile(r"[^\W\d_]+")
_NEXT = re.compile(r"[ ,]+([^\W\d_]+)")
_TITLE = re.compile(r"\b(?:[Mm]rs?|[Mm]s|[Mm]iss|[Mm]x|[Dd]r|[Pp]rof)\.? $")
_DOES = frozenset(["was", "is", "has", "had", "did", "and", "from", "who", "at", "came", "said", "in", "on", "kept"])
_NAMES = re.compile(rf"\b{NAME}(?:(?:\s|-|'){NAME})+\b")
_TONES = "\ufe0f?[\U0001f3fb-\U0001f3ff]?"
_GLAD = "😀😃😄😁😊🙂☺😍🥰😘🤗👍👏🙌💯🌟❤💙💚💛🧡💜💕♥😎🎉🥳👌✅🏆💪🙏😇🤩"
_CROSS = "😡😠🤬😤👎💩🤮🤢🖕😾"
_SAD = "😞😔😢😭😩😫🙁☹😒😣😖😱❌💔😟😕🙄🤦"
_FACES = (
    (re.compile(f"(?:[{_GLAD}]{_TONES})+"), " great "),
    (re.compile(f"(?:[{_CROSS}]{_TONES})+"), " awful "),
    (re.compile(f"(?:[{_SAD}]{_TONES})+"), " disappointing "),
    (re.compile(r"[:;=]-?[)D](?!\w)|<3"), " great "),
    (re.compile(r"[:=]-?[(/](?![\w/])"), " disappointing "),
)


def neutral(text: str, knows: Callable[[str], bool]) -> str:
    """`text` as the models read it. `knows(word)`: whether the models know a word, given in small letters."""
    if not text.isascii() or "<3" in text or ":" in text or "=" in text or ";" in text:
        for face, word in _FACES:
            text = face.sub(word, text)
    if "@" in text or "www." in text or "://" in text:
        text = _ADDRESS.sub(" ", text)
    if any(map(str.isdigit, text)):
        text = _NUMBER.sub("000", text)
    same = _same()

    def read(match: re.Match[str]) -> str:
        word = match.group()
        small = word.lower()
        if small in same:
            return same[small]
        return NAME if word[0].isupper() and _is_name(text, match, small, knows) else word

    text = _WORD.sub(read, text)
    return _NAMES.sub(NAME, text) if NAME in text else text


def _is_name(text: str, match: re.Match[str], small: str, knows: Callable[[str], bool]) -> bool:
    """Whether a word with a capital is somebody's, or some place's, name."""
    word, at = match.group(), match.start()
    if len(word) < 2 or not word[1:].islower():
        return False
    before = text[max(0, at - 12) : at]
    if _TITLE.search(before):
        return True
    is_ordinary, is_a_name = small in _ordinary(), small in _people()
    after = _NEXT.match(text, match.end())
    acts = after is not None and (after[1] in _DOES or after[1].endswith("ed"))
    if not before.rstrip(" \"'(“‘*-") or before.rstrip(" \"'(“‘*-")[-1] in ".!?\n:;":  # a capital says nothing here
        if is_ordinary:
            return is_a_name and acts
        return is_a_name or acts or not knows(small)
    if not is_ordinary:
        return True
    alone = after is None or after[1].islower()  # Not Everything Is Written Like This
    return is_a_name and alone and before.rstrip()[-1:].islower()


@cache
def _same() -> dict[str, str]:
    return {word: first for first, others in pairs("same") for word in (first, *others.split())}


@cache
def _people() -> frozenset[str]:
    """First and last names of many languages in Latin letters (from Faker, MIT)."""
    return packed("names")


@cache
def _ordinary() -> frozenset[str]:
    """Words that the labelled sets write without a capital."""
    return packed("ordinary")
