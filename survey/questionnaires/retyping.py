"""A question of a draft gets another type: which it may have, what it is called in the data then, and what goes. Pure.

Answers of two types are never one figure. So a question that a version asked under its name gets another name with
another type; what depends on it follows (`survey.questionnaires.references` says where that no longer makes sense).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from survey.questionnaires.describing import count, listed, quoted, title
from survey.questionnaires.document import (
    CHOOSING,
    LEADS,
    STANDARD,
    TEXTS,
    Confidentiality,
    Document,
    Question,
    QuestionType,
)
from survey.questionnaires.keys import key_for, why_no_key
from survey.questionnaires.references import wrong


@dataclass(frozen=True)
class Way:
    """What another type would mean for a question, in sentences."""

    kind: QuestionType
    key: str  # its name in the data then
    lost: Sequence[str]  # what of it goes
    wrong: Sequence[str]  # what would be wrong with when other questions are shown
    apart: bool  # there are, or may be, answers so far: they are counted apart


def way(document: Document, question: Question, kind: QuestionType, earlier: Sequence[Document]) -> Way:
    """What the type `kind` would mean for a question of the document; `earlier` are the versions so far."""
    key = key_of(document, question, kind, earlier)
    after = as_type(document, question, kind, key)
    known = {(one.key, one.text) for one in wrong(document)}
    found = [one for one in wrong(after, [document]) if (one.key, one.text) not in known]
    return Way(
        kind=kind,
        key=key,
        lost=lost(document, question, kind),
        wrong=[f"{quoted(title(after, after.by_key[one.key]))} {one.text}" for one in found],
        apart=question.key in types_by_key(earlier),
    )


def types_for(document: Document, question: Question) -> list[QuestionType]:
    """The other types that a question of this document may have: the first one leads, and the promise is asked once."""
    return [
        kind
        for kind in QuestionType
        if kind is not question.type
        and (kind in LEADS or question.key != document.lead.key)
        and (kind is not QuestionType.PROMISE or not document.asks_promise)
    ]


def types_by_key(earlier: Sequence[Document]) -> dict[str, QuestionType]:
    """Name in the data → the type that the versions so far asked under it."""
    return {question.key: question.type for document in earlier for question in document.questions}


def key_of(document: Document, question: Question, kind: QuestionType, earlier: Sequence[Document]) -> str:
    """What the question is called in the data as one of the type `kind`: as now, where no version so far asked another
    type under that name; else as a version called it that asked the same in this type; else a new name."""
    spent = types_by_key(earlier)
    if spent.get(question.key, kind) is kind and why_no_key(question.key, kind) is None:
        return question.key
    taken = document.by_key.keys() - {question.key}
    if question.confidentiality is Confidentiality.CONFIDENTIAL:
        taken |= STANDARD.keys()
    said = title(document, question)
    for old in reversed(earlier):
        for asked in old.questions:
            if asked.type is kind and asked.key not in taken and asked.text.get(document.language) == said:
                return asked.key
    same = {key for key, known in spent.items() if key in STANDARD and known is kind}
    return key_for(said, kind, taken | (spent.keys() - same))


def lost(document: Document, question: Question, kind: QuestionType) -> list[str]:
    """What of the question goes with its type, in sentences; its wording, its hint and when it is shown stay."""
    found, language = [], document.language
    if question.options and kind not in CHOOSING:
        answers = listed(quoted(option.text.get(language, "")) for option in question.options)
        found.append(f"{count(len(question.options), 'answer')} to choose from: {answers}.")
    if question.prompts and kind not in TEXTS:
        found.append(f"The other wordings after a rating of {listed(sorted(question.prompts, reverse=True))}.")
    if question.confidentiality is Confidentiality.CONFIDENTIAL and kind is QuestionType.PROMISE:
        found.append("That its answers are confidential: the promise is read with the client’s name.")
    return found


def as_type(document: Document, question: Question, kind: QuestionType, key: str) -> Document:
    """The document with the question in another type, to look at what depends on it; nothing is checked."""
    options = question.options if kind in CHOOSING else []
    other = question.model_copy(update={"type": kind, "key": key, "options": options, "prompts": {}})
    renamed = called(document, {question.key: key})
    return _with(renamed, [other if one.key == key else one for one in renamed.questions])


def called(document: Document, names: Mapping[str, str]) -> Document:
    """The document with questions under other names, and conditions that follow them; nothing is checked."""
    return _with(document, [_called(question, names) for question in document.questions]) if names else document


def _called(question: Question, names: Mapping[str, str]) -> Question:
    shown = [one.model_copy(update={"question": names.get(one.question, one.question)}) for one in question.show_if]
    return question.model_copy(update={"key": names.get(question.key, question.key), "show_if": shown})


def _with(document: Document, questions: list[Question]) -> Document:
    return Document.model_construct(
        language=document.language, about=document.about, source=document.source, questions=questions
    )


def retyped(before: Document, after: Document) -> dict[str, str]:
    """Name before → name after of the questions that ask the same words in another type under another name."""
    new = {title(after, one): one for one in after.questions if one.key not in before.by_key}
    found = {}
    for question in before.questions:
        now = new.get(title(before, question))
        if now and question.key not in after.by_key and now.type is not question.type:
            found[question.key] = now.key
    return found
