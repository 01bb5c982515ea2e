"""The builder over HTTP, without JavaScript: what a manager sees, sends, and gets back."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey.firms import get_firm
from survey.models import Questionnaire, QuestionnaireEdit, QuestionnaireUse, QuestionnaireVersion
from survey.questionnaires import drafts, editing, library, publishing, versions
from survey.questionnaires.cautions import Weight
from survey.questionnaires.document import Document
from survey.questionnaires.drafts import draft_of
from survey.questionnaires.editing import blank
from tests.conftest import NOW
from tests.factories import make_response
from tests.survey.questionnaire_documents import document, question

LIST = "/desk/questionnaires"


@pytest.fixture
def made(session: Session) -> Questionnaire:
    """A questionnaire with one of most things, not published."""
    asked = document(
        question("comment", "long_text", "Anything else?"),
        question("topic", "choice", "About what?", options=["A person", "The wait", "The price"]),
        question("again", "yes_no", "Again?", show_if=[{"question": "topic", "one_of": [2]}]),
    )
    return drafts.create(session, "Repairs", asked, NOW)


def _publish(session: Session, row: Questionnaire) -> QuestionnaireVersion:
    return publishing.publish(session, row, row.revision, confirmed=True, user_id=None, now=NOW)


def _keys(row: Questionnaire) -> list[str]:
    return list(draft_of(row).by_key)


def _url(row: Questionnaire, path: str = "") -> str:
    return f"{LIST}/{row.id}{path}"


def test_before_anything_is_chosen_the_list_says_what_is_asked(session: Session, manager: FlaskClient) -> None:
    """The empty list offers the questionnaire that comes with the product; one press makes it the firm's own."""
    page = manager.get(LIST).text
    assert "You ask what comes with Clientele" in page
    response = manager.post(f"{LIST}/first")
    assert response.status_code == 303
    assert session.scalars(select(Questionnaire.name)).all() == ["After a job"]
    page = manager.get(LIST).text
    assert "Version 1" in page
    assert "Every kind of job" in page
    assert "Draft differs" not in page


def test_a_viewer_reads_and_changes_nothing(session: Session, viewer: FlaskClient, made: Questionnaire) -> None:
    """The list, the questions, the versions and the preview are open to viewers; forms and changes are not."""
    _publish(session, made)
    for path in ("", "/versions", "/versions/1", "/preview", "/preview/topic", "/preview/done"):
        assert viewer.get(_url(made, path)).status_code == 200, path
    page = viewer.get(_url(made)).text
    assert "About what?" in page
    assert "Move up" not in page
    assert "Add a question" not in page
    for path in ("/questions/topic", "/questions/pick", "/translations/de", "/publish", "/description"):
        assert viewer.get(_url(made, path)).status_code == 403, path
    assert viewer.post(_url(made, "/questions/topic/delete"), data={"revision": 1}).status_code == 403


def test_a_questionnaire_begins_blank_from_the_library_or_as_a_copy(session: Session, manager: FlaskClient) -> None:
    """Each way to begin gives a draft; a name that is taken comes back with what was chosen."""
    for name, start, count in (("One", "blank", 1), ("Two", "library-after_job", 7)):
        response = manager.post(f"{LIST}/new", data={"name": name, "start": start})
        assert response.status_code == 303
        row = session.scalars(select(Questionnaire).where(Questionnaire.name == name)).one()
        assert len(draft_of(row).questions) == count
    copy = manager.get(f"{LIST}/new?start=copy-{row.id}").text
    assert "<li>What was the main reason for leaving?</li>" in copy  # one sees what a survey of the library asks
    assert 'value="Two, copy"' in copy
    again = manager.post(f"{LIST}/new", data={"name": "two", "start": f"copy-{row.id}"})
    assert again.status_code == 422
    assert "Another questionnaire has this name." in again.text
    assert re.search(rf'value="copy-{row.id}" checked', again.text)
    assert manager.post(f"{LIST}/new", data={"name": "", "start": "blank"}).status_code == 422
    for _ in range(2):  # called like the survey of the library, as often as it is begun with
        assert manager.post(f"{LIST}/new", data={"name": "", "start": "library-ces"}).status_code == 303
    names = set(session.scalars(select(Questionnaire.name)))
    assert {"After contact (CES)", "After contact (CES), copy"} < names
    assert manager.post(f"{LIST}/new", data={"name": "Three", "start": "library-nothing"}).status_code == 422


def test_a_question_is_added_with_a_name_made_from_its_text(
    session: Session, manager: FlaskClient, made: Questionnaire
) -> None:
    """The type is picked, the question written; it stands where it was wanted, and can be taken back."""
    assert "Choose several" in manager.get(_url(made, "/questions/pick")).text
    path = _url(made, "/questions/new?type=choices&after=comment")
    assert "Answers to choose from" in manager.get(path).text
    data = {
        "revision": made.revision,
        "text": "Which parts?",
        "option_value": ["", "", ""],
        "option_text": ["Door", " ", "Roof"],
        "option_other": ["2"],
        "confidentiality": "managers",
    }
    response = manager.post(path, data=data)
    assert response.location.endswith("#q-which_parts")
    added = draft_of(made).by_key["which_parts"]
    assert _keys(made) == ["csat", "comment", "which_parts", "topic", "again"]
    assert [(option.value, option.text["en"], option.other) for option in added.options] == [
        (1, "Door", False),
        (2, "Roof", True),
    ]
    page = manager.get(_url(made)).text
    assert "One more question: ‘Which parts?’" in page
    undo = _url(made, f"/undo/{session.scalars(select(QuestionnaireEdit.id)).one()}")
    manager.post(undo)
    assert "which_parts" not in _keys(made)
    again = manager.post(undo, follow_redirects=True)
    assert "taken back already" in again.text


def test_a_confidential_question_gets_a_name_the_desk_does_not_read(manager: FlaskClient, made: Questionnaire) -> None:
    """Answers kept apart are under no name the relationship model reads: not made from the type, refused when typed."""
    path = _url(made, "/questions/new?type=nps")
    data = {"revision": made.revision, "text": "Would you recommend us?", "confidentiality": "confidential"}
    refused = manager.post(path, data={**data, "key": "nps"})
    assert refused.status_code == 422
    assert "can’t be confidential" in refused.text
    assert manager.post(path, data=data).status_code == 303
    assert _keys(made)[-1] == "would_you_recommend_us"


def test_what_flags_tell_is_for_the_whole_desk(session: Session, manager: FlaskClient, made: Questionnaire) -> None:
    """The form offers no fewer readers there, says why, and takes none; under a name of its own it does."""
    path = _url(made, "/questions/csat")
    page = manager.get(path).text
    assert "The email offers its answers, so nobody at the desk can be left out." in page
    assert 'value="managers"' not in page
    data = {"revision": made.revision, "text": "How did we do?", "confidentiality": "managers"}
    assert manager.post(path, data=data).status_code == 422

    asked = {**data, "text": "Would you recommend us?"}
    assert manager.post(_url(made, "/questions/new?type=nps"), data=asked).status_code == 303
    assert _keys(made)[-1] == "would_you_recommend_us"
    publication = publishing.prepare(session, made)
    assert publication.of(Weight.REFUSED) == []


def test_the_clients_page_follows_the_form(manager: FlaskClient, made: Questionnaire) -> None:
    """What is typed is shown as a client would see it, unsaved; nothing is shown while it is no question."""
    path, data = (
        _url(made, "/questions/comment"),
        {"confidentiality": "named", "do": "preview", "revision": made.revision},
    )
    page = manager.post(path, data={**data, "text": "Typed so far", "prompt_2": "What went wrong?", "rating": "2"})
    assert page.status_code == 200
    assert "What went wrong?" in page.text
    assert "Typed so far" in manager.post(path, data={**data, "text": "Typed so far"}).text
    assert manager.post(path, data={**data, "text": " "}).status_code == 204
    assert made.revision == 1


def test_a_ready_made_question_is_added_in_every_language(manager: FlaskClient, made: Questionnaire) -> None:
    """What the desk reads is offered with its translations, as long as it is not asked yet."""
    assert "How likely are you to recommend us?" in manager.get(_url(made, "/questions/pick")).text
    data = {"revision": made.revision, "key": "nps", "after": "csat"}
    assert manager.post(_url(made, "/questions/ready"), data=data).status_code == 303
    assert _keys(made)[:3] == ["csat", "nps", "comment"]
    assert len(draft_of(made).by_key["nps"].text) == 6
    again = manager.post(
        _url(made, "/questions/ready"), data={**data, "revision": made.revision}, follow_redirects=True
    )
    assert "asked already" in again.text


def test_the_promise_is_missed_and_added_by_one_press(
    session: Session, manager: FlaskClient, viewer: FlaskClient, made: Questionnaire
) -> None:
    """Where nobody is asked about the service promise the builder, the publishing page and the promise's page say so;
    one press asks it, before the closing offer of a call."""
    assert "service promise</a>" not in manager.get(_url(made)).text  # nothing is promised yet
    get_firm(session).promise = [{"key": "greeted", "text": "We greeted you"}]
    session.commit()
    for ready in ("contact_me", "promise"):
        page = manager.get(_url(made)).text
        assert "Ask about the promise" in page
        assert 'name="key" value="promise" formaction=' in manager.get(_url(made, "/publish")).text
        data = {"key": ready, "revision": str(made.revision)}
        assert manager.post(_url(made, "/questions/ready"), data=data).status_code == 303
        session.refresh(made)
    assert _keys(made)[-2:] == ["promise", "contact_me"]
    assert "Ask about the promise" not in manager.get(_url(made)).text
    assert "whether you kept" not in manager.get(_url(made, "/publish")).text


def test_the_page_of_the_promise_names_who_is_not_asked(
    session: Session, manager: FlaskClient, viewer: FlaskClient, made: Questionnaire
) -> None:
    """A questionnaire that some kind of job gets and that leaves the promise out stands there, until it asks."""
    get_firm(session).promise = [{"key": "greeted", "text": "We greeted you"}]
    _publish(session, made)
    session.commit()
    said = "“Repairs”, asked about every kind of job, does not ask whether you kept your promise"
    assert said in manager.get("/desk/promise").text
    page = viewer.get("/desk/promise").text
    assert said in page
    assert "Add the question" not in page
    drafts.change(session, made, made.revision, _asking_promise, None, NOW)
    session.commit()
    assert said in manager.get("/desk/promise").text  # it is in the draft only
    _publish(session, made)
    session.commit()
    assert "does not ask" not in manager.get("/desk/promise").text


def _asking_promise(old: Document) -> Document:
    return editing.add(old, next(one for one in editing.ready_made(old) if one.key == "promise"))


def test_rows_of_a_form_are_arranged_without_losing_what_was_typed(manager: FlaskClient, made: Questionnaire) -> None:
    """Adding, moving and taking out answers or conditions sends the form and saves nothing."""
    path = _url(made, "/questions/topic")
    data = {
        "revision": made.revision,
        "text": "Typed, not saved",
        "option_value": ["1", "2", "3"],
        "option_text": ["A person", "The wait", "The price"],
        "confidentiality": "named",
    }

    def texts(do: str) -> list[str]:
        response = manager.post(path, data={**data, "do": do})
        assert response.status_code == 200
        assert "Typed, not saved" in response.text
        return re.findall(r'name="option_text" value="([^"]*)"', response.text)

    assert texts("option-up-2") == ["A person", "The price", "The wait"]
    assert texts("option-down-0") == ["The wait", "A person", "The price"]
    assert texts("option-out-1") == ["A person", "The price"]
    assert texts("option-add") == ["A person", "The wait", "The price", ""]
    added = manager.post(path, data={**data, "do": "condition-add"}).text
    assert 'name="on-0"' in added
    chosen = manager.post(path, data={**data, "do": "condition-look", "on-0": "question:rating", "was-0": ""}).text
    assert chosen.count('name="is-0"') == 5
    assert made.revision == 1


def test_when_a_question_is_shown_is_filled_in_with_boxes(manager: FlaskClient, made: Questionnaire) -> None:
    """Boxes become the condition; none or all ticked comes back with the form, and nothing is lost."""
    path = _url(made, "/questions/again")
    assert re.search(r'name="is-0" value="2" checked', manager.get(path).text)
    data = {"revision": made.revision, "text": "Again?", "key": "again", "confidentiality": "named"}
    rows = {"on-0": "question:rating", "was-0": "question:rating", "on-1": "job_kind", "was-1": "job_kind"}
    wrong = manager.post(path, data={**data, **rows, "kinds-1": " , "})
    assert wrong.status_code == 422
    assert "tick at least one" in wrong.text
    assert "Name at least one kind of job." in wrong.text
    all_ticked = manager.post(path, data={**data, **rows, "is-0": list("12345"), "kinds-1": "Repair"})
    assert "everything is ticked" in all_ticked.text
    done = manager.post(path, data={**data, **rows, "is-0": ["1", "2"], "kinds-1": "Repair, Install"})
    assert done.status_code == 303
    first, second = draft_of(made).by_key["again"].show_if
    assert (first.question, first.at_most, second.job_kind) == ("rating", 2, ["Repair", "Install"])
    assert "Only after a rating of at most 2 and for jobs of the kind Repair or Install" in manager.get(_url(made)).text
    everybody = {**data, "revision": made.revision, "on-0": "", "was-0": "question:rating"}
    assert manager.post(path, data=everybody).status_code == 303
    assert draft_of(made).by_key["again"].show_if == []


def test_mistakes_come_back_beside_their_field(manager: FlaskClient, made: Questionnaire) -> None:
    """A text that is too long, a wrong placeholder, a taken name, one answer only: 422, with everything typed."""
    data = {
        "revision": made.revision,
        "text": "Hello {staf}",
        "hint": "x" * 301,
        "confidentiality": "named",
        "key": "csat",
    }
    response = manager.post(_url(made, "/questions/again"), data=data)
    assert response.status_code == 422
    for said in (
        "did you mean {staff}?",
        "Please shorten this by 1 character",
        "is the name of another kind",
        "x" * 301,
    ):
        assert said in response.text, said
    assert 'href="#text"' in response.text
    one = {
        "revision": made.revision,
        "text": "What?",
        "option_value": "1",
        "option_text": "Only",
        "confidentiality": "named",
    }
    response = manager.post(_url(made, "/questions/topic"), data=one)
    assert "Write 2 to 12 answers" in response.text
    twice = {**one, "option_value": ["1", "2"], "option_text": ["Same", "same "]}
    assert "Answer 2: This answer is there already." in manager.post(_url(made, "/questions/topic"), data=twice).text
    assert made.revision == 1


def test_two_managers_at_once_lose_nothing(session: Session, manager: FlaskClient, made: Questionnaire) -> None:
    """The second one's text comes back with what the first one changed; saving again puts it on top."""
    data = {"revision": made.revision, "text": "Mine", "confidentiality": "named"}
    drafts.change(session, made, made.revision, lambda old: _reworded(old, "comment", "Theirs"), None, NOW)
    response = manager.post(_url(made, "/questions/comment"), data=data)
    assert response.status_code == 409
    assert (
        "Somebody changed this questionnaire since you opened this page: ‘Anything else?’ now reads: ‘Theirs’."
        in response.text
    )
    assert ">Mine</textarea>" in response.text.replace("\r\n", "").replace("\n", "")
    assert 'data-keep="unsaved"' in response.text  # whoever leaves the page now is asked
    assert 'data-keep="unsaved"' not in manager.get(_url(made, "/questions/comment")).text
    shown = re.search(r'name="revision" value="(\d+)"', response.text.split('id="question-form"')[1])
    assert shown is not None
    assert manager.post(_url(made, "/questions/comment"), data={**data, "revision": shown[1]}).status_code == 303
    assert draft_of(made).by_key["comment"].text["en"] == "Mine"
    stale = manager.post(_url(made, "/questions/topic/delete"), data={"revision": 1}, follow_redirects=True)
    assert "You changed this questionnaire in another window" in stale.text
    assert "So nothing was done: look at it as it is now, and try again." in stale.text
    assert "topic" in _keys(made)


def test_a_question_taken_out_meanwhile_can_still_be_saved(
    session: Session, manager: FlaskClient, made: Questionnaire
) -> None:
    """Somebody deletes what another one edits: the text is kept, and saving again adds the question."""
    drafts.change(session, made, made.revision, lambda old: editing.remove(old, "comment"), None, NOW)
    data = {"revision": 1, "type": "long_text", "text": "Mine", "key": "comment", "confidentiality": "named"}
    assert manager.post(_url(made, "/questions/comment"), data=data).status_code == 409
    assert manager.post(_url(made, "/questions/comment"), data={**data, "revision": made.revision}).status_code == 303
    assert draft_of(made).by_key["comment"].text["en"] == "Mine"


def _reworded(old: Document, key: str, text: str) -> Document:
    return editing.replace(old, key, editing.changed(old.by_key[key], text={"en": text}))


def test_questions_are_moved_copied_and_deleted(manager: FlaskClient, made: Questionnaire) -> None:
    """By buttons; what would leave nonsense is refused in a sentence."""

    def press(what: str, **data: str) -> str:
        sent = {"revision": made.revision, **data}
        return manager.post(_url(made, f"/questions/{what}"), data=sent, follow_redirects=True).text

    press("comment/move", to="down")
    assert _keys(made) == ["csat", "topic", "comment", "again"]
    press("again/move", to="2")
    assert _keys(made) == ["csat", "topic", "again", "comment"]
    assert "which must come before it" in press("again/move", to="up")
    assert "can’t come first" in press("topic/move", to="up")
    press("topic/duplicate")
    assert _keys(made) == ["csat", "topic", "about_what", "again", "comment"]
    assert "is shown depending on ‘About what?’" in press("topic/delete")
    press("comment/delete")
    assert _keys(made) == ["csat", "topic", "about_what", "again"]
    assert "No longer asks" in press("again/delete")
    assert "taken out meanwhile" in press("again/move", to="up")


def test_what_would_give_a_confidential_answer_away_is_said_on_the_list(
    session: Session, manager: FlaskClient, made: Questionnaire
) -> None:
    """At once, beside the question that depends on it, and in its form: not only when somebody wants to publish."""
    assert "gives away" not in manager.get(_url(made)).text
    data = {
        "revision": made.revision,
        "text": "About what?",
        "option_value": ["1", "2", "3"],
        "option_text": ["A person", "The wait", "The price"],
        "confidentiality": "confidential",
    }
    assert manager.post(_url(made, "/questions/topic"), data=data).status_code == 303
    for path in ("", "/questions/again"):
        page = manager.get(_url(made, path)).text
        assert "Is shown only after some answers to ‘About what?’, which are confidential: being asked it gives" in page
    assert "so they can’t be confidential" in manager.get(_url(made, "/questions/comment")).text
    assert "so they can’t be confidential" not in manager.get(_url(made, "/questions/topic")).text


def test_an_archived_questionnaire_says_so_before_somebody_works_on_it(
    session: Session, manager: FlaskClient, viewer: FlaskClient, made: Questionnaire
) -> None:
    """On each of its pages, with the button that takes it out; its translations are not offered meanwhile."""
    tab = _url(made, "/translations")
    assert tab in manager.get(_url(made)).text
    manager.post(_url(made, "/archive"))
    for path in ("", "/questions/topic", "/translations/de", "/publish", "/description"):
        page = manager.get(_url(made, path)).text
        assert ("This questionnaire is archived" in page, f'"{tab}"' in page) == (True, False), path
        assert page.count(f'action="{_url(made, "/unarchive")}"') >= 2, path  # in the notice, and in the menu
    assert "This questionnaire is archived" not in viewer.get(_url(made)).text


def test_the_newest_version_is_asked_now_only_where_it_is_asked(
    session: Session, manager: FlaskClient, made: Questionnaire
) -> None:
    """One that stands in for no kind of job is the newest, and is not called asked."""
    _publish(session, made)
    assert "Asked now" in manager.get(_url(made, "/versions")).text
    other = drafts.create(session, "Another", blank(), NOW)
    _publish(session, other)
    page = manager.get(_url(other, "/versions")).text
    assert ("Newest" in page, "Asked now" in page) == (True, False)


def test_a_full_questionnaire_offers_no_more_questions(session: Session, manager: FlaskClient) -> None:
    """Whoever reads that there is no room has not written a question for nothing."""
    full = drafts.create(session, "Long", document(*(question(f"more_{at}") for at in range(39))), NOW)
    page = manager.get(_url(full)).text
    assert "40 questions: a questionnaire has no room for more." in page
    assert ("Add a question" in page, "Duplicate" in page) == (False, False)
    manager.post(_url(full, "/questions/more_7/delete"), data={"revision": full.revision})
    page = manager.get(_url(full)).text
    assert ("Add a question" in page, "Duplicate" in page) == (True, True)


def test_publishing_shows_what_changes_and_what_can_not_be(
    session: Session, manager: FlaskClient, made: Questionnaire
) -> None:
    """First the summary; a change of meaning is refused, other words are confirmed, then it is published once."""
    page = manager.get(_url(made, "/publish")).text
    assert "The first version: 4 questions, in English." in page
    assert manager.post(_url(made, "/publish"), data={"revision": made.revision}).status_code == 303
    page = manager.get(_url(made, "/publish")).text
    assert "Nothing to publish" in page
    assert "The draft asks exactly what version 1 asks." in page
    assert "version 2" not in page
    assert manager.post(_url(made, "/publish"), data={"revision": made.revision}).status_code == 409
    data = {
        "revision": made.revision,
        "text": "About what?",
        "option_value": ["1", "2", "3"],
        "option_text": ["A person", "The price", "The wait"],
        "confidentiality": "named",
    }
    manager.post(_url(made, "/questions/topic"), data=data)
    assert "This can’t be published" in manager.get(_url(made, "/publish")).text
    assert manager.post(_url(made, "/publish"), data={"revision": made.revision, "confirmed": "yes"}).status_code == 422
    data |= {"revision": made.revision, "option_text": ["A person", "Parking", "The price"]}
    manager.post(_url(made, "/questions/topic"), data=data)
    assert manager.post(_url(made, "/publish"), data={"revision": made.revision}).status_code == 422
    assert manager.post(_url(made, "/publish"), data={"revision": 1, "confirmed": "yes"}).status_code == 409
    assert manager.post(_url(made, "/publish"), data={"revision": made.revision, "confirmed": "yes"}).status_code == 303
    newest = versions.newest(session, made.id)
    assert newest is not None
    assert newest.number == 2
    assert newest.changes == ["‘About what?’: the answer ‘The wait’ now reads: ‘Parking’."]
    assert newest.published_by is not None
    assert "‘Parking’" in manager.get(_url(made, "/versions")).text


def test_a_published_name_stays_and_a_new_answer_gets_a_new_number(
    session: Session, manager: FlaskClient, made: Questionnaire
) -> None:
    """The field is gone from the form, and what is sent for it is not read; numbers of old answers stay unused."""
    _publish(session, made)
    page = manager.get(_url(made, "/questions/topic")).text
    assert "It has been published, so it stays." in page
    data = {"text": "About what?", "key": "subject", "confidentiality": "named", "option_value": ["1", "2"]}
    manager.post(_url(made, "/questions/topic"), data={**data, "revision": 1, "option_text": ["A person", "The wait"]})
    data |= {"option_value": ["1", "2", ""], "option_text": ["A person", "The wait", "Parking"]}
    manager.post(_url(made, "/questions/topic"), data={**data, "revision": made.revision})
    assert [option.value for option in draft_of(made).by_key["topic"].options] == [1, 2, 4]


def test_a_draft_is_discarded_and_an_old_version_taken_again(
    session: Session, manager: FlaskClient, made: Questionnaire
) -> None:
    """Both can be taken back, as any change."""
    _publish(session, made)
    drafts.change(session, made, made.revision, lambda old: _reworded(old, "comment", "More?"), None, NOW)
    _publish(session, made)
    response = manager.post(_url(made, "/versions/1/restore"), data={"revision": made.revision}, follow_redirects=True)
    assert "The draft is as version 1 was." in response.text
    assert draft_of(made).by_key["comment"].text["en"] == "Anything else?"
    assert "Draft differs" in manager.get(LIST).text
    manager.post(_url(made, "/discard"), data={"revision": made.revision})
    assert draft_of(made).by_key["comment"].text["en"] == "More?"
    assert "Draft differs" not in manager.get(LIST).text
    assert "‘More?’ now reads: ‘Anything else?’" not in manager.get(_url(made, "/versions/2")).text
    assert "The draft asks the same." in manager.get(_url(made, "/versions/2")).text
    assert "now reads: ‘More?’" in manager.get(_url(made, "/versions/1")).text
    assert manager.get(_url(made, "/versions/3")).status_code == 404


def test_texts_are_translated_side_by_side(session: Session, manager: FlaskClient, made: Questionnaire) -> None:
    """Missing ones are counted, all are saved at once; a mistake comes back with everything typed."""
    assert manager.get(_url(made, "/translations")).location.endswith("/translations/es")
    page = manager.get(_url(made, "/translations/de")).text
    assert "7 texts missing" in page
    names = re.findall(r'<textarea[^>]* name="([^"]+)"', page)
    assert "topic:options.2" in names
    assert 'href="#t-csat-text">Go to the first</a>' in page
    data = {name: f"DE {name.split(':')[0]}" for name in names}
    wrong = manager.post(_url(made, "/translations/de"), data={**data, "revision": 1, "csat:text": "Na {stuff}"})
    assert wrong.status_code == 422
    assert '<a href="#t-csat-text">1. Question</a>: There is no placeholder' in wrong.text
    assert "DE comment" in wrong.text
    assert manager.post(_url(made, "/translations/de"), data={**data, "revision": made.revision}).status_code == 303
    assert draft_of(made).languages() == ["en", "de"]
    stale = manager.post(_url(made, "/translations/de"), data={**data, "revision": 1, "csat:text": "Anders"})
    assert stale.status_code == 409
    assert "Anders" in stale.text
    _publish(session, made)
    drafts.change(session, made, made.revision, lambda old: _with_german(old, "What else?"), None, NOW)
    assert manager.get(_url(made, "/translations/de")).text.count("Perhaps outdated") == 1
    assert manager.get(_url(made, "/translations/en")).status_code == 303


def _with_german(old: Document, text: str) -> Document:
    asked = old.by_key["comment"]
    return editing.replace(old, "comment", editing.changed(asked, text={**asked.text, "en": text}))


def test_a_name_and_a_description_are_changed(manager: FlaskClient, made: Questionnaire) -> None:
    """Only a complete language can be the one it is written in; what was typed comes back."""
    data = {"revision": made.revision, "name": "Repair jobs", "about": "For the workshop", "language": "en"}
    refused = manager.post(_url(made, "/description"), data={**data, "language": "de"})
    assert refused.status_code == 422
    assert "Deutsch is not complete" in refused.text
    assert "For the workshop" in refused.text
    assert manager.post(_url(made, "/description"), data=data).status_code == 303
    assert (made.name, draft_of(made).about) == ("Repair jobs", "For the workshop")
    assert manager.post(_url(made, "/description"), data=data).status_code == 409


def test_what_is_in_use_is_not_archived(session: Session, manager: FlaskClient, made: Questionnaire) -> None:
    """The kinds of job are named; without a use it goes to the archive, is left alone there, and comes back."""
    first = drafts.create(session, "First", blank(), NOW)
    _publish(session, made)
    _publish(session, first)
    session.add(QuestionnaireUse(kind="repair", questionnaire_id=first.id))
    refused = manager.post(_url(first, "/archive"), follow_redirects=True)
    assert "It is used for ‘repair’. Choose another questionnaire for that first." in refused.text
    stands_in = manager.post(_url(made, "/archive"), follow_redirects=True)
    assert "It is used for every other kind of job." in stands_in.text
    session.delete(session.scalars(select(QuestionnaireUse)).one())
    assert manager.post(_url(first, "/archive")).location == LIST
    assert "1 archived" in manager.get(LIST).text
    assert "First" in manager.get(f"{LIST}?show=archived").text
    kept = manager.post(_url(first, "/questions/csat/duplicate"), data={"revision": 1}, follow_redirects=True)
    assert "is archived" in kept.text
    assert "Move up" not in kept.text
    manager.post(_url(first, "/unarchive"))
    assert first.archived_at is None


def test_the_preview_shows_the_draft_as_a_client_sees_it(manager: FlaskClient, made: Questionnaire) -> None:
    """Every page, in a language, after a rating; it may stand in a frame of ours, and a page that is gone says so."""
    page = manager.get(_url(made, "/preview"))
    assert "How did we do?" in page.text
    assert "frame-ancestors 'self'" in page.headers["Content-Security-Policy"]
    assert "Anything else?" in manager.get(_url(made, "/preview/comment?rating=2&lang=de")).text
    assert manager.get(_url(made, "/preview/nothing")).status_code == 404
    assert "frame-ancestors 'none'" in manager.get(_url(made)).headers["Content-Security-Policy"]


@pytest.mark.parametrize(("start", "rating", "chosen"), [("ces", 1, "ces-1"), ("ces", 5, "ces-7"), ("nps", 2, "nps-5")])
def test_the_preview_after_a_rating_answers_whatever_leads(
    session: Session, manager: FlaskClient, start: str, rating: int, chosen: str
) -> None:
    """A low rating is a low effort or recommendation where the questionnaire begins with one."""
    row = drafts.create(session, "Other", library.document(start), NOW)
    session.commit()
    page = manager.get(_url(row, f"/preview?rating={rating}")).text
    assert re.findall(r'id="([^"]+)" checked', page) == [chosen]


def test_publishing_says_who_is_asked(session: Session, manager: FlaskClient, made: Questionnaire) -> None:
    """The first one published stands in for every kind of job; another waits until somebody chooses it."""
    other = drafts.create(session, "Other", blank(), NOW)
    session.commit()
    for row, said in ((made, "surveys about every kind of job ask this"), (other, "nobody gets it until you choose")):
        data = {"revision": str(row.revision)}
        page = manager.post(_url(row, "/publish"), data=data, follow_redirects=True).text
        assert f"Version 1 is published: {said}" in page
    assert "choose for which</a>" in page
    assert "choose for which</a>" not in manager.get(_url(made)).text


def test_answers_are_counted_as_the_results_count_them(
    session: Session, manager: FlaskClient, made: Questionnaire
) -> None:
    """Those to a version are its questionnaire's; those without a version are the first questionnaire's."""
    other = drafts.create(session, "Other", blank(), NOW)
    _publish(session, made)
    version = _publish(session, other)
    for version_id in (version.id, version.id, None):
        make_response(session, csat=5).version_id = version_id
    assert "1 answer so far" in manager.get(_url(made)).text
    assert "2 answers so far" in manager.get(_url(other)).text
