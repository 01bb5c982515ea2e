"""Which questions are shown to whom, on which pages, and what comes next. Pure.

`answers` is question → number or text, as stored: the options ticked of a question with several answers stand as
`key.value` → 1, and an option's own words as `key.value` → text.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from survey.questionnaires.document import RATING, Condition, Document, Question, QuestionType

Answers = Mapping[str, int | str]
DONE = "done"
DECISIVE = ("csat", "nps", "ces")  # the answers that give the rating, the first one that is there


@dataclass(frozen=True)
class Setting:
    """What else a condition may ask for: the job's kind, the reader's language, steps of the promise and answers."""

    kind: str = ""
    language: str = "en"
    steps: Mapping[str, int] = field(default_factory=dict)  # step → 1, −1 or 0
    promise: Sequence[str] = ()  # every step of the firm's promise; none: the question is not asked


def rating(answers: Answers) -> int | None:
    """The rating on 1…5: the CSAT, else what the NPS says (detractor 2, passive 4, promoter 5), else the CES (hard 2,
    neither 3, easy 4, very easy 5)."""
    csat, nps, ces = answers.get("csat"), answers.get("nps"), answers.get("ces")
    if isinstance(csat, int):
        return csat
    if isinstance(nps, int):
        return 5 if nps >= 9 else 4 if nps >= 7 else 2
    if isinstance(ces, int):
        return 5 if ces == 7 else 4 if ces >= 5 else 3 if ces == 4 else 2
    return None


def decisive(asked: Collection[str], answers: Answers) -> str:
    """Which of the questions of a page decides the rating; "" if none of them does."""
    found = next((key for key in DECISIVE if key in asked or key in answers), "")
    return found if found in asked else ""


def holds(condition: Condition, answers: Answers, setting: Setting) -> bool:
    """Whether a condition holds. One on an answer that is not there yet does not."""
    if condition.job_kind:
        return setting.kind.casefold() in {kind.casefold() for kind in condition.job_kind}
    if condition.language:
        return setting.language in condition.language
    if condition.step:
        return setting.steps.get(condition.step) == (1 if condition.happened else -1)
    if condition.question != RATING and any(answers.get(f"{condition.question}.{one}") for one in condition.one_of):
        return True
    value = rating(answers) if condition.question == RATING else answers.get(condition.question)
    if not isinstance(value, int):
        return False
    return (
        (condition.at_least is None or value >= condition.at_least)
        and (condition.at_most is None or value <= condition.at_most)
        and (not condition.one_of or value in condition.one_of)
    )


def is_shown(question: Question, answers: Answers, setting: Setting) -> bool:
    """Whether a question is asked of somebody with these answers."""
    if question.type is QuestionType.PROMISE and not setting.promise:
        return False
    return not question.show_if or all(holds(condition, answers, setting) for condition in question.show_if)


def unasked(document: Document, answers: Answers, steps: Mapping[str, int]) -> set[str]:
    """The names of the answers to questions that these answers no longer lead to, whatever the job and the language."""
    left, gone, setting = dict(answers), set[str](), Setting(steps=steps)
    for question in document.questions:
        if not question.show_if:
            continue
        follows = [condition for condition in question.show_if if condition.question or condition.step]
        if all(holds(condition, left, setting) for condition in follows):
            continue
        names = {name for name in left if name.partition(".")[0] == question.key}
        gone |= names
        left = {name: value for name, value in left.items() if name not in names}
    return gone


def is_answered(question: Question, answers: Answers, setting: Setting) -> bool:
    """Whether a question has an answer."""
    if question.type is QuestionType.PROMISE:
        return bool(setting.steps)
    return question.key in answers or any(key.startswith(f"{question.key}.") for key in answers)


def lead_of(document: Document, offered: str = "") -> Question:
    """The question that the first page asks: the one that the link offers, if it could lead, else the first."""
    wanted = document.by_key.get(offered)
    return wanted if wanted and wanted.can_lead and not wanted.show_if else document.lead


def leading(document: Document, *known: Collection[str]) -> str:
    """The key of the first question that could lead and whose answer is known (offered, sent, given); "": of none."""
    able = [q.key for q in document.questions if q.can_lead and not q.show_if]
    return next((key for key in able if any(key in one for one in known)), "")


def pages(document: Document, answers: Answers, setting: Setting, lead: Question) -> list[list[Question]]:
    """The pages for somebody with these answers: the first one asks `lead`, each later one a question or several.

    What stands with the first question of the document stands with whatever leads.
    """
    found: list[list[Question]] = [[lead]]
    together: list[Question] | None = None
    for number, question in enumerate(document.questions):
        if not question.with_previous:
            together = found[0] if number == 0 else None
        if question.key == lead.key or not is_shown(question, answers, setting):
            continue
        if together is None or number == 0:
            found.append([question])
            together = together or found[-1]
        else:
            together.append(question)
    return found


def page_after(page: str, shown: Sequence[Sequence[Question]], answers: Answers, setting: Setting) -> str:
    """The key of the next page that has a question without an answer, after the one that asks `page`; else DONE."""
    if page == DONE:
        return DONE
    at = next((number for number, page_ in enumerate(shown) if any(q.key == page for q in page_)), 0)
    for later in shown[at + 1 :]:
        if not all(is_answered(question, answers, setting) for question in later):
            return later[0].key
    return DONE
