"""What was sent on a survey page, read by the questionnaire it answers: values, or what is wrong with them. Pure.

Fields are named by question key. The options ticked of a question with several answers repeat its key; an option's own
words are `other_<key>`; a step of the promise is `step_<step>`: yes, no or na. `asked` repeats the keys of the
questions of the page with boxes, so that none ticked is told from not shown.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from werkzeug.datastructures import MultiDict

from survey.errors import InvalidInputError
from survey.languages import Translator
from survey.questionnaires.document import (
    CHOOSING,
    SCALES,
    STANDARD,
    TEXTS,
    Document,
    Question,
    QuestionType,
)

STEP_PREFIX = "step_"
OTHER_PREFIX = "other_"
NOT_TYPED = frozenset({"based_on", "asked", "again"})  # fields of the page itself
STEP_VALUES = {"yes": 1, "no": -1, "na": 0}  # a step of the promise, as the form names it → the ledger's value
OTHER_LENGTH = 300  # characters of an option's own words

# Every questionnaire takes these, whether it asks them or not: scripts and other tools rely on their names.
ALWAYS = {
    key: Question(key=key, type=STANDARD[key], text={"en": text})
    for key, text in {
        "csat": "How did we do?",
        "nps": "How likely are you to recommend us?",
        "ces": "It was easy to get what I needed.",
        "comment": "Anything you would like to tell us?",
    }.items()
}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NUMBER = re.compile(r"\d{1,2}")


class Fields(Protocol):
    """What is asked of the fields of a form; `MultiDict` has it."""

    def get(self, name: str, default: str, /) -> str:
        """The first value of a field."""

    def getlist(self, name: str, /) -> list[str]:
        """All its values."""

    def __contains__(self, name: object, /) -> bool: ...


@dataclass
class Sent:
    """What a page sent.

    Attributes:
        answers: question → number, or text; "" takes an answer away. `key.value` stands for one option of several.
        steps: step of the promise → 1, −1 or 0.
        errors: field → a sentence for the person who sent it.
    """

    answers: dict[str, int | str] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def questions_of(document: Document) -> Mapping[str, Question]:
    """Key → every question whose answer a questionnaire takes."""
    return {**ALWAYS, **document.by_key}


def offered(document: Document, query: Mapping[str, str]) -> dict[str, int]:
    """Question → the value that a link carries for it, of those that can lead, where it is on their scale."""
    found = {}
    for key, question in questions_of(document).items():
        if (raw := query.get(key, "")) and question.can_lead:
            lowest, highest = question.scale
            if raw in map(str, range(lowest, highest + 1)):
                found[key] = int(raw)
    return found


def read(document: Document, promise: Collection[str], fields: Fields, _: Translator) -> Sent:
    """What was sent, of any page of the questionnaire; unknown fields say nothing.

    `promise` are the steps of the firm's promise, `_` the language of the errors.
    """
    sent, asked = Sent(), fields.getlist("asked")
    for key, question in questions_of(document).items():
        if key not in fields and key not in asked and OTHER_PREFIX + key not in fields:
            continue
        if question.type in TEXTS:
            _read_text(question, fields, sent, _)
        elif question.type is QuestionType.CHOICES:
            _read_choices(question, fields, sent, _)
        elif question.type is QuestionType.CHOICE:
            _read_choice(question, fields, sent, _)
        elif question.type in SCALES:
            _read_number(question, fields, sent, _)
        if question.type is QuestionType.CONSENT and key not in sent.answers and key in asked:
            sent.answers[key] = 0
    for step in promise:
        if raw := fields.get(STEP_PREFIX + step, ""):
            if raw in STEP_VALUES:
                sent.steps[step] = STEP_VALUES[raw]
            else:
                sent.errors[STEP_PREFIX + step] = _("Choose yes, no, or doesn’t apply.")
    return sent


def typed(fields: MultiDict[str, str]) -> str:
    """All that a person wrote into the fields of a page, whatever it asked."""
    names = [name for name in fields if name not in NOT_TYPED and not name.startswith(STEP_PREFIX)]
    texts = [clean_text(text) for name in names for text in fields.getlist(name)]
    return "\n\n".join(text for text in texts if text and not _NUMBER.fullmatch(text))


def choose_error(question: Question, _: Translator) -> str:
    """What to say where a question has no answer, or none that can be one."""
    if question.type is QuestionType.RATING:
        return _("Choose one of the five ratings.")
    if question.type is QuestionType.YES_NO:
        return _("Choose yes or no.")
    if question.type in CHOOSING or question.type is QuestionType.CONSENT:
        return _("Choose one of these.")
    lowest, highest = question.scale
    return _("Choose a number from %(lowest)s to %(highest)s.", lowest=lowest, highest=highest)


def clean_text(text: str) -> str:
    """What a person typed, without the characters no database or reader wants; lines end in a line feed."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _number(raw: str) -> int | None:
    return int(raw) if raw.isascii() and _NUMBER.fullmatch(raw) else None


def _read_number(question: Question, fields: Fields, sent: Sent, _: Translator) -> None:
    raw = fields.get(question.key, "").strip()
    if not raw:
        return
    number, (lowest, highest) = _number(raw), question.scale
    if number is None or not lowest <= number <= highest:
        sent.errors[question.key] = choose_error(question, _)
    else:
        sent.answers[question.key] = number


def _read_text(question: Question, fields: Fields, sent: Sent, _: Translator) -> None:
    if question.key in fields:
        text = clean_text(fields.get(question.key, ""))
        _too_long(question.key, text, TEXTS[question.type], sent, _)
        sent.answers[question.key] = text


def _too_long(name: str, text: str, longest: int, sent: Sent, _: Translator) -> None:
    excess, fit = len(text) - longest, f"{longest:,}"
    if excess == 1:
        sent.errors[name] = _("Please shorten this by one character; %(longest)s fit.", longest=fit)
    elif excess > 1:
        sent.errors[name] = _(
            "Please shorten this by %(excess)s characters; %(longest)s fit.", excess=f"{excess:,}", longest=fit
        )


def _own_words(question: Question, fields: Fields, sent: Sent, _: Translator) -> str:
    words = clean_text(fields.get(OTHER_PREFIX + question.key, ""))
    _too_long(OTHER_PREFIX + question.key, words, OTHER_LENGTH, sent, _)
    return words


def _read_choice(question: Question, fields: Fields, sent: Sent, _: Translator) -> None:
    raw, words = fields.get(question.key, "").strip(), _own_words(question, fields, sent, _)
    other = next((option for option in question.options if option.other), None)
    if not raw and not (words and other):
        return
    chosen = question.option(_number(raw) or 0) if raw else other
    if chosen is None:
        sent.errors[question.key] = choose_error(question, _)
        return
    sent.answers[question.key] = chosen.value
    if other is not None:
        sent.answers[f"{question.key}.{other.value}"] = words if chosen is other else ""


def _read_choices(question: Question, fields: Fields, sent: Sent, _: Translator) -> None:
    raw, words = [text.strip() for text in fields.getlist(question.key)], _own_words(question, fields, sent, _)
    ticked = {_number(text) for text in raw if text}
    if ticked - {option.value for option in question.options}:
        sent.errors[question.key] = choose_error(question, _)
    elif ticked or words or question.key in fields.getlist("asked"):
        for option in question.options:
            said = words if option.other and words else 1 if option.value in ticked else ""
            sent.answers[f"{question.key}.{option.value}"] = said


def checked(document: Document, answers: Mapping[str, int | str], longest: int | None = None) -> dict[str, int | str]:
    """`answers` with every number in its scale and every text cleaned ("" means "take it away").

    `longest` is how many characters a text may have, where it is not from the survey page.

    Raises:
        InvalidInputError: an unknown question, a number outside its scale, a text that is too long.
    """
    questions = questions_of(document)
    found: dict[str, int | str] = {}
    for name, value in answers.items():
        key, _dot, part = name.partition(".")
        question = questions.get(key)
        if question is None or (part and question.option(_number(part) or 0) is None):
            raise InvalidInputError(f"there is no question called {name!r}", name)
        if value == "" and isinstance(value, str):
            found[name] = value
        elif part:
            found[name] = _checked_part(question, int(part), value)
        elif question.type in TEXTS:
            found[name] = _checked_text(question, value, longest or TEXTS[question.type])
        else:
            found[name] = _checked_number(question, value)
    return found


def _checked_part(question: Question, part: int, value: int | str) -> int | str:
    option = question.option(part)
    if isinstance(value, str) and option is not None and option.other:
        text = clean_text(value)
        if len(text) <= OTHER_LENGTH:
            return text
    elif value == 1 and question.type is QuestionType.CHOICES:
        return 1
    raise InvalidInputError(f"{question.key}.{part} can’t be {value!r:.60}", f"{question.key}.{part}")


def _checked_text(question: Question, value: int | str, longest: int) -> str:
    if not isinstance(value, str):
        raise InvalidInputError(f"{question.key} must be text", question.key)
    text = clean_text(value)
    if len(text) > longest:
        raise InvalidInputError(
            f"the {question.key} has {len(text):,} characters; {longest:,} are allowed", question.key
        )
    return text


def _checked_number(question: Question, value: int | str) -> int:
    if question.type is QuestionType.CHOICE:
        if isinstance(value, int) and not isinstance(value, bool) and question.option(value):
            return value
        raise InvalidInputError(f"{question.key} has no option {value!r:.60}", question.key)
    if question.type not in SCALES:
        raise InvalidInputError(f"{question.key} has no value of its own", question.key)
    lowest, highest = question.scale
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise InvalidInputError(
            f"{question.key} must be a whole number from {lowest} to {highest}, not {value!r:.60}", question.key
        )
    return value


def checked_steps(steps: Mapping[str, int]) -> dict[str, int]:
    """`steps` of the promise, each 1 (happened), −1 (did not) or 0 (not applicable).

    Raises:
        InvalidInputError: another value.
    """
    for step, value in steps.items():
        if value not in STEP_VALUES.values():
            raise InvalidInputError(f"step_{step} must be 1, 0 or −1, not {value!r}", f"step_{step}")
    return dict(steps)
