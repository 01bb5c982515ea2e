"""Quarters, what preceded a move, referrals, capacity."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from analysis.desk.capacity import capacities
from analysis.desk.ladder_report import all_referrals, became_of, ladder_report
from analysis.desk.quarters import Step, count_quarters, quarter_end, quarter_starts
from analysis.models import FollowUp, FollowUpKind, Rung
from analysis.relationships.capacity import Load, Period, capacity
from analysis.scoring import referrals
from survey import clock
from survey.errors import ConflictError, InvalidInputError
from survey.models import Client
from survey.people import create_person
from tests.analysis.desk_rows import make_move, make_state
from tests.conftest import NOW
from tests.factories import make_client, make_contact, make_job, make_resolution, make_response

Q1 = datetime(2026, 1, 1, tzinfo=UTC)
Q4 = datetime(2025, 10, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    """The pages are looked at on the day on which the rows were made."""
    with clock.fixed_at(NOW):
        yield


def _text(response: Any) -> str:
    return " ".join(response.get_data(as_text=True).split())


def _converted(session: Session, name: str = "Harbour Dental", at: datetime = NOW - timedelta(days=3)) -> Client:
    """A customer of last year who became a client at `at`, after two jobs in the 90 days before."""
    found = make_client(session, name=name)
    contact = make_contact(session, found)
    for number, kind in enumerate(("Repair", "Install")):
        day = at - timedelta(days=10 + number)
        job = make_job(session, contact, kind=kind, promised_at=day + timedelta(days=1 - 2 * number))
        done = make_resolution(session, job, completed_at=day, staff={"Ana Xu": 0.75, "Bo Li": 0.25})
        make_response(session, done, csat=5, nps=9, submitted_at=day + timedelta(days=1))
    make_move(session, found, None, Rung.CUSTOMER, Q4 + timedelta(days=3))
    make_move(session, found, Rung.CUSTOMER, Rung.CLIENT, at)
    make_state(session, found)
    return found


def test_quarters_count_of_those_who_stood_there_at_the_start() -> None:
    """Rates are of the start of the quarter; moves by an edit of the rules count as nothing."""
    steps = [
        Step(1, None, Rung.CUSTOMER, Q4 + timedelta(days=1)),
        Step(2, None, Rung.CUSTOMER, Q4 + timedelta(days=1)),
        Step(3, None, Rung.CLIENT, Q4 + timedelta(days=1)),
        Step(1, Rung.CUSTOMER, Rung.CLIENT, Q1 + timedelta(days=5)),
        Step(2, Rung.CUSTOMER, Rung.CLIENT, Q1 + timedelta(days=6), by_rules=True),
        Step(3, Rung.CLIENT, Rung.COOLING, Q1 + timedelta(days=7)),
        Step(4, None, Rung.NEW, Q1 + timedelta(days=7)),
        Step(4, Rung.NEW, Rung.CLIENT, Q1 + timedelta(days=20)),
    ]
    now, before = count_quarters(steps, quarter_starts(NOW, 2))
    assert (now.label, now.became, now.fell, now.net) == ("Q1 2026", [1, 4], [3], 1)
    assert (now.converted.count, now.converted.total) == (1, 2)
    assert (now.lost.count, now.lost.total) == (1, 1)
    assert (before.label, before.became, before.converted.total) == ("Q4 2025", [], 0)


def test_quarters_meet() -> None:
    """Each ends where the next begins, also over the turn of the year."""
    starts = quarter_starts(NOW, 6)
    assert [quarter_end(start) for start in starts[1:]] == starts[:-1]


def test_a_conversion_is_told_with_who_and_what_preceded_it(session: Session) -> None:
    """Jobs by kind, dates kept, scores and shares of the 90 days before."""
    found = _converted(session)
    report = ladder_report(session, NOW)
    [one] = report.became
    assert one.client is found
    assert dict(one.before.kinds) == {"Repair": 1, "Install": 1}
    assert (one.before.kept, one.before.promised, one.before.csat, one.before.nps) == (1, 2, [5, 5], [9, 9])
    assert one.before.people == [("Ana Xu", 0.75), ("Bo Li", 0.25)]
    assert [(credit.name, credit.credit) for credit in report.credits] == [("Ana Xu", 0.75), ("Bo Li", 0.25)]


def test_the_report_page_and_its_csv(manager: FlaskClient, session: Session) -> None:
    """The page names the client with rates and intervals; the CSV has one line for each climb and fall."""
    sender, came = make_client(session, name="Sender"), _converted(session, at=NOW - timedelta(days=2))
    referrals.record_referral(session, sender, came.name, None, NOW - timedelta(days=30))
    page = _text(manager.get("/desk/ladder/report?quarter=Q1+2026"))
    assert "Harbour Dental" in page
    assert "Ana Xu" in page
    assert "Of those who were sent to you" in page
    lines = manager.get("/desk/ladder/report.csv").get_data(as_text=True).splitlines()
    assert lines[0].lstrip("\ufeff").startswith("quarter,date,kind,client_ref")
    assert "became" in "".join(lines[1:])
    assert "Sender" in "".join(lines[1:])


def test_the_pages_without_anything_say_what_will_be_there(manager: FlaskClient) -> None:
    """Empty states instead of empty tables."""
    assert "Nobody has moved yet" in _text(manager.get("/desk/ladder/report"))
    assert "Nobody looks after a client yet" in _text(manager.get("/desk/ladder/capacity"))
    assert "Nobody has been rated yet" in _text(manager.get("/desk/staff"))


def test_a_referral_is_noted_and_taken_back(manager: FlaskClient, session: Session) -> None:
    """By name, for a client or for somebody who is none yet; the same twice, or oneself, is refused."""
    sender, came = make_client(session, name="Sender"), make_client(session, name="Newcomer")
    url = f"/desk/clients/{sender.id}/referrals"
    assert manager.post(url, data={"client": "newcomer"}).status_code == 303
    assert session.get_one(Client, came.id).referred_by_id == sender.id
    assert manager.post(url, data={"client": "Newcomer"}).status_code == 422
    assert "Nobody sends themselves" in _text(manager.post(url, data={"client": "Sender"}))
    assert manager.post(url, data={"client": "Somebody Else Ltd"}).status_code == 303
    page = _text(manager.get(f"/desk/clients/{sender.id}"))
    assert "Not a client yet" in page
    known = {referral.name: referral for referral, _ in all_referrals(session)}
    assert set(known) == {"Newcomer", "Somebody Else Ltd"}
    manager.post(f"/desk/referrals/{known['Newcomer'].id}/undo")
    assert session.get_one(Client, came.id).referred_by_id is None
    assert became_of(all_referrals(session)).total == 1


def test_a_client_is_sent_by_one_client_at_most(session: Session) -> None:
    """The second who is said to have sent them is refused, with the name of the first."""
    first, second = make_client(session, name="First"), make_client(session, name="Second")
    make_client(session, name="Newcomer")
    referrals.record_referral(session, first, "Newcomer", None, NOW)
    with pytest.raises(ConflictError, match="First"):
        referrals.record_referral(session, second, "Newcomer", None, NOW)
    with pytest.raises(InvalidInputError):
        referrals.record_referral(session, first, "  ", None, NOW)


def _well(relationships: int) -> Period:
    return Period(relationships=relationships, due=4, on_time=4)


@pytest.mark.parametrize(
    ("periods", "late", "load"),
    [
        ([Period(relationships=9)], 0, Load.UNKNOWN),
        ([_well(10), _well(11), _well(10)], 0, Load.STEADY),
        ([_well(10), _well(10), _well(14)], 0, Load.STEADY),
        ([_well(10), _well(10), Period(relationships=14, due=1, on_time=1)], 0, Load.WATCH),
        ([_well(10), _well(10), Period(relationships=10, due=4, on_time=2)], 0, Load.WATCH),
        ([_well(10)] * 3, 3, Load.WATCH),
        ([Period(relationships=10, due=6, on_time=2)] * 3, 0, Load.BROKEN),
        ([Period(ratings=9, rating_sum=22.0, rating_squares=60.0)] * 3, 0, Load.BROKEN),
    ],
)
def test_the_warning_comes_before_it_breaks(periods: list[Period], late: int, load: Load) -> None:
    """Beside what was carried well before; surely too much only when a whole interval says so."""
    assert capacity(periods, late).load is load


def test_capacity_counts_relationships_and_follow_ups_of_each_owner(manager: FlaskClient, session: Session) -> None:
    """Clients by the owner of that day, calls by whether they were made by the day promised."""
    owner = create_person(session, "mara@brightside.example", "manager", NOW, name="Mara Doyle")
    for number in range(3):
        found = _converted(session, f"Client {number} Ltd", at=NOW - timedelta(days=80))
        found.owner_id = owner.id
        due = NOW - timedelta(days=5 + number)
        made = FollowUp(
            client_id=found.id,
            kind=FollowUpKind.PROMISED_CALL,
            user_id=owner.id,
            at=due - timedelta(days=1),
            details={},
        )
        made.due_at, made.done_at = due, due - timedelta(hours=1) if number else None
        session.add(made)
    session.flush()
    [one] = [found for found in capacities(session, NOW) if found.owner]
    assert (one.found.relationships, one.found.recent.due, one.found.recent.on_time, one.late_now) == (3, 3, 2, 1)
    assert "Mara Doyle" in _text(manager.get("/desk/ladder/capacity"))
