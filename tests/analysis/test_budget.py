"""Whom to call this week: what fits, what waits and why; on the desk, in the digest and in the settings."""

from datetime import UTC, datetime, timedelta

from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from analysis.flags.alerts import digest_batch
from analysis.models import Flag, FlagStatus, OutcomeResult, Severity
from analysis.relationships.budget import Call, Place, Room, plan, week_start
from emails.models import EmailKind, EmailMessage
from survey import clock
from survey.config import Settings
from survey.firms import get_firm
from survey.people import create_person, find_person
from survey.users import User
from tests.analysis.desk_rows import make_flag, make_outcome, make_state
from tests.conftest import NOW
from tests.factories import make_client

MORNING = NOW.replace(hour=8, minute=5)
CALLS = st.lists(
    st.builds(
        Call,
        st.just(0),
        st.one_of(st.none(), st.integers(1, 3)),
        st.sampled_from(["severe", "high", "moderate"]),
        st.floats(0, 1e5),
        st.floats(0, 1),
        st.booleans(),
        st.booleans(),
    ),
    max_size=30,
)


def call(flag_id: int, severity: str = "high", at_stake: float = 100, owner: int | None = 1, **more: bool) -> Call:
    return Call(flag_id, owner, severity, at_stake, 0.5, more.get("taken", False), more.get("cannot_wait", False))


def placed(*calls: Call, budget: int = 2, worked: int = 0) -> dict[int, Place]:
    return {one.flag_id: place for place, one in plan(calls, {}, Room(budget, worked)).calls}


def test_the_week_holds_what_is_most_at_stake_and_the_rest_waits() -> None:
    """Two calls fit: the severest, then the one with the most money at stake; the third waits, in sight."""
    found = placed(call(1, "moderate", 900), call(2, "high", 100), call(3, "moderate", 1000))
    assert found == {2: Place.WEEK, 3: Place.WEEK, 1: Place.WAITING}
    assert list(found) == [2, 3, 1]


def test_what_cannot_wait_is_first_and_takes_room() -> None:
    """However full the week is; and what was begun stays on the list."""
    found = placed(call(1, "severe", 1, cannot_wait=True), call(2), call(3, taken=True), call(4, at_stake=900))
    assert found == {1: Place.FIRST, 3: Place.WEEK, 4: Place.WAITING, 2: Place.WAITING}
    assert placed(*(call(n, "severe", cannot_wait=True) for n in range(1, 5)), worked=2)[4] is Place.FIRST


def test_what_was_resolved_this_week_has_taken_room() -> None:
    """A week of two calls, one of them done, has room for one."""
    assert placed(call(1, at_stake=5), call(2, at_stake=9), worked=1) == {2: Place.WEEK, 1: Place.WAITING}


def test_flags_of_nobody_are_in_nobodys_week() -> None:
    """They have a place of their own and take no room."""
    made = plan([call(1, owner=None), call(2), call(3)], {}, Room(2))
    assert [place for place, _ in made.calls] == [Place.WEEK, Place.WEEK, Place.NOBODY]
    assert made.loads[1].listed == 2


@settings(deadline=None, max_examples=100)
@given(CALLS, st.integers(1, 6), st.integers(0, 8))
def test_nothing_is_lost_and_nobody_gets_more_than_fits(calls: list[Call], budget: int, worked: int) -> None:
    """Every flag is in one place; only what cannot wait or was begun goes beyond the budget."""
    numbered = [Call(n, *list(vars(one).values())[1:]) for n, one in enumerate(calls)]
    made = plan(numbered, {}, Room(budget, worked))
    assert sorted(one.flag_id for _, one in made.calls) == [one.flag_id for one in numbered]
    for place, one in made.calls:
        assert (place is Place.FIRST) == one.cannot_wait
        assert (place is Place.NOBODY) == (one.owner_id is None and not one.cannot_wait)
    for owner, load in made.loads.items():
        mine = [one for one in numbered if one.owner_id == owner]
        bound = sum(one.cannot_wait or one.taken for one in mine)
        assert load.listed + load.waiting == len(mine)
        assert load.listed <= max(bound, budget - worked)


def test_the_week_begins_on_monday_by_the_firms_clock() -> None:
    """Sunday evening in UTC is Monday in Auckland."""
    sunday = datetime(2026, 3, 1, 20, tzinfo=UTC)
    assert week_start("UTC", sunday) == datetime(2026, 2, 23, tzinfo=UTC)
    assert week_start("Pacific/Auckland", sunday) == datetime(2026, 3, 1, 11, tzinfo=UTC)


def _fill(session: Session, owner: User | None, count: int) -> list[Flag]:
    made = []
    for number in range(count):
        client = make_client(session, name=f"Client {number}{owner.id if owner else ''}")
        make_state(session, client, value_year=1000 * (number + 1))
        reasons = [{"signal": "late_jobs", "points": 1.0, "text": "The last job was late.", "evidence": []}]
        made.append(make_flag(session, client, owner_id=owner.id if owner else None, reasons=reasons))
    return made


def test_the_list_says_what_waits_and_why(manager: FlaskClient, session: Session) -> None:
    """This week's calls by what is at stake, then the rest with a line that says why it waits."""
    me = find_person(session, "manager@brightside.example")
    assert me
    me.calls_per_week = 2
    _fill(session, me, 3)
    settled = make_flag(session, make_client(session, name="Settled"), owner_id=me.id)
    make_outcome(session, settled, OutcomeResult.KEPT, clock.now())
    page = " ".join(manager.get("/desk/").get_data(as_text=True).split())
    order = [
        page.index(text) for text in ('id="place-week"', ">Client 2", 'id="place-waiting"', ">Client 1", ">Client 0")
    ]
    assert order == sorted(order)
    assert "can work 2 flags a week (1 done); 2 flags with less at stake wait." in page
    assert "€2,460 at stake" in page


def test_what_is_severe_or_without_an_owner_has_its_own_place(manager: FlaskClient, session: Session) -> None:
    """Severe comes before everything; flags of nobody stand under their own heading."""
    flags = _fill(session, None, 2)
    flags[0].severity = Severity.SEVERE
    session.flush()
    page = " ".join(manager.get("/desk/").get_data(as_text=True).split())
    order = [page.index(text) for text in ("Cannot wait", ">Client 0", "Without an owner", ">Client 1")]
    assert order == sorted(order)
    assert "This week’s calls" not in page


def test_the_digest_holds_what_the_week_has_room_for(session: Session, settings: Settings) -> None:
    """Two calls of three, the most at stake, and a line about the third; flags of nobody fill what is left."""
    get_firm(session).calls_per_week = 2
    ana = create_person(session, "ana@brightside.example", "manager", NOW)
    ben = create_person(session, "ben@brightside.example", "manager", NOW)
    _fill(session, ana, 3)
    _fill(session, None, 1)
    assert digest_batch(session, settings, MORNING) == 2
    sent = {m.user_id: m.context for m in session.query(EmailMessage).filter_by(kind=EmailKind.DIGEST)}
    assert [item["client"] for item in sent[ana.id]["items"]] == [f"Client 2{ana.id}", f"Client 1{ana.id}"]
    assert sent[ana.id]["more"] == "2 more flags wait: a week has room for 2."
    assert [item["client"] for item in sent[ben.id]["items"]] == ["Client 0"]
    assert sent[ben.id]["more"] == ""


def test_an_admin_says_how_much_room_a_week_has(admin: FlaskClient, session: Session) -> None:
    """For everybody, and for one person; what is no number is refused, and empty takes the own number away."""
    ana = create_person(session, "ana@brightside.example", "manager", NOW)
    session.commit()
    admin.post("/desk/settings/people/calls", data={"calls": "12"})
    admin.post(f"/desk/settings/people/{ana.id}/calls", data={"calls": "3"})
    session.expire_all()
    assert (get_firm(session).calls_per_week, ana.calls_per_week) == (12, 3)
    refused = admin.post(f"/desk/settings/people/{ana.id}/calls", data={"calls": "0"}, follow_redirects=True)
    assert "Give a whole number from 1 to 500." in refused.get_data(as_text=True)
    admin.post("/desk/settings/people/calls", data={"calls": ""})
    admin.post(f"/desk/settings/people/{ana.id}/calls", data={"calls": ""})
    session.expire_all()
    assert (get_firm(session).calls_per_week, ana.calls_per_week) == (12, None)


def test_a_flag_that_somebody_took_on_stays_on_the_list(manager: FlaskClient, session: Session) -> None:
    """What was begun is not pushed out by what came later; what is over the room is said."""
    me = find_person(session, "manager@brightside.example")
    assert me
    me.calls_per_week = 1
    flags = _fill(session, me, 2)
    for flag in flags:
        flag.status, flag.acknowledged_at = FlagStatus.ACKNOWLEDGED, NOW - timedelta(days=1)
    session.flush()
    page = " ".join(manager.get("/desk/").get_data(as_text=True).split())
    assert 'id="place-waiting"' not in page
    assert "1 more than fit." in page
