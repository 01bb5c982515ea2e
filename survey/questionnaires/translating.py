"""The texts of a questionnaire, one language at a time. Pure."""

from collections.abc import Mapping
from typing import Any

from survey.errors import InvalidInputError
from survey.languages import LANGUAGES
from survey.questionnaires.describing import count
from survey.questionnaires.document import LONGEST_TEXT, Document
from survey.questionnaires.editing import frame, valid
from survey.questionnaires.faults import as_sentence
from survey.questionnaires.wording import check_placeholders, clean_wording


def texts_of(document: Document, language: str) -> dict[str, str]:
    """Every text of a questionnaire in one language, "" where there is none, named "csat:hint"."""
    return {f"{q.key}:{where}": words.get(language, "") for q in document.questions for where, words in q.wordings()}


def translated(document: Document, language: str, texts: Mapping[str, str]) -> Document:
    """With these texts in one language, each named as in `texts_of`; "" takes one away. Others stay.

    Raises:
        InvalidInputError: a text that is too long or has an unknown placeholder.
    """
    if language == document.language or language not in LANGUAGES:
        raise InvalidInputError("Choose a language other than the one it is written in.")
    questions = []
    for question in document.questions:
        raw = question.model_dump(mode="json")
        for where, words in question.wordings():
            if (text := texts.get(f"{question.key}:{where}")) is not None:
                others = {code: said for code, said in words.items() if code != language}
                cleaned = clean_wording(text)
                _put(raw, where, {**others, language: cleaned} if cleaned else others)
        questions.append(raw)
    return valid({**frame(document), "questions": questions})


def perhaps_outdated(published: Document | None, draft: Document, language: str) -> set[str]:
    """The texts that read as in the published version although what they translate has changed since."""
    if published is None:
        return set()
    before, after = texts_of(published, language), texts_of(draft, language)
    source, now = texts_of(published, draft.language), texts_of(draft, draft.language)
    return {
        name
        for name, text in after.items()
        if text and before.get(name) == text and source.get(name) and source[name] != now[name]
    }


def _put(raw: dict[str, Any], where: str, words: dict[str, str]) -> None:
    kind, _dot, part = where.partition(".")
    if kind == "prompts":
        raw["prompts"][part] = words
    elif kind == "options":
        next(option for option in raw["options"] if str(option["value"]) == part)["text"] = words
    else:
        raw[kind] = words


def why_no_text(text: str) -> str | None:
    """Why a text can’t stand in a questionnaire; None: it can."""
    cleaned = clean_wording(text)
    if len(cleaned) > LONGEST_TEXT:
        return f"Please shorten this by {count(len(cleaned) - LONGEST_TEXT, 'character')}; {LONGEST_TEXT} fit."
    try:
        check_placeholders(cleaned)
    except ValueError as error:
        return as_sentence(str(error))
    return None
