"""The surveys to begin from: each says where it comes from, is whole in six languages, and leads to an end."""

import re

import pytest
from werkzeug.datastructures import MultiDict

from survey.languages import LANGUAGES, translator
from survey.questionnaires import answering, library, logic
from survey.questionnaires.document import CHOOSING, LEADS, SCALES, TEXTS, Document, Question, QuestionType
from survey.questionnaires.logic import DONE, Setting

STEPS = ("greeted", "explained")
_PLACEHOLDER = re.compile(r"\{[^}]*\}")


def test_the_library_has_what_a_firm_begins_with() -> None:
    """After a job, the relationship, effort, first weeks, a lost client, and service quality by five dimensions."""
    assert library.names() == ["after_job", "nps", "ces", "onboarding", "lost_client", "servperf"]
    assert len({library.title(name) for name in library.names()}) == 6
    dimensions = {key.rpartition("_")[0] for key in library.document("servperf").by_key if key.endswith("_1")}
    assert dimensions == {"tangibles", "reliability", "responsiveness", "assurance", "empathy"}


def test_surveys_about_a_finished_job_ask_about_the_promise() -> None:
    """What follows a job, a request or the first weeks asks whether the promise was kept; what is about the whole
    relationship, or a client who left, does not."""
    asks = {name for name in library.names() if "promise" in library.document(name).by_key}
    assert asks == {"after_job", "ces", "onboarding"}


@pytest.mark.parametrize("name", library.names())
def test_a_survey_of_the_library_is_whole_in_six_languages(name: str) -> None:
    """No text is missing in any language, none is the English one again, and placeholders are the same in all."""
    document = library.document(name)
    assert document.languages() == list(LANGUAGES)
    assert document.lead.type in LEADS
    assert document.about
    assert document.source
    for question in document.questions:
        for where, wording in question.wordings():
            assert all(
                set(_PLACEHOLDER.findall(text)) == set(_PLACEHOLDER.findall(wording["en"])) for text in wording.values()
            )
            same = [code for code in LANGUAGES if code != "en" and wording[code] == wording["en"]]
            assert not same, f"{question.key} {where} is English in {same}"


@pytest.mark.parametrize("low", [False, True])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", library.names())
def test_a_survey_of_the_library_leads_to_its_end(name: str, language: str, low: bool) -> None:
    """Whoever answers every page, kindly or not, is asked each page once and then thanked, in every language."""
    document = library.document(name)
    answers: dict[str, int | str] = {}
    steps: dict[str, int] = {}
    page, seen = document.lead.key, []
    while page != DONE:
        seen.append(page)
        setting = Setting("", language, steps, STEPS)
        shown = next(one for one in logic.pages(document, answers, setting, document.lead) if one[0].key == page)
        sent = answering.read(document, STEPS, _filled(shown, low=low), translator(language))
        assert not sent.errors
        answers |= sent.answers
        steps |= sent.steps
        setting = Setting("", language, steps, STEPS)
        page = logic.page_after(page, logic.pages(document, answers, setting, document.lead), answers, setting)
    assert len(seen) == len(set(seen))
    assert answering.checked(document, answers) == answers
    asked = {question.key for question in document.questions if logic.is_shown(question, answers, setting)}
    answered = {name.partition(".")[0] for name in answers} | ({"promise"} if steps else set())
    assert answered == asked


def _filled(questions: list[Question], *, low: bool) -> MultiDict[str, str]:
    fields: MultiDict[str, str] = MultiDict()
    for question in questions:
        if question.type is QuestionType.PROMISE:
            fields.update({f"step_{step}": "no" if low else "yes" for step in STEPS})
        elif question.type in TEXTS:
            fields[question.key] = "Так and “so”"
        elif question.type in CHOOSING:
            fields[question.key] = str(question.options[0].value)
        else:
            fields[question.key] = str(SCALES[question.type][0 if low else 1])
    return fields


def test_servperf_asks_one_dimension_a_page() -> None:
    """Five pages of three statements between the rating and the words."""
    document: Document = library.document("servperf")
    found = logic.pages(document, {}, Setting(), document.lead)
    assert [len(page) for page in found] == [1, 3, 3, 3, 3, 3, 1, 1]
    assert "15 statements instead of 22" in document.about
