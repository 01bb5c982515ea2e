"""What the answers of a scale are called, on the client's page, in their language, and on the desk. Pure."""

from collections.abc import Mapping

from survey.languages import Translator
from survey.questionnaires.document import CHOOSING, Question, QuestionType, Wording
from survey.questionnaires.wording import fill

RATING_WORDS = {5: "Excellent", 4: "Good", 3: "OK", 2: "Bad", 1: "Very bad"}
YES_NO_WORDS = {1: "Yes", 0: "No"}
STEP_WORDS = {1: "Yes", -1: "No", 0: "Doesn’t apply"}
ENDS = {  # the lowest and the highest number, in words
    QuestionType.NPS: ("Not at all likely", "Very likely"),
    QuestionType.CES: ("Strongly disagree", "Strongly agree"),
    QuestionType.AGREEMENT: ("Strongly disagree", "Strongly agree"),
}


def said(wording: Wording, language: str, written_in: str, values: Mapping[str, str]) -> str:
    """A wording in `language`, else in the one it was written in, with its placeholders filled in."""
    return fill(wording.get(language) or wording.get(written_in, ""), values)


def number_in_words(question: Question, number: int, language: str, written_in: str, _: Translator) -> str:
    """An answer's number as a person says it: "Good", "9 out of 10", "Yes", the option's text."""
    if question.type is QuestionType.RATING:
        return _(RATING_WORDS[number])
    if question.type in {QuestionType.YES_NO, QuestionType.CONSENT}:
        return _(YES_NO_WORDS[number])
    if question.type in CHOOSING:
        option = question.option(number)
        return said(option.text, language, written_in, {}) if option else str(number)
    return _("%(number)s out of %(highest)s", number=number, highest=question.scale[1])


def answer_in_words(
    question: Question, answers: Mapping[str, int | str], language: str, written_in: str, _: Translator
) -> str:
    """The whole answer to a question, "" if there is none; several options one to a line, with the client's words."""
    if question.type is QuestionType.CHOICES:
        lines = [
            (said(option.text, language, written_in, {}), answers[name])
            for option in question.options
            if (name := f"{question.key}.{option.value}") in answers
        ]
        return "\n".join(f"{text}: {words}" if isinstance(words, str) else text for text, words in lines)
    value = answers.get(question.key)
    if not isinstance(value, int):
        return value or ""
    words = number_in_words(question, value, language, written_in, _)
    own = answers.get(f"{question.key}.{value}")
    return f"{words}: {own}" if own else words
