"""Two texts side by side, word by word. Pure."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

from emails.wording import Wording

_WORD = re.compile(r"\n|[^\S\n]+|\{[^{}\n]*\}|\w+|[^\w\s]")


@dataclass(frozen=True)
class Piece:
    """A stretch that both have (`change` is ""), or that only one has: "removed" or "added"."""

    change: str
    text: str


def pieces(before: str, after: str) -> list[Piece]:
    """What became of `before`, in order of reading."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    made: list[Piece] = []
    removed = added = ""
    for tag, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        same = "".join(old[first:last]) if tag == "equal" else ""
        if same.strip() or (same and not (removed or added)):
            made += [*_changed(removed, added), Piece("", same)]
            removed = added = ""
        else:  # space between two changes belongs to both: a line reads as one change
            removed, added = removed + "".join(old[first:last]), added + "".join(new[start:end])
    return [*made, *_changed(removed, added)]


def _changed(removed: str, added: str) -> list[Piece]:
    return [Piece(change, text) for change, text in (("removed", removed), ("added", added)) if text]


def compared(before: Wording, after: Wording) -> dict[str, list[Piece]]:
    """Field by field, only those that differ."""
    new = dict(after.items())
    return {field: pieces(text, new[field]) for field, text in before.items() if text != new[field]}
