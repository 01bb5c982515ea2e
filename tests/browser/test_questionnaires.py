"""The builder in a real browser: a questionnaire made, translated and published by keyboard alone; accessible pages."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Dialog, Locator, Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey import clock
from survey.models import Questionnaire
from survey.questionnaires import drafts, editing, publishing
from survey.questionnaires.drafts import draft_of
from tests.browser.conftest import SCREENS, BrowserThread, Server, scrolls_sideways, violations
from tests.survey.questionnaire_documents import document, question

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
LIST = "/desk/questionnaires"


def _tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until the wanted thing has the focus."""
    handle = wanted.element_handle()
    for _ in range(120):
        if page.evaluate("one => one === document.activeElement", handle):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no way to {wanted} by keyboard")


def _press(page: Page, role: str, name: str, *, exact: bool = False) -> None:
    main = page.get_by_role("main")
    _tab_to(page, main.get_by_role(role, name=name, exact=exact).first)  # type: ignore[arg-type]
    page.keyboard.press("Enter")


def _draft(server: Server) -> list[str]:
    return server.commit(lambda session: list(draft_of(session.scalars(select(Questionnaire)).one()).by_key))


def test_a_questionnaire_is_built_translated_and_published_by_keyboard(
    chromium: BrowserThread, server: Server, signed_in_page: OpenPage
) -> None:
    """Named, two questions added, one moved with Alt and an arrow, one taken back, one language filled, published."""
    page = signed_in_page("manager", width=1280)
    page.goto(LIST)
    _press(page, "link", "Begin another one")
    page.wait_for_url("**/new")
    _tab_to(page, page.get_by_label("Name"))
    page.keyboard.type("Repairs")
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/questionnaires/*")

    _press(page, "link", "Add a question", exact=True)
    page.wait_for_url("**/pick")
    _press(page, "link", "Choose one")
    page.wait_for_url("**/new?type=choice*")
    _tab_to(page, page.get_by_label("Question", exact=True))
    page.keyboard.type("What was it about?")
    for number, answer in enumerate(("The price", "The wait"), 1):
        _tab_to(page, page.get_by_label(f"Answer {number}", exact=True))
        page.keyboard.type(answer)
    frame = page.frame_locator(".phone iframe")
    expect(frame.get_by_role("button", name="The wait")).to_be_visible()  # before anything is saved
    page.emulate_media(color_scheme="null")  # no theme of the test's, or it holds in the frame as well
    expect(frame.locator("body")).to_have_css("background-color", "rgb(246, 245, 242)")
    page.get_by_label("Dark").check()
    expect(frame.locator("body")).to_have_css("background-color", "rgb(18, 20, 18)")
    page.get_by_label("Answer 2", exact=True).focus()
    _press(page, "button", "Add an answer")
    expect(page.get_by_label("Answer 3", exact=True)).to_be_focused()
    page.keyboard.type("Parking")
    page.keyboard.press("Enter")
    page.wait_for_url("**#q-what_was_it_about")

    _press(page, "link", "Add a question", exact=True)
    page.wait_for_url("**/pick")
    _press(page, "button", "Anything you would like to tell us?")
    page.wait_for_url("**#q-comment")
    assert _draft(server) == ["csat", "what_was_it_about", "comment"]
    moved = page.get_by_role("link", name="Anything you would like to tell us?")
    _tab_to(page, moved)
    page.keyboard.press("Alt+ArrowUp")
    said = "‘Anything you would like to tell us?’ now comes after ‘How did we do?’"
    expect(page.get_by_role("status").get_by_text(said)).to_be_visible()
    expect(moved).to_be_focused()
    assert _draft(server) == ["csat", "comment", "what_was_it_about"]
    page.keyboard.press("Alt+ArrowUp")
    expect(page.get_by_text("can’t come first")).to_be_visible()
    _press(page, "button", "Undo the last change")
    expect(page.get_by_text("Taken back: ")).to_be_visible()
    expect(page.locator("#builder :focus")).to_have_count(1)  # whoever uses the keyboard keeps their place
    assert _draft(server) == ["csat", "what_was_it_about", "comment"]

    _press(page, "link", "Translations")
    page.wait_for_url("**/translations/es")
    expect(page.get_by_text("4 texts missing.")).to_be_visible()
    for place, text in (("Question", "¿De qué se trató?"), ("Answer 1", "El precio"), ("Answer 2", "La espera")):
        group = page.get_by_role("region", name="Choose one")
        _tab_to(page, group.get_by_role("textbox", name=f"{place}, in Español"))
        page.keyboard.type(text)
    _tab_to(page, page.get_by_role("textbox", name="Answer 3, in Español"))
    page.keyboard.type("El aparcamiento")
    _press(page, "button", "Save all")
    expect(page.get_by_text("Complete: nothing is missing in this language.")).to_be_visible()

    _press(page, "link", "Publish…")
    page.wait_for_url("**/publish")
    expect(page.get_by_text("The first version: 3 questions, in English and Español.")).to_be_visible()
    _press(page, "button", "Publish version 1")
    expect(page.get_by_text("Version 1 is published")).to_be_visible()


def test_what_could_not_be_saved_is_not_lost_by_leaving_the_page(
    chromium: BrowserThread, server: Server, signed_in_page: OpenPage
) -> None:
    """The form came back with what was typed, for somebody else was faster: leaving asks first, saving goes on."""
    row_id = server.commit(_prepared)
    page = signed_in_page("manager", width=1280)
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.goto(f"{LIST}/{row_id}/questions/comment")
    server.commit(lambda session: _reworded_by_another(session, row_id))
    page.get_by_label("Question", exact=True).fill("Anything else, in my words?")
    page.get_by_role("button", name="Save").last.click()
    expect(page.get_by_role("alert")).to_contain_text("Not saved yet")
    assert asked == []
    page.get_by_role("link", name="Translations").click()
    expect(page.get_by_label("Question", exact=True)).to_have_value("Anything else, in my words?")
    assert asked == ["beforeunload"]
    page.get_by_role("button", name="Save").last.click()
    page.wait_for_url("**#q-comment")
    assert asked == ["beforeunload"]


def test_the_preview_shows_the_page_of_the_question_just_saved(
    chromium: BrowserThread, server: Server, signed_in_page: OpenPage
) -> None:
    """Back on the list, the client's page beside it is that of the question, not the first."""
    row_id = server.commit(_prepared)
    page = signed_in_page("manager", width=1280)
    page.goto(f"{LIST}/{row_id}/questions/topic")
    page.get_by_label("Question", exact=True).fill("What was it all about?")
    page.get_by_role("button", name="Save").last.click()
    page.wait_for_url("**#q-topic")
    expect(page.frame_locator(".phone iframe").get_by_role("heading", name="What was it all about?")).to_be_visible()


def _reworded_by_another(session: Session, row_id: int) -> None:
    row = drafts.find(session, row_id)
    drafts.change(
        session,
        row,
        row.revision,
        lambda old: editing.replace(old, "topic", editing.changed(old.by_key["topic"], text={"en": "On what?"})),
        None,
        clock.now(),
    )


def _prepared(session: Session) -> int:
    """A published questionnaire with a change that has to be confirmed."""
    asked = document(
        question(
            "comment", "long_text", "Anything else?", prompts={"1": {"en": "What went wrong?"}}, with_previous=True
        ),
        question("topic", "choice", "About what?", options=["A person", "The wait", "The price"]),
        question("again", show_if=[{"question": "rating", "at_most": 2}], confidentiality="confidential"),
    )
    row = drafts.create(session, "Repairs", asked, clock.now())
    publishing.publish(session, row, 1, confirmed=True, user_id=None, now=clock.now())
    row.draft = document(
        question("topic", "choice", "About what?", options=["A person", "Parking", "The price"]), *_as_json(row)
    ).as_dict()
    return row.id


def _as_json(row: Questionnaire) -> list[dict[str, object]]:
    return [one for one in row.draft["questions"] if one["key"] in {"comment", "again"}]


@pytest.mark.parametrize(("width", "theme"), SCREENS)
def test_every_page_of_the_builder_is_accessible(
    chromium: BrowserThread, server: Server, signed_in_page: OpenPage, width: int, theme: str
) -> None:
    """No WCAG 2.2 AA violation and no sideways scrolling, with an error on the page too."""
    row_id = server.commit(_prepared)
    page = signed_in_page("manager", width=width, theme=theme)
    here = f"{LIST}/{row_id}"
    for path in (
        LIST,
        f"{LIST}/new",
        here,
        f"{here}/questions/pick",
        f"{here}/questions/again",
        f"{here}/translations/de",
        f"{here}/publish",
        f"{here}/versions",
        f"{here}/versions/1",
        f"{here}/description",
        f"{here}/questions/topic/type",
        f"{here}/questions/topic?type=yes_no",
        f"{here}/questions/topic",
    ):
        page.goto(path)
        assert not scrolls_sideways(page), path
        assert violations(page) == [], path
    page.get_by_label("Question", exact=True).fill("Hello {staf}")
    page.get_by_label("Answer 2", exact=True).fill("A person")
    page.get_by_role("button", name="Save").last.click()
    expect(page.get_by_role("alert")).to_contain_text("did you mean {staff}?")
    expect(page.get_by_label("Question", exact=True)).to_have_value("Hello {staf}")
    assert not scrolls_sideways(page)
    assert violations(page) == []
