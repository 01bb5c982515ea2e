"""From a comment to sentences, clauses and words, every one of them with its offsets into the original text.

Folding keeps the length of the text, so that an offset into the folded text is an offset into the original.
"""

import re
from dataclasses import dataclass

import sentencex

from analysis.text.wordlists import contrast_words, feeling_words, typos

# sentencex slows down faster than a text grows on unbalanced quotation marks, so long texts are given in pieces.
_PIECE = 4000
_LONGEST = 60  # tokens of a clause, so that looking around inside one stays cheap in a text without punctuation
_SAME_LENGTH = str.maketrans(
    {"’": "'", "‘": "'", "`": "'", "´": "'", "“": '"', "”": '"', "–": "-", "—": "-", "\xa0": " "}
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_STRETCHED = re.compile(r"(.)\1{2,}", re.DOTALL)
_TOKEN = re.compile(
    r"[^\W\d_]+(?:'[^\W\d_]+)*|\d+(?:[.,:]\d+)*|[:;=]'?-?[()DP/|\[\]](?!\w)|<3|[!?]+|\.{2,}|\n+|[^\w\s]",
)
_NOT_WORDS = re.compile(r"\S+")
_FACES = {":)": ":)", ";)": ":)", ":D": ":)", "<3": ":)", ":(": ":(", ":/": ":(", ":|": ":("}
_BREAKS = frozenset({";", "..", "\n", "-", "•", "*"})


@dataclass(slots=True)
class Token:
    """One word, number, face or mark. `word` is folded, spelling repaired; `shouted`: written in capitals."""

    start: int
    end: int
    word: str
    shouted: bool
    titled: bool  # Begins with a capital, the rest small
    is_word: bool


@dataclass(slots=True)
class Clause:
    """Words that are said in one breath. `weight`: what is said after "but" counts for more than what came before."""

    tokens: list[Token]
    weight: float
    sentence: int


def fold(text: str) -> str:
    """`text` in small letters with plain quotation marks, addresses blanked; exactly as long as `text`."""
    folded = _plain(text)
    lowered = folded.lower()
    if len(lowered) != len(folded):
        lowered = "".join(small if len(small := letter.lower()) == 1 else letter for letter in folded)
    return lowered


def tokens(text: str) -> list[Token]:
    """The tokens of `text` in order."""
    plain = _plain(text)
    repair = typos()
    found = []
    for match in _TOKEN.finditer(plain):
        raw = match.group()
        if raw[0].isalpha():
            word = raw.lower()
            if len(word) > 3 and _STRETCHED.search(word):
                word = _unstretched(word)
            shouted, titled = (False, False) if raw == word else (len(raw) > 2 and raw.isupper(), raw.istitle())
            found.append(Token(match.start(), match.end(), repair.get(word, word), shouted, titled, is_word=True))
        else:
            mark = _FACES.get(raw.replace("'", "").replace("-", ""), raw[0] if raw[0] in "!?\n" else raw[:2])
            found.append(Token(match.start(), match.end(), mark, False, False, is_word=False))
    return found


def sentence_bounds(text: str) -> list[tuple[int, int]]:
    """(start, end) of each sentence; together they cover the text."""
    plain = _SURROGATE.sub("\ufffd", text)
    if len(plain) <= _PIECE:
        return _bounds(plain, 0)
    bounds: list[tuple[int, int]] = []
    start = 0
    while start < len(plain):
        cut = plain.rfind(" ", start + _PIECE // 2, start + _PIECE) + 1 or start + _PIECE
        bounds.extend(_bounds(plain[start:cut], start))
        start = cut
    return bounds


def clauses(text: str) -> list[Clause]:
    """The clauses of `text`, split at sentence ends, at contrast words and at strong punctuation."""
    marks = tokens(text)
    ends = [end for _, end in sentence_bounds(text)]
    found: list[Clause] = []
    current: list[Token] = []
    weight, sentence = 1.0, 0
    contrasts = contrast_words()

    def close() -> None:
        nonlocal current
        if current:
            found.append(Clause(current, weight, sentence))
            current = []

    for at, token in enumerate(marks):
        if sentence < len(ends) and token.start >= ends[sentence]:
            close()
            weight = 1.0
            while sentence < len(ends) and token.start >= ends[sentence]:
                sentence += 1
        kind = contrasts.get(token.word)
        if kind == "turn" and _turns(marks, at):
            close()
            _weaken(found, sentence)
            weight = 1.3
        elif kind == "concede":
            close()
            weight = 0.7
        elif token.word in _BREAKS or (token.word == "," and weight < 1):
            close()
            weight = max(weight, 1.0)
        elif len(current) >= _LONGEST:
            close()
        current.append(token)
    close()
    return found


def _unstretched(word: str) -> str:
    """ "goooood" is "good", "soooo" is "so"."""
    double, single = _STRETCHED.sub(r"\1\1", word), _STRETCHED.sub(r"\1", word)
    return double if double in feeling_words() or double in typos() else single


def _turns(marks: list[Token], at: int) -> bool:
    """Whether this "but" contrasts: "nothing but good" and "not yet" do not."""
    before = marks[at - 1].word if at else ""
    word = marks[at].word
    if word == "but":
        return before not in {"nothing", "anything", "all"}
    if word == "yet":
        return before in {",", "and"}
    return True


def _weaken(found: list[Clause], sentence: int) -> None:
    for clause in reversed(found):
        if clause.sentence != sentence:
            return
        clause.weight *= 0.7


def _bounds(text: str, offset: int) -> list[tuple[int, int]]:
    return [
        (offset + boundary["start_index"], offset + boundary["end_index"])
        for boundary in sentencex.get_sentence_boundaries("en", text)
    ]


def _plain(text: str) -> str:
    """`text` with plain marks and without web or email addresses, which hold words that nobody said; same length."""
    plain = text.translate(_SAME_LENGTH)
    if "@" in plain or "://" in plain or "www." in plain:
        plain = _NOT_WORDS.sub(_blank_address, plain)
    return plain


def _blank_address(match: re.Match[str]) -> str:
    word = match.group()
    is_address = "://" in word or word.startswith("www.") or "@" in word[1:-1]
    return " " * len(word) if is_address else word
