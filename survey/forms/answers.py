"""What the client fills in. One form knows every field; each page of the survey shows some of them."""

from collections.abc import Iterable
from typing import Any

from wtforms import Field, Form, HiddenField, IntegerField, StringField, TextAreaField
from wtforms.validators import AnyOf, NumberRange, Optional, ValidationError

from survey.questionnaire import COMMENT_LENGTH, SCALES, STEP_VALUES, PromiseStep, clean_text

CHOOSE_ERRORS = {
    "csat": "Choose one of the five ratings.",
    "nps": "Choose a number from 0 to 10.",
    "ces": "Choose a number from 1 to 7.",
    "about": "Choose one of these.",
    "would_return": "Choose yes or no.",
    "contact_me": "Choose yes or no.",
}
STEP_PREFIX = "step_"


def _scale(question: str) -> IntegerField:
    lowest, highest = SCALES[question]
    message = CHOOSE_ERRORS[question]
    in_range = NumberRange(lowest, highest, message)
    return IntegerField(validators=[Optional(), in_range], invalid_value_message=message)  # type: ignore[call-arg]


def _cleaned(value: str | None) -> str:
    return clean_text(value or "")


def _short_enough(_form: Form, field: Field) -> None:
    excess = len(field.data or "") - COMMENT_LENGTH
    if excess > 0:
        raise ValidationError(f"Please shorten this by {excess:,} characters; {COMMENT_LENGTH:,} fit.")


class AnswersForm(Form):
    """Every field of the survey. Only fields that were sent count; an empty radio group is no answer."""

    based_on = HiddenField()
    csat = _scale("csat")
    nps = _scale("nps")
    ces = _scale("ces")
    about = _scale("about")
    would_return = _scale("would_return")
    contact_me = _scale("contact_me")
    comment = TextAreaField(filters=[_cleaned], validators=[_short_enough])

    def answers(self) -> dict[str, int | str]:
        """Question → value, of the questions that were sent with a value; a comment sent empty is ""."""
        given = {question: self[question].data for question in SCALES if self[question].data is not None}
        if self.comment.raw_data:
            given["comment"] = self.comment.data
        return given

    def steps(self) -> dict[str, int]:
        """Step of the promise → 1, −1 or 0, of the steps that were sent with a value."""
        return {
            field.name.removeprefix(STEP_PREFIX): STEP_VALUES[field.data]
            for field in self
            if field.name.startswith(STEP_PREFIX) and field.data in STEP_VALUES
        }

    def require_rating(self, question: str) -> bool:
        """Whether a rating was sent; if not, `question`'s field gets the error."""
        if self.csat.data is not None or self.nps.data is not None:
            return True
        self[question].errors = [CHOOSE_ERRORS[question]]
        return False


def answers_form(promise: Iterable[PromiseStep], sent: Any = None) -> AnswersForm:
    """The form with the steps of this firm's promise. `sent` is what was posted, None on a GET."""
    named = AnyOf(STEP_VALUES, "Choose yes, no, or doesn’t apply.")
    fields = {STEP_PREFIX + step.key: StringField(step.text, validators=[Optional(), named]) for step in promise}
    form_class = type("AnswersForm", (AnswersForm,), fields)
    form: AnswersForm = form_class(sent)
    return form
