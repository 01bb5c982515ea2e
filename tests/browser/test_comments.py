"""Comments in a real browser: accessible at every width and in both themes, and said why by keyboard alone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.models import AnswerAnalysis, CalibrationStatus, SpotCheck, TextCalibration
from analysis.reading.corrections import correct
from analysis.reading.spot_checks import base_in_force, draw, judge, open_checks
from survey import clock
from tests.analysis.desk_rows import make_hurt_client
from tests.browser.conftest import SCREENS, BrowserThread, Server, scrolls_sideways, violations

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]


@pytest.fixture
def comments(server: Server) -> None:
    """Six comments of the last months: one is corrected, three of five drawn are checked, a calibration is proposed."""

    def make(session: Session) -> None:
        now = clock.now()
        for number in range(6):
            make_hurt_client(session, f"Client {number}", now)
        reading = session.scalars(select(AnswerAnalysis).order_by(AnswerAnalysis.id)).first()
        assert reading is not None
        bad = {"aspect": "timeliness", "sentiment": "negative", "start": 0, "end": 0}
        correct(session, reading.answer, reading, sentiment="negative", aspects=[bad], user_id=None, now=now)
        draw(session, now, 5)
        for check, label in zip(open_checks(session), ("mixed", "negative", "unclear"), strict=False):
            judge(session, check, label, None, now)
        session.add(_proposal(session, reading))

    server.commit(make)


def _proposal(session: Session, reading: AnswerAnalysis) -> TextCalibration:
    """One that would change a verdict, and quotes it."""
    report = {
        "checked": 40,
        "loss_before": 0.412,
        "loss_after": 0.387,
        "doubt": 0.011,
        "error_before": 0.09,
        "error_after": 0.05,
        "readings": 6,
        "changed": 1,
        "moves": [{"before": "neutral", "after": "negative", "count": 1}],
        "examples": [
            {
                "answer_id": reading.answer_id,
                "before": "neutral",
                "after": "negative",
                "said": [0.3, 0.5, 0.2],
                "says": [0.6, 0.3, 0.1],
            }
        ],
    }
    return TextCalibration(
        status=CalibrationStatus.PROPOSED,
        base=base_in_force(session),
        temperature=0.8,
        negative=0.4,
        neutral=-0.3,
        positive=0.1,
        report=report,
        proposed_at=clock.now(),
    )


@pytest.mark.usefixtures("comments")
@pytest.mark.parametrize(("width", "theme"), SCREENS)
def test_every_page_about_comments_is_accessible(
    chromium: BrowserThread, server: Server, signed_in_page: OpenPage, width: int, theme: str
) -> None:
    """No WCAG 2.2 AA violation and no sideways scrolling, with a form and a reason open."""
    page = signed_in_page("manager", width=width, theme=theme)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    searches = ("", "?since=2020-01-01&q=nobody&aspect=timeliness", "?q=zzz")
    for path in (*searches, "/trends", "/corrections", "/check", "/check/next"):
        page.goto(f"/desk/comments{path}")
        assert complaints == [], path
        for details in page.locator("main details").all()[:3]:
            details.evaluate("element => { element.open = true; }")
        if page.locator("mark.has-why").count():
            page.locator("mark.has-why").first.focus()
        assert not scrolls_sideways(page), path
        assert violations(page) == [], path
        complaints.clear()  # axe itself styles the page while it looks


@pytest.mark.usefixtures("comments")
def test_a_mark_says_why_by_keyboard_and_can_be_silenced(
    chromium: BrowserThread, server: Server, signed_in_page: OpenPage
) -> None:
    """Focus shows the reason and ties it to the mark; Escape puts it away; the next focus brings it back."""
    page = signed_in_page("manager", width=1280)
    page.goto("/desk/comments?client=Client+1")
    first, second = page.locator("mark.has-why").all()[:2]
    tip = first.get_by_role("tooltip", include_hidden=True)
    expect(tip).to_be_hidden()
    first.focus()
    expect(tip).to_be_visible()
    expect(first).to_have_accessible_description(
        "Speaks somewhat for you (weight 0.4 of 1). Attitude of staff: positive."
    )
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    page.keyboard.press("Tab")
    expect(second).to_be_focused()
    expect(second.get_by_role("tooltip")).to_be_visible()
    first.hover()
    expect(tip).to_be_visible()
    tip.hover()
    expect(tip).to_be_visible()


@pytest.mark.usefixtures("comments")
def test_a_comment_is_corrected_without_scripts(
    chromium: BrowserThread, server: Server, signed_in_page: OpenPage
) -> None:
    """Opened, changed, saved, and taken back by the button of the message."""
    page = signed_in_page("manager", width=375, javascript=False)
    page.goto("/desk/comments?client=Client+1")
    page.locator("summary", has_text="Wrong?").click()
    page.get_by_label("Positive", exact=True).check()
    page.get_by_label("Add a subject", exact=True).select_option("price_billing")
    page.get_by_role("button", name="Save correction").click()
    expect(page.get_by_text("Corrected by Manager: was mixed")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken back: the comment reads as it did before.")).to_be_visible()
    expect(page.get_by_text("Corrected by Manager")).to_have_count(0)


@pytest.mark.usefixtures("comments")
def test_comments_are_checked_with_the_number_keys(
    chromium: BrowserThread, server: Server, signed_in_page: OpenPage
) -> None:
    """1 to 5 are negative, neutral, positive, mixed and cannot tell; after the last the page says how they compare."""

    def start_anew(session: Session) -> None:
        for check in session.scalars(select(SpotCheck)):
            check.label = None

    def labels(session: Session) -> list[str | None]:
        return list(session.scalars(select(SpotCheck.label).order_by(SpotCheck.id)))

    server.commit(start_anew)
    page = signed_in_page("manager", width=1280)
    page.goto("/desk/comments/check/next")
    for number in range(1, 6):
        expect(page.get_by_role("status").filter(has_text=f"{number} of 5")).to_be_visible()
        page.wait_for_load_state()  # the scripts come after the words: a key pressed between them goes nowhere
        page.keyboard.press(str(number))
    page.wait_for_url("**/desk/comments/check")
    expect(page.get_by_text("All checked.")).to_be_visible()
    assert server.commit(labels) == ["negative", "neutral", "positive", "mixed", "unclear"]
