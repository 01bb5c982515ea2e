"""Clients, one client's page, and the ladder, over HTTP."""

from datetime import UTC, datetime, timedelta

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.desk.clients import who_to_call
from analysis.desk.ladder import ladder_page
from analysis.desk.quarters import quarter_starts
from analysis.models import Flag, FlagStatus, FollowUp, Rung
from analysis.scoring.assessments import lock_due_clients, score_clients
from analysis.scoring.referrals import record_referral
from survey import clock
from survey.models import Client, Firm, InvitationState, MailBlock
from survey.people import find_person
from tests.analysis.desk_rows import make_hurt_client, make_move, make_state
from tests.conftest import NOW
from tests.factories import make_client, make_contact, make_invitation, make_job, make_resolution, make_response


def _text(response: object) -> str:
    return " ".join(response.get_data(as_text=True).split())  # type: ignore[attr-defined]


def _names(page: str, names: tuple[str, ...]) -> list[str]:
    """Which of `names` the list shows, in its order."""
    return sorted((name for name in names if f">{name}</a>" in page), key=lambda name: page.index(f">{name}</a>"))


def test_the_list_is_searched_filtered_and_sorted(manager: FlaskClient, session: Session) -> None:
    """By name, rung, owner and flag; by risk unless asked otherwise; the unscored come last."""
    me = find_person(session, "manager@brightside.example")
    assert me
    names = ("Alder", "Birch", "Cedar", "Doum", "Elm")
    alder, birch, cedar, _ = (make_client(session, name=name) for name in names[:-1])
    alder.owner_id = me.id
    make_state(session, alder, risk=0.1, health=90, value_year=5, rung=Rung.ADVOCATE)
    make_state(session, birch, risk=0.4, health=50, value_year=50)
    make_state(session, cedar, risk=0.2, health=70, value_year=500)
    make_hurt_client(session, "Elm")

    def shown(query: str) -> list[str]:
        return _names(_text(manager.get(f"/desk/clients?{query}")), names)

    assert shown("") == ["Elm", "Birch", "Cedar", "Alder", "Doum"]
    assert shown("sort=name") == sorted(names)
    assert shown("sort=health&q=r")[:2] == ["Birch", "Cedar"]
    assert shown("sort=-value")[0] == "Elm"
    assert shown("rung=advocate") == ["Alder"]
    assert shown("owner=mine") == ["Alder"]
    assert shown("flagged=1") == ["Elm"]
    assert shown("q=bir") == ["Birch"]
    assert "No client fits this" in _text(manager.get("/desk/clients?q=nobody"))


def test_long_lists_come_in_pages(manager: FlaskClient, session: Session) -> None:
    """Fifty to a page, the filters kept in the links."""
    for number in range(51):
        make_client(session, name=f"Firm {number:02}")
    page = _text(manager.get("/desk/clients?sort=name&q=Firm"))
    assert "1–50 of 51" in page
    assert "q=Firm" in page
    assert "51–51 of 51" in _text(manager.get("/desk/clients?sort=name&q=Firm&page=2"))


def test_a_clients_page_shows_the_whole_relationship(manager: FlaskClient, session: Session) -> None:
    """Health with what makes it, the rung with its reason, the promise kept and missed, contacts, who referred them."""
    session.get_one(Firm, 1).promise = [
        {"key": "greeted", "text": "We greeted you"},
        {"key": "kept_informed", "text": "We kept you informed"},
        {"key": "explained", "text": "We explained it"},
    ]
    client = make_hurt_client(session).client
    friend = make_client(session, name="Good Friend")
    record_referral(session, friend, client.name, None, NOW)
    client.surveys_held_at = NOW
    page = _text(manager.get(f"/desk/clients/{client.id}"))
    for words in (
        "31 / 100",
        "Intent to leave.",
        "−32",
        "5 jobs in the last 12 months, answers, and trusts you.",
        "missed 1 of 1",
        "kept 1 of 1",
        "nobody said",
        "Good Friend",
        "Mona Costa",
        "Left ",
        "Surveys to them are held",
        "Said these did not happen: We kept you informed.",
    ):
        assert words in page, words
    assert "Harbour Dental" in _text(manager.get(f"/desk/clients/{friend.id}"))


def test_a_client_nobody_has_read_yet_has_a_page(manager: FlaskClient, session: Session) -> None:
    """Before the first scoring there is no health to show, and the page says so."""
    client = make_client(session)
    page = _text(manager.get(f"/desk/clients/{client.id}"))
    assert "not read yet" in page
    assert "Nothing happened yet" in page


def test_the_timeline_goes_back_step_by_step(manager: FlaskClient, session: Session) -> None:
    """Long histories come in stretches: each event once, the newest first."""
    contact = make_contact(session)
    for number in range(45):
        job = make_job(session, contact, kind=f"Visit{number:02}.")
        make_resolution(session, job, completed_at=NOW - timedelta(days=number))
    first = _text(manager.get(f"/desk/clients/{contact.client_id}"))
    assert "Visit00." in first
    assert "Visit39." in first
    assert "Visit40." not in first
    link = first.split('href="/desk/clients/')[1:]
    earlier = next(part.split('"')[0] for part in link if "before=" in part.split('"')[0])
    second = _text(manager.get(f"/desk/clients/{earlier.replace('&amp;', '&').split('#')[0]}"))
    assert "Visit39." not in second
    assert "Visit40." in second
    assert "Visit44." in second


def test_a_broken_moment_in_the_address_shows_the_latest(manager: FlaskClient, session: Session) -> None:
    """A hand-edited address is not an error."""
    client = make_client(session)
    for value in ("x", "2026-01-01"):
        assert manager.get(f"/desk/clients/{client.id}?before={value}").status_code == 200


def test_a_client_gets_an_owner(manager: FlaskClient, session: Session) -> None:
    """The owner is kept, with a trace of who gave it; saving it again leaves no second trace."""
    me = find_person(session, "manager@brightside.example")
    assert me
    client_id = make_client(session).id
    for _ in range(2):
        assert manager.post(f"/desk/clients/{client_id}/owner", data={"owner": str(me.id)}).status_code == 303
    assert session.get_one(Client, client_id).owner_id == me.id
    assert "Client given to Manager" in session.scalars(select(FollowUp)).one().note


def test_one_of_ours_is_never_surveyed_or_flagged_and_back(manager: FlaskClient, session: Session) -> None:
    """What waits is decided again, the flag goes at the next reading, the timeline keeps who said so; one undo."""
    with clock.fixed_at(NOW):
        flag = make_hurt_client(session, "Test account")
        client_id, flag_id = flag.client_id, flag.id
        job = make_job(session, flag.client.contacts[0])
        invitation = make_invitation(
            session, make_resolution(session, job, completed_at=NOW), state=InvitationState.SCHEDULED, sent_at=None
        )
        session.commit()
        page = _text(manager.post(f"/desk/clients/{client_id}/ours", follow_redirects=True))
        assert "Test account is one of ours: never surveyed or flagged." in page
        assert "This is a client" in page
        session.expire_all()
        assert invitation.state is InvitationState.SKIPPED
        assert "marked as internal" in invitation.reason
        score_clients(session, lock_due_clients(session, NOW), NOW)
        assert session.get_one(Flag, flag_id).status is FlagStatus.CLEARED

        manager.post(f"/desk/clients/{client_id}/ours")
        assert len(session.scalars(select(FollowUp).where(FollowUp.note.startswith("Test account is"))).all()) == 1
        assert "This is one of ours" in _text(manager.post(f"/desk/clients/{client_id}/theirs", follow_redirects=True))
        session.expire_all()
        assert "marked as internal" not in invitation.reason  # the other rules decide again


def test_a_note_about_a_client_can_be_taken_back(manager: FlaskClient, session: Session) -> None:
    """The note stands in the timeline; undone, it stays there struck out."""
    client_id = make_client(session).id
    manager.post(f"/desk/clients/{client_id}/note", data={"note": "Closed in August"})
    done = session.scalars(select(FollowUp)).one()
    assert "Closed in August" in _text(manager.get(f"/desk/clients/{client_id}"))
    response = manager.post(f"/desk/follow-ups/{done.id}/undo")
    assert response.location == f"/desk/clients/{client_id}"
    assert "is-undone" in _text(manager.get(f"/desk/clients/{client_id}"))
    assert manager.post(f"/desk/clients/{client_id}/note", data={"note": " "}).status_code == 422


def test_viewers_change_nothing_about_clients(viewer: FlaskClient, session: Session) -> None:
    """They read the page without its forms."""
    client = make_hurt_client(session).client
    page = _text(viewer.get(f"/desk/clients/{client.id}"))
    assert "/note" not in page
    for action in ("note", "owner"):
        assert viewer.post(f"/desk/clients/{client.id}/{action}").status_code == 403


def test_who_to_call_first(session: Session) -> None:
    """The decision-maker, unless they left or asked not to be contacted; then who asked for a call."""
    client = make_client(session)
    gone = make_contact(session, client, left_at=NOW)
    silent = make_contact(session, client)
    make_response(session, make_resolution(session, make_job(session, silent)), csat=3, contact_me=0)
    asks = make_contact(session, client, role="office")
    make_response(session, make_resolution(session, make_job(session, asks)), csat=2, contact_me=1)
    plain = make_contact(session, client, role="office", mail_block=MailBlock.BOUNCED)
    ranked = who_to_call(session, client.id)
    assert [who.contact.id for who in ranked] == [asks.id, plain.id, silent.id, gone.id]
    assert [who.first for who in ranked] == [True, False, False, False]


def test_nobody_is_called_first_who_asked_not_to_be(session: Session) -> None:
    """Where the only contact said no, the page names nobody."""
    contact = make_contact(session)
    make_response(session, make_resolution(session, make_job(session, contact)), csat=3, contact_me=0)
    assert [who.first for who in who_to_call(session, contact.client_id)] == [False]


def test_quarters_begin_on_their_first_day() -> None:
    """This quarter and those before it, across the turn of the year."""
    starts = quarter_starts(NOW, 3)
    assert starts == [
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2025, 10, 1, tzinfo=UTC),
        datetime(2025, 7, 1, tzinfo=UTC),
    ]


def test_the_ladder_counts_climbs_falls_and_net_growth(session: Session) -> None:
    """A first finding is no climb; from cooling to lapsed is no second fall; who came back counts as won back."""
    first, riser, faller, back = (make_client(session) for _ in range(4))
    this, last = NOW - timedelta(days=20), NOW - timedelta(days=100)
    make_move(session, first, None, Rung.CLIENT, this)
    make_move(session, riser, Rung.CUSTOMER, Rung.CLIENT, this)
    make_move(session, riser, Rung.CLIENT, Rung.ADVOCATE, this + timedelta(days=1))
    make_move(session, faller, Rung.CLIENT, Rung.COOLING, last)
    make_move(session, faller, Rung.COOLING, Rung.LAPSED, this)
    make_move(session, back, Rung.COOLING, Rung.CLIENT, this)
    make_state(session, first)
    resolution = make_resolution(session, make_job(session, make_contact(session, riser)), completed_at=last)
    make_response(session, resolution, csat=5, nps=9, submitted_at=last)
    page = ladder_page(session, NOW)
    now, before = page.quarters[:2]
    assert (now.label, now.became, now.won_back, now.fell, now.net) == ("Q1 2026", 1, 1, 0, 2)
    assert (before.label, before.fell, before.net) == ("Q4 2025", 1, -1)
    assert [(item.client.id, item.jobs, item.csat, item.nps) for item in page.became] == [(riser.id, 1, 5, 9)]
    assert page.fell == []
    assert first.id not in {item.client.id for item in page.moves}
    assert page.standing[Rung.CLIENT] == 1


def test_the_ladders_page(manager: FlaskClient, session: Session) -> None:
    """It names who became a client and who fell this quarter, or says that nobody stands on it yet."""
    assert "Nobody stands on the ladder yet" in _text(manager.get("/desk/ladder"))
    client = make_client(session, name="Grown Ltd")
    make_state(session, client)
    make_move(session, client, Rung.CUSTOMER, Rung.CLIENT, clock.now() - timedelta(minutes=1))
    page = _text(manager.get("/desk/ladder"))
    assert "Grown Ltd" in page
    assert "+1" in page
