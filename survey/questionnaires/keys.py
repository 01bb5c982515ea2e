"""What a question is called in the data: made from its text, and never again anything else. Pure."""

import re
import unicodedata
from collections.abc import Collection

from pydantic import ValidationError

from survey.questionnaires.document import KEY, MOST_QUESTIONS, STANDARD, Question, QuestionType

_KEY_LENGTH = 30
_KEYS_OF_TYPES = {  # the names the desk reads, for the first question of a type
    QuestionType.RATING: "csat",
    QuestionType.NPS: "nps",
    QuestionType.CES: "ces",
    QuestionType.PROMISE: "promise",
    QuestionType.LONG_TEXT: "comment",
}


def key_for(text: str, kind: QuestionType, taken: Collection[str]) -> str:
    """The name of a new question in the data, from its text; the one the desk reads where its type has one."""
    known = _KEYS_OF_TYPES.get(kind)
    if known and known not in taken:
        return known
    plain = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[: _KEY_LENGTH - 4].rstrip("_")
    if not re.match(r"[a-z]", words):
        words = f"q_{words}".rstrip("_")
    names = [words, *(f"{words}_{number}" for number in range(2, MOST_QUESTIONS + len(taken) + 3))]
    return next(name for name in names if name not in taken and _may_be_key(name, kind))


def _may_be_key(name: str, kind: QuestionType) -> bool:
    return why_no_key(name, kind) is None


def why_no_key(name: str, kind: QuestionType) -> str | None:
    """Why a question of this type can’t have this name in the data; None: it can."""
    if not re.match(KEY, name):
        return "Small letters, digits and _, beginning with a letter; at most 30."
    try:
        Question(key=name, type=QuestionType.YES_NO, text={"en": "x"})
    except ValidationError:
        if name not in STANDARD:
            return f"“{name}” is a word of the survey page itself; choose another name."
    if STANDARD.get(name, kind) is not kind:
        return f"“{name}” is the name of another kind of question; choose another name."
    if kind is QuestionType.PROMISE and name != "promise":
        return "The service promise is always called “promise”."
    return None
