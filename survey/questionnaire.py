"""The questions of the after-job survey, their scales and wording. Pure."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from survey.errors import InvalidInputError
from survey.promise import DEFAULT_PROMISE as DEFAULT_PROMISE
from survey.promise import PromiseStep as PromiseStep
from survey.promise import promise_steps as promise_steps

SCALES = {
    "csat": (1, 5),
    "nps": (0, 10),
    "ces": (1, 7),
    "about": (1, 5),  # no scale but a choice: a key of ABOUT_WORDS
    "would_return": (0, 1),
    "contact_me": (0, 1),
}
LOW_RATING = 2  # this and below: something went wrong
COMMENT_LENGTH = 5_000  # characters, in the survey; history from other tools may be longer
STEP_VALUES = {"yes": 1, "no": -1, "na": 0}  # a step of the promise, as the form names it → the ledger's value

RATING_WORDS = {5: "Excellent", 4: "Good", 3: "OK", 2: "Bad", 1: "Very bad"}
YES_NO_WORDS = {1: "Yes", 0: "No"}
ABOUT_PERSON = 1
ABOUT_WORDS = {1: "A person", 2: "The wait", 3: "The price", 4: "The work or product", 5: "Something else"}
STEP_WORDS = {1: "Yes", -1: "No", 0: "Doesn’t apply"}

# The pages after the first, in order, all optional. The first page asks CSAT or NPS; the other one comes second.
# What it was about is asked only after a low rating: staff answer for what clients say was about a person.
FOLLOW_UPS = ("about", "return", "recommend", "promise", "contact")


@dataclass(frozen=True)
class Question:
    """A question with a page of its own."""

    key: str
    text: str
    hint: str = ""


PAGE_QUESTIONS = {
    "about": Question("about", "What was it mostly about?", "One tap, so that we put the right thing right."),
    "return": Question("would_return", "Would you come back to us?", "If you needed something like this again."),
    "recommend": Question("nps", "How likely are you to recommend us?", "To a friend or a colleague."),
    "overall": Question("csat", "How was this job?"),
    "contact": Question("contact_me", "May we contact you about this?", "Say yes if you would like to talk about it."),
}
LEAD_QUESTIONS = {
    "csat": Question("csat", "How did we do?", "Choose what fits best."),
    "nps": PAGE_QUESTIONS["recommend"],
}

_NO_RATING_PROMPT = "Anything you would like to tell us?"
_PROMPTS = {
    5: "What made it excellent?",
    4: "What went well, and what could be better?",
    3: "What would have made it better?",
    2: "What went wrong, and what should we put right?",
    1: "What went wrong, and what should we put right?",
}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def comment_prompt(csat: int | None) -> str:
    """The free-text question that fits a rating of 1…5, or no rating yet."""
    return _NO_RATING_PROMPT if csat is None else _PROMPTS[csat]


def rating(answers: Mapping[str, int | str]) -> int | None:
    """The rating on 1…5: the CSAT, else what the NPS says (detractor 2, passive 4, promoter 5)."""
    csat, nps = answers.get("csat"), answers.get("nps")
    if isinstance(csat, int):
        return csat
    if isinstance(nps, int):
        return 5 if nps >= 9 else 4 if nps >= 7 else 2
    return None


def follow_ups(answers: Mapping[str, int | str], has_promise: bool) -> tuple[str, ...]:
    """The optional pages for somebody with these answers, in order."""
    pages = ["overall" if page == "recommend" and "csat" not in answers else page for page in FOLLOW_UPS]
    asked = {"promise": has_promise, "about": is_low(answers)}
    return tuple(page for page in pages if asked.get(page, True))


def is_low(answers: Mapping[str, int | str]) -> bool:
    """Whether the rating says that something went wrong."""
    found = rating(answers)
    return found is not None and found <= LOW_RATING


def next_page(page: str, answers: Mapping[str, int | str], steps: Collection[str], promise: Collection[str]) -> str:
    """The page after `page`: the next follow-up that has no answer yet, at the end "done".

    `steps` are the steps of the promise answered, `promise` all of them.
    """
    if page == "done":
        return page
    pages = follow_ups(answers, bool(promise))
    place = "recommend" if page == "overall" and page not in pages else page
    for later in pages[pages.index(place) + 1 :] if place in pages else pages:
        answered = set(promise) <= set(steps) if later == "promise" else PAGE_QUESTIONS[later].key in answers
        if not answered:
            return later
    return "done"


def clean_text(text: str) -> str:
    """What a person typed, without the characters no database or reader wants; lines end in a line feed."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def checked_answers(answers: Mapping[str, int | str], comment_length: int = COMMENT_LENGTH) -> dict[str, int | str]:
    """`answers` with every number inside its scale and the comment cleaned (an empty one means "take it away").

    Raises:
        InvalidInputError: an unknown question, a number outside its scale, a comment that is too long.
    """
    checked: dict[str, int | str] = {}
    for question, value in answers.items():
        if question == "comment":
            checked[question] = _checked_comment(value, comment_length)
        elif question in SCALES:
            checked[question] = _checked_number(question, value)
        else:
            raise InvalidInputError(f"there is no question called {question!r}", question)
    return checked


def _checked_number(question: str, value: int | str) -> int:
    lowest, highest = SCALES[question]
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise InvalidInputError(
            f"{question} must be a whole number from {lowest} to {highest}, not {value!r}", question
        )
    return value


def _checked_comment(value: int | str, longest: int) -> str:
    if not isinstance(value, str):
        raise InvalidInputError("comment must be text", "comment")
    text = clean_text(value)
    if len(text) > longest:
        raise InvalidInputError(f"the comment has {len(text):,} characters; {longest:,} are allowed", "comment")
    return text


def checked_steps(steps: Mapping[str, int]) -> dict[str, int]:
    """`steps` of the promise, each 1 (happened), −1 (did not) or 0 (not applicable).

    Raises:
        InvalidInputError: another value.
    """
    for step, value in steps.items():
        if value not in STEP_WORDS:
            raise InvalidInputError(f"step_{step} must be 1, 0 or −1, not {value!r}", f"step_{step}")
    return dict(steps)
