"""The scanner gauntlet with a real browser: a machine that clicks every link and button as soon as a page is there."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Error, Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey import clock, tokens
from survey.evidence import presses
from survey.models import Invitation, Repair
from survey.responses import answers_of, find_response
from tests.browser.conftest import PERSON, Server
from tests.conftest import SECRET_KEY
from tests.factories import make_invitation

pytestmark = pytest.mark.browser

CLICKS_ALL = """addEventListener('load', () => {
    for (const input of document.querySelectorAll('input[type=radio]')) input.click();
    for (const element of document.querySelectorAll('a[href*="/s/"], button')) element.click();
})"""
HEADLESS = PERSON.replace("Chrome/", "HeadlessChrome/")


def _sent(session: Session) -> tuple[int, str]:
    now = clock.now()
    invitation = make_invitation(session, sent_at=now - timedelta(hours=2), expires_at=now + timedelta(days=7))
    return invitation.id, f"/s/{tokens.derive(SECRET_KEY, 'survey', invitation.seed)}"


def _stored(server: Server, invitation_id: int) -> dict[str, Any]:
    return server.commit(
        lambda session: dict(answers_of(find_response(session, session.get_one(Invitation, invitation_id))))
    )


def _let_loose(page: Page, path: str) -> None:
    """Open ratings of the email; each page is clicked through by the script that runs on load, again and again."""
    page.add_init_script(CLICKS_ALL)
    for value in (1, 5, 3):
        try:
            page.goto(f"{path}?csat={value}")
            page.wait_for_timeout(200)
        except Error:  # the page was left while it loaded: the machine's own clicks lead away
            continue


def _press_every_button(page: Page, path: str) -> None:
    """With the browser's own mouse, as a tester's tool does: the offered value's button, and the next one, at once."""
    page.goto(f"{path}?csat=1")
    for _ in range(2):
        page.locator("button.send").first.click()
    for say in ("not_finished", "left"):
        page.goto(path)
        page.locator(f"button[value={say}]").click()


def test_a_browser_that_clicks_everything_changes_nothing(
    new_page: Callable[..., Page], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By script or by mouse, with and without a name that tells: nothing is stored. The person’s answer stands."""
    monkeypatch.setattr(presses, "NAMED_WAITS", 600.0)  # a slow machine would wait as long as a person by itself
    invitation_id, path = server.commit(_sent)
    _let_loose(new_page(), path)
    _let_loose(new_page(user_agent=HEADLESS), path)
    _press_every_button(new_page(user_agent=HEADLESS), path)
    assert _stored(server, invitation_id) == {}

    person = new_page(javascript=False, user_agent=PERSON.replace("126", "127"))
    person.goto(f"{path}?csat=4")
    person.locator("button.send").click()
    if person.locator("input[name=again]").count():  # within a minute of all these machines: one tap more
        person.wait_for_timeout(1_500)
        person.locator("button.send").click()
    expect(person.locator("input[name=again]")).to_have_count(0)
    assert _stored(server, invitation_id) == {"csat": 4}

    _let_loose(new_page(user_agent=HEADLESS), path)
    assert _stored(server, invitation_id) == {"csat": 4}
    assert server.commit(lambda session: session.scalars(select(Repair)).all()) == []
