"""Sentences and clauses of a comment, with their offsets into the original text."""

import re

import sentencex

# sentencex slows down faster than a text grows on unbalanced quotation marks, so long texts are given in pieces.
_PIECE = 4000
_MOST_CLAUSES = 60
_SURROGATE = re.compile("[\ud800-\udfff]")
_TURN = re.compile(
    r"[;:•\n]+|\s[-–—]+\s|,\s+(?=\S)|\s(?=(?:but|although|though|however|except|whereas|while|yet|until|then)\b)",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W\d_]|[\U0001F300-\U0001FAFF\u2600-\u27BF]|\d")


def sentences(text: str) -> list[tuple[int, int]]:
    """(start, end) of each sentence of `text`, in order, without the space around it."""
    plain = _SURROGATE.sub("\ufffd", text)
    found: list[tuple[int, int]] = []
    start = 0
    while start < len(plain):
        cut = len(plain)
        if cut - start > _PIECE:
            cut = plain.rfind(" ", start + _PIECE // 2, start + _PIECE) + 1 or start + _PIECE
        for boundary in sentencex.get_sentence_boundaries("en", plain[start:cut]):
            trimmed = _trimmed(plain, start + boundary["start_index"], start + boundary["end_index"])
            if trimmed:
                found.append(trimmed)
        start = cut
    return found


def clauses(text: str, within: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """(start, end) of the parts of the sentences `within` that are said in one breath.

    A sentence is cut at strong marks, at words that turn it ("but") and at commas, where both sides have two words. At
    most 60; the last takes the rest.
    """
    found: list[tuple[int, int]] = []
    for start, end in within:
        at = start
        if len(found) < _MOST_CLAUSES:
            for match in _TURN.finditer(text, start, end):
                if _says_something(text, at, match.start()) and _says_something(text, match.end(), end):
                    if trimmed := _trimmed(text, at, match.start()):
                        found.append(trimmed)
                    at = match.end() if not text[match.start() : match.end()].isspace() else match.start() + 1
        if trimmed := _trimmed(text, at, end):
            found.append(trimmed)
    if len(found) > _MOST_CLAUSES:
        found[_MOST_CLAUSES - 1 :] = [(found[_MOST_CLAUSES - 1][0], found[-1][1])]
    return found


def _says_something(text: str, start: int, end: int) -> bool:
    return len(text[start : min(end, start + 200)].split()) >= 2


def _trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if _LETTER.search(text, start, end) else None
