"""What a manager may do to a questionnaire. Pure.

Each change of a document gives another whole, valid one, or says why not.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from survey.errors import InvalidInputError
from survey.languages import DEFAULT, LANGUAGES
from survey.questionnaires import library
from survey.questionnaires.describing import count, listed, quoted, title
from survey.questionnaires.document import (
    LEADS,
    MOST_QUESTIONS,
    RATING,
    STANDARD,
    Document,
    Option,
    Question,
    QuestionType,
)
from survey.questionnaires.faults import as_sentence
from survey.questionnaires.keys import key_for

LAST_VALUE = 99  # of an option


def blank(language: str = DEFAULT) -> Document:
    """A questionnaire of one question: how it went, in every language."""
    lead = library.document(library.FIRST).by_key["csat"]
    return valid({"language": language, "questions": [lead]})


def ready_made(document: Document) -> list[Question]:
    """Questions that the desk reads, in every language, that this questionnaire does not ask yet."""
    return [
        question
        for question in library.document(library.FIRST).questions
        if question.key in STANDARD and question.key not in document.by_key and document.language in question.text
    ]


def usual_place(document: Document, question: Question) -> str | None:
    """After which question a ready-made one goes unless somebody says where: None, at the end; the service promise
    before a closing "may we contact you?"."""
    *before, last = document.questions
    closes = bool(before) and last.key == "contact_me" and not last.with_previous
    return before[-1].key if closes and question.type is QuestionType.PROMISE else None


def add(document: Document, question: Question, after: str | None = None) -> Document:
    """With one question more, after the one named, else at the end.

    Raises:
        InvalidInputError: it does not fit.
    """
    if len(document.questions) >= MOST_QUESTIONS:
        raise InvalidInputError(f"A questionnaire has at most {MOST_QUESTIONS} questions. Delete one first.")
    if question.key in document.by_key:
        raise InvalidInputError(f"Another question is called “{question.key}” already.", "key")
    questions = list(document.questions)
    at = _place(document, after) + 1 if after in document.by_key else len(questions)
    return _with(document, [*questions[:at], question, *questions[at:]])


def replace(document: Document, key: str, question: Question) -> Document:
    """With `question` in the place of the one named; its name in the data may be another, conditions follow it.

    Raises:
        InvalidInputError: it does not fit, or what depends on it would not.
    """
    if question.key != key and question.key in document.by_key:
        raise InvalidInputError(f"Another question is called “{question.key}” already.", "key")
    questions = [question if one.key == key else _renamed(one, key, question.key) for one in document.questions]
    return _with(document, questions)


def remove(document: Document, key: str) -> Document:
    """Without the question named.

    Raises:
        InvalidInputError: it is the only one, others depend on it, or the next one can’t lead.
    """
    if len(document.questions) == 1:
        raise InvalidInputError("A questionnaire has at least one question.")
    return _with(document, [question for question in document.questions if question.key != key])


def move(document: Document, key: str, place: int) -> Document:
    """With the question named at `place` (0 is the first), or at the nearest end.

    Raises:
        InvalidInputError: it can’t lead, or something would depend on what comes after it.
    """
    moved = document.by_key[key]
    questions = [question for question in document.questions if question.key != key]
    questions.insert(max(0, min(place, len(questions))), moved)
    return _with(document, questions)


def duplicate(document: Document, key: str) -> Document:
    """With a copy of the question named right after it, under a name of its own.

    Raises:
        InvalidInputError: there can be only one of it, or there are too many questions.
    """
    question = document.by_key[key]
    if question.type is QuestionType.PROMISE:
        raise InvalidInputError("The service promise can be asked once only.")
    name = key_for(title(document, question), question.type, document.by_key)
    follows = _place(document, key) > 0 and question.with_previous
    return add(document, changed(question, key=name, with_previous=follows), key)


def question_of(**values: Any) -> Question:
    """A question, or what is wrong with it in a manager’s words.

    Raises:
        InvalidInputError: `field` names where, as the question’s form calls it.
    """
    try:
        return Question(**values)
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidInputError(_sentence(str(first["msg"])), _field(first["loc"])) from None


def changed(question: Question, **values: Any) -> Question:
    """The question with other values, checked again."""
    return Question.model_validate({**{name: getattr(question, name) for name in Question.model_fields}, **values})


def new_options(
    texts: Iterable[tuple[int | None, str, bool]], before: Question | None, language: str, used: Collection[int]
) -> list[Option]:
    """Options from (value or None, text, asks for own words); a new one gets a value that was never used.

    Raises:
        InvalidInputError: there are no values left.
    """
    known = {option.value: option for option in before.options} if before else {}
    last = max([0, *known, *used])
    found = []
    for value, text, other in texts:
        if value in known:
            found.append(Option(value=value, text={**known[value].text, language: text}, other=other))
            continue
        last += 1
        if last > LAST_VALUE:
            raise InvalidInputError(
                "This question has had 99 answers to choose from; duplicate it, and go on there.", "options"
            )
        found.append(Option(value=last, text={language: text}, other=other))
    return found


def described(document: Document, *, about: str, source: str, language: str) -> Document:
    """With another description for managers, or written in another language in which nothing is missing.

    Raises:
        InvalidInputError: something is missing in that language.
    """
    if missing := len(document.missing(language)) if language in LANGUAGES else 0:
        raise InvalidInputError(f"{LANGUAGES[language]} is not complete: {count(missing, 'text')} missing.", "language")
    return valid(
        {**frame(document), "about": about, "source": source, "language": language, "questions": document.questions}
    )


def valid(raw: Mapping[str, Any]) -> Document:
    """A document, or what is wrong with it in a manager’s words.

    Raises:
        InvalidInputError: `field` names where, as the question’s form calls it.
    """
    plain = {
        **raw,
        "questions": [q.model_dump(mode="json") if isinstance(q, Question) else q for q in raw["questions"]],
    }
    try:
        return Document.model_validate(plain)
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidInputError(_sentence(str(first["msg"])), _field(first["loc"])) from None


def _sentence(message: str) -> str:
    return as_sentence(message.removeprefix("Value error, ").replace(" after validation", ""))


def _field(place: tuple[int | str, ...]) -> str | None:
    inside = place[2:] if place[:1] == ("questions",) else place
    return str(inside[0]) if inside else None


def frame(document: Document) -> dict[str, Any]:
    """What a document says besides its questions."""
    return {name: getattr(document, name) for name in ("language", "about", "source")}


def _place(document: Document, key: str | None) -> int:
    return next(at for at, question in enumerate(document.questions) if question.key == key)


def _renamed(question: Question, key: str, to: str) -> Question:
    if key == to or all(condition.question != key for condition in question.show_if):
        return question
    shown = [one.model_copy(update={"question": to}) if one.question == key else one for one in question.show_if]
    return changed(question, show_if=shown)


def _with(document: Document, questions: list[Question]) -> Document:
    lead = questions[0]
    if lead.with_previous:
        questions = [changed(lead, with_previous=False), *questions[1:]]
    name = quoted(title(document, lead)) if document.language in lead.text else "That question"
    if lead.type not in LEADS:
        raise InvalidInputError(
            f"{name} can’t come first: the email offers the answers of the first question, so it is a rating, "
            "a recommendation or an effort."
        )
    if lead.show_if:
        raise InvalidInputError(f"{name} can’t come first while it is shown to some clients only.")
    _check_order(document, questions)
    return valid({**frame(document), "questions": questions})


def _check_order(document: Document, questions: list[Question]) -> None:
    """Say which question depends on what is not asked before it."""
    known = {question.key: question for question in questions} | document.by_key
    seen: set[str] = {RATING}
    for question in questions:
        needed = {condition.question or ("promise" if condition.step else "") for condition in question.show_if} - {""}
        if late := [key for key in needed if key not in seen]:
            names = listed(sorted(quoted(title(document, known[key])) if key in known else key for key in late))
            raise InvalidInputError(
                f"{quoted(title(document, question))} is shown depending on {names}, which must come before it. "
                "Change when it is shown first.",
                question.key,
            )
        seen.add(question.key)
