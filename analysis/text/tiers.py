"""Whole comments and their parts through the fast tier and, where the mode wants it, the accurate one; beside both,
what words alone say of intents and aspects."""

from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass, replace
from math import log2

import numpy as np
from numpy.typing import NDArray

from analysis.text import decode, fast, softeners
from analysis.text.accurate import AccurateModel
from analysis.text.analyser import INTENTS, Comment
from analysis.text.decode import Decoded, Verdict
from analysis.text.intents import patterns_say
from analysis.text.neutral import Neutral
from analysis.text.parts import Parts
from analysis.text.short_answers import Chances, meaning
from analysis.text.softeners import Softened
from analysis.text.spoken import Spoken
from analysis.text.wording import Wording, beside

SURE, TYPICAL = 0.6, 16  # from this chance on the fast tier's verdict of a text of so many words stands; …
CHEAPER = 0.09  # … so much more is asked of one half as long, which costs half as much to read again and gains more
LOOK_AGAIN = {"leaving": 0.15, "review_threat": 0.3, "safety_legal": 0.3, "callback": 0.3}  # these change flags
CONFIRMS = 0.3  # an accurate tier that is less sure of an intent does not confirm what the fast one hears
PRAISES = 0.6
UNDECIDED = 0.4, 0.5  # an aspect as likely as this is heard by the accurate tier too


@dataclass(frozen=True)
class Heard:
    """What was made of some comments. Every list has a place for each.

    `words`: of the texts as the models read them; `softened`: by which words, left out there; `contexts`: what the
    fast tier knows beside; `ruled`: the chances of those that a rule read, by their place; `quick`: what the fast tier
    says; `said`: what the mode's tiers say; `slowly`: whose sentiment the accurate tier read; `plain`: what written
    patterns say of the intents; `praise`: whether the best tier that read it hears praise.
    """

    comments: Sequence[Comment]
    texts: Sequence[str]
    words: list[list[str]]
    softened: list[Softened]
    contexts: list[list[float]]
    ruled: dict[int, Chances]
    quick: Decoded
    said: Decoded
    slowly: NDArray[np.bool_]
    plain: list[dict[str, float]]
    praise: NDArray[np.bool_]


class Tiers:
    """The models of one of the reader's modes, loaded. Threads may share them."""

    def __init__(self, mode: str) -> None:
        self._mode = mode
        self.fast = fast.FastModel()
        self.wording = Wording()
        self.accurate = AccurateModel() if mode != "fast" else None
        self.neutral = Neutral(self.fast.knows)
        self.spoken = Spoken(self.neutral)

    def verdicts(self, comments: Sequence[Comment], texts: Sequence[str]) -> list[Verdict]:
        """The sentiment and "mixed" alone of `texts`, as `read` has them."""
        ruled = [meaning(text, comment.question) for text, comment in zip(texts, comments, strict=True)]
        found: list[Verdict] = [(list(chances or ()), 0.0) for chances in ruled]
        rows = [row for row, chances in enumerate(ruled) if not chances]
        if not rows:
            return found
        words, softened = self.words([texts[row] for row in rows])
        contexts = [fast.context(comments[row].question, comments[row].rating) for row in rows]
        quick = decode.verdicts(self.fast.verdicts(words, contexts), self.fast.facts)
        for row, said in zip(rows, quick, strict=True):
            found[row] = said
        unsure = [
            row
            for row, read in zip(rows, words, strict=True)
            if self._mode == "accurate" or max(found[row][0]) < sure(len(read))
        ]
        if self.accurate is not None and unsure:
            asked = [(comments[row].question, comments[row].rating) for row in unsure]
            logits = self.accurate.read([self.bare(texts[row]) for row in unsure], asked)
            for row, said in zip(unsure, decode.verdicts(logits, self.accurate.facts), strict=True):
                found[row] = decode.shared(said, found[row])
        for row, (places, by) in zip(rows, softened, strict=True):
            if places:
                found[row] = softeners.softer(found[row][0], by), found[row][1]
        return found

    def read(self, comments: Sequence[Comment], texts: Sequence[str]) -> Heard:
        """Reads `texts`, what is read of the comments."""
        words, softened = self.words(texts)
        contexts = [fast.context(comment.question, comment.rating) for comment in comments]
        worded = self.wording.read(words)
        quick = decode.decode(beside(self.fast.read(words, contexts), worded), self.fast.facts)
        ruled = {
            row: chances
            for row, (text, comment) in enumerate(zip(texts, comments, strict=True))
            if (chances := meaning(text, comment.question))
        }
        said = quick
        if ruled:
            said = quick.replaced(np.arange(len(texts)), quick)
            said.sentiment[list(ruled)], said.mixed[list(ruled)] = list(ruled.values()), 0.0
        slowly = self._unsure(said, words)
        slowly[list(ruled)] = False
        plain = [patterns_say(text) for text in texts]
        heeded = slowly | _flagging(said, plain) | _undecided(said) if self._mode == "cascade" else slowly
        praise = said.sentiment[:, 2] >= PRAISES
        at = np.flatnonzero(heeded)
        if self.accurate is not None and len(at):
            asked = [(comments[row].question, comments[row].rating) for row in at.tolist()]
            given = [self.bare(texts[row]) for row in at.tolist()]
            beside_it = {head: alone[at] for head, alone in worded.items()}
            slow = decode.decode(beside(self.accurate.read(given, asked), beside_it), self.accurate.facts)
            said = said.replaced(at, _confirmed(slow, decode.mean(slow, said[at], slowly[at])))
            praise[at] = slow.sentiment[:, 2] >= PRAISES
        said = _softer(said, softened)
        return Heard(comments, texts, words, softened, contexts, ruled, quick, said, slowly, plain, praise)

    def words(self, texts: Sequence[str]) -> tuple[list[list[str]], list[Softened]]:
        """The words of each text as the fast tier reads them, and what was left out for softening it."""
        said = [self.spoken(text) for text in texts]
        found = list(map(softeners.softened, said))
        return [softeners.left(each, told.places) for each, told in zip(said, found, strict=True)], found

    def bare(self, text: str) -> str:
        """`text` as the accurate tier reads it."""
        return softeners.bare(self.neutral(text))

    def parts(self, parts: Parts, heard: Heard) -> Decoded:
        """What the fast tier says of each sentence and clause alone; one that is the whole text keeps its context."""
        whole = [
            is_whole and len(text) == len(heard.texts[row].strip())
            for text, row, is_whole in zip(parts.texts, parts.owners, parts.whole, strict=True)
        ]
        anew = [at for at, is_known in enumerate(whole) if not is_known]
        known = [
            fast.context(comment.question, comment.rating if parts.whole[at] else None)
            for at in anew
            for comment in (heard.comments[parts.owners[at]],)
        ]
        words, softened = self.words([parts.texts[at] for at in anew])
        read = _softer(decode.decode(self.fast.read(words, known), self.fast.facts), softened)
        places = np.array([len(anew) + row for row in parts.owners], np.intp)
        places[anew] = np.arange(len(anew))
        return read.and_then(heard.quick)[places]

    def _unsure(self, quick: Decoded, words: Sequence[Sized]) -> NDArray[np.bool_]:
        """Which texts' sentiment the accurate tier reads too."""
        if self._mode != "cascade":
            return np.full(len(quick.sentiment), self._mode == "accurate")
        found: NDArray[np.bool_] = quick.sentiment.max(axis=1) < np.array([sure(len(read)) for read in words])
        return found


def sure(words: int) -> float:
    """From which chance on the fast tier's verdict of a text of so many words stands."""
    return SURE - CHEAPER * log2(max(1, words) / TYPICAL)


def _flagging(quick: Decoded, plain: Sequence[Mapping[str, float]]) -> NDArray[np.bool_]:
    """Which texts may say what changes a flag: there, the accurate tier is heard about all but the sentiment."""
    found = np.array([any(said.get(name) for name in LOOK_AGAIN) for said in plain], bool)
    for name, least in LOOK_AGAIN.items():
        found |= quick.intents[:, INTENTS.index(name)] >= least
    return found


def _undecided(quick: Decoded) -> NDArray[np.bool_]:
    """Which texts may speak of an aspect or not, as far as the fast tier can tell."""
    least, most = UNDECIDED
    found: NDArray[np.bool_] = np.any((quick.aspects > least) & (quick.aspects < most), axis=1)
    return found


def _softer(said: Decoded, softened: Sequence[Softened]) -> Decoded:
    """`said`, where words that soften weaken the verdict and what went wrong."""
    if not any(places for places, _ in softened):
        return said
    by = np.array([by for _, by in softened], np.float32)
    return replace(
        said, sentiment=softeners.all_softer(said.sentiment, by), severity=softeners.milder(said.severity, by)
    )


def _confirmed(slow: Decoded, both: Decoded) -> Decoded:
    """`both`, where an intent that changes flags counts for no more than the accurate tier gives it, unless that
    confirms it: the fast tier alone raises nothing."""
    intents = both.intents.copy()
    for at in map(INTENTS.index, LOOK_AGAIN):
        alone = slow.intents[:, at]
        intents[:, at] = np.where(alone < CONFIRMS, np.minimum(intents[:, at], alone), intents[:, at])
    return replace(both, intents=intents)
