"""Whether the conditions of a questionnaire still make sense: what they wait for can be answered, and means what it
meant when they were set. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from survey.questionnaires.describing import (
    TYPE_WORDS,
    accepted,
    answers_of,
    condition_in_words,
    quoted,
    title,
)
from survey.questionnaires.document import (
    CHOOSING,
    RATING,
    SCALES,
    Condition,
    Document,
    Question,
    QuestionType,
)
from survey.questionnaires.logic import DECISIVE

_ALIKE = (CHOOSING, frozenset({QuestionType.YES_NO, QuestionType.CONSENT}))  # the same values mean the same


@dataclass(frozen=True)
class Wrong:
    """What is wrong with when a question is shown: `text` goes on from its name, as in "waits for …"."""

    key: str  # of the question that is shown
    text: str


def wrong(document: Document, before: Sequence[Document] = ()) -> list[Wrong]:
    """What is wrong, question by question. `before` are earlier states of the document: a condition that stands as it
    stood in one, where what it asks of was of another type, has to be looked at."""
    found = []
    asked: set[str] = set()
    for question in document.questions:
        for condition in question.show_if:
            on = document.by_key.get(condition.question)
            text = _why_nobody(document, condition, on, asked)
            text = text or (_why_doubtful(document, question, condition, on, before) if on else "")
            if text:
                found.append(Wrong(question.key, text))
        asked.add(question.key)
    return found


def _why_nobody(document: Document, condition: Condition, on: Question | None, asked: set[str]) -> str:
    """Why nobody would be shown a question with this condition; "": somebody may be."""
    if condition.question == RATING and asked.isdisjoint(DECISIVE):
        return "waits for a rating, and no question before it gives one any more: nobody would see it."
    if on is None:
        return ""
    name = quoted(title(document, on))
    if on.type not in SCALES and on.type not in CHOOSING:
        return f"waits for a certain answer to {name}, which is now {_kind(on)}: nobody would see it."
    if not accepted(condition, answers_of(on, document.language)):
        return f"waits for an answer to {name} that is no longer offered: nobody would see it."
    return ""


def _why_doubtful(
    document: Document, question: Question, condition: Condition, on: Question, before: Sequence[Document]
) -> str:
    """Of which type the question was when the condition was set, if that was another one; "": it was of this one."""
    for old in before:
        was = old.by_key.get(question.key)
        for earlier in was.show_if if was else ():
            asked = old.by_key.get(earlier.question)
            if asked is None or _bounds(earlier) != _bounds(condition) or _mean_the_same(asked, on):
                continue
            if asked.key == on.key or asked.key not in document.by_key:
                said = condition_in_words(condition, document, {})
                return (
                    f"is shown {said}. That was set for {_kind(asked)}, and it is {_kind(on)} now: does it still fit?"
                )
    return ""


def _kind(question: Question) -> str:
    return quoted(TYPE_WORDS[question.type].name)


def _bounds(condition: Condition) -> Any:
    return condition.at_least, condition.at_most, condition.one_of


def _mean_the_same(one: Question, other: Question) -> bool:
    return one.type is other.type or any({one.type, other.type} <= kinds for kinds in _ALIKE)
