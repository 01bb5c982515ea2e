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
        found.extend(
            _clause_cues(clause, number, emphasis, opens=not number or clauses[number - 1].sentence != clause.sentence)
        )
    _turn_sarcasm(found, clauses, folded)
    _weaken_courtesy(found, clauses)
    return found


def _clause_cues(clause: Clause, number: int, emphasis: float, *, opens: bool) -> list[Cue]:
    found: list[Cue] = []
    marks = clause.tokens
    past = _used_to(marks)
    loud = 1.15 if any(token.word == "!" for token in marks[-2:]) else 1.0
    reach, relief, previous, at = 0, 0, "", 0
    negator: Cue | None = None
    idioms, plain, prior = phrases(), function_words(), prior_weights()
    while at < len(marks):
        token = marks[at]
        word = token.word
        if not token.is_word:
            if word in {",", "!", "?", ".", "\n"}:
                reach = relief = 0
            if word in prior:
                found.append(Cue(token.start, token.end, word, clause.weight, number))
            previous = ""
            at += 1
            continue
        idiom = _idiom(marks, at, idioms[word]) if word in idioms else None
        if idiom:
            key, length = idiom
            weight = prior[key]
            negated = reach > 0 and abs(weight) >= _FEELING
            factor = clause.weight * loud * _past_factor(past, at, weight)
            start = negator.start if negator and negated else token.start
            found.append(Cue(start, marks[at + length - 1].end, "!" + key if negated else key, factor, number))
            reach, previous = 0, ""
            at += length
            continue
        if is_negator(word):
            reach, relief = _REACH, 0
            negator = Cue(token.start, token.end, "not" if word.endswith("n't") else word, clause.weight, number)
            found.append(negator)
            previous = "not"
        elif word in roles()["seen through by a negation"] and reach:
            pass
        elif word in plain or len(word) > 30:
            previous = previous if word in {"a", "the", "to", "be"} else ""
            if word in roles()["stops a negation"]:
                reach = 0
        elif not _is_name(marks, at, opens=opens):
            factor = clause.weight * loud * (emphasis if token.shouted else 1.0)
            if at:
                factor *= _degree(marks[at - 1].word)
            feeling = prior.get(word, 0.0)
            factor *= _past_factor(past, at, feeling)
            if relief and feeling < 0:
                factor *= -0.3
            mark = "!" if reach > 0 else ""
            start = negator.start if negator and mark and abs(feeling) >= _FEELING else token.start
            found.append(Cue(start, token.end, mark + word, factor, number))
            if previous:
                found.append(Cue(token.start, token.end, f"{previous} {word}", clause.weight, number))
            if reach and abs(feeling) >= _FEELING:
                if feeling < 0 and negator:  # "not late": the "not" itself does not speak against
                    negator.factor *= 0.2
                if not _goes_on(marks, at):
                    reach = 0
            relief = 5 if word in roles()["resolves"] and not reach else max(0, relief - 1)
            reach = max(0, reach - 1)
            previous = word
        at += 1
    return found


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
    for words, _ in known:
        if len(marks) - at >= len(words) and all(
            word in ("*", token.word) for word, token in zip(words, marks[at : at + len(words)], strict=True)
        ):
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
    return -0.5 if weight > 0 else 0.2


def _degree(before: str) -> float:
    if before in roles()["strengthens"]:
        return 1.25
    return 0.6 if before in roles()["weakens"] else 1.0


def _goes_on(marks: Sequence[Token], at: int) -> bool:
    """ "not friendly or helpful": the negation goes on behind "or"."""
    return at + 1 < len(marks) and marks[at + 1].word in {"or", "nor"}


def _is_name(marks: Sequence[Token], at: int, *, opens: bool) -> bool:
    token = marks[at]
    kind = names().get(token.word) if token.titled else None
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
