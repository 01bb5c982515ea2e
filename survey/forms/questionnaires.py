"""What a manager fills in about a questionnaire and one of its questions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wtforms import BooleanField, Field, Form, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, ValidationError

from survey.forms.desk import stripped, text
from survey.forms.question_parts import ConditionsField, OptionsField, wording
from survey.languages import LANGUAGES
from survey.questionnaires.conditions import Subject, kept_where_the_same
from survey.questionnaires.describing import CONFIDENTIALITY_WORDS, TYPE_WORDS, TypeWords
from survey.questionnaires.document import (
    CHOOSING,
    STANDARD,
    TEXTS,
    TOLD_TO_ALL,
    Confidentiality,
    Document,
    Question,
    QuestionType,
)
from survey.questionnaires.editing import new_options, question_of
from survey.questionnaires.keys import key_for, why_no_key
from survey.questionnaires.words import RATING_WORDS

PROMPTS = ("5", "4", "3", "2", "1")  # the ratings, best first


@dataclass(frozen=True)
class Asking:
    """The question that a form is about, and what is known around it."""

    document: Document
    kind: QuestionType
    subjects: Sequence[Subject]  # what it may depend on
    question: Question | None = None  # as it stands in the draft, perhaps of another type; None: a new one
    key: str = ""  # its name in the data, as one of this type
    is_published: bool = False  # some version asks it so: its name in the data stays
    spent: Mapping[str, QuestionType] = field(
        default_factory=dict
    )  # names in the data that versions used, and for what
    used_values: Collection[int] = field(default_factory=frozenset)  # of its options, in any version
    kinds: Sequence[str] = ()  # of job, that occur

    @property
    def leads(self) -> bool:
        """Whether it is the first question, which has neither a condition nor a page to share."""
        return self.question is not None and self.question.key == self.document.lead.key

    @property
    def readers(self) -> list[Confidentiality]:
        """Who may be the only ones to read its answers: not managers alone where flags and emails tell them, and not
        nobody by name where the relationship model reads them."""
        if self.leads or self.kind is QuestionType.PROMISE or self.key in TOLD_TO_ALL:
            return [Confidentiality.NAMED]
        return [one for one in Confidentiality if one is not Confidentiality.CONFIDENTIAL or self.key not in STANDARD]

    @property
    def others_names(self) -> set[str]:
        """Names in the data under which versions asked questions of another type."""
        return {key for key, kind in self.spent.items() if kind is not self.kind}

    @property
    def words(self) -> TypeWords:
        return TYPE_WORDS[self.kind]


class QuestionForm(Form):
    """One question, in the language the questionnaire is written in."""

    text = TextAreaField("Question", filters=[stripped], validators=[InputRequired("Write the question."), wording])
    hint = TextAreaField("Hint under it", filters=[stripped], validators=[wording])
    key = StringField("Name in the data", filters=[stripped])
    prompt_5 = StringField(f"After 5, {RATING_WORDS[5].lower()}", filters=[stripped], validators=[wording])
    prompt_4 = StringField(f"After 4, {RATING_WORDS[4].lower()}", filters=[stripped], validators=[wording])
    prompt_3 = StringField("After 3, OK", filters=[stripped], validators=[wording])
    prompt_2 = StringField(f"After 2, {RATING_WORDS[2].lower()}", filters=[stripped], validators=[wording])
    prompt_1 = StringField(f"After 1, {RATING_WORDS[1].lower()}", filters=[stripped], validators=[wording])
    options = OptionsField("Answers to choose from")
    conditions = ConditionsField("When it is shown")
    with_previous = BooleanField("On the same page as the question before it")
    confidentiality = RadioField(
        "Who may read the answers",
        default=Confidentiality.NAMED.value,
    )
    asking: Asking
    revision: int  # of the draft, as its author sees it

    @classmethod
    def of(cls, asking: Asking, revision: int, formdata: Any) -> "QuestionForm":
        """The form for a question, or for a new one."""
        form = cls(formdata, **_filled(asking))
        form.asking, form.revision = asking, revision
        form.conditions.subjects = asking.subjects
        form.text.label.text = "Statement" if asking.kind is QuestionType.AGREEMENT else "Question"
        if asking.kind not in TEXTS:
            for rating in PROMPTS:
                del form[f"prompt_{rating}"]
        if asking.kind not in CHOOSING:
            del form.options
        if asking.leads:
            del form.conditions
            del form.with_previous
        form.confidentiality.choices = [
            SelectChoice(one.value, words[0]) for one, words in CONFIDENTIALITY_WORDS.items() if one in asking.readers
        ]
        return form

    @property
    def prompts(self) -> dict[str, Field]:
        """Rating → the wording after it, best first; none where there can be none."""
        return {rating: self[f"prompt_{rating}"] for rating in PROMPTS if f"prompt_{rating}" in self}

    @property
    def is_key_fixed(self) -> bool:
        return self.asking.is_published or self.asking.kind is QuestionType.PROMISE

    def rearranged(self, do: str) -> bool:
        """Whether a button that only changes the form was pressed, and if so: do what it says."""
        part, _dash, act = do.partition("-")
        if part == "option" and "options" in self:
            self.options.rearrange(act)
        elif part == "condition" and "conditions" in self:
            self.conditions.rearrange(act)
        else:
            return False
        return True

    def validate_key(self, key: StringField) -> None:
        wanted = text(key)
        if not wanted or self.is_key_fixed:
            return
        if why := why_no_key(wanted, self.asking.kind):
            raise ValidationError(why)
        own = self.asking.question.key if self.asking.question else None
        if wanted != own and wanted in self.asking.document.by_key:
            raise ValidationError("Another question has this name.")
        if wanted in self.asking.others_names:
            raise ValidationError("A version asked another kind of question under this name; its answers stay apart.")

    def question(self) -> Question:
        """What was filled in and found valid.

        Raises:
            InvalidInputError: no value is left for a new option, or its name and its type do not go together.
        """
        asking, before, language = self.asking, self.asking.question, self.asking.document.language
        options = new_options(self.options.chosen(), before, language, asking.used_values) if "options" in self else []
        made = self.conditions.made if "conditions" in self else []
        return question_of(
            key=self._key(),
            type=asking.kind,
            text=_said(before.text if before else {}, language, text(self.text)),
            hint=_said(before.hint if before else {}, language, text(self.hint)),
            prompts={
                rating: words
                for rating, typed in self.prompts.items()
                if (words := _said(_prompt(before, rating), language, typed.data or ""))
            },
            options=options,
            show_if=kept_where_the_same(made, before.show_if if before else [], asking.subjects),
            with_previous=bool("with_previous" in self and self.with_previous.data),
            confidentiality=Confidentiality(self.confidentiality.data),
        )

    def _key(self) -> str:
        before = self.asking.question
        if before and (self.is_key_fixed or not self.key.data):
            return self.asking.key
        taken = {*self.asking.document.by_key, *self.asking.others_names}
        if self.confidentiality.data == Confidentiality.CONFIDENTIAL:
            taken |= STANDARD.keys()  # the relationship model reads these, with the client's name
        elif self.confidentiality.data == Confidentiality.MANAGERS:
            taken |= TOLD_TO_ALL
        return text(self.key) or key_for(text(self.text), self.asking.kind, taken)

    def refuse(self, message: str, name: str | None) -> None:
        """Show what a rule said beside the field it is about."""
        shown = self[name] if name and name in self else self.text
        shown.errors = [*shown.errors, message]


def _prompt(question: Question | None, rating: str) -> Mapping[str, str]:
    return question.prompts.get(rating, {}) if question else {}


def _said(before: Mapping[str, str], language: str, words: str) -> dict[str, str]:
    """A wording with other words in one language; without any there is nothing to translate either."""
    return {**before, language: words} if words else {}


def _filled(asking: Asking) -> dict[str, Any]:
    """The fields' values for a question."""
    question, language = asking.question, asking.document.language
    if question is None:
        return {"options": [], "conditions": []}
    return {
        "text": question.text.get(language, ""),
        "hint": question.hint.get(language, ""),
        "key": asking.key,
        **{f"prompt_{rating}": _prompt(question, rating).get(language, "") for rating in PROMPTS},
        "options": [(option.value, option.text.get(language, ""), option.other) for option in question.options],
        "conditions": list(question.show_if),
        "with_previous": question.with_previous,
        "confidentiality": _readers(asking, question).value,
    }


def _readers(asking: Asking, question: Question) -> Confidentiality:
    """Who reads the answers now, or, where that can't be, as few as can."""
    wanted = list(Confidentiality).index(question.confidentiality)
    return next(one for one in reversed(list(Confidentiality)[: wanted + 1]) if one in asking.readers)


NAMED = InputRequired("Give it a name; only the desk shows it.")


class NewForm(Form):
    """How a questionnaire begins."""

    name = StringField("Name", filters=[stripped])
    start = RadioField("Begin with")


class DescriptionForm(Form):
    """What managers call a questionnaire, and what it is for."""

    name = StringField("Name", filters=[stripped], validators=[NAMED])
    about = TextAreaField("What it is for", filters=[stripped], validators=[Length(max=600)])
    source = TextAreaField("Where its questions come from", filters=[stripped], validators=[Length(max=300)])
    language = SelectField("Written in", choices=[SelectChoice(code, name) for code, name in LANGUAGES.items()])
