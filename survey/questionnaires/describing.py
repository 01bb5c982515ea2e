"""A questionnaire in the words of the managers who edit it: types, when a question is shown, who reads it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from survey.languages import LANGUAGES
from survey.questionnaires.document import (
    CHOOSING,
    RATING,
    SCALES,
    Condition,
    Confidentiality,
    Document,
    Question,
    QuestionType,
)
from survey.questionnaires.words import RATING_WORDS, YES_NO_WORDS

SHORT = 70  # characters of a text that is quoted
RATING_ON_FIVE = "the rating"


@dataclass(frozen=True)
class TypeWords:
    """How a manager is shown a type of question; `symbol` is an icon of the desk."""

    name: str
    what_for: str
    symbol: str


TYPE_WORDS: Mapping[QuestionType, TypeWords] = {
    QuestionType.RATING: TypeWords(
        "Rating in five words", "From very bad to excellent: how it went, in one tap.", "mood-smile"
    ),
    QuestionType.NPS: TypeWords(
        "Recommend, 0 to 10",
        "The NPS: would they send somebody to you? For the relationship as a whole.",
        "trending-up",
    ),
    QuestionType.CES: TypeWords("Effort, 1 to 7", "The CES: how easy it was to get what they came for.", "bolt"),
    QuestionType.AGREEMENT: TypeWords(
        "Agree, 1 to 7", "A statement, from strongly disagree to strongly agree.", "scale"
    ),
    QuestionType.YES_NO: TypeWords("Yes or no", "One tap for something that is true or isn’t.", "thumb-up"),
    QuestionType.PROMISE: TypeWords(
        "Service promise", "Which steps of your promise happened. The steps are those in your settings.", "list-check"
    ),
    QuestionType.CHOICE: TypeWords("Choose one", "One of up to twelve answers of yours.", "circle-check"),
    QuestionType.CHOICES: TypeWords("Choose several", "Any of up to twelve answers of yours.", "clipboard-check"),
    QuestionType.SHORT_TEXT: TypeWords("Short text", "One line: a name, a number, a place.", "pencil"),
    QuestionType.LONG_TEXT: TypeWords(
        "Long text", "In the client’s own words. The question may change with the rating.", "quote"
    ),
    QuestionType.CONSENT: TypeWords("Consent", "A box to tick: may we quote you?", "shield-check"),
}
CONFIDENTIALITY_WORDS: Mapping[Confidentiality, tuple[str, str]] = {
    Confidentiality.NAMED: ("With the client’s name", "Everybody at the desk may read it."),
    Confidentiality.MANAGERS: ("Managers only", "With the client’s name, but viewers and staff do not see it."),
    Confidentiality.CONFIDENTIAL: (
        "Confidential",
        "Kept apart from who said it, and shown only together with the answers of at least four others.",
    ),
}


def quoted(text: str) -> str:
    """A text of the questionnaire inside a sentence: ‘How did we do?’"""
    return f"‘{text if len(text) <= SHORT else text[: SHORT - 1].rstrip() + '…'}’"


def title(document: Document, question: Question) -> str:
    """What a manager calls a question: its text as it was written."""
    return question.text.get(document.language) or question.key


def listed(words: Iterable[str], last: str = "and") -> str:
    """Words in a row: `a, b and c`."""
    *first, end = list(words) or [""]
    return f"{', '.join(first)} {last} {end}" if first else end


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: `1 text`, `3 texts`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def answers_of(question: Question, language: str) -> dict[int, str]:
    """Value → what it is called, of a question with values."""
    if question.type in CHOOSING:
        return {option.value: option.text.get(language, str(option.value)) for option in question.options}
    if question.type in {QuestionType.YES_NO, QuestionType.CONSENT}:
        return dict(YES_NO_WORDS)
    if question.type is QuestionType.RATING:
        return {value: f"{value} {word}" for value, word in sorted(RATING_WORDS.items())}
    lowest, highest = SCALES.get(question.type, (1, 0))
    return {value: str(value) for value in range(lowest, highest + 1)}


def accepted(condition: Condition, values: Iterable[int]) -> list[int]:
    """Those of `values` with which a condition on a question holds."""
    return [
        value
        for value in values
        if (condition.at_least is None or value >= condition.at_least)
        and (condition.at_most is None or value <= condition.at_most)
        and (not condition.one_of or value in condition.one_of)
    ]


def condition_in_words(condition: Condition, document: Document, steps: Mapping[str, str]) -> str:
    """Such as `after a rating of at most 2`. `steps` are the texts of the service promise by key."""
    if condition.job_kind:
        return f"for jobs of the kind {listed(condition.job_kind, 'or')}"
    if condition.language:
        return f"for clients who read it in {listed((LANGUAGES[one] for one in condition.language), 'or')}"
    if condition.step:
        happened = "happened" if condition.happened else "did not happen"
        return f"if {quoted(steps.get(condition.step, condition.step))} {happened}"
    if condition.question == RATING:
        return f"after a rating of {_bounds(condition, range(1, 6))}"
    question = document.by_key.get(condition.question)
    if question is None:
        return f"after an answer to {condition.question}"
    name = quoted(title(document, question))
    words = answers_of(question, document.language)
    if question.type in CHOOSING or question.type in {QuestionType.YES_NO, QuestionType.CONSENT}:
        chosen = listed((words[value] for value in accepted(condition, words)), "or") or "an answer that is not offered"
        return f"if {name} is {chosen}"
    return f"if {name} is {_bounds(condition, words)}"


def _bounds(condition: Condition, values: Iterable[int]) -> str:
    known = list(values)
    found = accepted(condition, known)
    if not found:
        return "something that nobody can answer"
    if len(found) == 1:
        return str(found[0])
    together = found == list(range(found[0], found[-1] + 1))
    if together and found[0] == known[0]:
        return f"at most {found[-1]}"
    if together and found[-1] == known[-1]:
        return f"at least {found[0]}"
    return f"{found[0]} to {found[-1]}" if together else listed(map(str, found), "or")


def shown_in_words(question: Question, document: Document, steps: Mapping[str, str]) -> str:
    """Such as `Only after a rating of at most 2`; "" where everybody is asked."""
    if not question.show_if:
        return ""
    return f"Only {listed(condition_in_words(condition, document, steps) for condition in question.show_if)}"


def place_in_words(where: str, question: Question) -> str:
    """Which of a question's texts: `text`, `hint`, `prompts.2` or `options.1`."""
    kind, _dot, part = where.partition(".")
    if kind == "prompts":
        return f"Question after a rating of {part}"
    if kind == "options":
        return f"Answer {[option.value for option in question.options].index(int(part)) + 1}"
    return {"text": "Statement" if question.type is QuestionType.AGREEMENT else "Question", "hint": "Hint"}[kind]
