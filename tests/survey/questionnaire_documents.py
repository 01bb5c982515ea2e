"""Questionnaires for tests: short to write, and any at all."""

from typing import Any

from hypothesis import strategies as st

from survey.questionnaires import library
from survey.questionnaires.document import (
    CHOOSING,
    LEADS,
    SCALES,
    TEXTS,
    Document,
    Option,
    Question,
    QuestionType,
    read_document,
)

AFTER_JOB = library.document(library.FIRST)


def question(key: str, kind: str = "yes_no", text: str = "", **more: Any) -> dict[str, Any]:
    """One question as JSON, in English; `options` may be plain texts."""
    options = [
        {"value": value, "text": {"en": one}} if isinstance(one, str) else one
        for value, one in enumerate(more.pop("options", []), 1)
    ]
    return {"key": key, "type": kind, "text": {"en": text or f"What about {key}?"}, "options": options, **more}


def document(*questions: dict[str, Any], **more: Any) -> Document:
    """A questionnaire in English that begins with a rating."""
    return read_document({"questions": [question("csat", "rating", "How did we do?"), *questions], **more})


words = st.text("abcdefghij öß", min_size=1, max_size=12).filter(lambda text: bool(text.strip()))
wordings = st.builds(
    lambda source, others: {"en": source, **others},
    words,
    st.dictionaries(st.sampled_from(["de", "fr"]), words, max_size=2),
)


@st.composite
def questions(draw: st.DrawFn, key: str, before: list[Question]) -> Question:
    """Any question that may follow those `before` it."""
    kind = draw(st.sampled_from([one for one in QuestionType if one is not QuestionType.PROMISE]))
    earlier = [one for one in before if one.type in SCALES]
    condition = st.builds(
        lambda on, value: {"question": on.key, "at_most": value}, st.sampled_from(earlier or before), st.integers(0, 5)
    )
    return Question.model_validate(
        {
            "key": key,
            "type": kind,
            "text": draw(wordings),
            "hint": draw(wordings) if draw(st.booleans()) else {},
            "prompts": draw(st.dictionaries(st.sampled_from("135"), wordings, max_size=2)) if kind in TEXTS else {},
            "options": [
                Option(value=value, text=draw(wordings))
                for value in draw(st.permutations(range(1, draw(st.integers(3, 5)))))
            ]
            if kind in CHOOSING
            else [],
            "show_if": [draw(condition)] if bool(earlier) and draw(st.booleans()) else [],
            "with_previous": draw(st.booleans()),
        }
    )


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Any questionnaire of one to six questions without the service promise."""
    lead = Question(key="first", type=draw(st.sampled_from(sorted(LEADS))), text=draw(wordings))
    found = [lead]
    for number in range(draw(st.integers(0, 5))):
        found.append(draw(questions(f"q{number}", found)))
    return Document(questions=found)
