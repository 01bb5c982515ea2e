"""What must not move a verdict is taken out before the models read: names, origins, genders, numbers, addresses.

A person's name is read as "Sam" whoever it is, a phone or reference number as "000" however long, an age in years as
"50", an email address as nothing; words of one group of `data/same.txt` are read as its first word. So the reading of a
comment cannot change with them. Emoji become the word that they say. The text that is kept and shown is never changed:
only what the models are given.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache

from analysis.text.wordlists import packed, pairs

NAME = "Sam"
# Every repetition is bounded where another follows, so that no text takes more than linear time.
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|[^\s@]{1,64}@[^\s@]{1,255}")
_NUMBER = re.compile(r"\+?\d[\d ()/.-]{5,24}\d|\d{3,}")
_DIGIT = re.compile(r"\d")
_NUMERIC = re.compile(r"\d(?:\d\d|[\d ()/.-]{5,24}\d)")  # where _NUMBER fits, and quicker to look for
_REFERENCE = re.compile(  # of one or two digits, which elsewhere count: "order 12 was late", not "order 12 boxes"
    r"(?i)\b((?:ticket|job|order|case|invoice|booking|policy|account|claim|contract|quote|ref|reference)[.:# ]{1,3}"
    r"(?:(?:no|nr|number)\b[.:# ]{0,3})?)\d{1,2}"
    r"(?=[.,;:!?)]*$|[.,;:!?)]\s|\s(?:was|is|has|had|did|and|came|took)\b)"
)
_AGE = re.compile(r"(?i)\b\d{1,2}(?=(?:[ -]|\s-\s)?(?:years?|yrs?)[ -]{1,3}olds?\b)")
_CUT = re.compile(r"([^\W\d_]+)")
_NEAR = 12  # characters that are looked at before a word
_REMEMBERED = 50_000  # words
_TITLES = frozenset(["Mr", "mr", "Mrs", "mrs", "Ms", "ms", "Miss", "miss", "Mx", "mx", "Dr", "dr", "Prof", "prof"])
_DOES = frozenset(["was", "is", "has", "had", "did", "and", "from", "who", "at", "came", "said", "in", "on", "kept"])
_LITTLE = frozenset(
    (
        *("am", "an", "as", "at", "be", "by", "do", "fi", "go", "he", "if", "in", "is", "it"),
        *("me", "my", "no", "of", "ok", "on", "or", "so", "to", "up", "us", "we", "wi"),
    )
)
_NAMES = re.compile(rf"\b{NAME}(?:(?:\s|-|'){NAME})+\b")
_TONES = "\ufe0f?[\U0001f3fb-\U0001f3ff]?"
_GLAD = "😀😃😄😁😊🙂☺😍🥰😘🤗👍👏🙌💯🌟❤💙💚💛🧡💜💕♥😎🎉🥳👌✅🏆💪🙏😇🤩"
_CROSS = "😡😠🤬😤👎💩🤮🤢🖕😾"
_SAD = "😞😔😢😭😩😫🙁☹😒😣😖😱❌💔😟😕🙄🤦"
_FAR = re.compile(r"@|www\.|://")  # an address goes altogether, and what was beside it meets
_GOES_ON = re.compile(rf"\d|{_FAR.pattern}")  # a number may go on beyond a space
_FACE = re.compile(f"[:;=<{_GLAD}{_CROSS}{_SAD}]")
_NEIGHBOUR = re.compile(rf"|(?!.*(?:{_FAR.pattern}|{_FACE.pattern})).*[^\W\d_].*", re.DOTALL)
_EMOJI = frozenset(_GLAD + _CROSS + _SAD)
_FACES = (
    (re.compile(f"(?:[{_GLAD}]{_TONES})+"), " great "),
    (re.compile(f"(?:[{_CROSS}]{_TONES})+"), " awful "),
    (re.compile(f"(?:[{_SAD}]{_TONES})+"), " disappointing "),
)
_SMILES = re.compile(r"[:;=]-?[)D](?!\w)")
_FROWNS = re.compile(r"[:=]-?[(/](?![\w/])")


class Neutral:
    """Makes texts equal. Threads may share it.

    What a word becomes depends on the word alone, and is remembered, unless it has a capital as names have: then on
    what stands around it. So a text is cut into words and what is between them, each word is looked up once, and the
    few that may be names are looked at more closely.

    Args:
        knows: whether the models know a word, given in small letters.
    """

    def __init__(self, knows: Callable[[str], bool]) -> None:
        self._knows = knows
        self._words = _Words()

    def __call__(self, text: str) -> str:
        """`text` as the models read it."""
        return self._worded(numbered(_said_plainly(text)))

    def _worded(self, text: str) -> str:
        """`text` with its names and alike words made equal."""
        pieces = _CUT.split(text)  # between words, word, between words, …
        words = pieces[1::2]
        read = self._words.read(words)
        for number in [number for number, word in enumerate(read) if not word]:
            read[number] = NAME if self._is_name(pieces, 2 * number + 1) else words[number]
        if read != words:
            pieces[1::2] = read
            text = "".join(pieces)
        return _NAMES.sub(NAME, text) if text.count(NAME) > 1 else text

    def alone(self, piece: str) -> str | None:
        """What `piece`, without a space in it, is read as in every text; None if that depends on what is around it."""
        if _GOES_ON.search(piece):
            return None
        words = _CUT.findall(piece)
        ordinary, people = _ordinary(), _people()
        for word, read in zip(words, self._words.read(words), strict=True):
            small = word.lower()
            if word in _TITLES or (not read and (small not in ordinary or small in people)):
                return None
        return self._worded(_said_plainly(piece))

    def beside(self, before: str, piece: str, after: str) -> str | None:
        """What `piece` is read as with a few spaces between it and `before` and `after`, which are empty at the ends of
        the text; None if that depends on more. For a text whose numbers are `numbered` already."""
        cut = _CUT.split(piece)
        words = cut[1::2]
        read = self._words.read(words)
        if _FAR.search(piece) or not _TITLES.isdisjoint(words):
            return None
        if "" not in read:
            return self._worded(_said_plainly(piece))
        if not (_NEIGHBOUR.fullmatch(before) and _NEIGHBOUR.fullmatch(after)) or _FACE.search(piece):
            return None
        pieces = _CUT.split(f"{before} {piece} {after}".strip())
        first = len(_CUT.findall(before))
        for number, word in enumerate(words):
            if not read[number]:
                read[number] = NAME if self._is_name(pieces, 2 * (first + number) + 1) else word
        cut[1::2] = read
        return "".join(cut)

    def _is_name(self, pieces: Sequence[str], at: int) -> bool:
        """Whether the word `pieces[at]`, with a capital, is somebody's, or some place's, name."""
        before, small = pieces[at - 1][-_NEAR:], pieces[at].lower()
        previous = pieces[at - 2] if at > 1 else ""
        if before in (" ", ". ") and previous in _TITLES:
            return True
        after = pieces[at + 2] if at + 2 < len(pieces) and not pieces[at + 1].strip(" ,") else ""
        acts = after in _DOES or after.endswith("ed")
        is_ordinary, is_a_name = small in _ordinary(), small in _people()
        last = _last(before.rstrip(" \"'(“‘*-"), before, previous)
        if not last or last in ".!?\n:;":  # a capital says nothing here
            if is_ordinary:  # "Grace was kind", but "Price was fair"
                return small in _given() and acts
            return is_a_name or acts or _goes_on_as_name(pieces, at) or not self._knows(small)
        if not is_ordinary:
            return True
        alone = not after or after.islower() or after.lower() in _people()  # Not Everything Is Written Like This
        return is_a_name and alone and _last(before.rstrip(), before, previous).islower()


class _Words(dict[str, str]):
    """Word → what it is read as, or "" if it may be a name; filled as words are met."""

    def read(self, words: Sequence[str]) -> list[str]:
        """What each word is read as."""
        if len(self) > _REMEMBERED:
            self.clear()
        return list(map(self.__getitem__, words))

    def __missing__(self, word: str) -> str:
        found = _same().get(word.lower(), "" if _is_written_as_name(word) else word)
        self[word] = found
        return found


def _said_plainly(text: str) -> str:
    """`text` with words for its faces and nothing for its addresses."""
    if not text.isascii() and not _EMOJI.isdisjoint(text):
        for face, word in _FACES:
            text = face.sub(word, text)
    if ":" in text or "=" in text or ";" in text:
        text = _FROWNS.sub(" disappointing ", _SMILES.sub(" great ", text))
    if "<3" in text:
        text = text.replace("<3", " great ")
    if "@" in text or "www." in text or "://" in text:
        text = _ADDRESS.sub(" ", text)
    return text


def _is_written_as_name(word: str) -> bool:
    return word[:1].isupper() and word[1:].islower()


def _goes_on_as_name(pieces: Sequence[str], at: int) -> bool:
    """Whether a hyphen joins a name to the word `pieces[at]`: "Mei-Ling", "Siu-Ming"."""
    joined = pieces[at + 2] if at + 2 < len(pieces) and pieces[at + 1] == "-" else ""
    return _is_written_as_name(joined) and joined.lower() not in _ordinary()


def _last(stripped: str, before: str, previous: str) -> str:
    """The last letter or mark before a word, of what is near."""
    return stripped[-1:] or (previous[-1:] if len(before) < _NEAR else "")


def has_marks(text: str) -> bool:
    """Whether there may be a face or an address in `text`, which are read before the numbers are."""
    return bool(_FACE.search(text) or _FAR.search(text))


def numbered(text: str) -> str:
    """`text` with its numbers made equal: phones and references 000, ages 50."""
    if not has_number(text):
        return text
    return _AGE.sub("50", _REFERENCE.sub(r"\g<1>000", _NUMBER.sub("000", text)))


def has_number(text: str) -> bool:
    """Whether there is a number in `text` that is read as another."""
    if not _DIGIT.search(text):
        return False
    return bool(_NUMERIC.search(text) or _AGE.search(text) or _REFERENCE.search(text))


@cache
def _same() -> dict[str, str]:
    return {word: first for first, others in pairs("same") for word in (first, *others.split())}


@cache
def _people() -> frozenset[str]:
    """First and last names of many languages in Latin letters (from Faker, MIT)."""
    return packed("names")


@cache
def _given() -> frozenset[str]:
    """Of the words that are names and ordinary ones, those that are somebody's first name more than a surname."""
    return frozenset(name for name, _ in pairs("given-names"))


@cache
def _ordinary() -> frozenset[str]:
    """Words that the labelled sets write without a capital, and the little ones."""
    return packed("ordinary") | _LITTLE
