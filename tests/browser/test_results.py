"""Results in a real browser: accessible at every width and in both themes, filtered without leaving the page."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from survey import clock
from survey.models import InvitationState
from tests.browser.conftest import SCREENS, BrowserThread, Server, scrolls_sideways, violations
from tests.factories import make_invitation
from tests.survey.results.rows import answered, asks, confide, published, questionnaire

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]


@pytest.fixture
def results(server: Server) -> None:
    """Two versions, three months of answers of every kind, words, confidential ones, and surveys not answered."""

    def make(session: Session) -> None:
        now = clock.now()
        options = [{"value": 1, "text": {"en": "Speed"}}, {"value": 2, "text": {"en": "Price"}}]
        made = questionnaire(
            session,
            "After a job",
            asks("comment", "long_text", with_previous=True),
            asks("nps", "nps"),
            asks("heard", "choices", options=options),
            asks("inside", "long_text", confidentiality="managers"),
            asks("fair", "agreement", confidentiality="confidential"),
        )
        versions = [published(session, made), published(session, made)]
        for number in range(24):
            at = now - timedelta(days=4 * number + 1)
            values = {"csat": 5 - number % 4, "nps": 10 - number % 7, "heard.1": 1, "comment": f"Words {number}"}
            kind = "Support" if number % 2 else "Repair"
            answered(session, versions[number % 2], at=at, kind=kind, **values)
        confide(session, versions[1], f"{now.year - 1}-02", "fair", 7, 6, 6, 5, 7, 2)
        for state in (InvitationState.EXPIRED, InvitationState.SKIPPED):
            sent_at = None if state is InvitationState.SKIPPED else now
            invitation = make_invitation(session, state=state, sent_at=sent_at)
            invitation.resolution.completed_at = now - timedelta(days=3)

    server.commit(make)


@pytest.mark.usefixtures("results")
@pytest.mark.parametrize(("width", "theme"), SCREENS)
def test_the_results_are_accessible(chromium: BrowserThread, signed_in_page: OpenPage, width: int, theme: str) -> None:
    """The answers, one question's page and the way to an answer have no violation of WCAG 2.2 AA and fit the window."""
    page = signed_in_page("manager", width=width, theme=theme)
    for path, heading in (
        ("/desk/results", "Results"),
        ("/desk/results/questions/csat?answer=csat:5:5", "csat?"),
        ("/desk/results/questions/nps", "nps?"),
        ("/desk/results/questions/comment", "comment?"),
        ("/desk/results/funnel", "Results"),
    ):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        for figures in page.locator("details.figures").all()[:2]:
            figures.evaluate("element => element.open = true")
        assert violations(page) == [], path
        assert not scrolls_sideways(page), path


@pytest.mark.usefixtures("results")
def test_a_filter_changes_the_figures_and_the_address(chromium: BrowserThread, signed_in_page: OpenPage) -> None:
    """Choosing a kind of job by keyboard counts its answers alone, and the address leads back to them."""
    page = signed_in_page("manager", width=1280)
    page.goto("/desk/results")
    expect(page.get_by_role("status").filter(has_text="24 surveys answered")).to_be_visible()
    kind = page.get_by_label("Kind of job")
    kind.focus()
    kind.press("S")
    expect(page.get_by_role("status").filter(has_text="12 surveys answered")).to_be_visible()
    assert "kind=Support" in page.url
    page.reload()
    expect(page.get_by_role("status").filter(has_text="12 surveys answered")).to_be_visible()
    page.get_by_role("link", name="Support (remove this filter)").click()
    expect(page.get_by_role("status").filter(has_text="24 surveys answered")).to_be_visible()


@pytest.mark.usefixtures("results")
def test_without_scripts_the_filters_work(chromium: BrowserThread, signed_in_page: OpenPage) -> None:
    """The search button sends the filters where there is no JavaScript, and every figure is in the page."""
    page = signed_in_page("viewer", width=1280, javascript=False)
    page.goto("/desk/results")
    page.get_by_label("Kind of job").select_option("Repair")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("status").filter(has_text="12 surveys answered")).to_be_visible()
    assert page.locator("details.figures table").count() >= 2
