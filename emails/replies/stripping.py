"""The sender's own words in a reply: without quoted history, signature and disclaimer. Pure, and linear in the text.

Written for the six languages of the surveys. The libraries for this were looked at: mail-parser-reply knows no
Portuguese and its patterns backtrack over the whole text, quotequail keeps signatures (docs/adr/0011).
"""

import re

from emails.replies import phrases
from emails.replies.markup import as_text

MOST_LINES = 2_000
LONGEST = 5_000  # characters, as a comment on the survey page

_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u00ad]")
_QUOTE = re.compile(r"\s{0,3}[>|]")
_LINK = re.compile(r"((?:/|%2F|_)[su](?:/|%2F|_))[\w-]{32}", re.IGNORECASE)  # survey.tokens: 192 bits in base64

_HEAD_FACT = re.compile(r"\d|@")
_HEAD_LINES = 4  # a mail program may break "On … wrote:" over so many
_LONGEST_HEAD = 400
_DELIMITER = re.compile(r"(--|—|__)\s*")
_LONGEST_SIGNATURE = 12  # lines with words; a closing formula with more below it was no closing


def without_links(text: str) -> str:
    """A reply without the survey's links that it quotes: who has a link sees and changes what its owner answered, which
    may be confidential. Scanners wrap links, so the address around it may be another, and its slashes escaped."""
    return _LINK.sub(r"\1…", text)


def own_words(text: str, html: str = "") -> str:
    """What the sender wrote by themselves, at most `LONGEST` characters; "" when nothing is left.

    The plain text counts; the HTML is read only where there is no plain text of the sender's own.
    """
    return _own(text) or _own(as_text(html))


def _own(text: str) -> str:
    tidy = _INVISIBLE.sub("", text.replace("\u00a0", " ").replace("\r\n", "\n").replace("\r", "\n"))
    lines = [line.rstrip() for line in tidy.split("\n")[:MOST_LINES]]
    kept = _without_signature(_without_history(lines))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()[:LONGEST].strip()


def _without_history(lines: list[str]) -> list[str]:
    kept: list[str] = []
    number = 0
    while number < len(lines):
        line = lines[number]
        if _QUOTE.match(line):
            number += 1
            continue
        if phrases.SEPARATOR.fullmatch(line) or _starts_block(lines, number):
            break
        if length := _head(lines, number):
            number += length
            if not _quoted_next(lines, number):
                break  # history without marks: all that follows is theirs
            continue
        kept.append(line)
        number += 1
    return kept


def _head(lines: list[str], start: int) -> int:
    """How many lines the sentence "On … wrote:" takes from here; 0 if it does not begin here."""
    if not phrases.HEAD_START.match(lines[start]):
        return 0
    sentence = ""
    for count, line in enumerate(lines[start : start + _HEAD_LINES], 1):
        if not line.strip() or _QUOTE.match(line):
            return 0
        sentence = f"{sentence} {line.strip()}"
        if len(sentence) > _LONGEST_HEAD:
            return 0
        if sentence.rstrip(" *_").endswith((":", "：")):
            return count if phrases.HEAD_VERB.search(sentence) and _HEAD_FACT.search(sentence) else 0
    return 0


def _quoted_next(lines: list[str], start: int) -> bool:
    following = next((line for line in lines[start:] if line.strip()), "")
    return bool(_QUOTE.match(following))


def _starts_block(lines: list[str], start: int) -> bool:
    """Whether "From: … Sent: … Subject: …" begins here: its first line, and two others close below."""
    first = phrases.FIELD.match(lines[start])
    if first is None or not first["start"]:
        return False
    below = (phrases.FIELD.match(line) for line in lines[start + 1 : start + 8])
    return sum(field is not None for field in below) >= 2


def _without_signature(lines: list[str]) -> list[str]:
    words = [number for number, line in enumerate(lines) if line.strip()]
    below = {number: len(words) - place - 1 for place, number in enumerate(words)}  # lines with words that follow
    for number in words:
        line = lines[number]
        if _DELIMITER.fullmatch(line) and below[number] <= 2 * _LONGEST_SIGNATURE:
            return lines[:number]
        if phrases.DEVICE.fullmatch(line) and below[number] <= _LONGEST_SIGNATURE:
            return lines[:number]
        if phrases.CLOSING.fullmatch(line) and below[number] <= _LONGEST_SIGNATURE:
            return lines[:number]
        if phrases.DISCLAIMER.fullmatch(line):
            return lines[:number]
    return lines
