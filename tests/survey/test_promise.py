"""The service promise: its languages, its public page and poster, and which steps of it are kept."""

import re
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
import qrcode
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from qrcode.constants import ERROR_CORRECT_M
from sqlalchemy.orm import Session

from survey import clock
from survey.asking.schedule import zone_for
from survey.errors import InvalidInputError
from survey.firm_settings import save_promise
from survey.firms import get_firm
from survey.languages import LANGUAGES
from survey.logos import LIGHT_BYTES
from survey.models import Contact, Resolution, Touchpoint
from survey.promise import DEFAULT_PROMISE, PromiseStep, promise_steps, said_in, written_in
from survey.promise_ledger import MINIMUM, Asked, By, Tally, groups, jobs_behind, overall, step_tallies
from survey.qr_codes import QUIET, qr_code
from tests.conftest import NOW
from tests.factories import make_client, make_contact, make_job, make_resolution, make_response

BERLIN = zone_for("Europe/Berlin")
STEPS = ("greeted", "explained")
texts = st.text(min_size=1, max_size=40)


def answer(
    session: Session, contact: Contact, at: datetime = NOW - timedelta(days=3), kind: str = "Repair", **steps: int
) -> Resolution:
    """A finished job whose client says which steps happened: greeted=1, explained=-1."""
    staff = {"Ana Xu": 0.5, "Bo Li": 0.5} if kind == "Repair" else {"Bo Li": 1.0}
    resolution = make_resolution(session, make_job(session, contact, kind=kind), completed_at=at, staff=staff)
    response = make_response(session, resolution, csat=4)
    for step, value in steps.items():
        response.touchpoints.append(Touchpoint(resolution_id=resolution.id, step=step, value=value))
    session.flush()
    return resolution


@given(texts, st.dictionaries(st.sampled_from(list(LANGUAGES)), texts), st.sampled_from(list(LANGUAGES)))
def test_a_step_survives_its_row(text: str, others: dict[str, str], language: str) -> None:
    """Stored and read back it says the same in every language, whoever edited it in which."""
    step = PromiseStep("a", text, others)
    assert promise_steps([step.as_dict()]) == [step]
    (edited,) = written_in([step], language)
    assert edited.text == step.text_in(language)
    assert {code: edited.text_in(code) for code in others} == {code: step.text_in(code) for code in others}


def test_the_usual_promise_is_said_in_every_language() -> None:
    """A firm that changes nothing shows a whole promise to every reader; no text is English in another language."""
    for language in LANGUAGES:
        said = [step.text for step in said_in(DEFAULT_PROMISE, language)]
        assert len(set(said)) == len(DEFAULT_PROMISE)
        assert (said == [step.text for step in DEFAULT_PROMISE]) is (language == "en")


def test_a_language_without_a_text_gets_the_firms_own(client: FlaskClient, session: Session) -> None:
    """Saved with one translation, the public page shows it there and the firm's words elsewhere."""
    save_promise(session, [PromiseStep("", "We left it tidy", {"de": " Wir räumen auf ", "fr": "  "})], NOW)
    (kept,) = get_firm(session).promise
    assert kept == {"key": "we_left_it_tidy", "text": "We left it tidy", "texts": {"de": "Wir räumen auf"}}
    assert "Wir räumen auf" in client.get("/promise?lang=de").text
    assert "We left it tidy" in client.get("/promise", headers={"Accept-Language": "fr-CH, de;q=0.5"}).text


def test_a_translation_that_is_too_long_is_refused(session: Session) -> None:
    """The same limit holds in every language."""
    with pytest.raises(InvalidInputError, match="longer than"):
        save_promise(session, [PromiseStep("a", "Short", {"de": "x" * 161})], NOW)


def test_the_settings_edit_every_language(admin: FlaskClient, session: Session) -> None:
    """Texts travel with their step when it is moved, and the firm's own language has no second field."""
    sent: dict[str, Any] = {"key": ["a", "b"], "text": ["First", "Second"], "text_de": ["Erstens", "Zweitens"]}
    admin.post("/desk/settings/promise", data={**sent, "do": "down-0"})
    assert [step.text_in("de") for step in promise_steps(get_firm(session).promise)] == ["Zweitens", "Erstens"]
    page = admin.get("/desk/settings/promise").text
    assert 'value="Zweitens"' in page
    assert "text_en" not in page
    assert "/promise/poster" in page


def test_the_public_pages_need_no_account(client: FlaskClient, session: Session) -> None:
    """Firm, steps and the poster's code are there for everybody, in the reader's language, and may be kept a while."""
    get_firm(session).promise = [step.as_dict() for step in DEFAULT_PROMISE]
    for path in ("/promise", "/promise/poster"):
        page = client.get(path, headers={"Accept-Language": "nl"})
        assert page.status_code == 200
        assert "Brightside IT" in page.text
        assert "We hebben u op de hoogte gehouden" in page.text
        assert '<html lang="nl"' in page.text
        assert "noindex" not in page.text
        assert page.headers["Cache-Control"].startswith("public")
        assert "Set-Cookie" not in page.headers
    assert "<svg" in client.get("/promise/poster").text


def test_without_a_promise_the_page_says_so(client: FlaskClient, session: Session) -> None:
    """An empty promise is no error."""
    get_firm(session).promise = []
    assert "Nothing is promised here yet." in client.get("/promise?lang=en").text
    assert client.get("/promise/poster").status_code == 200


def test_a_qr_code_is_drawn_module_by_module() -> None:
    """The bars of the path cover exactly the code's dark modules, with four white ones around; none is drawn twice."""
    text = "https://survey.example/promise"
    code = qr_code(text)
    made = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=QUIET)
    made.add_data(text)
    dark = {(x, y) for y, row in enumerate(made.get_matrix()) for x, module in enumerate(row) if module}

    bars = re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", code.path)
    drawn = [(int(x) + step, int(y)) for x, y, length in bars for step in range(int(length))]
    assert code.size == 29 + 2 * QUIET  # version 3 holds these characters
    assert "".join(f"M{x} {y}h{length}v1h-{length}z" for x, y, length in bars) == code.path
    assert set(drawn) == dark
    assert len(drawn) == len(dark)


def test_the_public_pages_are_light(client: FlaskClient, session: Session) -> None:
    """The promise and its poster, with all they load and the largest logo, weigh less than 30 KB before compression."""
    firm = get_firm(session)
    firm.logo = {"digest": "0" * 16, "width": 180, "height": 48, "plates": ["light", "dark"]}
    firm.promise = [step.as_dict() for step in DEFAULT_PROMISE]
    for page, language in product(("/promise", "/promise/poster"), LANGUAGES):
        shown = client.get(page, query_string={"lang": language})
        weight = len(shown.data) + LIGHT_BYTES
        for address in re.findall(r'<link [^>]*href="([^"]+)"', shown.text):
            with client.get(address) as loaded:
                weight += len(loaded.data)
        assert weight < 30_000, (page, language)


def test_steps_are_counted_with_their_interval(session: Session) -> None:
    """Kept and missed by step; "doesn't apply" is neither; a step nobody spoke of is 0 of 0."""
    contact = make_contact(session)
    for greeted, explained in [(1, -1), (1, 0), (-1, 1), (1, 1), (1, -1)]:
        answer(session, contact, greeted=greeted, explained=explained)
    found = step_tallies(session, {"greeted": "Greeted", "explained": "Explained", "tidy": "Tidy"}, None)
    assert [(one.kept, one.missed) for one in found] == [(4, 1), (2, 2), (0, 0)]
    assert found[0].interval == pytest.approx((0.3604, 0.9797), abs=2e-3)
    assert [one.enough for one in found] == [True, False, False]


def test_the_whole_promise_is_missed_when_any_step_was(session: Session) -> None:
    """One answered survey counts once, however many steps it speaks of; nothing but "doesn't apply" counts not."""
    contact = make_contact(session)
    answer(session, contact, greeted=1, explained=-1)
    answer(session, contact, greeted=1, explained=0)
    answer(session, contact, greeted=0, explained=0)
    answer(session, contact, at=NOW - timedelta(days=200), greeted=1, explained=1)
    assert (overall(session, Asked(STEPS)).kept, overall(session, Asked(STEPS)).missed) == (2, 1)
    assert overall(session, Asked(STEPS, since=NOW - timedelta(days=90))).n == 2
    assert overall(session, Asked((), since=None)).n == 0


def make_five(session: Session, name: str, missed: int, kind: str = "Repair", answers: int = MINIMUM) -> None:
    contact = make_contact(session, make_client(session, name=name))
    for number in range(answers):
        answer(session, contact, kind=kind, greeted=-1 if number < missed else 1)


def test_groups_are_ranked_from_the_minimum_on(session: Session) -> None:
    """The least kept first; who has fewer answers is listed apart, never ranked."""
    make_five(session, "Often missed", 4)
    make_five(session, "Seldom missed", 1)
    make_five(session, "Too few", 4, answers=MINIMUM - 1)
    found = groups(session, Asked(STEPS, "greeted"), By.CLIENT, BERLIN, NOW)
    assert [(one.label, one.missed) for one in found.ranked] == [("Often missed", 4), ("Seldom missed", 1)]
    assert [one.label for one in found.few] == ["Too few"]


def test_groups_by_kind_staff_and_month(session: Session) -> None:
    """A job of two people counts for both; months are the firm's, in their order."""
    make_five(session, "A", 2)
    make_five(session, "B", 1, kind="Visit")
    contact = make_contact(session)
    for _ in range(MINIMUM):  # 23:30 in London on the last of January is February in Berlin
        answer(session, contact, at=datetime(2026, 1, 31, 23, 30, tzinfo=NOW.tzinfo), greeted=1)
    asked = Asked(STEPS, "greeted")

    def counted(by: By) -> dict[str, tuple[int, int]]:
        return {one.label: (one.kept, one.missed) for one in groups(session, asked, by, BERLIN, NOW).ranked}

    assert counted(By.KIND) == {"Repair": (8, 2), "Visit": (4, 1)}
    assert counted(By.STAFF) == {"Ana Xu": (8, 2), "Bo Li": (12, 3)}
    assert list(counted(By.MONTH).items()) == [("Feb 2026", (5, 0)), ("Mar 2026", (7, 3))]


def test_kinds_that_differ_in_case_are_one(session: Session) -> None:
    """Four answers about a “Repair” and two about a “repair” are six about one kind, with six jobs behind them."""
    make_five(session, "A", 1, kind="Repair", answers=4)
    make_five(session, "B", 1, kind="repair", answers=2)
    asked = Asked(STEPS, "greeted")
    found = groups(session, asked, By.KIND, BERLIN, NOW)
    assert [(one.label, one.kept, one.missed) for one in found.ranked] == [("Repair", 4, 2)]
    assert not found.few
    assert jobs_behind(session, asked, BERLIN, NOW, by=By.KIND, key="Repair").total == 6


def test_every_number_leads_to_its_jobs(session: Session) -> None:
    """The jobs behind a count are as many as the count says, and say which steps were missed."""
    make_five(session, "A", 2)
    make_five(session, "B", 1, kind="Visit")
    asked = Asked(STEPS, "greeted")
    for by in By:
        for tally in groups(session, asked, by, BERLIN, NOW).ranked:
            behind = jobs_behind(session, asked, BERLIN, NOW, by=by, key=tally.key)
            missed = jobs_behind(session, asked, BERLIN, NOW, by=by, key=tally.key, missed_only=True)
            assert (behind.total, missed.total) == (tally.n, tally.missed), (by, tally)
            assert all(row.missed == ("greeted",) for row in missed.items)


@given(st.integers(0, 400), st.integers(0, 400))
def test_a_tally_says_only_what_it_counted(kept: int, missed: int) -> None:
    """From one answer on, the share lies in its interval; it ranks from the minimum on."""
    tally = Tally("", "", kept, missed)
    assert tally.enough is (kept + missed >= MINIMUM)
    if tally.n:
        assert tally.interval[0] <= tally.share <= tally.interval[1]


def test_the_desk_shows_what_fails_for_whom(session: Session, manager: FlaskClient) -> None:
    """Numbers with intervals as a table, each leading to its jobs; the names link to the pages they are about."""
    get_firm(session).promise = [step.as_dict() for step in DEFAULT_PROMISE]
    make_five(session, "Often missed", 4)
    with clock.fixed_at(NOW):
        page = manager.get("/desk/promise?step=greeted&by=client").text
        assert "Often missed" in page
        assert "95% intervals" in page
        for text in ("20%", "2%–64%"):
            assert text in page, text
        jobs = manager.get("/desk/promise/jobs?step=greeted&by=staff&key=Ana+Xu&missed=1").text
    assert jobs.count("data-keys-row") == 4
    assert "Ana Xu" in jobs


def test_what_staff_do_is_for_managers(session: Session, viewer: FlaskClient) -> None:
    """A viewer sees the steps, kinds, clients and months, and is refused the people, as under Staff."""
    make_five(session, "Often missed", 4)
    with clock.fixed_at(NOW):
        page = viewer.get("/desk/promise").text
        assert "Ana Xu" not in page
        assert 'value="staff"' not in page
        assert viewer.get("/desk/promise?by=staff").status_code == 403
        assert viewer.get("/desk/promise/jobs?by=staff&key=Ana+Xu").status_code == 403


@pytest.mark.parametrize("query", ["by=moon", "step=moon", "period=moon", "by=client&key=moon", "page=-1"])
def test_a_strange_address_shows_the_usual_page(manager: FlaskClient, query: str) -> None:
    """Nothing that is typed into the address breaks the page."""
    assert manager.get(f"/desk/promise?{query}").status_code == 200
    assert manager.get(f"/desk/promise/jobs?{query}").status_code == 200


def test_empty_states(session: Session, manager: FlaskClient) -> None:
    """Without answers, and without a promise, the page says what will be there."""
    get_firm(session).promise = [step.as_dict() for step in DEFAULT_PROMISE]
    assert "Nobody has said yet" in manager.get("/desk/promise").text
    get_firm(session).promise = []
    assert "Nothing is promised yet" in manager.get("/desk/promise").text
    assert "No job is behind this" in manager.get("/desk/promise/jobs").text
