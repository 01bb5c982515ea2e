"""What managers do to a questionnaire, as pure rules: every change gives a whole one, and says what it changed."""

import re
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survey.errors import InvalidInputError
from survey.languages import LANGUAGES
from survey.questionnaires import editing
from survey.questionnaires.cautions import Weight, cautions
from survey.questionnaires.changes import differences
from survey.questionnaires.conditions import condition_of, kept_where_the_same, subject_of, subjects, values_of
from survey.questionnaires.describing import shown_in_words
from survey.questionnaires.document import Condition, Document, QuestionType, read_document
from survey.questionnaires.keys import key_for, why_no_key
from survey.questionnaires.translating import perhaps_outdated, texts_of, translated, why_no_text
from tests.survey.questionnaire_documents import AFTER_JOB, document, documents, question, words

STEPS = {"greeted": "We greeted you"}


@settings(max_examples=25, deadline=None)
@given(documents(), st.data())
def test_any_row_of_edits_leaves_a_whole_questionnaire(start: Document, data: st.DataObject) -> None:
    """Whatever is tried, in any order: a document that validates, or a sentence why not and nothing changed."""
    now = start
    for _ in range(data.draw(st.integers(1, 5))):
        key = data.draw(st.sampled_from(sorted(now.by_key)))
        other = data.draw(st.sampled_from(sorted(start.by_key)))
        text = data.draw(words)
        edits: list[Callable[[Document, str], Document]] = [
            lambda old, key: editing.move(old, key, data.draw(st.integers(-1, 9))),
            editing.remove,
            editing.duplicate,
            lambda old, key, other=other: editing.add(old, start.by_key[other], key),  # type: ignore[misc]
            lambda old, key, text=text: editing.replace(  # type: ignore[misc]
                old,
                key,
                editing.changed(old.by_key[key], text={"en": text}, key=key_for(text, QuestionType.YES_NO, old.by_key)),
            ),
            lambda old, key, text=text: translated(old, "nl", {f"{key}:text": text, f"{key}:hint": ""}),  # type: ignore[misc]
        ]
        try:
            after = data.draw(st.sampled_from(edits))(now, key)
        except InvalidInputError:
            continue
        assert read_document(after.as_dict()) == after
        assert (differences(now, after) == []) == (after == now)
        now = after


@settings(max_examples=25, deadline=None)
@given(documents(), documents())
def test_equal_questionnaires_differ_in_nothing_and_others_in_something(one: Document, other: Document) -> None:
    """No sentence for equal documents, at least one for different ones, whichever came first."""
    assert differences(one, read_document(one.as_dict())) == []
    assert bool(differences(one, other)) == (one != other)
    assert bool(differences(other, one)) == (one != other)


def test_changes_are_said_in_a_managers_words() -> None:
    """Every kind of change has its sentence."""
    before = document(
        question("comment", "long_text", "Anything else?", hint={"en": "A word"}, prompts={"1": {"en": "What?"}}),
        question("topic", "choice", "About what?", options=["A person", "The wait"]),
        question("again", "yes_no", "Again?"),
    )
    after = document(
        question("again", "yes_no", "Again?", show_if=[{"question": "rating", "at_most": 2}]),
        question(
            "comment",
            "long_text",
            "Anything more?",
            prompts={"5": {"en": "What was good?"}},
            with_previous=True,
            confidentiality="managers",
        ),
        question(
            "topic",
            "choice",
            "About what?",
            options=["A person", "The waiting", {"value": 3, "text": {"en": "Else"}, "other": True}],
        ),
        question("name", "short_text", "Your name?"),
        about="For all",
    )
    assert differences(before, after, STEPS) == [
        "One more question: ‘Your name?’",
        "‘Again?’ is shown: only after a rating of at most 2.",
        "‘Anything else?’ now reads: ‘Anything more?’",
        "‘Anything more?’ no longer has a hint.",
        "‘Anything more?’ asks after a rating of 5: ‘What was good?’",
        "‘Anything more?’ no longer asks anything else after a rating of 1.",
        "‘Anything more?’ is now on the same page as the question before it.",
        "Answers to ‘Anything more?’: managers only from now on.",
        "‘About what?’ offers 1 more answer: ‘Else’.",
        "‘About what?’: the answer ‘The wait’ now reads: ‘The waiting’.",
        "‘Again?’ now comes after ‘How did we do?’",
        "What it is for is described in other words.",
    ]
    assert differences(None, before) == ["The first version: 4 questions, in English."]
    german = translated(before, "de", {"csat:text": "Wie war es?"})
    assert differences(before, german) == ["Translation into Deutsch: 1 new."]
    assert differences(german, translated(german, "de", {"csat:text": "Wie war’s?"})) == [
        "Translation into Deutsch: 1 changed."
    ]


def test_of_two_that_changed_places_the_one_that_was_moved_is_named() -> None:
    """A manager reads what they did; where nobody moved anything by hand, the fewest moves that explain the order."""
    asked = document(question("one"), question("two"), question("three"))
    after = editing.move(asked, "one", 2)
    assert differences(asked, after, moved="one") == ["‘What about one?’ now comes after ‘What about two?’"]
    assert differences(asked, after, moved="two") == ["‘What about two?’ now comes after ‘How did we do?’"]
    assert len(differences(asked, after, moved="three")) == 1
    last = editing.move(asked, "one", 3)
    assert differences(asked, last) == ["‘What about one?’ now comes after ‘What about three?’"]


def test_a_value_keeps_its_meaning_over_versions() -> None:
    """Answers swapped, or a number used again for something else, are refused; other words have to be confirmed."""
    before = document(question("topic", "choice", "About what?", options=["A person", "The wait", "The price"]))

    def weights(*texts: str, earlier: tuple[Document, ...] = (before,)) -> list[Weight]:
        options = [{"value": int(text[0]), "text": {"en": text[2:]}} for text in texts]
        after = document(question("topic", "choice", "About what?", options=options))
        return [caution.weight for caution in cautions(earlier, after)]

    assert weights("1 A person", "2 The wait", "3 The price!") == []
    assert weights("1 A person", "3 The price", "2 The wait") == []
    assert weights("1 A person", "2 The price", "3 The wait") == [Weight.REFUSED, Weight.REFUSED]
    assert weights("1 A person", "2 Parking", "3 The price") == [Weight.CONFIRM]
    without = document(question("topic", "choice", "About what?", options=["A person", "The wait"]))
    assert weights("1 A person", "2 The wait", "3 Parking", earlier=(before, without)) == [Weight.REFUSED]
    assert weights("1 A person", "2 The wait", "3 The price", earlier=(before, without)) == []


def test_what_a_manager_should_know_before_publishing() -> None:
    """Another kind of question under the same name is refused; what can't be compared any more is said."""
    before = document(
        question("topic", "yes_no", "Was it about the price?"),
        question("mood", "rating", "How do you feel?", confidentiality="confidential"),
        question("team", "choice", "Who?", options=["Ana", "Bo"]),
        question("note", "short_text", "Why them?", show_if=[{"question": "team", "one_of": [2]}]),
    )
    after = document(
        question("topic", "short_text", "Was it about the price?"),
        question("mood", "rating", "Would the weather do?"),
        question("team", "choice", "Who?", options=["Ana", {"value": 3, "text": {"en": "Cy"}}]),
        question("note", "short_text", "Why them?", show_if=[{"question": "team", "one_of": [2]}]),
    )
    found = cautions([before], after)
    assert [(caution.weight, caution.key) for caution in found] == [
        (Weight.REFUSED, "topic"),
        (Weight.CONFIRM, "note"),
        (Weight.NOTE, "mood"),
        (Weight.NOTE, "mood"),
    ]
    assert "nobody would see it" in found[1].text
    assert "were confidential" in found[3].text
    first = [caution.text for caution in cautions([], document(), promises=True)]
    assert any("whether you kept your service promise" in text for text in first)
    assert [one.lacks for one in cautions([before], before, promises=True)] == ["promise"]
    assert not cautions([AFTER_JOB], AFTER_JOB, promises=True)
    led_by_nps = read_document({"questions": [question("nps", "nps"), question("csat", "rating")]})
    said = [caution.text for caution in cautions([document()], led_by_nps)]
    assert "The email offers the answers to ‘What about nps?’ now, instead of ‘How did we do?’." in said


def test_what_clients_are_told_of_who_reads_must_be_so() -> None:
    """Nothing is published that gives a confidential answer away, or tells the whole desk what is for managers."""
    told = document(
        question("fair", "agreement", confidentiality="confidential"),
        question("why", "short_text", show_if=[{"question": "fair", "at_most": 3}], confidentiality="confidential"),
        question("nps", "nps", confidentiality="managers"),
        question("promise", "promise", confidentiality="managers"),
        question("comment", "long_text", confidentiality="managers"),
        question("pace", "rating", confidentiality="managers"),
        question("unsaid", "short_text", show_if=[{"question": "nps", "at_most": 6}], confidentiality="confidential"),
    )
    refused = [(one.key, one.text) for one in cautions([], told) if one.weight is Weight.REFUSED]
    assert [key for key, _text in refused] == ["why", "nps", "promise"]
    assert "being asked it gives away what somebody answered" in refused[0][1]
    assert "can’t be for managers only" in refused[1][1]
    led = read_document({"questions": [question("pace", "rating", confidentiality="managers")]})
    assert [one.key for one in cautions([], led) if one.weight is Weight.REFUSED] == ["pace"]
    offered = [subject.name for subject in subjects(told, None, STEPS)]
    assert "question:fair" not in offered
    assert "question:pace" in offered
    assert "question:fair" in [subject.name for subject in subjects(told, "why", STEPS)]  # what stands there is shown


def test_a_language_that_is_no_longer_complete_is_said() -> None:
    """Taking one German text out is confirmed by somebody; a language that never was complete is only noted."""
    changed = translated(AFTER_JOB, "de", {"csat:text": ""})
    found = cautions([AFTER_JOB], changed)
    assert [caution.weight for caution in found] == [Weight.CONFIRM]
    assert "No longer complete: Deutsch (1 text missing)" in found[0].text
    assert [caution.weight for caution in cautions([], changed)] == [Weight.NOTE]


def test_a_condition_becomes_boxes_and_the_boxes_the_condition() -> None:
    """What a form asks for and what it makes of it are the same, for every condition of the library."""
    for asked in AFTER_JOB.questions:
        known = {subject.name: subject for subject in subjects(AFTER_JOB, asked.key, STEPS)}
        for condition in asked.show_if:
            subject = known[subject_of(condition)]
            assert condition_of(subject, values_of(condition, subject)) == condition


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"question": "rating", "at_most": 2}, "Only after a rating of at most 2"),
        ({"question": "rating", "at_least": 4}, "Only after a rating of at least 4"),
        ({"question": "rating", "at_least": 2, "at_most": 4}, "Only after a rating of 2 to 4"),
        ({"question": "rating", "one_of": [1, 3, 5]}, "Only after a rating of 1, 3 or 5"),
        ({"question": "again", "one_of": [0]}, "Only if ‘What about again?’ is No"),
        ({"question": "topic", "one_of": [1, 2]}, "Only if ‘What about topic?’ is A or B"),
        ({"step": "greeted", "happened": False}, "Only if ‘We greeted you’ did not happen"),
        ({"job_kind": ["Repair", "Install"]}, "Only for jobs of the kind Repair or Install"),
        ({"language": ["de"]}, "Only for clients who read it in Deutsch"),
    ],
)
def test_when_a_question_is_shown_is_said_in_words(condition: dict[str, object], words: str) -> None:
    """Every kind of condition reads as a sentence, and comes back from the form's boxes unchanged."""
    asked = document(
        question("again"),
        question("topic", "choice", options=["A", "B", "C"]),
        question("promise", "promise"),
        question("last", show_if=[condition]),
    )
    last = asked.by_key["last"]
    assert shown_in_words(last, asked, STEPS) == words
    known = subjects(asked, "last", STEPS)
    subject = next(one for one in known if one.name == subject_of(last.show_if[0]))
    made = condition_of(subject, values_of(last.show_if[0], subject))
    assert made == last.show_if[0]


def test_a_condition_that_means_the_same_stays_as_it_was() -> None:
    """Saving a form without a change leaves a condition from another hand in its own form."""
    original = Condition(question="rating", one_of=[1, 2])
    asked = document(question("why", "short_text"))
    made = [Condition(question="rating", at_most=2)]
    assert kept_where_the_same(made, [original], subjects(asked, "why", {})) == [original]


def test_edits_that_would_leave_nonsense_say_why() -> None:
    """The first question leads, and what a question depends on comes before it."""
    asked = document(question("again"), question("why", "short_text", show_if=[{"question": "again", "one_of": [0]}]))
    edits: Sequence[tuple[Callable[[], object], str]] = (
        (lambda: editing.move(asked, "why", 0), "can’t come first"),
        (lambda: editing.move(asked, "why", 1), "‘What about why?’ is shown depending on ‘What about again?’"),
        (lambda: editing.remove(asked, "again"), "‘What about why?’ is shown depending on ‘What about again?’"),
        (lambda: editing.remove(asked, "csat"), "‘What about again?’ can’t come first"),
        (lambda: editing.remove(document(), "csat"), "at least one question"),
        (lambda: editing.add(asked, asked.by_key["why"]), "called “why” already"),
    )
    for edit, said in edits:
        with pytest.raises(InvalidInputError, match=re.escape(said)):
            edit()


def test_a_name_in_the_data_comes_from_the_text() -> None:
    """Plain letters; a second one gets a number; the desk's own names go to the first question of their type."""
    assert key_for("Wie war’s, ÄÖ?", QuestionType.YES_NO, []) == "wie_wars_ao"
    assert key_for("3 things?", QuestionType.YES_NO, []) == "q_3_things"
    assert key_for("Вопрос", QuestionType.YES_NO, ["q"]) == "q_2"
    assert key_for("Done?", QuestionType.YES_NO, []) == "done_2"
    assert key_for("How was it?", QuestionType.RATING, []) == "csat"
    assert key_for("How was it?", QuestionType.RATING, ["csat"]) == "how_was_it"
    assert why_no_key("csat", QuestionType.YES_NO) is not None
    assert why_no_key("step_one", QuestionType.YES_NO) is not None
    assert why_no_key("Big", QuestionType.YES_NO) is not None
    assert why_no_key("csat", QuestionType.RATING) is None


@given(st.text(max_size=40), st.sampled_from(QuestionType), st.lists(st.just("csat") | st.just("q"), max_size=2))
def test_every_text_gives_a_name_that_can_be_one(text: str, kind: QuestionType, taken: list[str]) -> None:
    """Whatever is typed, the name is valid and free."""
    if kind is not QuestionType.PROMISE:
        made = key_for(text, kind, taken)
        assert why_no_key(made, kind) is None
        assert made not in taken


def test_new_answers_never_get_the_number_of_an_old_one() -> None:
    """An answer that was taken out leaves its number unused; translations of those that stay are kept."""
    before = AFTER_JOB.by_key["about"]
    rows = [(2, "Waiting", False), (None, "Parking", False), (1, "A person", True)]
    made = editing.new_options(rows, before, "en", {7})
    assert [option.value for option in made] == [2, 8, 1]
    assert made[0].text["de"] == "Die Wartezeit"
    assert made[1].text == {"en": "Parking"}
    assert made[2].other


def test_texts_are_translated_by_name() -> None:
    """All texts of one language at once; what reads as before although its source changed is perhaps outdated."""
    assert set(texts_of(AFTER_JOB, "de")) == set(texts_of(AFTER_JOB, "en"))
    changed = translated(AFTER_JOB, "de", {"csat:text": " Na? ", "about:options.2": "", "comment:prompts.5": "Was?"})
    assert changed.by_key["csat"].text["de"] == "Na?"
    assert changed.missing("de") == ["about: options.2"]
    assert changed.by_key["comment"].prompts["5"]["de"] == "Was?"
    lead = editing.changed(AFTER_JOB.lead, text={**AFTER_JOB.lead.text, "en": "How was it?"})
    reworded = editing.replace(AFTER_JOB, "csat", lead)
    assert perhaps_outdated(AFTER_JOB, reworded, "de") == {"csat:text"}
    assert perhaps_outdated(AFTER_JOB, AFTER_JOB, "de") == set()
    assert why_no_text("{staf}") == "There is no placeholder {staf}; did you mean {staff}?"
    assert why_no_text("x" * 302) == "Please shorten this by 2 characters; 300 fit."


def test_a_new_questionnaire_has_a_question_in_every_language() -> None:
    """Blank is not empty: it asks how it went; the rest of what the desk reads can be added ready-made."""
    made = editing.blank()
    assert made.languages() == list(LANGUAGES)
    assert {one.key for one in editing.ready_made(made)} >= {"comment", "nps", "contact_me"}
    with pytest.raises(InvalidInputError, match="Nederlands is not complete: 1 text missing"):
        editing.described(document(), about="", source="", language="nl")
    assert editing.described(made, about="For all", source="", language="nl").language == "nl"
