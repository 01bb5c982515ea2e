"""A question of a draft gets another type: what stays, what goes, what is wrong then, and how it is counted."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey import clock
from survey.models import Questionnaire, QuestionnaireEdit
from survey.questionnaires import drafts, publishing, retyping
from survey.questionnaires.cautions import Weight, cautions
from survey.questionnaires.changes import differences
from survey.questionnaires.document import Document, QuestionType, read_document
from survey.questionnaires.drafts import draft_of
from survey.questionnaires.references import wrong
from survey.results.page import Choice, ask, figures
from survey.results.questions import Version, merged
from tests.conftest import NOW
from tests.survey.questionnaire_documents import document, question
from tests.survey.results.rows import answered

ASKED = document(
    question("punctual", "choice", "Were we on time?", options=["Yes", "A little late", "No"]),
    question("why", "short_text", "What held us up?", show_if=[{"question": "punctual", "one_of": [2, 3]}]),
    question("mood", "rating") | {"text": {"en": "How do you feel?", "de": "Wie geht es Ihnen?"}},
    question("more", "long_text", "Tell us more.", show_if=[{"question": "mood", "at_most": 2}]),
)


@pytest.fixture
def made(session: Session) -> Questionnaire:
    """A questionnaire that is published once."""
    row = drafts.create(session, "Repairs", ASKED, NOW)
    publishing.publish(session, row, row.revision, confirmed=True, user_id=None, now=NOW)
    return row


def _url(row: Questionnaire, path: str = "") -> str:
    return f"/desk/questionnaires/{row.id}{path}"


def _way(document: Document, key: str, kind: str, earlier: list[Document]) -> retyping.Way:
    return retyping.way(document, document.by_key[key], QuestionType(kind), earlier)


def test_a_question_keeps_its_name_only_where_no_version_asked_another_type_under_it() -> None:
    """A name in the data stands for one type for ever; the name of an earlier version with this type comes back."""
    assert _way(ASKED, "mood", "nps", []).key == "mood"
    assert _way(ASKED, "mood", "nps", [ASKED]).key == "nps"
    assert _way(ASKED, "punctual", "choices", [ASKED]).key == "were_we_on_time"
    assert _way(ASKED, "csat", "ces", []).key == "ces"
    later = retyping.as_type(ASKED, ASKED.by_key["mood"], QuestionType.NPS, "nps")
    assert _way(read_document(later.as_dict()), "nps", "rating", [ASKED]).key == "mood"


def test_what_goes_and_what_depends_on_it_is_said_before() -> None:
    """Answers go where the other type has none; each condition on it that would not fit any more is named."""
    way = _way(ASKED, "punctual", "yes_no", [ASKED])
    assert way.lost == ["3 answers to choose from: ‘Yes’, ‘A little late’ and ‘No’."]
    assert way.wrong == [
        "‘What held us up?’ waits for an answer to ‘Were we on time?’ that is no longer offered: nobody would see it."
    ]
    assert _way(ASKED, "punctual", "choices", [ASKED]).lost == _way(ASKED, "punctual", "choices", [ASKED]).wrong == []
    way = _way(ASKED, "mood", "nps", [ASKED])
    assert way.wrong == [
        "‘Tell us more.’ is shown if ‘How do you feel?’ is at most 2. That was set for ‘Rating in five words’, and it "
        "is ‘Recommend, 0 to 10’ now: does it still fit?"
    ]
    assert "which is now ‘Short text’: nobody would see it." in _way(ASKED, "mood", "short_text", []).wrong[0]
    prompted = document(question("comment", "long_text", prompts={"5": {"en": "What was best?"}, "1": {"en": "Why?"}}))
    assert _way(prompted, "comment", "yes_no", []).lost == ["The other wordings after a rating of 5 and 1."]
    assert _way(prompted, "comment", "short_text", []).lost == []


def test_the_first_question_only_gets_a_type_that_leads_and_the_promise_is_asked_once() -> None:
    """Types that can't be are not offered."""
    assert set(retyping.types_for(ASKED, ASKED.lead)) == {QuestionType.NPS, QuestionType.CES}
    assert QuestionType.PROMISE in retyping.types_for(ASKED, ASKED.by_key["why"])
    asking = document(question("promise", "promise"), question("other"))
    assert QuestionType.PROMISE not in retyping.types_for(asking, asking.by_key["other"])


def test_a_rating_that_is_asked_nowhere_any_more_is_missed() -> None:
    """A condition on the rating is wrong once no question before it gives one."""
    told = question("told", "long_text", show_if=[{"question": "rating", "at_most": 2}])
    raw = {"questions": [question("overall", "rating"), told]}
    assert "no question before it gives one" in wrong(read_document(raw))[0].text
    assert wrong(document(told)) == []


def test_a_type_is_changed_and_taken_back_over_http(
    session: Session, manager: FlaskClient, made: Questionnaire
) -> None:
    """Choose a type, read what goes, save; all languages stay, conditions follow, one press undoes it."""
    page = manager.get(_url(made, "/questions/mood/type")).text
    assert "Another type for “How do you feel?”" in page
    assert "1 condition of another question needs another look." in page
    path = _url(made, "/questions/mood?type=nps")
    page = manager.get(path).text
    assert "From “Rating in five words” to “Recommend, 0 to 10”" in page
    assert "New ones are counted apart, as “nps”." in page
    assert draft_of(made) == ASKED
    data = {"revision": made.revision, "text": "How do you feel?", "key": "nps", "confidentiality": "named"}
    assert manager.post(path, data=data).location.endswith("#q-nps")
    document = draft_of(made)
    assert document.by_key["nps"].text == {"en": "How do you feel?", "de": "Wie geht es Ihnen?"}
    assert document.by_key["nps"].type is QuestionType.NPS
    assert document.by_key["more"].show_if[0].question == "nps"
    page = manager.get(_url(made)).text
    assert "‘How do you feel?’ is now asked as ‘Recommend, 0 to 10’ instead of ‘Rating in five words’." in page
    assert "That was set for ‘Rating in five words’" in page
    assert "That was set for ‘Rating in five words’" in manager.get(_url(made, "/questions/more")).text
    assert manager.post(_url(made, "/publish"), data={"revision": made.revision}).status_code == 422
    undo = session.scalars(select(QuestionnaireEdit.id)).one()
    manager.post(_url(made, f"/undo/{undo}"))
    assert draft_of(made) == ASKED
    assert "That was set for" not in manager.get(_url(made)).text


def test_answers_to_choose_from_stay_between_the_types_that_have_them(
    manager: FlaskClient, made: Questionnaire
) -> None:
    """One becomes several: numbers and translations of the answers stay; a text has none, and asks for none."""
    page = manager.get(_url(made, "/questions/punctual?type=choices")).text
    assert "A little late" in page
    data = {
        "revision": made.revision,
        "text": "Were we on time?",
        "option_value": ["1", "2", "3"],
        "option_text": ["Yes", "A little late", "No"],
        "confidentiality": "named",
    }
    manager.post(_url(made, "/questions/punctual?type=choices"), data=data)
    asked = draft_of(made).by_key["were_we_on_time"]
    assert asked.type is QuestionType.CHOICES
    assert asked.options == ASKED.by_key["punctual"].options
    assert draft_of(made).by_key["why"].show_if[0].question == "were_we_on_time"
    page = manager.get(_url(made, "/questions/why?type=choice")).text
    assert "Answers to choose from" in page
    data = {"revision": made.revision, "text": "What held us up?", "confidentiality": "named"}
    assert manager.post(_url(made, "/questions/why?type=choice"), data=data).status_code == 422
    data |= {"key": "punctual", "text": "Late?"}
    page = manager.post(_url(made, "/questions/why?type=yes_no"), data=data).text
    assert "A version asked another kind of question under this name" in page


def test_a_type_that_can_not_be_is_not_taken_from_the_address(manager: FlaskClient, made: Questionnaire) -> None:
    """The form stays that of the question as it is."""
    assert "From “" not in manager.get(_url(made, "/questions/csat?type=yes_no")).text
    assert "From “" not in manager.get(_url(made, "/questions/mood?type=mood")).text
    assert manager.get(_url(made, "/questions/nothing/type")).status_code == 404


def test_old_and_new_answers_are_two_figures(session: Session, manager: FlaskClient, made: Questionnaire) -> None:
    """Published again, the question is another series: in the results, the CSV, and by version."""
    first = publishing.version_by_number(session, made, 1)
    data = {"revision": made.revision, "text": "How do you feel?", "key": "nps", "confidentiality": "named"}
    manager.post(_url(made, "/questions/mood?type=nps"), data=data)
    page = manager.get(_url(made, "/publish")).text
    assert "its answers are counted apart. Those so far stay." in page
    assert "gets no more answers" not in page
    manager.post(_url(made, "/publish"), data={"revision": made.revision, "confirmed": "yes"})
    second = publishing.version_by_number(session, made, 2)
    assert first.document == ASKED.as_dict()
    for version, key, numbers in ((first, "mood", (5, 5, 4, 4, 5)), (second, "nps", (9, 8, 10, 9, 9, 9))):
        for number in numbers:
            answered(session, version, **{key: number})
    versions = [Version(row.id, made.id, made.name, row.number, read_document(row.document)) for row in (first, second)]
    series = {one.key: one for one in merged(versions)}
    assert [version.number for version in series["mood"].versions] == [1]
    assert [version.number for version in series["nps"].versions] == [2]
    with clock.fixed_at(NOW):
        asking = ask(session, Choice(questionnaire=str(made.id)), NOW, managers=True)
        counted = {card.asked.key: card.n for card in figures(session, asking, NOW).cards}
    assert (counted["mood"], counted["nps"]) == (5, 6)


def test_a_changed_type_is_said_once_and_asked_about_where_logic_may_not_fit() -> None:
    """Not as one question gone and one new; a condition set for the other type has to be confirmed."""
    raw = ASKED.as_dict()
    raw["questions"][3] |= {"type": "nps", "key": "nps"}
    raw["questions"][4]["show_if"][0]["question"] = "nps"
    after = read_document(raw)
    assert differences(ASKED, after) == [
        "‘How do you feel?’ is now asked as ‘Recommend, 0 to 10’ instead of ‘Rating in five words’."
    ]
    assert [(one.weight, one.key) for one in cautions([ASKED], after)] == [
        (Weight.CONFIRM, "more"),
        (Weight.NOTE, "nps"),
        (Weight.NOTE, ""),  # German is not complete
    ]
    raw["questions"][4]["show_if"][0] = {"question": "nps", "at_most": 6}
    assert [one.weight for one in cautions([ASKED], read_document(raw))] == [Weight.NOTE] * 3
