"""Which words and idioms of a comment speak for or against, how strongly, and why their direction is turned.

The rules are written; the weights come from TextBlob's lexicon, from `data/domain.txt` and `data/phrases.txt`, moved by
`bench/train/fit_lexicon.py` where the training rows know better (`data/weights.txt`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from analysis.text.preprocess import Clause, Token
from analysis.text.wordlists import names, pairs, phrases, roles, textblob_weights, weights

_FEELING = 0.3  # a word this strong uses a negation up
_STRONG = 0.8
_LONGEST = 30  # letters of a word worth reading
_HALTS = frozenset({",", "!", "?", ".", "\n"})
_LINKS = frozenset({"a", "the", "to", "be"})  # small words inside a pair: "waste of the time"
_REACH = 4  # words with a meaning of their own that a negation reaches forward


@dataclass(slots=True)
class Cue:
    """A word or idiom that may speak: its key in the weights ("!word" if negated) and the factor on its weight."""

    start: int
    end: int
    key: str
    factor: float
    clause: int


def cues(clauses: Sequence[Clause], folded: str) -> list[Cue]:
    """Every cue of a comment, in order."""
    shouting = sum(token.shouted for clause in clauses for token in clause.tokens)
    words = sum(token.is_word for clause in clauses for token in clause.tokens)
    emphasis = 1.2 if shouting * 2 < words else 1.0  # Capitals say something only beside small letters
    found: list[Cue] = []
    for number, clause in enumerate(clauses):
        opens = not number or clauses[number - 1].sentence != clause.sentence
        found.extend(_Reader(clause, number, emphasis, opens=opens).read())
    _turn_sarcasm(found, clauses, folded)
    _weaken_courtesy(found, clauses)
    return found


class _Reader:
    """Reads one clause word by word; what a negation or a "used to" still covers is its state."""

    def __init__(self, clause: Clause, number: int, emphasis: float, *, opens: bool) -> None:
        self.marks, self.weight, self.number = clause.tokens, clause.weight, number
        self.emphasis, self.opens = emphasis, opens
        self.loud = 1.15 if any(token.word == "!" for token in clause.tokens[-2:]) else 1.0
        self.past = _used_to(clause.tokens)
        self.reach = 0  # words that a negation still covers
        self.relief = 0  # words that a "fixed" still covers
        self.negator: Cue | None = None
        self.previous = ""  # the word before, if the two may be read as a pair
        self.roles, self.idioms, self.plain, self.prior = roles(), phrases(), function_words(), prior_weights()
        self.found: list[Cue] = []

    def read(self) -> list[Cue]:
        at = 0
        while at < len(self.marks):
            token = self.marks[at]
            if not token.is_word:
                self._mark(token)
            elif token.word in self.idioms and (length := self._idiom(at)):
                at += length
                continue
            elif is_negator(token.word):
                self._negate(token)
            elif not (self.reach and token.word in self.roles["seen through by a negation"]):
                self._word(at)
            at += 1
        return self.found

    def _mark(self, token: Token) -> None:
        if token.word in _HALTS:
            self.reach = self.relief = 0
        if token.word in self.prior:
            self.found.append(Cue(token.start, token.end, token.word, self.weight, self.number))
        self.previous = ""

    def _idiom(self, at: int) -> int:
        """How many tokens the idiom at `at` takes; 0 if there is none."""
        idiom = _idiom(self.marks, at, self.idioms[self.marks[at].word])
        if idiom is None:
            return 0
        key, length = idiom
        feeling = self.prior[key]
        negated = self.negator if self.reach and abs(feeling) >= _FEELING else None
        start = negated.start if negated else self.marks[at].start
        factor = self.weight * self.loud * _past_factor(self.past, at, feeling)
        key = "!" + key if negated else key
        self.found.append(Cue(start, self.marks[at + length - 1].end, key, factor, self.number))
        self.reach, self.previous = 0, ""
        return length

    def _negate(self, token: Token) -> None:
        key = "not" if token.word.endswith("n't") else token.word
        self.negator = Cue(token.start, token.end, key, self.weight, self.number)
        self.found.append(self.negator)
        self.reach, self.relief, self.previous = _REACH, 0, "not"

    def _word(self, at: int) -> None:
        token = self.marks[at]
        word = token.word
        if word in self.plain or len(word) > _LONGEST:
            self.previous = self.previous if word in _LINKS else ""
            if word in self.roles["stops a negation"]:
                self.reach = 0
        elif self._only_degree(at):
            self.previous = ""
        elif not (token.titled and _is_name(self.marks, at, opens=self.opens)):
            feeling = self.prior.get(word, 0.0)
            self._content(token, self._factor(at, feeling), feeling)
            if self.reach and abs(feeling) >= _FEELING:
                if feeling < 0 and self.negator:  # "not late": the "not" itself does not speak against
                    self.negator.factor *= 0.2
                if not _goes_on(self.marks, at):
                    self.reach = 0
            resolves = word in self.roles["resolves"] and not self.reach
            self.relief = 5 if resolves else max(0, self.relief - 1)
            self.reach = max(0, self.reach - 1)
            self.previous = word

    def _only_degree(self, at: int) -> bool:
        """Whether this word ("always", "sometimes") only says how strongly the next one is meant."""
        degree = self.marks[at].word in self.roles["strengthens"] or self.marks[at].word in self.roles["weakens"]
        following = self.marks[at + 1].word if at + 1 < len(self.marks) else ""
        return degree and abs(self.prior.get(following, 0.0)) >= _FEELING

    def _content(self, token: Token, factor: float, feeling: float) -> None:
        negator = self.negator if self.reach else None
        key = "!" + token.word if negator else token.word
        start = negator.start if negator and abs(feeling) >= _FEELING else token.start
        self.found.append(Cue(start, token.end, key, factor, self.number))
        if self.previous:
            pair = f"{self.previous} {token.word}"
            self.found.append(Cue(token.start, token.end, pair, self.weight, self.number))

    def _factor(self, at: int, feeling: float) -> float:
        factor = self.weight * self.loud
        if self.marks[at].shouted:
            factor *= self.emphasis
        before = self.marks[at - 1].word if at else ""
        if before in self.roles["strengthens"]:
            factor *= 1.25
        elif before in self.roles["weakens"]:
            factor *= 0.6
        if self.relief and feeling < 0:
            factor *= -0.3
        return factor * _past_factor(self.past, at, feeling)


def is_negator(word: str) -> bool:
    return word in roles()["negator"] or word.endswith("n't")


@cache
def _bad_event() -> re.Pattern[str]:
    return re.compile("|".join(pattern for pattern, _ in pairs("bad-events")))


@cache
def function_words() -> frozenset[str]:
    """Words that get no weight."""
    return frozenset(key for key, _ in pairs("function-words"))


@cache
def prior_weights() -> Mapping[str, float]:
    """What each word and idiom weighs before any training row is read."""
    return {**textblob_weights(), **weights("domain"), **weights("phrases"), **weights("fixed")}


def weigh(key: str, learned: Mapping[str, float]) -> float:
    """The weight of a cue. A negated word speaks the other way, at least half as strongly if it is a strong one."""
    prior = prior_weights()
    if key[0] != "!":
        return learned.get(key, prior.get(key, 0.0))
    plain = prior.get(key[1:], 0.0)
    weight = learned.get(key, -0.6 * learned.get(key[1:], plain))
    if plain <= -_STRONG:
        return max(weight, -0.5 * plain)
    return min(weight, -0.5 * plain) if plain >= _STRONG else weight


def _idiom(marks: Sequence[Token], at: int, known: Sequence[tuple[tuple[str, ...], float]]) -> tuple[str, int] | None:
    left = len(marks) - at
    following = marks[at + 1].word if left > 1 else ""
    for words, _ in known:
        if len(words) > left or (len(words) > 1 and words[1] != following and words[1] != "*"):
            continue
        if all(word in ("*", token.word) for word, token in zip(words, marks[at : at + len(words)], strict=True)):
            return " ".join(words), len(words)
    return None


def _used_to(marks: Sequence[Token]) -> range:
    """What a "used to" of the past covers, up to a comma or "now" (not "we got used to it")."""
    for at in range(len(marks) - 1):
        if marks[at].word == "used" and marks[at + 1].word == "to":
            before = marks[at - 1].word if at else ""
            if before not in roles()["before used to"]:
                ends = (end for end in range(at + 2, len(marks)) if marks[end].word in {",", "now", "and", "these"})
                return range(at, next(ends, len(marks)))
    return range(0)


def _past_factor(past: range, at: int, weight: float) -> float:
    """What was good and is no longer speaks against; what was bad hardly speaks at all."""
    if at not in past:
        return 1.0
    return -0.9 if weight > 0 else 0.2


def _goes_on(marks: Sequence[Token], at: int) -> bool:
    """ "not friendly or helpful": the negation goes on behind "or"."""
    return at + 1 < len(marks) and marks[at + 1].word in {"or", "nor"}


def _is_name(marks: Sequence[Token], at: int, *, opens: bool) -> bool:
    token = marks[at]
    kind = names().get(token.word)
    if kind is None:
        return False
    before = marks[at - 1] if at else None
    if before is not None and (before.word in roles()["title"] or (before.titled and at > 1)):
        return True
    if kind == "family":
        return False
    if at or not opens:
        return True
    after = marks[at + 1].word if len(marks) > 1 else ""
    return after in {
        "was",
        "is",
        "did",
        "came",
        "has",
        "had",
        "helped",
        "and",
        "from",
        "at",
        "who",
        "fixed",
        "kept",
        "went",
    }


def _turn_sarcasm(found: list[Cue], clauses: Sequence[Clause], folded: str) -> None:
    """ "Great, another missed appointment": praise that opens a comment of bad events speaks against."""
    if not clauses or not found:
        return
    first = clauses[0].tokens[0]
    if first.word not in roles()["opening praise"] or found[0].start != first.start:
        return
    event = _bad_event().search(folded)
    if (
        event is None
        or event.start() - first.end > 60
        or folded[max(0, event.start() - 4) : event.start()] in {"not ", " no "}
    ):
        return
    others = (cue for cue in found if cue.start >= first.end and prior_weights().get(cue.key, 0.0) >= 1.0)
    between = folded[first.end : event.start()]
    if any(others) or re.search(r"\b(?:but|however|although|though|despite)\b", between):
        return
    for cue in found:
        if cue.start <= first.end and prior_weights().get(cue.key, 0.0) > 0:
            cue.factor *= -1.0


def _weaken_courtesy(found: list[Cue], clauses: Sequence[Clause]) -> None:
    """ "Thanks, but …" and a closing "Thanks." are manners, not praise."""
    turned = {clause.sentence for clause in clauses if clause.weight > 1}
    last = len(clauses) - 1
    for cue in found:
        if cue.key in roles()["courtesy"]:
            clause = clauses[cue.clause]
            before_turn = clause.sentence in turned and clause.weight < 1
            closing = cue.clause == last > 0 and len(clause.tokens) <= 5
            if before_turn or closing:
                cue.factor *= 0.2
