"""When a question is shown, as a form asks for it: what it depends on, and which of the possible values. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from survey.languages import LANGUAGES
from survey.questionnaires.describing import RATING_ON_FIVE, accepted, answers_of, quoted, title
from survey.questionnaires.document import CHOOSING, RATING, SCALES, Condition, Confidentiality, Document, QuestionType
from survey.questionnaires.logic import DECISIVE
from survey.questionnaires.words import RATING_WORDS

JOB_KIND = "job_kind"
LANGUAGE = "language"
HAPPENED = {"1": "It happened", "0": "It did not happen"}


@dataclass(frozen=True)
class Subject:
    """What a condition may be about. `values` are those to choose from; none: words are typed (kinds of job)."""

    name: str  # "question:rating", "step:greeted", "job_kind", "language"
    label: str
    values: Mapping[str, str]
    is_scale: bool = False  # the values are numbers in a row


def subjects(document: Document, before: str | None, steps: Mapping[str, str]) -> list[Subject]:
    """What the question `before` (None: one at the end) may depend on: what is asked earlier, the job, the reader."""
    earlier = []
    used = {one.question for one in document.by_key[before].show_if} if before in document.by_key else set()
    for question in document.questions:
        if question.key == before:
            break
        earlier.append(question)
    found = []
    if any(question.key in DECISIVE for question in earlier):
        words = {str(value): f"{value} {word}" for value, word in sorted(RATING_WORDS.items())}
        found.append(Subject(f"question:{RATING}", RATING_ON_FIVE.capitalize(), words, is_scale=True))
    for question in earlier:
        if question.confidentiality is Confidentiality.CONFIDENTIAL and question.key not in used:
            continue  # that somebody is asked the next question would tell the answer
        if question.type in SCALES or question.type in CHOOSING:
            values = {str(value): word for value, word in answers_of(question, document.language).items()}
            scale = question.type in SCALES and len(values) > len(HAPPENED)
            found.append(Subject(f"question:{question.key}", quoted(title(document, question)), values, scale))
        elif question.type is QuestionType.PROMISE:
            found += [Subject(f"step:{key}", f"Promise: {quoted(text)}", HAPPENED) for key, text in steps.items()]
    found.append(Subject(JOB_KIND, "The kind of job", {}))
    found.append(Subject(LANGUAGE, "The client’s language", LANGUAGES))
    return found


def subject_of(condition: Condition) -> str:
    """The name of what a condition is about."""
    if condition.question:
        return f"question:{condition.question}"
    return f"step:{condition.step}" if condition.step else JOB_KIND if condition.job_kind else LANGUAGE


def values_of(condition: Condition, subject: Subject | None) -> list[str]:
    """Which of the subject's values a condition lets through; for kinds of job, the kinds."""
    if condition.job_kind or condition.language:
        return list(condition.job_kind or condition.language)
    if condition.step:
        return ["1" if condition.happened else "0"]
    known = [int(value) for value in subject.values] if subject else condition.one_of
    return [str(value) for value in accepted(condition, known)]


def condition_of(subject: Subject, chosen: Collection[str]) -> Condition:
    """The condition that lets the chosen values through; at least one is chosen, and not all.

    Values in a row from an end of a scale become a bound: a rating of 1 and 2 is "at most 2".
    """
    if subject.name == JOB_KIND:
        return Condition(job_kind=list(chosen))
    known = [value for value in subject.values if value in set(chosen)]
    if subject.name == LANGUAGE:
        return Condition(language=known)
    kind, _colon, name = subject.name.partition(":")
    if kind == "step":
        return Condition(step=name, happened=known == ["1"])
    numbers = [int(value) for value in known]
    if subject.is_scale and (bound := _bound(numbers, [int(value) for value in subject.values])):
        return Condition(question=name, **bound)
    return Condition(question=name, one_of=numbers)


def _bound(numbers: Sequence[int], possible: Sequence[int]) -> dict[str, Any]:
    if list(numbers) != list(range(numbers[0], numbers[-1] + 1)):
        return {}
    bound: dict[str, Any] = {"at_least": numbers[0]} if numbers[0] != possible[0] else {}
    return bound | ({"at_most": numbers[-1]} if numbers[-1] != possible[-1] else {})


def kept_where_the_same(
    made: Iterable[Condition], original: Iterable[Condition], known: Iterable[Subject]
) -> list[Condition]:
    """The conditions made from a form, each as it stood before where it means the same: saving changes nothing then."""
    by_name = {subject.name: subject for subject in known}

    def meaning(condition: Condition) -> tuple[str, tuple[str, ...]]:
        name = subject_of(condition)
        return name, tuple(values_of(condition, by_name.get(name)))

    before = {meaning(condition): condition for condition in original}
    return [before.get(meaning(condition), condition) for condition in made]
