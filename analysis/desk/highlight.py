"""A client's words cut into stretches that a page can mark. Pure; escaping stays with the template."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from analysis.desk.words import aspect_words

SLIGHT = 0.35  # evidence below this is left unmarked where stronger evidence is there: too many marks say nothing
STRONG = 0.5  # an evidence weight from here on is marked strongly
_ZWJ = "\u200d"  # joins two emoji into one
_SAYS = {"negative": -1, "positive": 1}


@dataclass(frozen=True)
class Stretch:
    """Some characters of a comment. `tone`: "", negative, positive or mixed; `aspects`: what they are about.

    `weight` is that of the evidence, −1…1, 0 where only an aspect marks it; `moods` go with `aspects`.
    """

    text: str
    tone: str = ""
    strong: bool = False
    aspects: tuple[str, ...] = ()
    weight: float = 0.0
    moods: tuple[str, ...] = ()
    own: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)  # the firm's names of its aspects

    @property
    def why(self) -> str:
        """Why it is marked, in a sentence or two; "" where it is not."""
        if not self.tone:
            return ""
        force = "" if not self.weight else "strongly " if self.strong else "somewhat "
        said = {"negative": "against you", "positive": "for you"}.get(self.tone, "both for and against you")
        sentence = f"Speaks {force}{said}"
        if self.weight:
            sentence += f" (weight {abs(self.weight):.1f} of 1)"
        about = [
            f"{aspect_words(name, self.own)}: {mood}" if mood else aspect_words(name, self.own)
            for name, mood in zip(self.aspects, self.moods, strict=True)
        ]
        return f"{sentence}. {'; '.join(about)}." if about else f"{sentence}."


def stretches(
    text: str,
    evidence: Iterable[Mapping[str, Any]] = (),
    aspects: Iterable[Mapping[str, Any]] = (),
    own: Mapping[str, str] = MappingProxyType({}),
    sentences: Iterable[Mapping[str, Any]] = (),
) -> list[Stretch]:
    """Cut `text` wherever a mark begins or ends; joined together, the stretches are `text` again.

    `evidence` is [{"start", "end", "weight" −1…1}] and `aspects` [{"aspect", "sentiment", "start", "end"}] as
    `analysis.text` stores them; offsets count characters. Marks that lie outside the text (it was changed since) are
    cut to it or dropped. Where evidence and aspect disagree, the evidence decides the tone. `own` names the aspects
    that the firm added. Marks hold whole words: one that ends inside a word is widened to it.

    `sentences` is [{"start", "end", "sentiment"}] as each was read alone: evidence that covers several does not mark
    the one that says the opposite.
    """
    alone = list(sentences)
    telling = _telling([span for span in (_evidence_span(item, text) for item in evidence) if span])
    spans = [piece for span in telling for piece in _agreeing(span, alone, text)]
    mentions = [span for span in (_aspect_span(item, text) for item in aspects) if span]
    edges = (
        {0, len(text)}
        | {edge for span in spans for edge in span[:2]}
        | {edge for span in mentions for edge in span[:2]}
    )
    cut = []
    for start, end in pairwise(sorted(edges)):
        weights = [weight for low, high, weight in spans if low <= start and end <= high]
        about = [(name, tone) for low, high, name, tone in mentions if low <= start and end <= high]
        tones = [_tone(weight) for weight in weights if weight] or [tone for _, tone in about if tone]
        named = dict(about)
        cut.append(
            Stretch(
                text=text[start:end],
                tone=_merged(tones),
                strong=any(abs(weight) >= STRONG for weight in weights),
                aspects=tuple(named),
                weight=max(weights, key=abs, default=0.0),
                moods=tuple(named.values()),
                own=own,
            )
        )
    return _joined(cut)


def _telling(spans: list[tuple[int, int, float]]) -> list[tuple[int, int, float]]:
    return [span for span in spans if abs(span[2]) >= SLIGHT] or spans


def _evidence_span(item: Mapping[str, Any], text: str) -> tuple[int, int, float] | None:
    start, end = _words(text, int(item["start"]), int(item["end"]))
    return (start, end, float(item.get("weight", 0.0))) if start < end else None


def _aspect_span(item: Mapping[str, Any], text: str) -> tuple[int, int, str, str] | None:
    start, end = _words(text, int(item["start"]), int(item["end"]))
    tone = str(item.get("sentiment", ""))
    tone = tone if tone in {"negative", "positive", "mixed"} else ""
    return (start, end, str(item["aspect"]), tone) if start < end else None


def _words(text: str, start: int, end: int) -> tuple[int, int]:
    """The whole words of a span, without the spaces around them; start is not before end where there are none."""
    start, end = max(0, start), min(len(text), end)
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        while _is_inside(text, start):
            start -= 1
        while _is_inside(text, end):
            end += 1
    return start, end


def _is_inside(text: str, at: int) -> bool:
    """Whether a cut before this character would part a word, a letter from its accent, or an emoji."""
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    return _clings(after) or before == _ZWJ or ((before.isalnum() or _clings(before)) and after.isalnum())


def _clings(character: str) -> bool:
    """Accents, what joins emoji and colours their skin, and what nobody sees."""
    return not character.isascii() and unicodedata.category(character) in {"Mn", "Mc", "Me", "Cf", "Sk"}


def _agreeing(
    span: tuple[int, int, float], sentences: Sequence[Mapping[str, Any]], text: str
) -> list[tuple[int, int, float]]:
    """The span without the sentences in it that alone say the opposite; whole where it lies in one sentence."""
    start, end, weight = span
    inside = [one for one in sentences if int(one["start"]) < end and start < int(one["end"])]
    if len(inside) < 2:
        return [span]
    pieces, begin = [], start
    for one in inside:
        if _SAYS.get(str(one["sentiment"]), 0) * weight < 0:
            pieces.append((begin, int(one["start"])))
            begin = int(one["end"])
    cut = [_words(text, low, min(high, end)) for low, high in (*pieces, (begin, end))]
    return [(low, high, weight) for low, high in cut if low < high]


def _tone(weight: float) -> str:
    return "positive" if weight > 0 else "negative"


def _merged(tones: list[str]) -> str:
    found = set(tones)
    if len(found) > 1:
        return "mixed"
    return found.pop() if found else ""


def _joined(cut: list[Stretch]) -> list[Stretch]:
    """Neighbours with the same marks become one, and a mark has words in it: a screen reader, or who goes from mark to
    mark by keyboard, is not stopped for nothing."""
    joined: list[Stretch] = []
    for piece in cut:
        last = joined[-1] if joined else None
        if last and _is_one(last, piece):
            weight = max(last.weight, piece.weight, key=abs)
            joined[-1] = replace(last, text=last.text + piece.text, weight=weight)
        elif last and last.tone and piece.tone and not _has_words(piece.text):
            joined[-1] = replace(last, text=last.text + piece.text)
        else:
            joined.append(piece)
    return joined


def _is_one(last: Stretch, piece: Stretch) -> bool:
    """The same marks; or the same but that a part of what a subject marks is slight evidence."""
    if piece.tone and not (last.strong or piece.strong) and 0.0 in {last.weight, piece.weight}:
        return replace(last, text="", weight=0.0) == replace(piece, text="", weight=0.0)
    return replace(last, text="") == replace(piece, text="")


def _has_words(text: str) -> bool:
    return any(unicodedata.category(character)[0] not in "PZC" for character in text)
