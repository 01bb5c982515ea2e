"""A questionnaire as a document: its questions, their types, when each is shown, and the words in every language. Pure.

The document is JSON; `schema()` is its published JSON Schema (draft 2020-12). A document that validates can be shown,
answered, stored, exported and read back.
"""

from collections.abc import Iterator
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from survey.errors import InvalidInputError
from survey.languages import LANGUAGES
from survey.questionnaires.faults import in_words
from survey.questionnaires.wording import check_placeholders, clean_wording

FORMAT = 1  # of the document
MOST_QUESTIONS = 40
MOST_OPTIONS = 12
LONGEST_TEXT = 300  # characters of one wording in one language
RATING = "rating"  # in a condition: the rating on 1…5, whichever scale was answered

KEY = r"^[a-z][a-z0-9_]{0,29}$"
_NOT_KEYS = frozenset(
    {"based_on", "change", "done", "fixed", "lang", "offered", "promise_steps", RATING, "repair", "reply", "theme"}
)
_NOT_STARTS = ("step_", "reply_", "other_")


class QuestionType(StrEnum):
    """How a question is asked and answered."""

    RATING = "rating"  # 1…5, in words
    NPS = "nps"  # 0…10, how likely to recommend (Reichheld 2003)
    CES = "ces"  # 1…7, how easy it was (Dixon, Freeman, Toman 2010)
    AGREEMENT = "agreement"  # 1…7, how far one agrees with a statement (SERVPERF: Cronin, Taylor 1992)
    YES_NO = "yes_no"
    PROMISE = "promise"  # the steps of the firm's service promise, each yes, no or not applicable
    CHOICE = "choice"  # one of several
    CHOICES = "choices"  # any of several
    SHORT_TEXT = "short_text"
    LONG_TEXT = "long_text"
    CONSENT = "consent"  # a box to tick


class Confidentiality(StrEnum):
    """Who may read an answer."""

    NAMED = "named"  # everybody at the firm, with the client's name
    MANAGERS = "managers"  # managers only
    CONFIDENTIAL = "confidential"  # kept apart from who gave it, shown only together with others'


SCALES = {
    QuestionType.RATING: (1, 5),
    QuestionType.NPS: (0, 10),
    QuestionType.CES: (1, 7),
    QuestionType.AGREEMENT: (1, 7),
    QuestionType.YES_NO: (0, 1),
    QuestionType.CONSENT: (0, 1),
}
LEADS = frozenset({QuestionType.RATING, QuestionType.NPS, QuestionType.CES})  # what an email can offer
TEXTS = {QuestionType.SHORT_TEXT: 300, QuestionType.LONG_TEXT: 5_000}  # characters a client may write
CHOOSING = frozenset({QuestionType.CHOICE, QuestionType.CHOICES})

# Answers that the rest of the product reads; a question with this key must be of this type.
STANDARD = {
    "csat": QuestionType.RATING,
    "nps": QuestionType.NPS,
    "ces": QuestionType.CES,
    "comment": QuestionType.LONG_TEXT,
    "would_return": QuestionType.YES_NO,
    "contact_me": QuestionType.YES_NO,
    "promise": QuestionType.PROMISE,
    "about": QuestionType.CHOICE,
}
TOLD_TO_ALL = STANDARD.keys() - {"comment"}  # stand in reasons and signals, which everybody at the desk reads

Wording = dict[str, str]  # language → text


def _checked_wording(wording: Wording) -> Wording:
    checked: Wording = {}
    for language, text in wording.items():
        if language not in LANGUAGES:
            raise ValueError(f"{language!r} is none of the languages {', '.join(LANGUAGES)}")
        if len(cleaned := clean_wording(text)) > LONGEST_TEXT:
            raise ValueError(f"{len(cleaned)} characters; {LONGEST_TEXT} fit")
        check_placeholders(cleaned)
        if cleaned:
            checked[language] = cleaned
    return checked


Words = Annotated[Wording, AfterValidator(_checked_wording)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Option(_Part):
    """One of the answers to choose from. `value` names it in the data and never changes its meaning."""

    value: int = Field(ge=1, le=99)
    text: Words
    other: bool = False  # asks for words of the client's own


class Condition(_Part):
    """One thing that must hold to show a question: on `question`, `step`, `job_kind` or `language`, one of them."""

    question: str = ""  # the key of an earlier question, or "rating"
    at_least: int | None = None
    at_most: int | None = None
    one_of: list[int] = []
    step: str = ""  # of the service promise, answered in this survey
    happened: bool | None = None
    job_kind: list[str] = []
    language: list[str] = []

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if sum(map(bool, (self.question, self.step, self.job_kind, self.language))) != 1:
            raise ValueError("a condition names a question, a step, kinds of job, or languages: exactly one of them")
        bounds = self.at_least is not None or self.at_most is not None or bool(self.one_of)
        if bool(self.question) != bounds:
            raise ValueError("a condition on a question says at_least, at_most or one_of; no other condition does")
        if bool(self.step) != (self.happened is not None):
            raise ValueError("a condition on a step says whether it happened; no other condition does")
        if unknown := set(self.language) - set(LANGUAGES):
            raise ValueError(f"there is no language {', '.join(sorted(unknown))}")
        return self


class Question(_Part):
    """One question. All are optional but the first."""

    key: str = Field(pattern=KEY)  # names the answer in the data, for ever
    type: QuestionType = Field(strict=False)
    text: Words
    hint: Words = {}
    prompts: dict[str, Words] = {}  # texts only: another wording after a rating of "1" … "5"
    options: list[Option] = Field(default=[], max_length=MOST_OPTIONS)
    show_if: list[Condition] = Field(default=[], max_length=8)  # all must hold
    with_previous: bool = False  # on the same page as the question before it
    confidentiality: Confidentiality = Field(default=Confidentiality.NAMED, strict=False)

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        if self.key in _NOT_KEYS or self.key.startswith(_NOT_STARTS):
            raise ValueError(f"{self.key!r} is a word of the survey page itself; choose another key")
        standard = STANDARD.get(self.key)
        if standard is not None and standard is not self.type:
            raise ValueError(f"the answer {self.key!r} is always of the type {standard.value}")
        if self.type is QuestionType.PROMISE and self.key != "promise":
            raise ValueError("the service promise is asked by the question “promise”")
        if (self.type in CHOOSING) != (len(self.options) >= 2):
            raise ValueError("a choice has at least two options; no other type has any")
        values = [option.value for option in self.options]
        if len(values) != len(set(values)):
            raise ValueError("two options have the same value")
        if self.prompts and (self.type not in TEXTS or not set(self.prompts) <= set("12345")):
            raise ValueError("only a text question has wordings that follow the rating from 1 to 5")
        if self.confidentiality is Confidentiality.CONFIDENTIAL and (
            self.type is QuestionType.PROMISE or self.key in STANDARD
        ):
            raise ValueError(f"{self.key!r} is read by the relationship model and can’t be confidential")
        return self

    @property
    def is_scale(self) -> bool:
        return self.type in SCALES

    @property
    def can_lead(self) -> bool:
        """Whether a link may offer its answer: what is confidential must not stand in an address."""
        return self.type in LEADS and self.confidentiality is not Confidentiality.CONFIDENTIAL

    @property
    def scale(self) -> tuple[int, int]:
        """The lowest and the highest number of a question with a scale."""
        return SCALES[self.type]

    def option(self, value: int) -> Option | None:
        """The option with this value."""
        return next((option for option in self.options if option.value == value), None)

    def wordings(self) -> Iterator[tuple[str, Wording]]:
        """Everything a client reads of it, each with where it stands: `text`, `hint`, `prompts.2`, `options.1`."""
        yield "text", self.text
        if self.hint:
            yield "hint", self.hint
        for rating, prompt in sorted(self.prompts.items()):
            yield f"prompts.{rating}", prompt
        for option in self.options:
            yield f"options.{option.value}", option.text


class Document(_Part):
    """A whole questionnaire. The first question leads: the email offers its answers, and it must be answered."""

    format: int = Field(default=FORMAT, ge=FORMAT, le=FORMAT)
    language: str = "en"  # in which it is written; every wording has at least this one
    about: str = Field(default="", max_length=600)  # for managers: what it is for
    source: str = Field(default="", max_length=300)  # for managers: where the questions come from
    questions: list[Question] = Field(min_length=1, max_length=MOST_QUESTIONS)

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if self.language not in LANGUAGES:
            raise ValueError(f"there is no language {self.language!r}")
        _check_lead(self.questions[0])
        seen: set[str] = set()
        for question in self.questions:
            if question.key in seen:
                raise ValueError(f"two questions have the key {question.key!r}")
            for where, wording in question.wordings():
                if self.language not in wording:
                    raise ValueError(f"{question.key}: {where} is empty in {LANGUAGES[self.language]}")
            for condition in question.show_if:
                if condition.question and condition.question != RATING and condition.question not in seen:
                    raise ValueError(f"{question.key} depends on {condition.question!r}, which is not asked before it")
                if condition.step and "promise" not in seen:
                    raise ValueError(f"{question.key} depends on the service promise, which is not asked before it")
            seen.add(question.key)
        return self

    @property
    def asks_promise(self) -> bool:
        """Whether it asks if the service promise was kept; it does so once at most."""
        return QuestionType.PROMISE.value in self.by_key

    @cached_property
    def by_key(self) -> dict[str, Question]:
        """Key → question, in the order asked."""
        return {question.key: question for question in self.questions}

    @property
    def lead(self) -> Question:
        return self.questions[0]

    def as_dict(self) -> dict[str, Any]:
        """As JSON; what says nothing is left out."""
        return self.model_dump(mode="json", exclude_defaults=True) | {"format": FORMAT, "language": self.language}

    def missing(self, language: str) -> list[str]:
        """Where a wording has no text in `language`: "csat: hint"."""
        return [f"{q.key}: {where}" for q in self.questions for where, words in q.wordings() if language not in words]

    def languages(self) -> list[str]:
        """The languages in which nothing is missing."""
        return self._complete

    @cached_property
    def _complete(self) -> list[str]:
        return [language for language in LANGUAGES if not self.missing(language)]


def _check_lead(question: Question) -> None:
    if question.type not in LEADS:
        raise ValueError("the first question is a rating, an NPS or a CES: the email offers its answers")
    if question.show_if or question.with_previous:
        raise ValueError("the first question is always shown, on the first page")
    if question.confidentiality is Confidentiality.CONFIDENTIAL:
        raise ValueError("the first question can’t be confidential: the email carries the name")


def read_document(raw: Any) -> Document:
    """A document from JSON.

    Raises:
        InvalidInputError: what is wrong, by its place in the document.
    """
    try:
        return Document.model_validate(raw)
    except ValidationError as error:
        raise InvalidInputError("; ".join(in_words(one) for one in error.errors()[:5])) from None


def schema() -> dict[str, Any]:
    """The JSON Schema of a document."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Document.model_json_schema()}
